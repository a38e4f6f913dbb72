use super::*;

fn at(message: &[u8], start: usize) -> Result<(String, usize), NameError> {
    Name::parse(message, start).map(|(name, behind)| (name.to_string(), behind))
}

/// A message: 12 octets of header, then `names`.
fn message(names: &[u8]) -> Vec<u8> {
    [&[0; HEADER], names].concat()
}

#[test]
fn pointers_lead_back() {
    let message = message(b"\x07example\x03com\0\x03www\xc0\x0c\xc0\x19\x03ftp\xc0\x14");
    assert_eq!(at(&message, 12), Ok(("example.com.".into(), 25)));
    assert_eq!(at(&message, 25), Ok(("www.example.com.".into(), 31)));
    assert_eq!(at(&message, 31), Ok(("www.example.com.".into(), 33)), "a pointer to a pointer");
    assert_eq!(at(&message, 33), Ok(("ftp.com.".into(), 39)), "into the middle of a name");
}

#[test]
fn pointers_that_do_not_lead_back_are_refused() {
    let table: [(&[u8], usize, usize); 5] = [
        (b"\xc0\x0c", 12, 12),      // to itself
        (b"\xc0\x0e\0", 12, 14),    // forward
        (b"\x01a\xc0\x0c", 14, 12), // to the beginning of its own name: a.a.a.…
        (b"\xc3\xff", 12, 0x3ff),   // beyond the end
        (b"\xc0\x02", 12, 2),       // into the header
    ];
    for (names, at_, to) in table {
        let error = NameError::NotBackward { at: at_, to };
        assert_eq!(at(&message(names), 12), Err(error), "{names:x?}");
    }
    // Two that point at each other.
    let two = message(b"\xc0\x0e\xc0\x0c");
    assert_eq!(at(&two, 14), Err(NameError::NotBackward { at: 12, to: 14 }));
}

#[test]
fn a_name_follows_127_pointers_and_no_more() {
    // The root, and behind it pointers that each lead to the one before.
    let pointer = |number: u16| 13 + (number - 1) * 2;
    let to = |number: u16| if number == 1 { 12 } else { pointer(number - 1) };
    let chain = (1..=128_u16).flat_map(|number| (0xc000 | to(number)).to_be_bytes());
    let message = message(&[0].into_iter().chain(chain).collect::<Vec<u8>>());
    let pointer = |number: u16| usize::from(pointer(number));
    assert_eq!(at(&message, pointer(127)), Ok((".".into(), pointer(128))));
    assert_eq!(at(&message, pointer(128)), Err(NameError::ManyPointers));
}

#[test]
fn what_is_cut_off_is_no_name() {
    let whole = message(b"\x03www\xc0\x0c");
    for cut in 12..whole.len() - 2 {
        assert_eq!(at(&whole[..cut], 12), Err(NameError::CutOff), "{cut}");
    }
    assert_eq!(at(&whole[..17], 12), Err(NameError::CutOff), "half a pointer");
    assert_eq!(at(&[], 0), Err(NameError::CutOff));
    assert_eq!(at(&message(b"\x40a"), 12), Err(NameError::LabelKind(0x40)));
    assert_eq!(at(&message(b"\x80a"), 12), Err(NameError::LabelKind(0x80)));
}

#[test]
fn names_have_255_octets_at_most() {
    let long = |last: usize| {
        let mut names = Vec::new();
        for length in [63, 63, 63, last] {
            names.push(u8::try_from(length).expect("a label"));
            names.extend(vec![b'x'; length]);
        }
        names.push(0);
        message(&names)
    };
    assert_eq!(Name::parse(&long(61), 12).expect("255 octets").0.octets().len(), 255);
    assert_eq!(at(&long(62), 12), Err(NameError::LongName));
    // The same by pointers: each adds to what is there already.
    let mut message = long(61);
    message.extend(b"\x01a\xc0\x0c");
    assert_eq!(at(&message, 12 + 255), Err(NameError::LongName));
}

#[test]
fn text_and_back() {
    for text in [".", "a.", "www.example.com.", "a\\.b.c.", "\\000\\255\\032.x.", "_sip._tcp.x."] {
        let name: Name = text.parse().expect(text);
        assert_eq!(name.to_string(), text);
        assert!(name.is_identical(&Name::parse(name.octets(), 0).expect("its own octets").0));
    }
    let table = [
        ("", NameError::EmptyLabel),
        ("..", NameError::EmptyLabel),
        ("a..b", NameError::EmptyLabel),
        (".a", NameError::EmptyLabel),
        ("a\\", NameError::Escape),
        ("a\\25", NameError::Escape),
        ("a\\256", NameError::Escape),
        ("bücher.example", NameError::NotAscii('ü')),
    ];
    for (text, error) in table {
        assert_eq!(text.parse::<Name>().map(|n| n.to_string()), Err(error), "{text}");
    }
    assert_eq!("x".repeat(64).parse::<Name>().unwrap_err(), NameError::LongLabel);
    assert_eq!(["x"; 128].join(".").parse::<Name>().unwrap_err(), NameError::LongName);
    assert_eq!(["x"; 127].join(".").parse::<Name>().expect("255").octets().len(), 255);
}

#[test]
fn case_does_not_count_and_is_kept() {
    let (one, other): (Name, Name) =
        ("WwW.Example".parse().unwrap(), "www.eXample".parse().unwrap());
    assert_eq!(one, other);
    assert!(!one.is_identical(&other));
    assert_eq!(one.to_string(), "WwW.Example.");
    assert_ne!(one, "ww-.example".parse().unwrap());
    // @ and ` differ by the same bit as letters do, and are none.
    assert_ne!("a@".parse::<Name>().unwrap(), "a`".parse::<Name>().unwrap());
}

#[test]
fn below_means_whole_labels() {
    let zone: Name = "Example.com".parse().unwrap();
    for (text, below) in [
        ("example.com", true),
        ("a.b.EXAMPLE.com", true),
        ("badexample.com", false),
        ("com", false),
    ] {
        assert_eq!(text.parse::<Name>().unwrap().is_in(&zone), below, "{text}");
    }
    assert!(zone.is_in(&Name::root()));
    assert_eq!(zone.parent().expect("com").to_string(), "com.");
    assert_eq!(Name::root().parent(), None);
}
