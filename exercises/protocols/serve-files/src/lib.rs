//! A folder, served: RFC 9110 §9.3.1 and §9.3.2 (GET and HEAD), §13.1.2 (If-None-Match), §14 (ranges).
//!
//! ```text
//!  GET /photos/cat%201.jpg?large HTTP/1.1      HTTP/1.1 206 Partial Content
//!       └───────┬────────┘                     ETag: "2710-18b5c2d1"
//!       decoded once; below the root           Content-Range: bytes 9500-9999/10000
//!  Range: bytes=-500                           Content-Length: 500
//! ```

use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
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
        let _ = (request, out, &self.root); // Yours to use; then this line can go.
        todo!("find the file, say what is sent of it, and send that")
    }
}
