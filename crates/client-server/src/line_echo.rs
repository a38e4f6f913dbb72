//! An echo of whole lines: the smallest protocol that knows what a request is.
//!
//! It shows what [`Echo`](crate::Echo) cannot. A client that sends a byte a second is never idle, so
//! an idle deadline never meets it; but a *request* that has begun can be given a time to be
//! complete, and no byte on the way moves that. HTTP servers call it the header timeout.

use std::time::Duration;

use sockets::lines::Lines;

use crate::session::{Context, Next, Session, Time};

/// Octets of the longest line.
pub const LONGEST: usize = 8 * 1024;

/// Echoes lines, ended by LF or CR LF, with LF. Closes when nothing comes for a while, when a line
/// takes too long to arrive, and when one is longer than [`LONGEST`].
#[derive(Debug)]
pub struct LineEcho {
    lines: Lines,
    /// How long a connection may be silent between two lines…
    idle: Duration,
    /// …and how long a line may take from its first byte to its last.
    request: Duration,
    deadline: Time,
    /// A line has begun and not ended.
    within: bool,
}

impl LineEcho {
    /// A session with its two patiences.
    pub fn new(idle: Duration, request: Duration) -> Self {
        let (deadline, within) = (Time::ZERO, false);
        Self { lines: Lines::new(LONGEST), idle, request, deadline, within }
    }
}

impl Session for LineEcho {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = cx.now + self.idle;
        Next::Continue
    }

    // ANCHOR: received
    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.lines.push(bytes);
        let mut answered = false;
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => {
                    cx.output.extend(&line.octets);
                    cx.output.extend(b"\n");
                    answered = true;
                }
                Ok(None) => break,
                Err(_) => return Next::Close, // What was answered before it is still sent.
            }
        }
        let within = self.lines.held() > 0;
        // A byte of a line that had begun before moves nothing.
        if answered || !self.within {
            self.deadline = cx.now + if within { self.request } else { self.idle };
        }
        self.within = within;
        Next::Continue
    }
    // ANCHOR_END: received

    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        if let Some(line) = self.lines.finish() {
            cx.output.extend(&line.octets);
        }
        Next::Close
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Chunk, Output};

    const IDLE: Duration = Duration::from_secs(60);
    const REQUEST: Duration = Duration::from_secs(10);

    /// A session, its output and its clock.
    struct Conversation(LineEcho, Output, Time);

    impl Conversation {
        fn new() -> Self {
            let mut new = Self(LineEcho::new(IDLE, REQUEST), Output::new(), Time::ZERO);
            assert_eq!(new.at(0, Session::opened), Next::Continue);
            new
        }

        fn at(
            &mut self,
            second: u64,
            f: impl FnOnce(&mut LineEcho, &mut Context<'_>) -> Next,
        ) -> Next {
            self.2 = Duration::from_secs(second);
            f(&mut self.0, &mut Context::new(self.2, &mut self.1))
        }

        fn receive(&mut self, second: u64, bytes: &[u8]) -> Next {
            self.at(second, |session, cx| session.received(bytes, cx))
        }

        fn sent(&mut self) -> Vec<u8> {
            let Some(Chunk::Bytes { bytes, .. }) = self.1.front() else { return Vec::new() };
            let sent = bytes.to_vec();
            self.1.advance(sent.len() as u64);
            sent
        }

        fn deadline(&self) -> u64 {
            self.0.deadline().expect("there is always one").as_secs()
        }
    }

    #[test]
    fn lines_come_back_however_they_are_cut() {
        let stream = b"one\r\ntwo\n\nand the last";
        for cut in 0..=stream.len() {
            let mut one = Conversation::new();
            for part in [&stream[..cut], &stream[cut..]].into_iter().filter(|part| !part.is_empty())
            {
                assert_eq!(one.receive(0, part), Next::Continue);
            }
            assert_eq!(one.at(0, Session::ended), Next::Close);
            assert_eq!(one.sent(), b"one\ntwo\n\nand the last", "cut at {cut}");
        }
    }

    #[test]
    fn a_byte_now_and_then_does_not_move_the_deadline() {
        let mut slow = Conversation::new();
        assert_eq!(slow.deadline(), 60, "silent");
        for second in 5..15 {
            let _ = slow.receive(second, b"x");
            assert_eq!(slow.deadline(), 15, "from the line's first byte on");
        }
        let _ = slow.receive(14, b"\ny");
        assert_eq!(slow.deadline(), 24, "the next line has begun");
        let _ = slow.receive(16, b"\n");
        assert_eq!(slow.deadline(), 76, "silent again");
    }

    #[test]
    fn a_line_that_never_ends_ends_the_conversation() {
        let mut long = Conversation::new();
        assert_eq!(long.receive(0, &[b'x'; LONGEST]), Next::Continue);
        assert_eq!(long.receive(0, b"xx"), Next::Close);
        assert_eq!(long.sent(), b"");
    }
}
