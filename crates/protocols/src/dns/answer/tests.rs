use super::*;

const ZONE: &str = "\
$ORIGIN example.com.
$TTL 3600
@      SOA ns1 admin 1 7200 900 1209600 300
@      NS  ns1
@      NS  ns.elsewhere.
@      MX  10 mail
ns1    A   192.0.2.53
mail   A   192.0.2.25
mail   AAAA 2001:db8::25
www    A   192.0.2.1
alias  CNAME www
alias2 CNAME alias
out    CNAME www.example.net.
gone   CNAME nosuch
nodata CNAME mail
deep   CNAME a.sub
sub2a  CNAME a.nowhere
loop1  CNAME loop2
loop2  CNAME loop1
self   CNAME self
a.ent  A   192.0.2.2
*.wild TXT \"any\"
*.wild MX  10 mail
*.wc   CNAME www
x.wc   TXT \"x\"
sub    NS  ns.sub
sub    NS  ns1
sub    NS  ns.elsewhere.
sub    DS  \\# 4 00000000
ns.sub A   192.0.2.54
low.ttl 60 A 192.0.2.7
_s._tcp SRV 0 0 1 mail
";

/// `RCODE AA` and what each section has, as text.
fn said(text: &str, qtype: Type) -> String {
    let zones: Zones = [Zone::parse(ZONE, None).expect("a zone")].into_iter().collect();
    let question = Question::new(text.parse().expect(text), qtype);
    let said = answer(&zones, &question);
    let section = |name: &str, entries: &[Entry<'_>]| {
        let entries: Vec<String> =
            entries.iter().map(|entry| entry_text(entry, &question)).collect();
        if entries.is_empty() { String::new() } else { format!(" {name}: {}", entries.join(", ")) }
    };
    format!(
        "{}{}{}{}{}",
        said.rcode,
        if said.authoritative { " AA" } else { "" },
        section("AN", &said.answers),
        section("NS", &said.authorities),
        section("AR", &said.additionals),
    )
}

/// `www A 1`: owner, type, how many; without the zone's name.
fn entry_text(entry: &Entry<'_>, question: &Question) -> String {
    let owner = match entry.owner {
        Owner::Asked => &question.name,
        Owner::Name(name) => name,
    };
    let owner = owner.to_string();
    let owner = owner.strip_suffix(".example.com.").unwrap_or(&owner).to_owned();
    format!("{owner} {} {}", entry.set.rtype, entry.set.data.len())
}

