use super::*;

const ZONE: &str = "\
$ORIGIN example.com.
$TTL 300
@     SOA ns1 admin 1 7200 900 1209600 60
@     NS  ns1
WWW   A   192.0.2.1
www   A   192.0.2.2
www   A   192.0.2.1
a.b   A   192.0.2.3
*     TXT any
sub   NS  ns.sub
ns.sub A  192.0.2.4
";

fn zone() -> Zone {
    Zone::parse(ZONE, None).expect("a zone")
}

fn name(text: &str) -> Name {
    text.parse().expect(text)
}

fn found(zone: &Zone, text: &str) -> String {
    match zone.find(&name(text), false) {
        Found::Name(node) => format!("{} {}", node.name, node.sets.len()),
        Found::Wildcard(node) => format!("wildcard {}", node.name),
        Found::Cut(node, servers) => format!("cut {} {}", node.name, servers.data.len()),
        Found::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn down_the_tree() {
    let zone = zone();
    let table = [
        ("example.com", "example.com. 2"),
        ("wWw.ExAmPle.com", "WWW.example.com. 1"),
        ("b.example.com", "b.example.com. 0"),
        ("x.example.com", "wildcard *.example.com."),
        ("x.y.example.com", "wildcard *.example.com."),
        ("*.example.com", "*.example.com. 1"),
        ("x.b.example.com", "nothing"),
        ("x.www.example.com", "nothing"),
        ("x.*.example.com", "nothing"),
        ("sub.example.com", "cut sub.example.com. 1"),
        ("a.b.sub.example.com", "cut sub.example.com. 1"),
    ];
    for (asked, expected) in table {
        assert_eq!(found(&zone, asked), expected, "{asked}");
    }
    assert!(matches!(zone.find(&name("sub.example.com"), true), Found::Name(_)));
    assert!(matches!(zone.find(&name("a.sub.example.com"), true), Found::Cut(..)));
    assert_eq!(zone.node(&name("ns.sub.example.com")).map(|node| node.sets.len()), Some(1));
    assert_eq!(zone.node(&name("www.example.com")).expect("www").sets[0].data.len(), 2);
    assert_eq!(zone.size(), (7, 8));
    assert_eq!(zone.denial().1, 60);
}

#[test]
fn what_is_no_zone() {
    let head = "$ORIGIN x.\n$TTL 1\n@ SOA a b 1 2 3 4 5\n@ NS a\n";
    let table: [(&str, usize); 6] = [
        ("a CNAME b\na A 192.0.2.1\n", 6),
        ("a A 192.0.2.1\na CNAME b\n", 6),
        ("a CNAME b\na CNAME c\n", 6),
        ("@ SOA a b 1 2 3 4 5\n", 5),
        ("a.y. A 192.0.2.1\n", 5),
        ("@ CNAME a\n", 5),
    ];
    for (rest, line) in table {
        let error = Zone::parse(&(head.to_owned() + rest), None).expect_err(rest);
        assert_eq!(error.line, line, "{rest}: {error}");
    }
    assert!(
        Zone::parse(&(head.to_owned() + "a CNAME b\nA CNAME B\n"), None).is_ok(),
        "the same twice"
    );
    assert!(Zone::parse("", None).is_err(), "no SOA");
    assert!(Zone::parse("$TTL 1\nx. SOA a. b. 1 2 3 4 5\n", None).is_err(), "no NS");
}

#[test]
fn the_nearest_zone() {
    let make = |origin: &str| {
        Zone::parse("$TTL 1\n@ SOA a b 1 2 3 4 5\n@ NS a", Some(name(origin))).expect("a zone")
    };
    let mut zones: Zones = [make("Example.com"), make("sub.example.com")].into_iter().collect();
    let nearest =
        |text: &str, above| zones.nearest(&name(text), above).map(|zone| zone.apex().to_string());
    assert_eq!(nearest("www.EXAMPLE.com", false).as_deref(), Some("Example.com."));
    assert_eq!(nearest("sub.example.com", false).as_deref(), Some("sub.example.com."));
    assert_eq!(nearest("sub.example.com", true).as_deref(), Some("Example.com."));
    assert_eq!(nearest("a.sub.example.com", true).as_deref(), Some("sub.example.com."));
    assert_eq!(nearest("example.com", true).as_deref(), Some("Example.com."));
    assert_eq!(nearest("com", false), None);
    assert_eq!(nearest("badexample.com", false), None);
    assert!(zones.add(make("example.COM")).is_err());
}
