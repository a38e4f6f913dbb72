//! A file that is there when it is whole, and a download that goes on where it broke off.
//!
//! ```text
//!   FILE.part     what has come, octet for octet
//!   FILE.resume   how to tell that the rest will be of the same: the server's ETag or date
//!   FILE          only when all has come: FILE.part, renamed
//! ```
//!
//! To go on is to ask for a range of the representation from an octet on, *if* it is still the one that
//! the beginning is of (RFC 9110 §13.1.5):
//!
//! ```text
//!   Range: bytes=1000-             206 Partial Content    Content-Range: bytes 1000-4999/5000
//!   If-Range: "an-etag"            200 OK                 it has changed: all of it, anew
//!                                  416 Range Not Satisfiable  Content-Range: bytes */1000: we have it all
//! ```
//!
//! What a server says is checked before an octet is appended (§14.4, §15.3.7): a file sewn together of two
//! versions looks whole, and is worth nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::http::response::ResponseHead;

/// Octets of what `FILE.resume` may hold.
const LONGEST_NOTE: u64 = 4096;

/// Where a download goes.
#[derive(Debug, Clone)]
pub struct Download {
    path: PathBuf,
    part: PathBuf,
    note: PathBuf,
}

/// What has come of it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Octets.
    pub length: u64,
    /// What `If-Range` says; `None` where the server gave nothing that can tell one version from another.
    pub validator: Option<String>,
}

/// A `Content-Range` (RFC 9110 §14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The first and the last octet; `None` in a 416.
    pub range: Option<(u64, u64)>,
    /// Octets of the whole, where the server knows.
    pub whole: Option<u64>,
}

impl Download {
    /// A download to `path`.
    pub fn new(path: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self { path: path.to_owned(), part: beside(".part"), note: beside(".resume") }
    }

    /// Where it is when it is whole.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where what has come is kept.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// What there is to go on from: `FILE.part`, or else `FILE`, for whoever began it by other means.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn begun(&self) -> io::Result<Option<Begun>> {
        for (path, validator) in [(&self.part, self.read_note()?), (&self.path, None)] {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_file() && metadata.len() > 0 => {
                    return Ok(Some(Begun { length: metadata.len(), validator }));
                }
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Begins anew. `validator`: what will tell, later, that the rest is of the same.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn create(&self, validator: Option<&str>) -> io::Result<File> {
        remove(&self.note)?;
        let file = File::create(&self.part)?;
        if let Some(validator) = validator {
            fs::write(&self.note, validator)?;
        }
        Ok(file)
    }

    /// Goes on behind the octets that there are.
    ///
    /// # Errors
    ///
    /// The system's; [`ErrorKind::InvalidData`] if there are not `length` of them any more.
    pub fn append(&self, length: u64) -> io::Result<File> {
        if !self.part.exists() {
            fs::rename(&self.path, &self.part)?;
        }
        let file = OpenOptions::new().append(true).open(&self.part)?;
        if file.metadata()?.len() != length {
            return Err(io::Error::new(ErrorKind::InvalidData, "the file has changed meanwhile"));
        }
        Ok(file)
    }

    /// All has come.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn complete(&self) -> io::Result<()> {
        match fs::rename(&self.part, &self.path) {
            // There was nothing more to come of a file that stood under its own name.
            Err(error) if error.kind() == ErrorKind::NotFound && self.path.exists() => {}
            done => done?,
        }
        remove(&self.note)
    }

