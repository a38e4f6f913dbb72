//! Content types, by the ends of names: RFC 9110 §8.3.

/// A type, and whether compressing it is worth the while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// As it stands behind `Content-Type:`.
    pub name: &'static str,
    /// Text, mostly: pictures and archives are compressed already.
    pub compressible: bool,
}

/// What most browsers know. Where `text/…` is, it is UTF-8; and what is unknown is not guessed.
const TYPES: &[(&str, Media)] = &[
    ("html", text("text/html; charset=utf-8")),
    ("htm", text("text/html; charset=utf-8")),
    ("css", text("text/css; charset=utf-8")),
    ("js", text("text/javascript; charset=utf-8")),
    ("mjs", text("text/javascript; charset=utf-8")),
    ("txt", text("text/plain; charset=utf-8")),
    ("md", text("text/markdown; charset=utf-8")),
    ("csv", text("text/csv; charset=utf-8")),
    ("rs", text("text/plain; charset=utf-8")),
    ("toml", text("text/plain; charset=utf-8")),
    ("log", text("text/plain; charset=utf-8")),
    ("json", text("application/json")),
    ("map", text("application/json")),
    ("webmanifest", text("application/manifest+json")),
    ("xml", text("application/xml")),
    ("svg", text("image/svg+xml")),
    ("wasm", text("application/wasm")),
    ("ico", other("image/vnd.microsoft.icon")),
    ("png", other("image/png")),
    ("jpg", other("image/jpeg")),
    ("jpeg", other("image/jpeg")),
    ("gif", other("image/gif")),
    ("webp", other("image/webp")),
    ("avif", other("image/avif")),
    ("woff", other("font/woff")),
    ("woff2", other("font/woff2")),
    ("ttf", other("font/ttf")),
    ("pdf", other("application/pdf")),
    ("zip", other("application/zip")),
    ("gz", other("application/gzip")),
    ("tar", other("application/x-tar")),
    ("mp3", other("audio/mpeg")),
    ("ogg", other("audio/ogg")),
    ("wav", other("audio/wav")),
    ("mp4", other("video/mp4")),
    ("webm", other("video/webm")),
    ("pcap", other("application/vnd.tcpdump.pcap")),
];

const fn text(name: &'static str) -> Media {
    Media { name, compressible: true }
}

const fn other(name: &'static str) -> Media {
    Media { name, compressible: false }
}

/// The type of what has this name.
pub fn of(name: &[u8]) -> Media {
    let unknown = other("application/octet-stream");
    let last = name.rsplit(|octet| *octet == b'/').next().unwrap_or(name);
    let Some(dot) = last.iter().rposition(|octet| *octet == b'.') else { return unknown };
    let end = &last[dot + 1..];
    let known = TYPES.iter().find(|(known, _)| end.eq_ignore_ascii_case(known.as_bytes()));
    known.map_or(unknown, |(_, media)| *media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_tells_its_type() {
        for (name, media) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a.b/c.PNG", "image/png"),
            ("a.tar.gz", "application/gzip"),
            ("a.html/b", "application/octet-stream"),
            ("html", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(of(name.as_bytes()).name, media, "{name}");
        }
    }
}
