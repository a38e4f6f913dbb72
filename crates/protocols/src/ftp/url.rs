//! URLs of files on an FTP server (RFC 1738 §3.2).
//!
//! ```text
//!   ftp://ada:secret@example.org:2121/notes/a%20b.txt
//!         └─ user ─┘ └── host ──┘ └port┘└──── path ───┘
//! ```

use std::fmt;
use std::str::FromStr;

use sockets::resolve::Target;

/// The port where there is none in the URL.
pub const PORT: u16 = 21;

/// An FTP URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FtpUrl {
    /// The host, and the port if there is one.
    pub target: Target,
    /// Who logs in.
    pub user: Vec<u8>,
    /// With which password.
    pub password: Vec<u8>,
    /// Relative to where one is after the login, unless it begins with a slash (`ftp://host/%2Fetc`).
    /// Empty, or ending in a slash: a directory.
    pub path: Vec<u8>,
}

/// Why a text is no FTP URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl FtpUrl {
    /// Whether it names a directory.
    pub fn is_directory(&self) -> bool {
        self.path.is_empty() || self.path.ends_with(b"/")
    }

    /// The last component.
    pub fn file_name(&self) -> &[u8] {
        self.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
    }
}

impl FromStr for FtpUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error(format!("{text:?} is no URL of FTP: {why}"));
        let rest = text
            .get(..6)
            .filter(|scheme| scheme.eq_ignore_ascii_case("ftp://"))
            .map(|_| &text[6..])
            .ok_or_else(|| wrong("it begins with ftp://"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let target = Target::parse(host).map_err(|error| wrong(&error.to_string()))?;
        let path = match path.rsplit_once(";type=") {
            Some((path, "a" | "i" | "A" | "I")) => path,
            _ => path,
        };
        let decoded = |part: &str| decode(part).map_err(wrong);
        let (mut user, mut password) = (decoded(user)?, decoded(password)?);
        if user.is_empty() {
            (user, password) = (b"anonymous".to_vec(), b"anonymous@".to_vec());
        }
        Ok(Self { target, user, password, path: decoded(path)? })
    }
}

/// Without percent-encoding. What no command could hold is refused: a line's end in a name would begin a
/// command of its own.
fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut octets = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    let hex = |octet: Option<u8>| octet.and_then(|octet| char::from(octet).to_digit(16));
    while let Some(octet) = octets.next() {
        let octet = match octet {
            b'%' => match (hex(octets.next()), hex(octets.next())) {
                (Some(high), Some(low)) => u8::try_from(high * 16 + low).expect("two hex digits"),
                _ => return Err("after % come two hexadecimal digits"),
            },
            octet => octet,
        };
        if matches!(octet, b'\r' | b'\n' | 0) {
            return Err("a line's end or a NUL cannot be said to a server");
        }
        decoded.push(octet);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_a_user_and_a_path() {
        let url: FtpUrl = "ftp://ada:p%40ss@example.org:2121/a%20b/c.txt".parse().expect("a URL");
        assert_eq!((url.target.host.as_str(), url.target.port), ("example.org", Some(2121)));
        assert_eq!((&url.user[..], &url.password[..]), (&b"ada"[..], &b"p@ss"[..]));
        assert_eq!((&url.path[..], url.file_name()), (&b"a b/c.txt"[..], &b"c.txt"[..]));
        assert!(!url.is_directory());
        let url: FtpUrl = "FTP://[::1]:21/dir/".parse().expect("a URL");
        assert_eq!((url.target.host.as_str(), &url.user[..]), ("::1", &b"anonymous"[..]));
        assert!(url.is_directory());
        let url: FtpUrl = "ftp://h/%2Fetc/motd;type=i".parse().expect("a URL");
        assert_eq!(url.path, b"/etc/motd");
        assert!("ftp://h".parse::<FtpUrl>().expect("a URL").is_directory());
    }

    #[test]
    fn what_no_command_can_hold_is_no_url() {
        for text in [
            "http://h/a",
            "ftp://",
            "ftp:///a",
            "ftp://h/a%0D%0ADELE%20b",
            "ftp://h/a%00",
            "ftp://a%0a@h/",
            "ftp://h/%zz",
            "ftp://h/%4",
            "ftp://h:port/a",
            "ftp",
        ] {
            assert!(text.parse::<FtpUrl>().is_err(), "{text}");
        }
    }
}
