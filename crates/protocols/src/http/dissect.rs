//! What the octets of HTTP messages mean: requests and responses with their bodies (RFC 9112).
//!
//! This reads messages on its own, without the parsers of this folder, so that a test can hold the two
//! against each other. It is told whose messages they are, and reads as many as there are; what
//! breaks off is named as far as it goes.

use std::ops::Range;

use capture::dissect::{Dissector, Field, Undissectable};

/// The requests of a connection, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests;

/// The responses of a connection, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Responses {
    /// They are to HEAD, and have no content whatever their fields say.
    pub to_head: bool,
}

impl Dissector for Requests {
    fn name(&self) -> &str {
        "HTTP requests"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut reader = Reader { message, at: 0, fields: Vec::new() };
        while reader.at < message.len() {
            let Some(line) = reader.start_line(&["method", "target", "version"])? else { break };
            let version = line.rsplit(|octet| *octet == b' ').next().unwrap_or_default();
            if !version.starts_with(b"HTTP/") {
                return Err(reader.wrong("not a request line"));
            }
            let Some(head) = reader.field_lines()? else { break };
            let end =
                if head.chunked { End::Chunks } else { End::Length(head.length.unwrap_or(0)) };
            if !reader.body(end)? {
                break;
            }
        }
        Ok(reader.fields)
    }
}

impl Dissector for Responses {
    fn name(&self) -> &str {
        "HTTP responses"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut reader = Reader { message, at: 0, fields: Vec::new() };
        while reader.at < message.len() {
            let Some(line) = reader.start_line(&["version", "status", "reason"])? else { break };
            let status = line.split(|octet| *octet == b' ').nth(1).unwrap_or_default();
            if !line.starts_with(b"HTTP/") || status.len() != 3 {
                return Err(reader.wrong("not a status line"));
            }
            // RFC 9112 §6.3, items 1, 4, 6 and 8.
            let none = self.to_head || status[0] == b'1' || matches!(status, b"204" | b"304");
            let Some(head) = reader.field_lines()? else { break };
            let end = match head {
                _ if none => End::Length(0),
                Head { chunked: true, .. } => End::Chunks,
                Head { length: Some(length), .. } => End::Length(length),
                Head { .. } => End::Connection,
            };
            if !reader.body(end)? {
                break;
            }
        }
        Ok(reader.fields)
    }
}

/// What a head says of its body.
#[derive(Default)]
struct Head {
    length: Option<u64>,
    chunked: bool,
}

/// How a body ends.
enum End {
    Length(u64),
    Chunks,
    Connection,
}

/// Takes fields off messages, one after another.
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    fields: Vec<Field>,
}

impl<'a> Reader<'a> {
    fn wrong(&self, reason: &str) -> Undissectable {
        Undissectable { offset: self.at, reason: reason.to_owned() }
    }

    /// The next line with its CRLF, if all of it is there; else what is left is named incomplete.
    fn line(&mut self, name: &str) -> Result<Option<Range<usize>>, Undissectable> {
        let rest = &self.message[self.at..];
        let Some(lf) = rest.iter().position(|octet| *octet == b'\n') else {
            self.rest(name);
            return Ok(None);
        };
        if lf == 0 || rest[lf - 1] != b'\r' {
            return Err(Undissectable { offset: self.at + lf, reason: "LF without CR".into() });
        }
        let start = self.at;
        self.at += lf + 1;
        Ok(Some(start..self.at))
    }

    /// Names what is left of a message that breaks off.
    fn rest(&mut self, name: &str) {
        let range = self.at..self.message.len();
        if !range.is_empty() {
            let value = text(&self.message[range.clone()]);
            self.fields.push(Field::new(range, name, value).meaning("incomplete"));
        }
        self.at = self.message.len();
    }

