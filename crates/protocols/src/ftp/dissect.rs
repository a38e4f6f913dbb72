//! What the octets of a control connection mean.
//!
//! It reads lines on its own, without the parsers of [`command`](super::command) and
//! [`reply`](super::reply): so a test can hold them against each other.

use std::ops::Range;

use capture::dissect::{Dissector, Field, Undissectable};

/// Commands, or replies: lines of either are told apart by how they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Control;

impl Dissector for Control {
    fn name(&self) -> &str {
        "FTP control connection"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut fields = Vec::new();
        let mut at = 0;
        while at < message.len() {
            let rest = &message[at..];
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = &rest[..end];
            if line[0].is_ascii_digit() || line[0] == b' ' {
                reply(line, at, &mut fields);
            } else {
                command(line, at, &mut fields);
            }
            at += end;
        }
        Ok(fields)
    }
}

fn command(line: &[u8], at: usize, fields: &mut Vec<Field>) {
    let text = line.len() - ending(line).len();
    let word = line[..text].iter().position(|&byte| byte == b' ').unwrap_or(text);
    let verb = String::from_utf8_lossy(&line[..word]).to_ascii_uppercase();
    let meaning =
        MEANINGS.iter().find(|(name, _)| *name == verb).map_or("", |(_, meaning)| meaning);
    push(fields, at..at + word, "command", &line[..word], meaning, "RFC 959 §4.1");
    if word < text {
        push(fields, at + word..at + word + 1, "space", b" ", "", "RFC 959 §5.3");
        push(
            fields,
            at + word + 1..at + text,
            "argument",
            &line[word + 1..text],
            "",
            "RFC 959 §5.3",
        );
    }
    finish(line, at, text, fields);
}

fn reply(line: &[u8], at: usize, fields: &mut Vec<Field>) {
    let text = line.len() - ending(line).len();
    let digits = line[..text].iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let mut start = 0;
    if digits == 3 {
        let meaning = match line[0] {
            b'1' => "begun: another reply follows",
            b'2' => "done",
            b'3' => "well so far: another command is needed",
            b'4' => "not now",
            b'5' => "not like that",
            _ => "",
        };
        push(fields, at..at + 3, "code", &line[..3], meaning, "RFC 959 §4.2");
        start = 3;
        if let Some(&sign @ (b' ' | b'-')) = line[..text].get(3) {
            let meaning = if sign == b'-' { "more lines follow" } else { "the last line" };
            push(fields, at + 3..at + 4, "separator", &[sign], meaning, "RFC 959 §4.2");
            start = 4;
        }
    }
    push(fields, at + start..at + text, "text", &line[start..text], "", "RFC 959 §4.2");
    finish(line, at, text, fields);
}

/// The end of a line, if it has come.
fn ending(line: &[u8]) -> &[u8] {
    if line.ends_with(b"\r\n") {
        b"\r\n"
    } else if line.ends_with(b"\n") {
        b"\n"
    } else {
        b""
    }
}

fn finish(line: &[u8], at: usize, text: usize, fields: &mut Vec<Field>) {
    let meaning = if line.len() - text == 2 { "the line's end" } else { "an end without CR" };
    push(fields, at + text..at + line.len(), "CRLF", &line[text..], meaning, "RFC 959 §4.1");
}

/// Nothing is said of what has no octets.
fn push(
    fields: &mut Vec<Field>,
    range: Range<usize>,
    name: &str,
    value: &[u8],
    meaning: &str,
    source: &str,
) {
    if !range.is_empty() {
        let value = match str::from_utf8(value) {
            Ok(text) => text.escape_debug().to_string(),
            Err(_) => value.escape_ascii().to_string(),
        };
        fields.push(Field::new(range, name, value).meaning(meaning).source(source));
    }
}

/// What the commands that one meets most are for.
const MEANINGS: &[(&str, &str)] = &[
    ("USER", "who logs in"),
    ("PASS", "the password, as it is"),
    ("TYPE", "A: text, lines end in CRLF; I: octets as they are"),
    ("PASV", "listen for my data connection, please"),
    ("EPSV", "listen for my data connection, please"),
    ("PORT", "connect to here with the data"),
    ("EPRT", "connect to here with the data"),
    ("RETR", "send me this file"),
    ("STOR", "I send you this file"),
    ("APPE", "I send you more of this file"),
    ("REST", "the next transfer begins at this octet"),
    ("LIST", "what is there, for people"),
    ("NLST", "what is there, the names alone"),
    ("MLSD", "what is there, for programs"),
    ("CWD", "go to this directory"),
    ("PWD", "where am I?"),
    ("ABOR", "stop the transfer"),
    ("QUIT", "that is all"),
];

#[cfg(test)]
mod tests {
    use capture::dissect::tiles;

    use super::*;
    use crate::ftp::{command, reply::Replies};

    #[test]
    fn every_octet_has_a_name_and_parsers_agree() {
        for line in [
            "RETR a b\r\n",
            "QUIT\r\n",
            "NOOP\n",
            "LIST ",
            "X",
            "PASS \r\n",
            "\r\n",
            "\n",
            "RETR \u{fc}\r\n",
        ] {
            let fields = Control.dissect(line.as_bytes()).expect("any line");
            assert_eq!(tiles(&fields, line.len()), Ok(()), "{line:?}: {fields:?}");
            if let Ok((_, argument)) =
                command::parse(line.trim_end_matches(['\r', '\n']).as_bytes())
            {
                let named = fields.iter().find(|field| field.name == "argument");
                assert_eq!(named.map_or("", |field| &field.value).as_bytes(), argument, "{line:?}");
            }
        }
        let replies = b"211-Features:\r\n MDTM\r\n211 End\r\n331\r\n22";
        let fields = Control.dissect(replies).expect("replies");
        assert_eq!(tiles(&fields, replies.len()), Ok(()), "{fields:?}");
        let codes: Vec<_> =
            fields.iter().filter(|field| field.name == "code").map(|f| &f.value[..]).collect();
        assert_eq!(codes, ["211", "211", "331"]);
        let mut parsed = Replies::default();
        parsed.push(replies);
        assert_eq!(parsed.take().and_then(Result::ok).map(|reply| reply.code), Some(211));
    }
}
