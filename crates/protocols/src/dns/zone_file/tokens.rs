//! A zone file's words, entry by entry: what comments, quotes and parentheses mean.

use super::{Wrong, ZoneError};

/// A word, or a quoted string without its quotes. Escapes stand in it as in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// A line, or several that parentheses join.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its first line.
    pub(super) line: usize,
    /// Whether it begins with a blank: then it has no name in front.
    pub(super) blank: bool,
    pub(super) tokens: Vec<Token>,
}

/// The entries of a text.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    failed: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // A mark of the byte order is no part of the first name.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { lines: text.lines().enumerate(), failed: false }
    }

    fn entry(&mut self) -> Option<Result<Entry, ZoneError>> {
        let (index, first) = self.lines.next()?;
        let blank = first.starts_with([' ', '\t']);
        let mut entry = Entry { line: index + 1, blank, tokens: Vec::new() };
        let mut open = false;
        let mut next = Some((index, first));
        while let Some((index, line)) = next {
            if let Err(what) = words(line, &mut entry.tokens, &mut open) {
                return Some(Err(ZoneError { line: index + 1, what }));
            }
            if !open {
                return Some(Ok(entry));
            }
            next = self.lines.next();
        }
        Some(Err(ZoneError { line: entry.line, what: Wrong::Parenthesis }))
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Entry, ZoneError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let entry = self.entry();
        self.failed = matches!(entry, Some(Err(_)));
        entry
    }
}

/// Adds the words of one line. `open`: within parentheses.
fn words(line: &str, tokens: &mut Vec<Token>, open: &mut bool) -> Result<(), Wrong> {
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        match first {
            ' ' | '\t' | '\r' | '\u{c}' => rest = &rest[1..],
            ';' => return Ok(()),
            '(' | ')' => {
                // They do not nest.
                if *open == (first == '(') {
                    return Err(Wrong::Parenthesis);
                }
                *open = first == '(';
                rest = &rest[1..];
            }
            '"' => {
                let end = end(&rest[1..], |c| c == '"').ok_or(Wrong::Quote)?;
                tokens.push(Token { text: rest[1..=end].to_owned(), quoted: true });
                rest = &rest[end + 2..];
            }
            _ => {
                let ends = |c| matches!(c, ' ' | '\t' | '\r' | '\u{c}' | ';' | '(' | ')' | '"');
                let end = end(rest, ends).unwrap_or(rest.len());
                tokens.push(Token { text: rest[..end].to_owned(), quoted: false });
                rest = &rest[end..];
            }
        }
    }
    Ok(())
}

/// Where the first character stands that `ends` and no backslash precedes.
fn end(text: &str, ends: impl Fn(char) -> bool) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if ends(c) {
            return Some(at);
        }
    }
    None
}
