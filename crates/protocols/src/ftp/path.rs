//! Names, as the client sees them: from `/`, which is the served folder.
//!
//! `..` means something in FTP, so it is resolved here, before the [jail](crate::jail) sees the name:
//! at the root it stays at the root, as in a system's file tree. What the jail is given has only
//! names in it, and symbolic links are its affair.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Octets of a whole name: limits.h, `PATH_MAX`.
pub const LONGEST: usize = 4_096;

/// An absolute name: `/` or `/a/b`, with neither `.` nor `..` nor an empty component in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FtpPath(Vec<u8>);

impl FtpPath {
    /// `/`.
    pub fn root() -> Self {
        Self(b"/".to_vec())
    }

    /// What `name` means in this directory. `None`: it has a control character in it, with which no
    /// line could name it, or is too long.
    pub fn join(&self, name: &[u8]) -> Option<Self> {
        if name.iter().any(u8::is_ascii_control) {
            return None;
        }
        let mut whole = if name.starts_with(b"/") { Vec::new() } else { self.0.clone() };
        if whole == b"/" {
            whole.clear();
        }
        for component in name.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => whole.truncate(whole.iter().rposition(|&byte| byte == b'/').unwrap_or(0)),
                component => {
                    whole.push(b'/');
                    whole.extend_from_slice(component);
                }
            }
        }
        if whole.is_empty() {
            whole.push(b'/');
        }
        (whole.len() <= LONGEST).then_some(Self(whole))
    }

    /// As it is said to the client.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is `/`.
    pub fn is_root(&self) -> bool {
        self.0 == b"/"
    }

    /// As the jail takes it: relative to the root.
    pub fn in_jail(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0[1..]))
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
    }

    /// Inside quotation marks, where one that is in the name is doubled: RFC 959, appendix II.
    pub fn quoted(&self) -> Vec<u8> {
        let mut quoted = vec![b'"'];
        for &byte in &self.0 {
            if byte == b'"' {
                quoted.push(b'"');
            }
            quoted.push(byte);
        }
        quoted.push(b'"');
        quoted
    }
}

/// Whether `name` is of the form that `pattern` says, in which `*` stands for any octets and `?` for one.
/// As `mget` of the classic clients sends it.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last star does not fit: that star takes one octet more.
    // So no pattern takes longer than both lengths multiplied.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => (p, n) = (p + 1, n + 1),
            _ => match retry {
                None => return false,
                Some((star, at)) => {
                    (p, n) = (star + 1, at + 1);
                    retry = Some((star, at + 1));
                }
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, name: &str) -> Option<String> {
        let base = FtpPath::root().join(base.as_bytes()).expect("a name");
        base.join(name.as_bytes()).map(|path| String::from_utf8(path.0).expect("text"))
    }

    #[test]
    fn no_name_leads_above_the_root() {
        for (base, name, whole) in [
            ("/", "a", "/a"),
            ("/a", "b/c", "/a/b/c"),
            ("/a", "/b", "/b"),
            ("/a/b", "..", "/a"),
            ("/a", "..", "/"),
            ("/a", "../../../../etc", "/etc"),
            ("/", "//a//.//b/", "/a/b"),
            ("/", "..", "/"),
            ("/a", "", "/a"),
            ("/a", "...", "/a/..."),
            ("/a", " b ", "/a/ b "),
        ] {
            assert_eq!(joined(base, name).as_deref(), Some(whole), "{base} {name}");
        }
        assert_eq!(joined("/", "a\r\nDELE b"), None);
        assert_eq!(joined("/", "a\0"), None);
        assert_eq!(joined("/", &"a".repeat(5_000)), None);
        assert_eq!(FtpPath::root().in_jail(), Path::new(""));
        let path = FtpPath::root().join(b"a/b\"c").expect("a name");
        assert_eq!((path.in_jail(), path.name()), (Path::new("a/b\"c"), &b"b\"c"[..]));
        assert_eq!(path.quoted(), b"\"/a/b\"\"c\"");
    }

    #[test]
    fn patterns_match_what_they_say() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt.gz", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "a", false),
            ("a*", "a", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
        // Not in a time that grows with every star.
        assert!(!matches(&b"a*".repeat(2_000), &[b'a'; 1_000]));
    }
}
