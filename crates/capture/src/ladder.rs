//! A record drawn as a ladder: a lifeline for each end, an arrow for each event, time downwards.
//!
//! ```text
//!            client            server
//!   0.00 ms    |  7 bytes hello   |
//!              |----------------->|
//!   0.12 ms    |  FIN             |
//!              |----------------->|
//! ```
//!
//! One end was tapped, so what an arrow's other end shows is order and not time: the arrows of a
//! real connection slope a little, always the same. Those of a simulated link, which
//! [knows when each event arrives](crate::Arrival), end where they arrive, or stop on the way.
//! Long waits are drawn shorter than they were, and said to be.

mod draw;
mod layout;

use crate::figure;
use crate::record::Record;

use draw::Ladder;

/// How a ladder is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What its ids begin with; each figure of a page needs its own.
    pub id: String,
    /// Its name, for those who do not see it. Empty: `client and server, 5 events`.
    pub title: String,
    /// What stands below it in a page. Empty: nothing.
    pub caption: String,
    /// Whether times are shown, and waits drawn longer than other steps. Without, two runs of the
    /// same conversation draw the same.
    pub times: bool,
    /// Whether sizes are shown. Without, a conversation whose pieces depend on how much the
    /// system's buffers took draws the same in every run; [labels](Self::labels) say what they are.
    pub sizes: bool,
    /// How many events are drawn; the others are counted.
    pub limit: usize,
    /// Labels of events (by their index in [`Record::events`]) in place of the bytes.
    pub labels: Vec<(usize, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            id: "ladder".to_owned(),
            title: String::new(),
            caption: String::new(),
            times: true,
            sizes: true,
            limit: 60,
            labels: Vec::new(),
        }
    }
}

/// The ladder as an SVG file, with its own style: light or dark as the reader's system is.
pub fn svg(record: &Record, options: &Options) -> String {
    let style = figure::svg_style();
    Ladder::new(record, options).svg(" xmlns=\"http://www.w3.org/2000/svg\"", &style)
}

/// The ladder as a `<figure>` for a page whose style includes [`figure::CSS`].
///
/// It may stand in Markdown: no line is empty.
pub fn figure(record: &Record, options: &Options) -> String {
    let svg = Ladder::new(record, options).svg("", "");
    figure::wrap("wire wire-ladder", &svg, &options.caption)
}

#[cfg(test)]
mod tests;
