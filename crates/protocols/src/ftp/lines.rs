//! Lines of the control connection, and the Telnet in them.
//!
//! The control connection is a Telnet connection (RFC 959 §2.3, RFC 1123 §4.1.2.12): lines end in CRLF,
//! and the octet IAC, 255, begins a Telnet command. Hardly any client sends one, but for one case:
//! before `ABOR` they send *interrupt process* and a *synch* whose last octet is urgent data. That octet
//! may be taken out of the stream by the receiving system, or not, so what is left of it must be
//! skipped in either form.
//!
//! ```text
//!   FF F4 FF F2 "ABOR" 0D 0A       all of it in the stream
//!   FF F4 F2 "ABOR" 0D 0A          the second FF was urgent, and is not here
//!   FF F4 FF "ABOR" 0D 0A          the F2 was
//! ```

/// Octets of a line, its end not counted. A path may have 4,096 of them (limits.h, `PATH_MAX`).
pub const LONGEST: usize = 4_096 + 64;

/// IAC, "interpret as command" (RFC 854).
pub(super) const IAC: u8 = 255;
/// The first octet that is a Telnet command after IAC: SE (RFC 854).
const FIRST_COMMAND: u8 = 240;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;

/// Collects lines, whatever pieces they come in.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    /// What of the buffer was taken.
    start: usize,
    /// A line was too long: what comes is thrown away, to its end.
    skipping: bool,
}

/// A line that is longer than [`LONGEST`]. The lines after it are not lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Lines {
    /// Adds what has arrived.
    pub fn push(&mut self, mut bytes: &[u8]) {
        if self.skipping {
            match bytes.iter().position(|&byte| byte == b'\n') {
                None => return,
                Some(end) => bytes = &bytes[end + 1..],
            }
            self.skipping = false;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// How many octets wait to be taken.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The next line, without its end, if a whole one is there. The end is CRLF; a lone LF is taken
    /// for one too, as all servers do.
    pub fn take(&mut self) -> Option<Result<Vec<u8>, TooLong>> {
        let rest = &self.buffer[self.start..];
        match rest.iter().position(|&byte| byte == b'\n') {
            None if rest.len() > LONGEST => {
                self.clear();
                self.skipping = true;
                Some(Err(TooLong))
            }
            None => None,
            Some(end) => {
                let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
                let line = if line.len() > LONGEST { Err(TooLong) } else { Ok(line.to_vec()) };
                self.start += end + 1;
                if self.start == self.buffer.len() {
                    self.clear();
                }
                Some(line)
            }
        }
    }

    /// Takes the first whole line of which `wanted` says so, out of its turn.
    pub fn take_if(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let mut at = self.start;
        while let Some(end) = self.buffer[at..].iter().position(|&byte| byte == b'\n') {
            let line = &self.buffer[at..at + end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if wanted(line) {
                let line = line.to_vec();
                self.buffer.drain(at..=at + end);
                return Some(line);
            }
            at += end + 1;
        }
        None
    }

    /// Forgets what waits. A large buffer goes back to the system.
    fn clear(&mut self) {
        self.start = 0;
        self.buffer.clear();
        if self.buffer.capacity() > LONGEST {
            self.buffer = Vec::new();
        }
    }
}

/// A line without its Telnet commands, and what is to be answered to them: every option is refused.
pub fn without_telnet(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut text, mut answer) = (Vec::with_capacity(line.len()), Vec::new());
    let mut octets = line.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        if octet != IAC {
            // At its beginning: what is left of a synch. No command's name begins so.
            if !(text.is_empty() && octet >= FIRST_COMMAND) {
                text.push(octet);
            }
            continue;
        }
        match octets.peek() {
            // Doubled, it stands for itself.
            Some(&IAC) => {
                octets.next();
                text.push(IAC);
            }
            Some(&command @ WILL..=DONT) => {
                octets.next();
                if let Some(option) = octets.next() {
                    // "I will" is answered with "don't", "do" with "I won't"; the refusals with nothing.
                    match command {
                        WILL => answer.extend([IAC, DONT, option]),
                        DO => answer.extend([IAC, WONT, option]),
                        _ => {}
                    }
                }
            }
            Some(&(FIRST_COMMAND..)) => {
                octets.next();
            }
            // The command itself was urgent data, and was taken out.
            _ => {}
        }
    }
    (text, answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let stream = b"USER ada\r\nPASS x\n\r\nNOOP\r\n";
        for cut in 1..stream.len() {
            let mut lines = Lines::default();
            let mut all = Vec::new();
            for piece in stream.chunks(cut) {
                lines.push(piece);
                while let Some(line) = lines.take() {
                    all.push(line.expect("short"));
                }
            }
            assert_eq!(all, [&b"USER ada"[..], b"PASS x", b"", b"NOOP"], "cut after {cut}");
            assert_eq!(lines.pending(), 0);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_said_once_and_costs_little() {
        for cut in [1, 1_000, 200_000] {
            let mut lines = Lines::default();
            let mut all = Vec::new();
            let stream = [&[b'A'; 100_000][..], b"\r\nNOOP\r\n"].concat();
            for piece in stream.chunks(cut) {
                lines.push(piece);
                assert!(lines.pending() <= LONGEST + cut);
                while let Some(line) = lines.take() {
                    all.push(line);
                }
            }
            assert_eq!(all, [Err(TooLong), Ok(b"NOOP".to_vec())], "cut after {cut}");
        }
    }

    #[test]
    fn a_line_can_be_taken_out_of_its_turn() {
        let mut lines = Lines::default();
        lines.push(b"one\r\nABOR\r\ntwo\r\nABO");
        assert_eq!(lines.take_if(|line| line == b"ABOR"), Some(b"ABOR".to_vec()));
        assert_eq!(lines.take_if(|line| line == b"ABOR"), None);
        assert_eq!(lines.take(), Some(Ok(b"one".to_vec())));
        lines.push(b"R\r\n");
        assert_eq!(lines.take(), Some(Ok(b"two".to_vec())));
        assert_eq!(lines.take(), Some(Ok(b"ABOR".to_vec())));
    }

    #[test]
    fn telnet_is_skipped_wherever_its_urgent_octet_has_gone() {
        for line in [
            &b"\xff\xf4\xff\xf2ABOR"[..],
            b"\xff\xf4\xf2ABOR",
            b"\xff\xf4\xffABOR",
            b"\xf2ABOR",
            b"\xff\xf1ABOR",
            b"AB\xff\xf4OR",
        ] {
            let line = without_telnet(line);
            assert_eq!(line, (b"ABOR".to_vec(), Vec::new()));
        }
        let (line, answer) = without_telnet(b"\xff\xfd\x01\xff\xfb\x03\xff\xfe\x01NOOP\xff\xff");
        assert_eq!(line, b"NOOP\xff");
        assert_eq!(answer, b"\xff\xfc\x01\xff\xfe\x03");
        assert_eq!(without_telnet(b"\xff").0, b"");
        assert_eq!(without_telnet(b"\xff\xfd").0, b"");
        let name = "RETR \u{10000}".as_bytes();
        assert_eq!(without_telnet(name).0, name, "UTF-8 has octets from F0 on too");
    }
}
