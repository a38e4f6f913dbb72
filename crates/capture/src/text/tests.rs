use super::*;
use crate::random::Random;

#[test]
fn any_record_comes_back_whole() {
    let mut random = Random::seeded();
    for _ in 0..300 {
        let record = random.record();
        assert_eq!(Record::from_text(&record.to_text()), Ok(record));
    }
}

#[test]
fn any_damage_is_an_error_or_another_record() {
    let mut random = Random::seeded();
    for _ in 0..2000 {
        let mut text: Vec<char> = random.record().to_text().chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len().max(1)).min(text.len());
            match random.below(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.insert(at, random.pick(&['"', '\\', '9', '{', ' ', '\n', 'é', '+'])),
                _ => text.truncate(at + 1),
            }
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = Record::from_text(&text) {
            assert!((1..=text.lines().count() + 1).contains(&error.line), "{error}\n{text}");
        }
    }
}

#[test]
fn every_cut_is_noticed() {
    let text = Random::seeded().record().to_text();
    for cut in 0..text.len() - 1 {
        if text.is_char_boundary(cut) {
            assert!(Record::from_text(&text[..cut]).is_err(), "cut at {cut}:\n{text}");
        }
    }
}

#[test]
fn errors_say_where_and_what() {
    let flow = "flow udp \"a\" \"\" \"b\" \"\"";
    for (text, error) in [
        ("", "line 1: not a record: `course-record 1` expected"),
        ("GIF89a", "line 1: not a record: `course-record 1` expected"),
        ("course-record 2\nend", "line 1: a record of version \"2\"; this program reads version 1"),
        ("course-record 1\n", "line 2: the record is cut off: `end` expected"),
        ("course-record 1\nend\n\nend", "line 4: more text after `end`"),
        ("course-record 1\n0.000000000 0 sent opened\nend", "line 2: flow 0 is not declared above"),
        ("course-record 1\nflow sctp", "line 2: `tcp`, `udp` or `unix` expected, found \"sctp\""),
        ("course-record 1\nflow tcp", "line 2: an end's name, in quotes expected"),
        (
            "course-record 1\nflow tcp \"a",
            "line 2: an end's name, in quotes expected, found \"\\\"a\"",
        ),
        (
            "course-record 1\n# a comment\n0.5 0 sent opened",
            "line 3: a time in seconds, or `end` expected, found \"0.5\"",
        ),
        (
            &format!("course-record 1\n{flow}\n0.000000000 0 sent data 3\n  0102\nend"),
            "line 3: 3 octets of data announced, 2 found",
        ),
        (
            &format!("course-record 1\n{flow}\n0.000000000 0 sent data 2\n  0102z\nend"),
            "line 4: octets in hex expected, found \"0102z\"",
        ),
        (
            &format!("course-record 1\n{flow}\n0.000000000 0 sent reset late\nend"),
            "line 3: `arrives`, `lost` or the line's end expected, found \"late\"",
        ),
    ] {
        assert_eq!(Record::from_text(text).unwrap_err().to_string(), error, "{text}");
    }
}