    /// What has come is of no use.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn discard(&self) -> io::Result<()> {
        remove(&self.part)?;
        remove(&self.note)
    }

    fn read_note(&self) -> io::Result<Option<String>> {
        let mut text = String::new();
        match File::open(&self.note) {
            Ok(file) => {
                let read = file.take(LONGEST_NOTE).read_to_string(&mut text);
                // It goes into a request: one that is damaged is as good as none.
                let usable = read.is_ok() && crate::http::fields::is_value(text.as_bytes());
                Ok((usable && !text.is_empty()).then_some(text))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// What can stand in an `If-Range` after this response: its strong ETag, or else its date.
///
/// A weak ETag cannot (RFC 9110 §13.1.5). A date is strong only if it is at least a second older
/// than the response (§8.8.2.2), or the file may have changed twice in one second.
pub fn validator(head: &ResponseHead) -> Option<String> {
    if let Some(etag) = head.text("etag") {
        return etag.starts_with('"').then_some(etag);
    }
    let modified = head.text("last-modified")?;
    let date = head.text("date")?;
    // Both are of one format, with seconds in it: where they are equal the file is too young.
    (modified != date).then_some(modified)
}

/// Checks that a 206 continues what has come: `begun`. Gives the octets that it has to bring.
///
/// # Errors
///
/// [`Error::WrongRange`].
pub fn continues(head: &ResponseHead, begun: &Begun) -> Result<u64, Error> {
    let text = head.text("content-range").unwrap_or_default();
    let wrong = || Error::WrongRange(text.clone());
    let ContentRange { range, whole } = ContentRange::parse(&text).ok_or_else(wrong)?;
    let (first, last) = range.ok_or_else(wrong)?;
    let to_the_end = whole.is_none_or(|whole| last + 1 == whole);
    let etag = head.text("etag");
    let same = match (&begun.validator, &etag) {
        (Some(had), Some(has)) if had.starts_with('"') => had == has,
        _ => true,
    };
    let coded = !matches!(head.combined("content-encoding").as_str(), "" | "identity");
    if first != begun.length || !to_the_end || !same || coded {
        return Err(wrong());
    }
    Ok(last - first + 1)
}

impl ContentRange {
    /// Reads the field's value; `None` if it is none, or does not make sense.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.get(..6).filter(|unit| unit.eq_ignore_ascii_case("bytes "))?;
        let (range, whole) = text[rest.len()..].trim().split_once('/')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
            text.parse::<u64>().ok().filter(|_| digits)
        };
        let whole = if whole == "*" { None } else { Some(number(whole)?) };
        let range = if range == "*" {
            whole?;
            None
        } else {
            let (first, last) = range.split_once('-')?;
            let (first, last) = (number(first)?, number(last)?);
            // §14.4: such a value is invalid, and a recipient must not use it.
            if last < first || last == u64::MAX || whole.is_some_and(|whole| whole <= last) {
                return None;
            }
            Some((first, last))
        };
        Some(Self { range, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::response::HeadReader;

    fn head(fields: &str) -> ResponseHead {
        let text = format!("HTTP/1.1 206 x\r\n{fields}\r\n\r\n");
        HeadReader::default().read(&mut text.as_bytes()).expect("a head").expect("whole")
    }

    #[test]
    fn a_content_range_is_read_or_refused() {
        let range = |range, whole| Some(ContentRange { range, whole });
        assert_eq!(ContentRange::parse("bytes 0-4/5"), range(Some((0, 4)), Some(5)));
        assert_eq!(ContentRange::parse("BYTES 3-3/*"), range(Some((3, 3)), None));
        assert_eq!(ContentRange::parse("bytes */5"), range(None, Some(5)));
        for wrong in [
            "",
            "bytes",
            "bytes ",
            "bytes 0-4",
            "bytes 4-0/5",
            "bytes 0-5/5",
            "bytes -4/5",
            "bytes 0-/5",
            "bytes +0-4/5",
            "bytes 0-4/x",
            "bytes */*",
            "items 0-4/5",
            "bytes=0-4/5",
            "bytes 0-18446744073709551615/*",
            "bytes 0-99999999999999999999/*",
            "büt€s 0-4/5",
        ] {
            assert_eq!(ContentRange::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_what_continues_the_same_is_appended() {
        let begun = Begun { length: 5, validator: Some("\"a\"".to_owned()) };
        let check = |fields: &str| continues(&head(fields), &begun);
        assert_eq!(check("Content-Range: bytes 5-9/10\r\nETag: \"a\"").expect("the rest"), 5);
        assert_eq!(check("Content-Range: bytes 5-9/*").expect("the rest"), 5);
        for wrong in [
            "X: y",
            "Content-Range: bytes 0-9/10",
            "Content-Range: bytes 4-9/10",
            "Content-Range: bytes 6-9/10",
            "Content-Range: bytes 5-8/10",
            "Content-Range: bytes */10",
            "Content-Range: bytes 5-9/10\r\nETag: \"b\"",
            "Content-Range: bytes 5-9/10\r\nContent-Encoding: gzip",
            "Content-Type: multipart/byteranges; boundary=x",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_tells_versions_apart_is_strong() {
        let day = "Tue, 15 Nov 1994 12:45:26 GMT";
        let later = "Tue, 15 Nov 1994 12:45:27 GMT";
        assert_eq!(validator(&head("ETag: \"x\"")).as_deref(), Some("\"x\""));
        assert_eq!(validator(&head(&format!("ETag: W/\"x\"\r\nLast-Modified: {day}"))), None);
        let dates = |date: &str| head(&format!("Last-Modified: {day}\r\nDate: {date}"));
        assert_eq!(validator(&dates(later)).as_deref(), Some(day));
        assert_eq!(validator(&dates(day)), None);
        assert_eq!(validator(&head("X: y")), None);
    }
}
