//! A folder, served: RFC 9110 §9.3.1 and §9.3.2 (GET and HEAD), §13.1.2 (If-None-Match), §14 (ranges).
//!
//! ```text
//!  GET /photos/cat%201.jpg?large HTTP/1.1      HTTP/1.1 206 Partial Content
//!       └───────┬────────┘                     ETag: "2710-18b5c2d1"
//!       decoded once; below the root           Content-Range: bytes 9500-9999/10000
//!  Range: bytes=-500                           Content-Length: 500
//! ```

use std::fs::Metadata;
// answer: use std::io::{self, Write};
// answer: use std::path::{Path, PathBuf};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
// end answer
use std::time::UNIX_EPOCH;

/// The head of a request, parsed already.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Such as `GET`. Its case matters.
    pub method: &'a str,
    /// As it was sent: visible ASCII, nothing decoded.
    pub target: &'a str,
    /// Names and values, in the order in which they came.
    pub fields: &'a [(&'a str, &'a str)],
}

impl<'a> Request<'a> {
    /// The value of the first field with this name. The case of names does not matter.
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}

/// The tag of a file's present content, with its quotes: another content has another tag (RFC 9110 §8.8.3).
pub fn etag(metadata: &Metadata) -> String {
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("\"{:x}-{:x}\"", metadata.len(), changed.unwrap_or_default().as_nanos())
}

/// The value of Content-Type for a file with this name (RFC 9110 §8.3).
pub fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("md" | "txt" | "toml") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// A folder whose files anybody may have, and nothing else.
#[derive(Debug)]
pub struct Site {
    /// Absolute, and without a link in it: `canonicalize` has followed them.
    root: PathBuf,
}

impl Site {
    /// Serves what is below `root`.
    ///
    /// # Errors
    ///
    /// If there is no such folder.
    pub fn new(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }

    /// Writes the answer to one request, head and content. Whatever the request asks for, there is one.
    ///
    /// # Errors
    ///
    /// If the answer could not be written as its head promised it. The connection is of no use any
    /// more, and the caller closes it.
    pub fn answer(&self, request: &Request<'_>, out: &mut impl Write) -> io::Result<()> {
        // answer: let _ = (request, out, &self.root); // Yours to use; then this line can go.
        // answer: todo!("find the file, say what is sent of it, and send that")
        if !matches!(request.method, "GET" | "HEAD") {
            return head(
                out,
                "405 Method Not Allowed",
                "Allow: GET, HEAD\r\nContent-Length: 0\r\n",
            );
        }
        let Some((path, mut file)) = self.open(request.target) else {
            return head(out, "404 Not Found", "Content-Length: 0\r\n");
        };
        // Of the file that is open: by now the name may lead to another one.
        let metadata = file.metadata()?;
        let (length, tag) = (metadata.len(), etag(&metadata));
        let mut fields = format!("ETag: {tag}\r\n");
        if request.field("If-None-Match").is_some_and(|tags| has(tags, &tag)) {
            // RFC 9110 §15.4.5: its head ends it, and a Content-Length could only be the file's.
            return head(out, "304 Not Modified", &fields);
        }
        let (status, part) = match part(request, length, &tag) {
            None => ("200 OK", 0..length),
            Some(part) if part.is_empty() => {
                let fields = format!("Content-Range: bytes */{length}\r\nContent-Length: 0\r\n");
                return head(out, "416 Range Not Satisfiable", &fields);
            }
            Some(part) => {
                let Range { start, end } = part;
                fields += &format!("Content-Range: bytes {start}-{}/{length}\r\n", end - 1);
                ("206 Partial Content", part)
            }
        };
        let (media, count) = (media_type(&path), part.end - part.start);
        fields += &format!(
            "Accept-Ranges: bytes\r\nContent-Type: {media}\r\nContent-Length: {count}\r\n"
        );
        head(out, status, &fields)?;
        if request.method == "HEAD" {
            return Ok(());
        }
        file.seek(SeekFrom::Start(part.start))?;
        // The file may change its length meanwhile. More than was promised would be the beginning of
        // the next answer; after less, the client would take the next answer for the rest of this one.
        match io::copy(&mut file.take(count), out)? {
            copied if copied == count => Ok(()),
            _ => Err(ErrorKind::UnexpectedEof.into()),
        }
        // end answer
    }
    // answer:

    /// The regular file that a target names, if it is below the root.
    fn open(&self, target: &str) -> Option<(PathBuf, File)> {
        let path = target.split('?').next()?;
        let mut name = decode(path.strip_prefix('/')?)?;
        if name.is_empty() || name.ends_with('/') {
            name += "index.html";
        }
        // A name goes down, step by step. `..` goes up, and `/etc` begins anew: `join` would forget the root.
        if !Path::new(&name).components().all(|step| matches!(step, Component::Normal(_))) {
            return None;
        }
        // A link may lead anywhere. What counts is where it all ends, compared step by step:
        // `/srv/site-private` begins with `/srv/site`, and is not below it.
        let path = self.root.join(name).canonicalize().ok()?;
        // Asked before opening: opening a FIFO waits for somebody to write to it (fifo(7)).
        if !path.starts_with(&self.root) || !path.metadata().ok()?.is_file() {
            return None;
        }
        let file = File::open(&path).ok()?;
        Some((path, file))
    }
    // end answer
}
// answer:

/// Decodes a path once (RFC 3986 §2.1, §2.4). `None`: `%` without two digits, `%2f`, or no UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut pieces = path.split('%');
    let mut octets = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let digits =
            piece.get(..2).filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        // §7.3: steps are told apart before they are decoded. A `/` that was escaped is in a step, and no
        // name of a file has one.
        octets.push(u8::from_str_radix(digits, 16).ok().filter(|octet| *octet != b'/')?);
        octets.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(octets).ok()
}

/// Whether an If-None-Match field names this tag (RFC 9110 §13.1.2: weak comparison).
fn has(tags: &str, tag: &str) -> bool {
    tags == "*" || tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

/// The octets that a request asks for; an empty part if none of them is there. `None`: all of them.
fn part(request: &Request<'_>, length: u64, tag: &str) -> Option<Range<u64>> {
    // §14.2: Range is for GET. §13.1.5: a part of something else is of no use to the client.
    if request.method != "GET"
        || length == 0
        || request.field("If-Range").is_some_and(|has| has != tag)
    {
        return None;
    }
    let (unit, range) = request.field("Range")?.split_once('=')?;
    let (first, last) = range.split_once('-').filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    match (first, last) {
        ("", last) => Some(length.saturating_sub(number(last)?)..length),
        (first, "") => Some(number(first)?..length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            // `last` is part of it (§14.1.2), and what lies past the end is not there.
            (first <= last).then(|| first..last.saturating_add(1).min(length))
        }
    }
}

/// Digits alone: `parse` would take `+5` as well. What does not fit is past the end of every file.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Writes a status line, these fields, and the empty line.
fn head(out: &mut impl Write, status: &str, fields: &str) -> io::Result<()> {
    out.write_all(format!("HTTP/1.1 {status}\r\n{fields}\r\n").as_bytes())
}
// end answer
