//! Percent-encoding, and dots in paths.

use std::fmt::Write as _;

/// May stand in a path: RFC 3986 §3.3, and `%` (what it encodes is not looked at).
pub(super) fn in_path(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&octet)
}

/// May stand in a query or a fragment: RFC 3986 §3.4, and `[` `]`, which all browsers leave.
pub(super) fn in_query(octet: u8) -> bool {
    in_path(octet) || b"?[]".contains(&octet)
}

/// Percent-encodes what may not stand there (RFC 3986 §2.1).
pub(super) fn encode(text: &[u8], allowed: fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text {
        if allowed(*octet) {
            encoded.push(char::from(*octet));
        } else {
            write!(encoded, "%{octet:02X}").expect("a String takes all");
        }
    }
    encoded
}

/// Undoes percent-encoding. A `%` without two hexadecimal digits behind it stands for itself.
pub fn decode(text: &str) -> Vec<u8> {
    let digit = |octet: Option<&u8>| octet.and_then(|octet| char::from(*octet).to_digit(16));
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        match (first, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two digits are an octet"));
                rest = &tail[2..];
            }
            _ => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}

/// Resolves `.` and `..` (RFC 3986 §5.2.4), also where they are written `%2e` as the WHATWG has it. The
/// result begins with `/`.
pub(super) fn normal(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut open = true;
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        open = false;
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => open = true,
            ".." => {
                segments.pop();
                open = true;
            }
            _ => segments.push(segment),
        }
    }
    if open {
        segments.push(""); // `/a/..` is `/`, and `/a/b/.` is `/a/b/`.
    }
    format!("/{}", segments.join("/"))
}