#[test]
fn the_algorithm_of_section_4_3_2() {
    const SOA: &str = "NS: example.com. SOA 1";
    const REFERRAL: &str = "NS: sub NS 3 AR: ns.sub A 1, ns1 A 1";
    let table = [
        ("www", Type::A, "NOERROR AA AN: www A 1".to_owned()),
        ("WWW", Type::A, "NOERROR AA AN: WWW A 1".to_owned()),
        ("www", Type::AAAA, format!("NOERROR AA {SOA}")),
        ("nosuch", Type::A, format!("NXDOMAIN AA {SOA}")),
        ("a.www", Type::A, format!("NXDOMAIN AA {SOA}")),
        ("ent", Type::A, format!("NOERROR AA {SOA}")),
        ("alias", Type::A, "NOERROR AA AN: alias CNAME 1, www A 1".to_owned()),
        ("alias2", Type::A, "NOERROR AA AN: alias2 CNAME 1, alias CNAME 1, www A 1".to_owned()),
        ("alias", Type::CNAME, "NOERROR AA AN: alias CNAME 1".to_owned()),
        ("alias", Type::ANY, "NOERROR AA AN: alias CNAME 1".to_owned()),
        ("alias", Type::MX, format!("NOERROR AA AN: alias CNAME 1 {SOA}")),
        ("out", Type::A, "NOERROR AA AN: out CNAME 1".to_owned()),
        ("gone", Type::A, format!("NXDOMAIN AA AN: gone CNAME 1 {SOA}")),
        ("nodata", Type::TXT, format!("NOERROR AA AN: nodata CNAME 1 {SOA}")),
        ("deep", Type::A, format!("NOERROR AA AN: deep CNAME 1 {REFERRAL}")),
        ("loop1", Type::A, "NOERROR AA AN: loop1 CNAME 1, loop2 CNAME 1".to_owned()),
        ("self", Type::A, "NOERROR AA AN: self CNAME 1".to_owned()),
        ("x.wild", Type::TXT, "NOERROR AA AN: x.wild TXT 1".to_owned()),
        ("y.x.wild", Type::TXT, "NOERROR AA AN: y.x.wild TXT 1".to_owned()),
        ("x.wild", Type::MX, "NOERROR AA AN: x.wild MX 1 AR: mail A 1, mail AAAA 1".to_owned()),
        ("x.wild", Type::A, format!("NOERROR AA {SOA}")),
        ("*.wild", Type::TXT, "NOERROR AA AN: *.wild TXT 1".to_owned()),
        ("wild", Type::TXT, format!("NOERROR AA {SOA}")),
        ("z.wc", Type::A, "NOERROR AA AN: z.wc CNAME 1, www A 1".to_owned()),
        ("x.wc", Type::A, format!("NOERROR AA {SOA}")),
        ("y.x.wc", Type::A, format!("NXDOMAIN AA {SOA}")),
        ("sub", Type::A, format!("NOERROR {REFERRAL}")),
        ("sub", Type::NS, format!("NOERROR {REFERRAL}")),
        ("a.b.sub", Type::A, format!("NOERROR {REFERRAL}")),
        ("ns.sub", Type::A, format!("NOERROR {REFERRAL}")),
        ("sub", Type::DS, "NOERROR AA AN: sub DS 1".to_owned()),
        ("a.sub", Type::DS, format!("NOERROR {REFERRAL}")),
        ("_s._tcp", Type::SRV, "NOERROR AA AN: _s._tcp SRV 1 AR: mail A 1, mail AAAA 1".to_owned()),
    ];
    for (name, qtype, expected) in table {
        assert_eq!(said(&format!("{name}.example.com"), qtype), expected, "{name} {qtype}");
    }
    let apex = "NOERROR AA AN: example.com. NS 2 AR: ns1 A 1";
    assert_eq!(said("example.com", Type::NS), apex);
    assert_eq!(said("example.com", Type::ANY), "NOERROR AA AN: example.com. SOA 1");
    assert_eq!(said("example.org", Type::A), "REFUSED");
    assert_eq!(said(".", Type::NS), "REFUSED");
}

#[test]
fn what_a_referral_cannot_do_without_comes_first() {
    let zones: Zones = [Zone::parse(ZONE, None).expect("a zone")].into_iter().collect();
    let question = Question::new("a.sub.example.com".parse().unwrap(), Type::A);
    let said = answer(&zones, &question);
    assert_eq!((said.required, said.additionals.len()), (1, 2));
}

#[test]
fn a_denial_lasts_as_long_as_the_zone_says() {
    let zones: Zones = [Zone::parse(ZONE, None).expect("a zone")].into_iter().collect();
    let question = Question::new("nosuch.example.com".parse().unwrap(), Type::A);
    assert_eq!(answer(&zones, &question).authorities[0].ttl, 300);
    let asked = Question::new("example.com".parse().unwrap(), Type::SOA);
    assert_eq!(answer(&zones, &asked).answers[0].ttl, 3600, "asked for, it has its own");
}

#[test]
fn of_all_classes_we_are_no_authority() {
    let zones: Zones = [Zone::parse(ZONE, None).expect("a zone")].into_iter().collect();
    let name = "www.example.com".parse().unwrap();
    let question = Question { name, qtype: Type::A, qclass: Class::ANY };
    let said = answer(&zones, &question);
    assert_eq!((said.authoritative, said.answers.len()), (false, 1));
}

#[test]
fn chains_go_from_zone_to_zone() {
    let parent =
        "$ORIGIN p.\n$TTL 1\n@ SOA a b 1 2 3 4 5\n@ NS a\nx CNAME y.c\nc NS a\nc DS \\# 0\n";
    let child = "$ORIGIN c.p.\n$TTL 1\n@ SOA a b 1 2 3 4 5\n@ NS a\ny A 192.0.2.1\n";
    let zones: Zones =
        [parent, child].map(|text| Zone::parse(text, None).expect(text)).into_iter().collect();
    let ask = |name: &str, qtype| answer(&zones, &Question::new(name.parse().unwrap(), qtype));
    assert_eq!(ask("x.p", Type::A).answers.len(), 2);
    assert!(ask("c.p", Type::DS).authoritative, "the parent's");
    assert_eq!(ask("c.p", Type::DS).answers.len(), 1);
    assert_eq!(ask("c.p", Type::NS).answers.len(), 1, "the child's");
}
