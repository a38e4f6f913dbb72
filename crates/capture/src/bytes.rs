//! Bytes as characters that are safe on any terminal and in any page.
//!
//! Whatever a peer sends, only printable ASCII and our own escapes come out: a terminal's escape
//! sequences, bells, carriage returns and right-to-left marks are shown and never obeyed. Text is
//! drawn octet by octet (`€` is `\xe2\x82\xac`), since octets are what crossed the wire and what
//! a split falls between.
//!
//! ```
//! use capture::bytes;
//!
//! assert_eq!(bytes::escaped(b"\x1b[2Jhello\r\n", 80), r"\x1b[2Jhello\r\n");
//! let difference = bytes::compare(b"hello\r\n", b"hello\n").unwrap();
//! assert_eq!(difference.drawing, "\
//! want  hello\\r\\n
//! got   hello\\n
//!            ^^ after 5 equal bytes: want \\r (0d), got \\n (0a)");
//! ```

use std::fmt::Write as _;
use std::ops::Range;

use crate::rows::{self, Row};

/// Octets on a row of hex.
pub const PER_ROW: usize = 16;

/// One octet: itself if it is printable ASCII (a backslash is doubled), else `\r`, `\n`, `\t` or
/// `\xHH`.
pub fn escape(octet: u8) -> String {
    match octet {
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'\\' => "\\\\".to_owned(),
        b' '..=b'~' => char::from(octet).to_string(),
        other => format!("\\x{other:02x}"),
    }
}

/// The bytes on one line, as [`escape`] writes each. Of more than `limit` octets the middle is
/// left out and counted: `GET /…(4096 bytes)…\r\n`.
pub fn escaped(bytes: &[u8], limit: usize) -> String {
    let mut text = String::new();
    let mut next = 0;
    for shown in rows::windows(bytes.len(), limit, 1, &[]) {
        if next < shown.start {
            let _ = write!(text, "…({})…", count(shown.start - next));
        }
        next = shown.end;
        bytes[shown].iter().for_each(|octet| text.push_str(&escape(*octet)));
    }
    if next < bytes.len() {
        let _ = write!(text, "…({})…", count(bytes.len() - next));
    }
    text
}

/// Rows of sixteen: offset (from `first`), the octets in hex, and those that are printable ASCII
/// as such.
///
/// ```
/// assert_eq!(
///     capture::bytes::hex_lines(b"\0\0\0\x05hello", 0),
///     ["0000  00 00 00 05 68 65 6c 6c  6f                       ....hello"],
/// );
/// ```
pub fn hex_lines(bytes: &[u8], first: usize) -> Vec<String> {
    let rows = rows::hex(bytes, 0..bytes.len(), PER_ROW, first);
    rows.into_iter().map(|row| row.text).collect()
}

/// Whether the bytes are mostly text: nine octets of ten are printable ASCII or white space. What
/// is mostly text is drawn escaped, what is not in hex.
pub fn is_text(bytes: &[u8]) -> bool {
    let printable = |octet: &&u8| matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    bytes.iter().filter(printable).count() * 10 >= bytes.len() * 9
}

/// Text that is safe to show: control and invisible formatting characters are escaped (`\u{1b}`),
/// others, such as the letters of a name, stay.
pub fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
        if hidden {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// `1 byte`, `7 bytes`.
pub fn count(bytes: usize) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

/// The bytes around a range, with carets under it and a note. An empty range points between two
/// octets, or behind the last.
///
/// ```
/// assert_eq!(capture::bytes::point(b"PING\r\nPONG", 4..6, "the end of the first line"), "\
/// PING\\r\\nPONG
///     ^^^^ the end of the first line");
/// ```
pub fn point(bytes: &[u8], range: Range<usize>, note: &str) -> String {
    let start = range.start.min(bytes.len());
    let range = start..range.end.clamp(start, bytes.len());
    let row = around(bytes, start, is_text(bytes));
    let carets = row.carets(&range, true).unwrap_or_default();
    format!("{}\n{carets} {}", row.text, plain(note))
}

/// Where two byte strings first differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How many bytes are equal before it.
    pub offset: usize,
    /// Both around it, a caret below, and what differs; without a line end after the last line.
    pub drawing: String,
}

