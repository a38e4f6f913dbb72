//! The text of a message on its way: where it ends, and the dots in it (RFC 5321 §4.1.1.4, §4.5.2).
//!
//! ```text
//! message                    on the wire
//! Subject: dots LF           Subject: dots CR LF
//! LF                         CR LF
//! .profile LF                ..profile CR LF        a dot more at the start of a line
//!                            . CR LF                a dot alone: the end
//! ```
//!
//! Only CR LF . CR LF ends a message. A server that takes LF . LF, or CR LF . LF, or any other
//! likeness for it, ends a message where the server before it did not: what follows was text
//! to that one, and is a command to this one, with somebody else's name on it. That is SMTP
//! smuggling (CVE-2023-51764, -51765 and -51766, in three servers at once).
//!
//! What then of a CR or an LF that stands alone? RFC 5321 §2.3.8 forbids clients to send it. We take it for a
//! line's end of the *text*, and never of anything else: it is stored as an ordinary line end, and a
//! dot behind it is an ordinary dot. To refuse it would be as safe, but real clients send it
//! (`curl --upload-file` without `--crlf`, for one); to keep it as it is would leave
//! to the next reader what it means, which is how smuggling begins. [`stuff`] writes only CR LF.
//! Postfix, since 3.9, does the same by default (`smtpd_forbid_bare_newline = normalize`).

use memchr::memchr2;

/// RFC 5321 §4.5.3.1.6: octets of a text line, without its CR LF and without the dot that was added.
pub const LONGEST_LINE: usize = 998;

/// Finds the end of a message in what arrives, and undoes what was done to its dots.
///
/// Its text has LF at the end of each line, as files on Unix do.
///
/// ```
/// use protocols::smtp::data::Decoder;
///
/// let (mut decoder, mut text) = (Decoder::default(), Vec::new());
/// let end = decoder.decode(b"..a\r\nfirst\n.\r\nstill\r\n.\r\nQUIT\r\n", |piece| text.extend_from_slice(piece));
/// assert_eq!(text, b".a\nfirst\n.\nstill\n");
/// assert_eq!(end, Some(24), "the QUIT is not a part of it");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    at: At,
    /// Octets of this line so far.
    line: usize,
    longest: usize,
    size: u64,
}

/// What the last octets were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// CR LF, or nothing yet: the CR LF of DATA itself counts.
    #[default]
    LineStart,
    /// CR LF `.`: the end, if CR LF follows, and a dot that was added if anything else does.
    Dot,
    /// CR LF `.` CR
    DotReturn,
    /// Somewhere in a line.
    Text,
    /// CR in the text.
    Return,
}

impl Decoder {
    /// Reads `bytes`, and gives the text in pieces to `text`. `Some(n)`: the message ended with
    /// the first `n` of them, and what follows is the next command. Not to be called again then.
    // ANCHOR: decode
    pub fn decode(&mut self, bytes: &[u8], mut text: impl FnMut(&[u8])) -> Option<usize> {
        let mut at = 0;
        while let Some(&octet) = bytes.get(at) {
            match (self.at, octet) {
                (At::LineStart, b'.') => self.at = At::Dot,
                (At::Dot, b'\r') => self.at = At::DotReturn,
                (At::DotReturn, b'\n') => return Some(at + 1),
                // The dot was added. What stands behind it is looked at again, as text.
                (At::Dot, _) => {
                    self.at = At::Text;
                    continue;
                }
                (At::DotReturn, _) => {
                    self.at = At::Return;
                    continue;
                }
                (At::Return, b'\n') => {
                    self.end_line(&mut text);
                    self.at = At::LineStart;
                }
                // The CR stood alone.
                (At::Return, _) => {
                    self.end_line(&mut text);
                    self.at = At::Text;
                    continue;
                }
                (At::LineStart | At::Text, b'\r') => self.at = At::Return,
                // An LF alone ends a line of text, and is no start for a dot that means something.
                (At::LineStart | At::Text, b'\n') => {
                    self.end_line(&mut text);
                    self.at = At::Text;
                }
                (At::LineStart | At::Text, _) => {
                    let rest = &bytes[at..];
                    let length = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    self.piece(&rest[..length], &mut text);
                    at += length;
                    // So nearly every line ends: at once, where both octets are here.
                    if rest[length..].starts_with(b"\r\n") {
                        self.end_line(&mut text);
                        self.at = At::LineStart;
                        at += 2;
                    }
                    continue;
                }
            }
            at += 1;
        }
        None
    }
    // ANCHOR_END: decode

