//! The terminal, or whatever stands in its place.
//!
//! On a terminal there are colours, bars and symbols that move. Everywhere else (a pipe, a file, an
//! editor's task) the same words come as plain lines. Colour is never the only sign of anything.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use console::{Style, Term};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What standard output can show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Somebody is looking: bars may be drawn, the screen may be cleared.
    pub(crate) live: bool,
    /// Colours may be used. <https://no-color.org>: not if `NO_COLOR` is set and not empty.
    pub(crate) colour: bool,
    /// Columns to write in.
    pub(crate) width: usize,
}

/// The widest text that is still pleasant to read.
const WIDEST: usize = 100;
/// The width where nobody says: the classic terminal's.
const USUAL: usize = 80;

impl Screen {
    /// What this process writes to.
    pub(crate) fn of_stdout() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let live = io::stdout().is_terminal() && !dumb;
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = match Term::stdout().size_checked() {
            Some((_rows, columns)) if live => Some(usize::from(columns)),
            // Where no terminal says, its user may: POSIX, "Environment Variables", COLUMNS.
            _ => std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()),
        };
        let width = columns.unwrap_or(USUAL).clamp(40, WIDEST);
        Self { live, colour: live && !refused, width }
    }

    pub(crate) fn good(&self, text: &str) -> String {
        self.styled(text, Style::new().green())
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        self.styled(text, Style::new().red().bold())
    }

    pub(crate) fn warn(&self, text: &str) -> String {
        self.styled(text, Style::new().yellow())
    }

    pub(crate) fn strong(&self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    pub(crate) fn faint(&self, text: &str) -> String {
        self.styled(text, Style::new().dim())
    }

    /// A thing to type.
    pub(crate) fn command(&self, text: &str) -> String {
        self.styled(text, Style::new().cyan())
    }

    fn styled(&self, text: &str, style: Style) -> String {
        style.force_styling(self.colour).apply_to(text).to_string()
    }

    /// A bar of `width` cells, filled in proportion; nothing off a terminal.
    pub(crate) fn bar(&self, done: usize, of: usize, width: usize) -> String {
        if !self.live {
            return String::new();
        }
        let filled = (done * width).checked_div(of).unwrap_or(0);
        let full = self.good(&"█".repeat(filled));
        format!("{full}{}", self.faint(&"░".repeat(width - filled)))
    }

    /// Clears the terminal, and what was scrolled away; nothing elsewhere.
    pub(crate) fn clear(&self) {
        if self.live {
            print!("\x1b[2J\x1b[3J\x1b[H");
            let _ = io::stdout().flush();
        }
    }

    /// A line that moves while something takes its time. Hidden where nobody looks.
    pub(crate) fn spinner(&self, message: String) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_message(message);
        bar.set_draw_target(self.target());
        bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg}").expect("a template"));
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }

    /// A bar for work of a known size. Hidden where nobody looks.
    pub(crate) fn progress(&self, length: usize) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length as u64), self.target());
        let template = "{bar:24.green/dim} {pos}/{len} {elapsed} {wide_msg}";
        let style = ProgressStyle::with_template(template).expect("a template");
        bar.set_style(style.progress_chars("█▉░"));
        bar
    }

    fn target(&self) -> ProgressDrawTarget {
        if self.live && io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        }
    }
}

/// `text` with everything escaped that could move the cursor, recolour or reorder the line.
///
/// What an answer prints comes from bytes that anyone may have sent it: an escape sequence must
/// not reach the learner's terminal. Newlines and tabs stay.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let reorders = matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{2028}'..='\u{2029}' | '\u{feff}');
        if (c.is_control() && c != '\n' && c != '\t') || reorders {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// "1 check", "2 checks".
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Screen = Screen { live: false, colour: false, width: 80 };

    #[test]
    fn off_a_terminal_nothing_is_drawn() {
        assert_eq!(PLAIN.good("passed"), "passed");
        assert_eq!(PLAIN.bar(3, 4, 10), "");
    }

    #[test]
    fn a_bar_fills_in_proportion() {
        let screen = Screen { live: true, ..PLAIN };
        assert_eq!(screen.bar(1, 4, 8), "██░░░░░░");
        assert_eq!(screen.bar(0, 0, 4), "░░░░");
    }

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(visible("a\x1b[31mb\r\n\tc\u{9b}"), "a\\u{1b}[31mb\\r\n\tc\\u{9b}");
        assert_eq!(visible("\u{202e}abc"), "\\u{202e}abc");
        assert_eq!(visible("é ✓"), "é ✓");
    }
}
