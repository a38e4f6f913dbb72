use super::*;

fn lines(text: &str) -> Vec<String> {
    let records = records(text, None).expect(text);
    records.iter().map(|(line, record)| format!("{line}: {record}")).collect()
}

fn wrong(text: &str) -> (usize, Wrong) {
    let error = records(text, Some("x.".parse().unwrap())).expect_err(text);
    (error.line, error.what)
}

#[test]
fn all_that_section_5_says() {
    let text = "\u{feff}; a comment
$ORIGIN Example.com. ; another
$TTL 1h
@       IN  SOA ns1 admin\\.of.mail (   ; joined
            2026112201 2h   ; refresh
            15m 14d 1h30m )
        NS  ns1
ns1 300 IN  A 192.0.2.53
    IN 301  AAAA 2001:db8::35
$ORIGIN sub
www.sub.example.com. A 192.0.2.1
@       0 MX 10 mail.example.net.
txt     TXT \"a \\\"quoted\\\" ; (string)\" an\\032other \"\" \\097
_sip._tcp SRV 0 5 5060 sip
*       cname @
caa     CAA 0 issue \"ca.example.net; a=b\"
x       TYPE65280 \\# 4 0a00 0001
y       TYPE1 \\# 4 c0000201
\\064   A (192.0.2.9)
";
    let expected = [
        "4: Example.com. 3600 IN SOA ns1.Example.com. admin\\.of.mail.Example.com. \
         2026112201 7200 900 1209600 5400",
        "7: Example.com. 3600 IN NS ns1.Example.com.",
        "8: ns1.Example.com. 300 IN A 192.0.2.53",
        "9: ns1.Example.com. 301 IN AAAA 2001:db8::35",
        "11: www.sub.example.com. 3600 IN A 192.0.2.1",
        "12: sub.Example.com. 0 IN MX 10 mail.example.net.",
        "13: txt.sub.Example.com. 3600 IN TXT \"a \\\"quoted\\\" ; (string)\" \"an other\" \"\" \"a\"",
        "14: _sip._tcp.sub.Example.com. 3600 IN SRV 0 5 5060 sip.sub.Example.com.",
        "15: *.sub.Example.com. 3600 IN CNAME sub.Example.com.",
        "16: caa.sub.Example.com. 3600 IN CAA 0 issue \"ca.example.net; a=b\"",
        "17: x.sub.Example.com. 3600 IN TYPE65280 \\# 4 0A000001",
        "18: y.sub.Example.com. 3600 IN A 192.0.2.1",
        "19: \\@.sub.Example.com. 3600 IN A 192.0.2.9",
    ];
    let read = lines(text);
    assert_eq!(read, expected);
    // What we print is read again as the same.
    let printed: Vec<&str> =
        read.iter().map(|line| line.split_once(": ").expect("a line").1).collect();
    let again: Vec<String> = records(&printed.join("\r\n"), None)
        .expect("what we print")
        .iter()
        .map(|(_, record)| record.to_string())
        .collect();
    assert_eq!(again, printed);
}

#[test]
fn without_a_default_the_ttl_above_counts() {
    let text = "a. 5 A 192.0.2.1\nb. A 192.0.2.2\nb. 7 A 192.0.2.3\nc. A 192.0.2.4\n";
    let ttls: Vec<u32> = records(text, None).unwrap().iter().map(|(_, r)| r.ttl).collect();
    assert_eq!(ttls, [5, 5, 7, 7]);
    let text = "a. SOA a. a. 1 2 3 4 5\na. NS a.\n";
    let ttls: Vec<u32> = records(text, None).unwrap().iter().map(|(_, r)| r.ttl).collect();
    assert_eq!(ttls, [5, 5], "the SOA's minimum, as other servers do");
}