    /// Octets of the message so far, as RFC 1870 §5 counts them: each line end as two, no dot that was added.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Octets of the longest line so far, without its end.
    pub fn longest_line(&self) -> usize {
        self.longest.max(self.line)
    }

    fn piece(&mut self, piece: &[u8], text: &mut impl FnMut(&[u8])) {
        text(piece);
        self.at = At::Text;
        self.line += piece.len();
        self.size += piece.len() as u64;
    }

    fn end_line(&mut self, text: &mut impl FnMut(&[u8])) {
        text(b"\n");
        self.longest = self.longest.max(self.line);
        self.line = 0;
        self.size += 2;
    }
}

/// Counts the servers that a message has come through, by its `Received:` fields: a message
/// that goes in circles gains one with each (RFC 5321 §6.3).
#[derive(Debug, Clone, Default)]
pub struct Hops {
    count: usize,
    /// How much of [`RECEIVED`] this line has shown so far; `None`: it is another field.
    matched: Option<usize>,
    line: usize,
    /// The header is over.
    body: bool,
    begun: bool,
}

const RECEIVED: &[u8] = b"received:";

impl Hops {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Looks at the next piece of the text, whose lines end with LF.
    pub fn look(&mut self, piece: &[u8]) {
        if !self.body {
            self.look_at_header(piece);
        }
    }

    fn look_at_header(&mut self, mut piece: &[u8]) {
        if !self.begun {
            (self.begun, self.matched) = (true, Some(0));
        }
        while !self.body && !piece.is_empty() {
            let octet = piece[0];
            match self.matched {
                _ if octet == b'\n' => {
                    self.body = self.line == 0;
                    (self.line, self.matched) = (0, Some(0));
                    piece = &piece[1..];
                    continue;
                }
                Some(matched) if octet.to_ascii_lowercase() == RECEIVED[matched] => {
                    self.matched = Some(matched + 1).filter(|matched| *matched < RECEIVED.len());
                    self.count += usize::from(self.matched.is_none());
                    self.line += 1;
                    piece = &piece[1..];
                }
                _ => {
                    self.matched = None;
                    let length = memchr::memchr(b'\n', piece).unwrap_or(piece.len());
                    self.line += length;
                    piece = &piece[length..];
                }
            }
        }
    }
}