/// Finds the first difference of what was wanted and what came, and draws both with a caret.
/// `None`: there is none.
pub fn compare(want: &[u8], got: &[u8]) -> Option<Difference> {
    let equal = want.iter().zip(got).take_while(|(want, got)| want == got).count();
    let octet = |octet: Option<&u8>| match octet {
        None => "no more".to_owned(),
        Some(octet @ (b'!'..=b'~' | b'\r' | b'\n' | b'\t')) => {
            format!("{} ({octet:02x})", escape(*octet))
        }
        Some(octet) => format!("{octet:02x}"),
    };
    let (wanted, came) = (want.get(equal), got.get(equal));
    if wanted == came {
        return None; // Both at their end.
    }
    let text = is_text(want) && is_text(got);
    let (want_row, got_row) = (around(want, equal, text), around(got, equal, text));
    // What stands before the difference is the same in both, so one caret serves both.
    let pointed = if came.is_some() { &got_row } else { &want_row };
    let carets = pointed.carets(&(equal..equal + 1), true).unwrap_or_default();
    let (want, got) = (want_row.text, got_row.text);
    let (wanted, came) = (octet(wanted), octet(came));
    let after = count(equal);
    let note =
        format!("after {} equal {}: want {wanted}, got {came}", equal, &after[after.find('b')?..]);
    let drawing = format!("want  {want}\ngot   {got}\n      {carets} {note}");
    Some(Difference { offset: equal, drawing })
}

/// One row of `bytes` around `at`.
fn around(bytes: &[u8], at: usize, text: bool) -> Row {
    /// Octets of text before and from `at`.
    const REACH: usize = 24;
    if text {
        let start = at.saturating_sub(REACH);
        let end = bytes.len().min(at + REACH);
        return rows::text_row(bytes, start..end).cut(start > 0, end < bytes.len());
    }
    let start = at / PER_ROW * PER_ROW;
    let end = bytes.len().min(start + PER_ROW);
    let mut rows = rows::hex(bytes, start.min(end)..end, PER_ROW, 0);
    rows.pop().unwrap_or_else(|| Row::new(format!("{start:04x}  "), start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn nothing_but_printable_ascii_comes_out() {
        let all: Vec<u8> = (0..=255).collect();
        let text = escaped(&all, 256) + &hex_lines(&all, 0).concat();
        assert!(text.bytes().all(|octet| matches!(octet, b' '..=b'~')), "{text}");
        assert_eq!(plain("a\u{1b}[2J\u{202e}é\n"), "a\\u{1b}[2J\\u{202e}é\\u{a}");
    }

    #[test]
    fn the_middle_is_left_out_and_counted() {
        assert_eq!(escaped(&[b'x'; 20], 20), "x".repeat(20));
        assert_eq!(escaped(&[b'x'; 1000], 8), "xxxxxx…(992 bytes)…xx");
        assert_eq!(escaped(&[b'x'; 5], 0), "…(5 bytes)…");
        assert_eq!(escaped(b"", 0), "");
    }

    #[test]
    fn the_first_difference_is_found_and_pointed_at() {
        let mut random = Random::seeded();
        for _ in 0..500 {
            let want = random.bytes(70);
            let mut got = want.clone();
            assert_eq!(compare(&want, &got), None);
            let at = random.below(want.len() + 1);
            match random.below(3) {
                0 => got.insert(at, want.get(at).map_or(7, |octet| octet.wrapping_add(1))),
                1 if at < want.len() => got[at] = got[at].wrapping_add(1),
                _ if at < want.len() => got.truncate(at),
                _ => got.push(0),
            }
            let difference = compare(&want, &got).expect("they differ");
            assert_eq!(difference.offset, at, "{want:?} {got:?}");
            let lines: Vec<_> = difference.drawing.lines().collect();
            let caret = lines[2].find('^').expect("a caret");
            assert_eq!(lines.len(), 3);
            // Both are equal up to the caret, and not from there on.
            let from = |line: &str, from: usize| line.chars().skip(from).collect::<String>();
            let before = |line: &str| line.chars().skip(6).take(caret - 6).collect::<String>();
            let (want, got) = (before(lines[0]), before(lines[1]));
            assert_eq!(want.trim_end(), got.trim_end(), "{}", difference.drawing);
            assert_ne!(from(lines[0], caret), from(lines[1], caret), "{}", difference.drawing);
        }
    }

    #[test]
    fn an_early_end_is_said() {
        let drawing = compare(b"hello\r\n", b"hello").expect("they differ").drawing;
        assert_eq!(
            drawing,
            "want  hello\\r\\n\ngot   hello\n           \
             ^^ after 5 equal bytes: want \\r (0d), got no more"
        );
        let drawing = compare(b"", &[0]).expect("they differ").drawing;
        assert!(drawing.ends_with("after 0 equal bytes: want no more, got 00"), "{drawing}");
        let row = [0; 16];
        let drawing = compare(&[0; 17], &row).expect("they differ").drawing;
        assert_eq!(
            drawing,
            "want  0010  00                                                .\n\
             got   0010  \n            ^^ after 16 equal bytes: want 00, got no more"
        );
    }
}