#[test]
fn errors_name_their_line() {
    let table = [
        ("\n\na A", 3, Wrong::Missing("an IPv4 address")),
        ("a 1 A 192.0.2.256", 1, Wrong::Expected("an IPv4 address", "192.0.2.256".into())),
        ("a 1 AAAA 192.0.2.1", 1, Wrong::Expected("an IPv6 address", "192.0.2.1".into())),
        ("a 1 A 192.0.2.1 x", 1, Wrong::Surplus("x".into())),
        ("a 1 IN B x", 1, Wrong::Expected("a type", "B".into())),
        ("a 1 CH A x", 1, Wrong::Class(Class::CH)),
        ("a 1 2 A 192.0.2.1", 1, Wrong::Expected("a type", "2".into())),
        ("a A 192.0.2.1", 1, Wrong::NoTtl),
        (" 1 A 192.0.2.1", 1, Wrong::NoOwner),
        ("a..b 1 A 192.0.2.1", 1, Wrong::Name(NameError::EmptyLabel)),
        ("a 1 TXT \"x", 1, Wrong::Quote),
        ("a 1 TXT \"x\\\"", 1, Wrong::Quote),
        ("a 1 TXT (\n\"x\"\n", 1, Wrong::Parenthesis),
        ("a 1 TXT )", 1, Wrong::Parenthesis),
        ("a 1 TXT ((x))", 1, Wrong::Parenthesis),
        ("a 1 TXT (x\n\"y\n)", 2, Wrong::Quote),
        ("a 1 TXT \\256", 1, Wrong::Name(NameError::Escape)),
        ("a 1 MX -1 b", 1, Wrong::Expected("a number", "-1".into())),
        ("a 1 MX +1 b", 1, Wrong::Expected("a number", "+1".into())),
        ("a 1 MX 65536 b", 1, Wrong::Expected("a number", "65536".into())),
        ("a 1 OPT \\# 0", 1, Wrong::Type(Type::OPT)),
        ("a 1 IN ANY \\# 0", 1, Wrong::Type(Type::ANY)),
        ("a 1 DNAME b", 1, Wrong::Type(Type::DNAME)),
        ("$INCLUDE /etc/passwd", 1, Wrong::Directive("$INCLUDE".into())),
        ("$GENERATE 1-2 a A 192.0.2.$", 1, Wrong::Directive("$GENERATE".into())),
        ("$TTL", 1, Wrong::Missing("a number of seconds")),
        ("$TTL 1x", 1, Wrong::Expected("a number of seconds up to 2,147,483,647", "1x".into())),
        ("$ORIGIN a. b.", 1, Wrong::Surplus("b.".into())),
    ];
    for (text, line, what) in table {
        assert_eq!(wrong(text), (line, what), "{text}");
    }
    for text in [
        "a 1 TYPE9 x",
        "a 1 TYPE9 \\# 1",
        "a 1 TYPE9 \\# 1 0",
        "a 1 TYPE9 \\# 1 +1",
        "a 1 TYPE9 \\# 1 0102",
        "a 1 A \\# 3 010203",
        "a 1 CAA 0 a-b c",
        "a 1 CAA 256 a c",
        "$TTL 2147483648",
        "$TTL 99999999999999999999",
        "$TTL 3600w",
        "$TTL h",
        "$TTL 1h30",
    ] {
        wrong(text);
    }
    assert_eq!(wrong(&format!("a 1 TXT {}", "x".repeat(256))), (1, Wrong::LongString));
    let no_origin = records("a 1 A 192.0.2.1", None).unwrap_err();
    assert_eq!(no_origin.what, Wrong::NoOrigin("a".into()));
    assert!(no_origin.to_string().starts_with("line 1: \"a\" has no dot"));
    assert!(records("a\\. 1 A 192.0.2.1", None).is_err());
    assert!(records("@ 1 A 192.0.2.1", None).is_err());
}

#[test]
fn any_text_is_read_or_refused() {
    let seed = harness::Random::seed();
    println!("COURSE_SEED={seed:#x}");
    let mut random = harness::Random::new(seed);
    let alphabet = b"a.@\\\"();$ \n\tTXA01#9INSO-h\xc3\xbc";
    for _ in 0..3_000 {
        let text: Vec<u8> =
            random.bytes(40).iter().map(|b| alphabet[usize::from(*b) % alphabet.len()]).collect();
        let _ = records(&String::from_utf8_lossy(&text), Some(Name::root()));
    }
}