/// A message with CR LF at the end of each line, the last one too, whatever they were before.
pub fn with_crlf(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 32 + 2);
    let mut rest = message;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        wire.extend_from_slice(&rest[..at]);
        wire.extend_from_slice(b"\r\n");
        rest = &rest[at + 1 + usize::from(rest[at..].starts_with(b"\r\n"))..];
    }
    if !rest.is_empty() {
        wire.extend_from_slice(rest);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

/// What DATA sends for a message: lines ended with CR LF, a dot more where a line begins with one. The
/// dot alone that ends it does not belong to it: see [`END`].
pub fn stuff(message: &[u8]) -> Vec<u8> {
    let lines = with_crlf(message);
    let mut wire = Vec::with_capacity(lines.len() + 16);
    for line in lines.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire
}

/// The dot alone, behind the last line's CR LF.
pub const END: &[u8] = b".\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, and how many octets it took; in pieces of up to `most` octets.
    fn decode(wire: &[u8], most: usize) -> (Vec<u8>, Option<usize>) {
        let (mut decoder, mut text) = (Decoder::default(), Vec::new());
        for (index, piece) in wire.chunks(most).enumerate() {
            if let Some(end) = decoder.decode(piece, |piece| text.extend_from_slice(piece)) {
                return (text, Some(index * most + end));
            }
        }
        (text, None)
    }

    #[test]
    fn only_a_dot_between_two_crlf_ends_a_message() {
        for (wire, text) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\n"),
            (b"\r\n\r\n.\r\n", b"\n\n"),
            (b"..dot\r\n...\r\n.x\r\n.\r\n", b".dot\n..\nx\n"),
            (b"a\r\r\n.\r\n", b"a\n\n"),
        ] {
            for most in 1..=wire.len() {
                assert_eq!(
                    decode(wire, most),
                    (text.to_vec(), Some(wire.len())),
                    "{}",
                    wire.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn no_likeness_of_it_does() {
        for (likeness, text) in [
            ("\n.\n", "x\n.\ny"),
            ("\n.\r\n", "x\n.\ny"),
            ("\r\n.\n", "x\n\ny"),
            ("\r.\r", "x\n.\ny"),
            ("\r.\r\n", "x\n.\ny"),
            ("\r\n.\r", "x\n\ny"),
            ("\r\n.\r\r\n", "x\n\n\ny"),
            ("\r\n\0.\r\n", "x\n\0.\ny"),
            ("\r\n.\0\r\n", "x\n\0\ny"),
            ("\r\n. \r\n", "x\n \ny"),
            ("\r\r.\r\r", "x\n\n.\n\ny"),
            ("\n\r.\n\r", "x\n\n.\n\ny"),
            ("\r\n..\r\n", "x\n.\ny"),
            ("\r\n\u{2e2e}\r\n", "x\n\u{2e2e}\ny"),
        ] {
            let wire = format!("x{likeness}y");
            for most in 1..=wire.len() {
                let (got, end) = decode(wire.as_bytes(), most);
                assert_eq!(end, None, "{likeness:?}");
                assert_eq!(String::from_utf8_lossy(&got), text, "{likeness:?}, {most} at once");
            }
        }
    }

    /// Every message of up to six octets that matter, in pieces.
    #[test]
    fn whatever_is_sent_is_what_arrives() {
        for number in 0..4_usize.pow(6) {
            let octet = |place| b".\r\na"[number / 4_usize.pow(place) % 4];
            let message: Vec<u8> = (0..6).map(octet).collect();
            let message = &message[..1 + number % 6];
            let mut wire = stuff(message);
            wire.extend_from_slice(END);
            let end = wire.len();
            wire.extend_from_slice(b"QUIT\r\n");
            for most in [1, 2, 3, wire.len()] {
                let (text, found) = decode(&wire, most);
                assert_eq!(found, Some(end), "{}", message.escape_ascii());
                assert_eq!(with_crlf(&text), with_crlf(message));
            }
        }
    }

    #[test]
    fn sizes_are_those_of_the_text() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"..abc\r\nab\n\r\n.\r\n", |_| {}), Some(15));
        assert_eq!((decoder.size(), decoder.longest_line()), (12, 4));
    }

    #[test]
    fn hops_are_counted_in_the_header_alone() {
        let text =
            b"Received: from a\n by b\nRECEIVED: c\nX-Received: d\nReceived : e\n\nReceived: f\n";
        for most in 1..=text.len() {
            let mut hops = Hops::default();
            text.chunks(most).for_each(|piece| hops.look(piece));
            assert_eq!(hops.count(), 2, "{most} at once");
        }
    }

    #[test]
    fn a_body_of_dots_is_stuffed() {
        assert_eq!(stuff(b".\r\n.a\r\nb"), b"..\r\n..a\r\nb\r\n");
        assert_eq!(stuff(b""), b"");
        assert_eq!(stuff(b"a\rb\n"), b"a\r\nb\r\n");
    }
}