    /// Three words, of which the last may have spaces in it.
    fn start_line(&mut self, names: &[&str; 3]) -> Result<Option<&'a [u8]>, Undissectable> {
        let Some(range) = self.line("start line")? else { return Ok(None) };
        let line = &self.message[range.start..range.end - 2];
        let (mut parts, mut at) = (Vec::new(), range.start);
        for (index, name) in names.iter().enumerate() {
            let rest = &self.message[at..range.end - 2];
            let space = rest.iter().position(|octet| *octet == b' ').filter(|_| index < 2);
            let end = space.map_or(range.end - 2, |space| at + space);
            parts.push(Field::new(at..end, *name, text(&self.message[at..end])));
            at = end;
            if space.is_some() {
                parts.push(Field::new(at..at + 1, "SP", ""));
                at += 1;
            }
        }
        if parts.len() != 5 {
            self.at = range.start;
            return Err(self.wrong("not three words"));
        }
        parts.push(Field::new(at..range.end, "CRLF", ""));
        let field = Field::new(range, "start line", text(line)).source("RFC 9112 §2.1");
        self.fields.push(field.children(parts));
        Ok(Some(line))
    }

    /// Field lines up to the empty one; `None`: it is not there.
    fn field_lines(&mut self) -> Result<Option<Head>, Undissectable> {
        let mut head = Head::default();
        loop {
            let Some(range) = self.line("field line")? else { return Ok(None) };
            let line = &self.message[range.start..range.end - 2];
            if line.is_empty() {
                let meaning = "the end of the fields";
                let field = Field::new(range, "empty line", "").meaning(meaning);
                self.fields.push(field.source("RFC 9112 §2.1"));
                return Ok(Some(head));
            }
            let Some(colon) = line.iter().position(|octet| *octet == b':') else {
                self.at = range.start;
                return Err(self.wrong("a field line without a colon"));
            };
            let value = line[colon + 1..].trim_ascii();
            match line[..colon].to_ascii_lowercase().as_slice() {
                b"content-length" => {
                    head.length = str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                }
                b"transfer-encoding" => {
                    head.chunked = value.to_ascii_lowercase().ends_with(b"chunked");
                }
                _ => {}
            }
            let colon = range.start + colon;
            let parts = vec![
                Field::new(range.start..colon, "name", text(&self.message[range.start..colon])),
                Field::new(colon..colon + 1, "colon", ":"),
                Field::new(colon + 1..range.end - 2, "value", text(value)),
                Field::new(range.end - 2..range.end, "CRLF", ""),
            ];
            let field = Field::new(range, "field line", text(line)).source("RFC 9112 §5");
            self.fields.push(field.children(parts));
        }
    }

    /// A body. `false`: it breaks off, or nothing can follow it.
    fn body(&mut self, end: End) -> Result<bool, Undissectable> {
        match end {
            End::Length(length) => Ok(self.octets("content", length)),
            End::Connection => {
                self.octets("content", u64::MAX);
                Ok(false)
            }
            End::Chunks => self.chunks(),
        }
    }

    /// So many octets, or what there is of them.
    fn octets(&mut self, name: &str, length: u64) -> bool {
        let left = self.message.len() - self.at;
        let count = usize::try_from(length).map_or(left, |length| length.min(left));
        if count > 0 {
            let range = self.at..self.at + count;
            let value = text(&self.message[range.clone()]);
            self.fields.push(Field::new(range, name, value).meaning(format!("{count} octets")));
            self.at += count;
        }
        count as u64 == length
    }

    /// Chunks up to the last, and trailers.
    fn chunks(&mut self) -> Result<bool, Undissectable> {
        loop {
            let Some(range) = self.line("chunk size")? else { return Ok(false) };
            let line = &self.message[range.start..range.end - 2];
            let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
            let hex = str::from_utf8(&line[..digits]).unwrap_or_default();
            let Ok(size) = u64::from_str_radix(hex, 16) else {
                self.at = range.start;
                return Err(self.wrong("not a chunk's size"));
            };
            let end = range.start + digits;
            let mut parts = vec![
                Field::new(range.start..end, "size", hex).meaning(format!("{size} octets follow")),
            ];
            if digits < line.len() {
                parts.push(Field::new(end..range.end - 2, "extensions", text(&line[digits..])));
            }
            parts.push(Field::new(range.end - 2..range.end, "CRLF", ""));
            let meaning = if size == 0 { "the last chunk" } else { "" };
            let field = Field::new(range, "chunk size", text(line)).meaning(meaning);
            self.fields.push(field.source("RFC 9112 §7.1").children(parts));
            if size == 0 {
                return Ok(self.field_lines()?.is_some());
            }
            if !self.octets("chunk data", size) {
                return Ok(false);
            }
            let rest = &self.message[self.at..];
            if !b"\r\n".starts_with(&rest[..rest.len().min(2)]) {
                return Err(self.wrong("no CRLF behind a chunk's data"));
            }
            if !self.octets("CRLF", 2) {
                return Ok(false);
            }
        }
    }
}

