//! Whether a request is to be performed at all: RFC 9110 §13.
//!
//! Whoever has a copy asks for the thing *unless* it is still the same (304, and nothing is sent twice);
//! whoever wants to change it does so *if* it is still the same (412, and nobody's change is lost).
//! What is the same is told by a tag, or, less well, by a date.

use super::dates;
use super::fields::{Fields, trim};

/// What distinguishes what is there now from what was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validators<'a> {
    /// The entity tag, with its quotes: RFC 9110 §8.8.3.
    pub etag: &'a [u8],
    /// The tag of the same thing in another coding: who changes it may have read either.
    pub other: Option<&'a [u8]>,
    /// The second of its last change.
    pub modified: u64,
}

/// What is to become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is performed.
    Perform,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client takes it for.
    Failed,
}

/// Judges the conditions of a request, in the order of RFC 9110 §13.2.2. `current`: what is there,
/// if anything is. `reads`: its method is GET or HEAD. To be asked only where the request
/// would succeed without them (§13.2.1).
pub fn judge(
    fields: Fields<'_>,
    reads: bool,
    current: Option<&Validators<'_>>,
    now: u64,
) -> Verdict {
    let date = |name| fields.first(name).and_then(|value| dates::parse(value, now));
    // 1. and 2.
    if fields.first("If-Match").is_some() {
        if !matches(fields, "If-Match", current, strong) {
            return Verdict::Failed;
        }
    } else if let (Some(date), Some(current)) = (date("If-Unmodified-Since"), current)
        && current.modified > date
    {
        return Verdict::Failed;
    }
    // 3. and 4.
    let has_it = if fields.first("If-None-Match").is_some() {
        matches(fields, "If-None-Match", current, weak)
    } else {
        let since = date("If-Modified-Since").filter(|_| reads);
        since.zip(current).is_some_and(|(date, current)| current.modified <= date)
    };
    match (has_it, reads) {
        (false, _) => Verdict::Perform,
        (true, true) => Verdict::NotModified,
        (true, false) => Verdict::Failed,
    }
}

/// Whether a Range field counts: there is no If-Range, or it names what is there (RFC 9110 §13.1.5).
/// Else the client has a part of something else, and gets the whole.
pub fn range_counts(fields: Fields<'_>, current: &Validators<'_>, now: u64) -> bool {
    let Some(value) = fields.first("If-Range") else { return true };
    if value.starts_with(b"\"") || value.starts_with(b"W/") {
        return strong(value, current.etag);
    }
    // A date is a strong validator only of what has not changed within the same second (§8.8.2.2).
    dates::parse(value, now).is_some_and(|date| date == current.modified && date < now)
}

/// Whether a field has `*`, and something is there, or the tag of what is.
fn matches(
    fields: Fields<'_>,
    name: &str,
    current: Option<&Validators<'_>>,
    same: fn(&[u8], &[u8]) -> bool,
) -> bool {
    let Some(current) = current else { return false };
    let is_current =
        |tag: &[u8]| same(tag, current.etag) || current.other.is_some_and(|other| same(tag, other));
    fields.all(name).any(|value| trim(value) == b"*" || tags(value).any(is_current))
}

/// The tags of a list. Unlike in other lists a backslash is one of a tag's octets, and escapes
/// nothing (§8.8.3). What is no tag ends it.
fn tags(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        while let [b',' | b' ' | b'\t', rest @ ..] = list {
            list = rest;
        }
        let quoted = list.strip_prefix(b"W/").unwrap_or(list);
        let end = quoted.strip_prefix(b"\"")?.iter().position(|octet| *octet == b'"')?;
        let (tag, rest) = list.split_at(list.len() - quoted.len() + end + 2);
        list = rest;
        Some(tag)
    })
}

/// The same, octet by octet: neither is weak (RFC 9110 §8.8.3.2).
fn strong(one: &[u8], other: &[u8]) -> bool {
    one == other && !one.starts_with(b"W/")
}

