//! The end of a message in SMTP, and the dots in it: RFC 5321 §4.1.1.4, §4.5.2.
//!
//! ```text
//!  the message                what comes after DATA
//!  Subject: dots CR LF        Subject: dots CR LF
//!  CR LF                      CR LF
//!  .profile CR LF             ..profile CR LF       a dot more where a line begins with one
//!                             . CR LF               a dot alone on a line: the end
//!                             QUIT CR LF            not the message's
//! ```
// answer:

use std::mem;
// end answer

/// Octets of a message at most, counted as [`Ended::message`] has them.
pub const LARGEST_MESSAGE: usize = 1_000_000;

/// A message has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Octets of the last piece that belonged to it. The next command stands behind them.
    pub taken: usize,
    /// Its lines, each with CR LF behind it. `None`: it has more than [`LARGEST_MESSAGE`] octets, and
    /// was not kept.
    pub message: Option<Vec<u8>>,
}

/// Makes messages out of what comes after DATA was answered with 354.
#[derive(Debug, Default)]
pub struct Receiver {
    // answer: // Here is room for what has to survive from one call to the next.
    /// What the last octets were.
    at: At,
    message: Vec<u8>,
    too_large: bool,
    // end answer
}
// answer:

/// What the last octets were.
#[derive(Debug, Clone, Copy, Default)]
enum At {
    /// CR LF, or nothing yet: the CR LF behind DATA counts.
    #[default]
    LineStart,
    /// CR LF and a dot. Whether the dot is the end is not known yet.
    Dot,
    /// CR LF, a dot, CR.
    DotReturn,
    /// Somewhere in a line, or an LF that stood alone.
    Text,
    /// CR, in a line.
    Return,
}
// end answer

impl Receiver {
    /// Before the first octet of a message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what came next: any number of octets, cut anywhere.
    ///
    /// `None`: there must come more, and all of `octets` were taken. Otherwise the message has ended,
    /// and the receiver is ready for another one.
    pub fn feed(&mut self, octets: &[u8]) -> Option<Ended> {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("a dot alone between two CR LF is the end; everything else is text")
        let mut at = 0;
        while let Some(octet) = octets.get(at) {
            match (self.at, octet) {
                (At::LineStart, b'.') => self.at = At::Dot,
                (At::Dot, b'\r') => self.at = At::DotReturn,
                (At::DotReturn, b'\n') => return Some(self.end(at + 1)),
                (At::Return, b'\n') => self.end_line(At::LineStart),
                // The CR before this stood alone: a line's end to the text, and to nothing else (§2.3.8).
                (At::Return | At::DotReturn, _) => {
                    self.end_line(At::Text);
                    continue;
                }
                (_, b'\r') => self.at = At::Return,
                // This LF does. A dot behind it ends nothing, and nobody has added it.
                (_, b'\n') => self.end_line(At::Text),
                // §4.5.2: if we are at `At::Dot`, that dot was added. It has not been kept.
                _ => {
                    let rest = &octets[at..];
                    let line_end = |octet: &u8| *octet == b'\r' || *octet == b'\n';
                    let length = rest.iter().position(line_end).unwrap_or(rest.len());
                    self.keep(&rest[..length]);
                    self.at = At::Text;
                    at += length;
                    continue;
                }
            }
            at += 1;
        }
        None
        // end answer
    }
    // answer:

    fn end(&mut self, taken: usize) -> Ended {
        let Self { message, too_large, .. } = mem::take(self);
        Ended { taken, message: (!too_large).then_some(message) }
    }

    fn end_line(&mut self, next: At) {
        self.keep(b"\r\n");
        self.at = next;
    }

    /// From the limit on the end is looked for, and nothing is kept.
    fn keep(&mut self, octets: &[u8]) {
        self.too_large |= self.message.len() + octets.len() > LARGEST_MESSAGE;
        if self.too_large {
            self.message = Vec::new();
        } else {
            self.message.extend_from_slice(octets);
        }
    }
    // end answer
}
