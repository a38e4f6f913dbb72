use super::*;

/// The section's end, found whole and one octet at a time.
fn scan(section: &[u8], rules: &Rules) -> Result<Option<usize>, Error> {
    let whole = Scan::default().end(section, rules);
    let (mut scan, mut slowly) = (Scan::default(), Ok(None));
    for end in 0..=section.len() {
        slowly = scan.end(&section[..end], rules);
        if slowly != Ok(None) {
            break;
        }
    }
    assert_eq!(whole, slowly, "{}", section.escape_ascii());
    whole
}

#[test]
fn a_section_ends_with_its_empty_line() {
    let section = b"Host: a\r\nX:\t one, two \t\r\nEmpty:\r\n\r\nnot this";
    assert_eq!(scan(section, &Rules::STRICT), Ok(Some(section.len() - 8)));
    let fields = Fields::new(&section[..section.len() - 8]);
    let all: Vec<_> = fields.iter().collect();
    assert_eq!(all, [(&b"Host"[..], &b"a"[..]), (b"X", b"one, two"), (b"Empty", b"")]);
    assert_eq!(fields.first("hOST"), Some(&b"a"[..]));
    assert_eq!(fields.first("Hos"), None);
    assert!(fields.has("x", "TWO") && !fields.has("x", "three"));
    assert_eq!(scan(b"\r\n", &Rules::STRICT), Ok(Some(2)));
    for part in [&b""[..], b"Host", b"Host: a\r", b"Host: a\r\n", b"Host: a\r\n\r"] {
        assert_eq!(scan(part, &Rules::STRICT), Ok(None));
    }
}

#[test]
fn what_two_programs_could_read_in_two_ways_is_refused() {
    for (section, error) in [
        (&b"Host : a\r\n\r\n"[..], Error::Name(Some(b' '))),
        (b"Host\t: a\r\n\r\n", Error::Name(Some(b'\t'))),
        (b"Ho\xc3\xa9st: a\r\n\r\n", Error::Name(Some(0xc3))),
        (b"Ho\0st: a\r\n\r\n", Error::Name(Some(0))),
        (b": a\r\n\r\n", Error::Name(None)),
        (b"Host\r\n\r\n", Error::NoColon),
        (b"Not a field\r\n\r\n", Error::NoColon),
        (b"A: one\rtwo\r\n\r\n", Error::Value(b'\r')),
        (b"A: one\r\r\n\r\n", Error::Value(b'\r')),
        (b"A: o\0ne\r\n\r\n", Error::Value(0)),
        (b"A: o\x7fne\r\n\r\n", Error::Value(0x7f)),
        (b"A: one\r\n two\r\n\r\n", Error::Fold),
        (b"A: one\r\n \r\n\r\n", Error::Fold),
        (b" A: one\r\n\r\n", Error::Fold),
        (b"A: one\nB: two\r\n\r\n", Error::LoneLf),
        (b"A: one\r\n\n", Error::LoneLf),
    ] {
        assert_eq!(scan(section, &Rules::STRICT), Err(error), "{}", section.escape_ascii());
    }
    assert!(scan(b"A: \xc3\xa9\t!\r\n\r\n", &Rules::STRICT).is_ok_and(|end| end.is_some()));
}

#[test]
fn a_client_forgives_folds_and_lone_lfs() {
    let mut section = b"A: one\n two\r\n\tthree\nB: four\n\n".to_vec();
    assert_eq!(scan(&section, &Rules::LENIENT), Ok(Some(section.len())));
    unfold(&mut section);
    let fields: Vec<_> = Fields::new(&section).iter().collect();
    assert_eq!(fields, [(&b"A"[..], &b"one  two  \tthree"[..]), (b"B", b"four")]);
    assert_eq!(scan(b" A: one\n\n", &Rules::LENIENT), Err(Error::Fold), "before the first");
}

#[test]
fn a_section_has_limits() {
    let rules = Rules { octets: 20, lines: 2, ..Rules::STRICT };
    assert_eq!(scan(b"A: 89012345678\r\n\r\n", &rules), Ok(Some(18)));
    assert_eq!(scan(b"A: 8901234567890\r\n\r\n", &rules), Ok(Some(20)));
    assert_eq!(scan(b"A: 89012345678901\r\n\r\n", &rules), Err(Error::TooLong));
    assert_eq!(scan(&[b'a'; 20], &rules), Err(Error::TooLong));
    assert_eq!(scan(b"A:\r\nB:\r\n\r\n", &rules), Ok(Some(10)));
    assert_eq!(scan(b"A:\r\nB:\r\nC:\r\n\r\n", &rules), Err(Error::TooMany));
}

#[test]
fn lists_have_members() {
    let members = |value: &'static str| {
        list(value.as_bytes()).map(|m| str::from_utf8(m).expect("ASCII")).collect::<Vec<_>>()
    };
    assert_eq!(members("a, b ,c"), ["a", "b", "c"]);
    assert_eq!(members(",, a,\t,"), ["a"]);
    assert_eq!(members(r#""a, b", "c\", d""#), [r#""a, b""#, r#""c\", d""#]);
    assert_eq!(members(r#""never ended, a"#), [r#""never ended, a"#]);
    assert!(members("").is_empty());
}

#[test]
fn qualities_are_read_exactly_or_not_at_all() {
    for (member, quality) in [
        ("gzip", Some(1_000)),
        ("gzip;q=0", Some(0)),
        ("gzip; q=0.5", Some(500)),
        ("gzip ; Q=0.125", Some(125)),
        ("gzip;a=b;q=1.000", Some(1_000)),
        ("gzip;q=1.001", None),
        ("gzip;q=0.1234", None),
        ("gzip;q=-1", None),
        ("gzip;q=", None),
        ("gzip;q=2", None),
        ("gzip;q=0.x", None),
    ] {
        let expected = quality.map(|quality| (&b"gzip"[..], quality));
        assert_eq!(super::quality(member.as_bytes()), expected, "{member}");
    }
}