/// The same, as far as a reader minds.
fn weak(one: &[u8], other: &[u8]) -> bool {
    opaque(one) == opaque(other)
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_877;
    const TAG: Validators<'_> = Validators { etag: b"\"a\"", other: None, modified: 784_111_777 };
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn section(fields: &[(&str, &str)]) -> Vec<u8> {
        let lines = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        (lines.collect::<String>() + "\r\n").into_bytes()
    }

    #[test]
    fn conditions_are_judged_in_their_order() {
        use Verdict::{Failed, NotModified, Perform};
        let there = Some(&TAG);
        for (fields, current, reading, writing) in [
            (&[][..], there, Perform, Perform),
            (&[("If-Match", "\"a\"")], there, Perform, Perform),
            (&[("If-Match", "\"b\", \"a\"")], there, Perform, Perform),
            (&[("If-Match", "\"b\"")], there, Failed, Failed),
            (&[("If-Match", "W/\"a\"")], there, Failed, Failed),
            (&[("If-Match", "a")], there, Failed, Failed),
            (&[("If-Match", "*")], there, Perform, Perform),
            (&[("If-Match", "*")], None, Failed, Failed),
            (&[("If-Match", "\"b\""), ("If-Match", "\"a\"")], there, Perform, Perform),
            (&[("If-Match", "\"a\""), ("If-Unmodified-Since", BEFORE)], there, Perform, Perform),
            (&[("If-Unmodified-Since", BEFORE)], there, Failed, Failed),
            (&[("If-Unmodified-Since", THEN)], there, Perform, Perform),
            (&[("If-Unmodified-Since", "whenever")], there, Perform, Perform),
            (&[("If-Unmodified-Since", BEFORE)], None, Perform, Perform),
            (&[("If-None-Match", "\"a\"")], there, NotModified, Failed),
            (&[("If-None-Match", "W/\"a\"")], there, NotModified, Failed),
            (&[("If-None-Match", "\"b\\\", \"a\"")], there, NotModified, Failed),
            (&[("If-None-Match", "\"b\"")], there, Perform, Perform),
            (&[("If-None-Match", "a")], there, Perform, Perform),
            (&[("If-None-Match", "*")], there, NotModified, Failed),
            (&[("If-None-Match", "*")], None, Perform, Perform),
            (&[("If-None-Match", "\"b\""), ("If-Modified-Since", THEN)], there, Perform, Perform),
            (&[("If-Modified-Since", THEN)], there, NotModified, Perform),
            (&[("If-Modified-Since", BEFORE)], there, Perform, Perform),
            (
                &[("If-Modified-Since", "Sat, 01 Jan 2050 00:00:00 GMT")],
                there,
                NotModified,
                Perform,
            ),
            (&[("If-Modified-Since", "never")], there, Perform, Perform),
            (&[("If-Match", "\"a\""), ("If-None-Match", "\"a\"")], there, NotModified, Failed),
            (&[("If-Match", "\"b\""), ("If-None-Match", "\"a\"")], there, Failed, Failed),
        ] {
            let section = section(fields);
            let judged = |reads| judge(Fields::new(&section), reads, current, NOW);
            assert_eq!((judged(true), judged(false)), (reading, writing), "{fields:?}");
        }
    }

    #[test]
    fn a_part_is_given_only_of_what_the_client_has() {
        for (value, counts) in [
            ("\"a\"", true),
            ("\"b\"", false),
            ("W/\"a\"", false),
            (THEN, true),
            (BEFORE, false),
            ("a", false),
        ] {
            let section = section(&[("If-Range", value)]);
            assert_eq!(range_counts(Fields::new(&section), &TAG, NOW), counts, "{value}");
        }
        assert!(range_counts(Fields::default(), &TAG, NOW));
        let section = section(&[("If-Range", THEN)]);
        assert!(!range_counts(Fields::new(&section), &TAG, TAG.modified), "it may change yet");
    }
}