fn text(octets: &[u8]) -> String {
    capture::bytes::escaped(octets, 60)
}

#[cfg(test)]
mod tests {
    use capture::dissect::tiles;

    use super::*;
    use crate::http::body::{Body, Limits};
    use crate::http::request::{Request, Scan};

    const REQUESTS: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n\
        POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
        PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;x=y\r\nhello\r\n0\r\nDigest: z\r\n\r\n";
    const RESPONSES: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n\
        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 \r\n\r\nto the end";

    fn names(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn every_octet_has_a_name_wherever_it_breaks_off() {
        let all: [(&dyn Dissector, _); 2] =
            [(&Requests, REQUESTS), (&Responses::default(), RESPONSES)];
        for (dissector, message) in all {
            for end in 0..=message.len() {
                let fields = dissector.dissect(&message[..end]).expect("right so far");
                assert_eq!(tiles(&fields, end), Ok(()), "{end}");
            }
        }
    }

    #[test]
    fn messages_have_their_parts() {
        let fields = Requests.dissect(REQUESTS).expect("requests");
        let chunked = ["start line", "field line", "field line", "empty line", "chunk size"];
        assert_eq!(names(&fields[fields.len() - 10..])[..5], chunked);
        assert_eq!(
            names(&fields[fields.len() - 4..]),
            ["CRLF", "chunk size", "field line", "empty line"]
        );
        assert_eq!(names(&fields[0].children), ["method", "SP", "target", "SP", "version", "CRLF"]);
        let fields = Responses::default().dissect(RESPONSES).expect("responses");
        assert_eq!(fields.last().map(|field| field.value.as_str()), Some("to the end"));
        let head = Responses { to_head: true };
        let fields = head.dissect(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").expect("whole");
        assert_eq!(names(&fields), ["start line", "field line", "empty line"]);
    }

    /// What the parsers take, the dissector finds whole: one request, changed at each octet.
    #[test]
    fn what_the_parsers_take_has_names() {
        let request = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\nhi\r\n0\r\n\r\n";
        for at in 0..request.len() {
            for value in 0..=255 {
                let mut changed = request.to_vec();
                changed[at] = value;
                let dissected = Requests.dissect(&changed);
                if let Ok(fields) = &dissected {
                    assert_eq!(tiles(fields, changed.len()), Ok(()));
                }
                let Ok(Some(end)) = Scan::default().end(&changed) else { continue };
                let Ok(parsed) = Request::parse(&changed[..end]) else { continue };
                let mut body = Body::new(parsed.framing, Limits::strict(100)).expect("small");
                let mut rest = &changed[end..];
                while let Ok(Some(_)) = body.next(&mut rest) {}
                if body.is_complete() && rest.is_empty() {
                    let fields = dissected.expect("the parser has taken it");
                    let broken = fields.iter().any(|field| field.meaning == "incomplete");
                    assert!(!broken, "octet {at} is {value}");
                }
            }
        }
    }
}
