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
    // Here is room for what has to survive from one call to the next.
}

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
        let _ = octets; // Yours to use; then this line can go.
        todo!("a dot alone between two CR LF is the end; everything else is text")
    }
}
