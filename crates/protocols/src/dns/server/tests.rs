use super::*;
use crate::dns::Zone;
use crate::dns::message::Record;

const ZONE: &str = "\
$ORIGIN example.com.
$TTL 3600
@     SOA ns1 admin 1 7200 900 1209600 300
@     NS  ns1
ns1   A   192.0.2.53
WwW   A   192.0.2.1
mail  MX  10 Mail.Example.com.
sub   NS  a.ns.sub
sub   NS  b.ns.sub
a.ns.sub A 192.0.2.54
b.ns.sub AAAA 2001:db8::1
";

fn server() -> Server {
    let mut text = ZONE.to_owned();
    for index in 0..60 {
        text += &format!("many A 198.51.100.{index}\n");
        text += &format!("big TXT \"{index:0200}\"\n");
    }
    for letter in "abcdefghijklmn".chars() {
        text += &format!("wide NS {}.wide\n", letter.to_string().repeat(60));
        text += &format!("{}.wide A 192.0.2.9\n", letter.to_string().repeat(60));
        text += &format!("svc SRV 0 0 1 {letter}.target\n{letter}.target A 192.0.2.9\n");
    }
    let zones = [Zone::parse(&text, None).expect("a zone")].into_iter().collect();
    Server::new(Arc::new(zones))
}

/// A query with these flags, counts and octets behind the header.
fn query(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
    let mut query = vec![0x12, 0x34];
    query.extend(flags.to_be_bytes());
    counts.iter().for_each(|count| query.extend(count.to_be_bytes()));
    [&query, rest].concat()
}

const WWW: &[u8] = b"\x03wWw\x07exAmple\x03com\0\0\x01\0\x01";
const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";

fn ask(name: &str, qtype: Type, size: Option<u16>, transport: Transport) -> (Message, usize) {
    let question = Question::new(name.parse().expect(name), qtype);
    let mut message = Message::query(7, question.clone(), true);
    if let Some(size) = size {
        let (class, data) = (Class(size), crate::dns::Data::Unknown(Vec::new()));
        let (name, rtype) = (crate::dns::Name::root(), Type::OPT);
        message.additionals.push(Record { name, rtype, class, ttl: 0, data });
    }
    let query = message.emit(512).expect("it fits");
    let mut server = server();
    let octets = server.respond(&query, transport).expect("a response");
    let response = Message::parse(octets).expect("a message");
    assert_eq!(response.questions, [question]);
    assert_eq!(response.header.id, 7);
    assert!(response.header.has(Header::QR) && response.header.has(Header::RD));
    assert!(!response.header.has(Header::RA));
    (response, octets.len())
}

#[test]
fn the_question_comes_back_in_its_own_letters() {
    let mut server = server();
    let octets = server.respond(&query(0x0100, [1, 0, 0, 0], WWW), Transport::Udp).expect("one");
    let answer = b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04\xc0\0\x02\x01";
    assert_eq!(octets, query(0x8500, [1, 1, 0, 0], &[WWW, answer].concat()));
    // What the zone says keeps the zone's letters.
    let (response, _) = ask("MAIL.example.COM", Type::MX, None, Transport::Udp);
    assert_eq!(
        response.answers[0].to_string(),
        "MAIL.example.COM. 3600 IN MX 10 Mail.Example.com."
    );
}

/// What comes back for queries that are none, or that we do not answer: flags with the response code, and
/// the counts.
#[test]
fn queries_that_get_an_error() {
    let table: [(&str, Vec<u8>, u16, [u16; 4]); 22] = [
        ("no question", query(0, [0; 4], b""), 0x8001, [0; 4]),
        ("two", query(0, [2, 0, 0, 0], &[WWW, WWW].concat()), 0x8001, [0; 4]),
        ("a question cut off", query(0, [1, 0, 0, 0], &WWW[..9]), 0x8001, [0; 4]),
        ("a pointer to itself", query(0, [1, 0, 0, 0], b"\xc0\x0c\0\x01\0\x01"), 0x8001, [0; 4]),
        ("octets behind", query(0, [1, 0, 0, 0], &[WWW, b"x"].concat()), 0x8001, [1, 0, 0, 0]),
        ("a record that is not there", query(0, [1, 0, 0, 1], WWW), 0x8001, [1, 0, 0, 0]),
        ("two OPT", query(0, [1, 0, 0, 2], &[WWW, OPT, OPT].concat()), 0x8001, [1, 0, 0, 0]),
        (
            "OPT of a name",
            query(0, [1, 0, 0, 1], &[WWW, b"\x01a", OPT].concat()),
            0x8001,
            [1, 0, 0, 0],
        ),
        ("a status", query(0x1000, [1, 0, 0, 0], WWW), 0x9004, [0; 4]),
        ("an inverse query", query(0x0800, [1, 0, 0, 0], WWW), 0x8804, [0; 4]),
        ("a notification", query(0x2000, [1, 0, 0, 0], WWW), 0xa004, [0; 4]),
        ("an update", query(0x2900, [1, 0, 0, 0], WWW), 0xa904, [0; 4]),
        ("opcode 15 alone", query(0x7800, [0; 4], b""), 0xf804, [0; 4]),
        (
            "opcode 15 and OPT",
            query(0x7800, [1, 0, 0, 1], &[WWW, OPT].concat()),
            0xf804,
            [0, 0, 0, 1],
        ),
        ("class CH", query(0, [1, 0, 0, 0], b"\x03www\0\0\x01\0\x03"), 0x8005, [1, 0, 0, 0]),
        ("class NONE", query(0, [1, 0, 0, 0], b"\x03www\0\0\x01\0\xfe"), 0x8005, [1, 0, 0, 0]),
        ("not our zone", query(0, [1, 0, 0, 0], b"\x03www\0\0\x01\0\x01"), 0x8005, [1, 0, 0, 0]),
        ("AXFR", query(0, [1, 0, 0, 0], b"\x03www\0\0\xfc\0\x01"), 0x8005, [1, 0, 0, 0]),
        ("MAILA", query(0, [1, 0, 0, 0], b"\x03www\0\0\xfe\0\x01"), 0x8004, [1, 0, 0, 0]),
        ("OPT asked for", query(0, [1, 0, 0, 0], b"\x03www\0\0\x29\0\x01"), 0x8001, [1, 0, 0, 0]),
        (
            "version 1",
            query(0, [1, 0, 0, 1], &[WWW, b"\0\0\x29\x04\xd0\0\x01\0\0\0\0"].concat()),
            0x8000,
            [1, 0, 0, 1],
        ),
        (
            "AD, CD and Z",
            query(0x0070, [1, 0, 0, 0], b"\x03www\0\0\x01\0\x01"),
            0x8005,
            [1, 0, 0, 0],
        ),
    ];
    for (what, query, flags, counts) in table {
        for transport in [Transport::Udp, Transport::Tcp] {
            let mut server = server();
            let response = server.respond(&query, transport).expect(what);
            let (header, said) = Header::parse(response).expect(what);
            assert_eq!(header, Header { id: 0x1234, flags }, "{what}: {:04x}", header.flags);
            assert_eq!(said, counts, "{what}");
            Message::parse(response).expect(what);
        }
    }
}

#[test]
fn what_gets_no_response() {
    let mut server = server();
    let whole = query(0, [1, 0, 0, 0], WWW);
    for cut in 0..HEADER {
        assert_eq!(server.respond(&whole[..cut], Transport::Udp), None, "{cut}");
    }
    assert_eq!(server.respond(&query(0x8000, [1, 0, 0, 0], WWW), Transport::Udp), None);
    assert_eq!(server.respond(&query(0x8001, [0; 4], b""), Transport::Tcp), None);
}

#[test]
fn edns_is_answered_with_edns() {
    let mut server = server();
    let mut opt = OPT.to_vec();
    opt[7] = 0xff; // DO, and bits that are for later.
    opt[8] = 0xff;
    opt[10] = 6;
    opt.extend(b"\xff\xfe\0\x02ab"); // An option that nobody knows.
    let octets = server.respond(&query(0, [1, 0, 0, 1], &[WWW, &opt].concat()), Transport::Udp);
    let expected = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0";
    assert!(octets.expect("one").ends_with(expected));
    let version = &[WWW, b"\0\0\x29\x04\xd0\0\x01\0\0\0\0"].concat();
    let octets = server.respond(&query(0, [1, 0, 0, 1], version), Transport::Udp);
    assert!(octets.expect("one").ends_with(b"\0\0\x29\x04\xd0\x01\0\0\0\0\0"), "BADVERS");
}

#[test]
fn a_datagram_holds_what_its_reader_can_take() {
    // 60 A records of 16 octets: 12 + 22 + 960.
    let table = [
        (None, Transport::Udp, true, 34),
        (Some(100), Transport::Udp, true, 45),
        (Some(512), Transport::Udp, true, 45),
        (Some(1004), Transport::Udp, true, 45),
        (Some(1005), Transport::Udp, false, 1005),
        (Some(65_535), Transport::Udp, false, 1005),
        (None, Transport::Tcp, false, 994),
        (Some(512), Transport::Tcp, false, 1005),
    ];
    for (size, transport, truncated, length) in table {
        let (response, octets) = ask("many.example.com", Type::A, size, transport);
        assert_eq!(response.header.has(Header::TC), truncated, "{size:?} {transport:?}");
        assert_eq!(octets, length, "{size:?} {transport:?}");
        assert_eq!(response.answers.len(), if truncated { 0 } else { 60 });
        assert!(response.header.has(Header::AA));
    }
    // However much a client can take, a datagram is not cut in pieces on its way.
    assert!(
        ask("big.example.com", Type::TXT, Some(65_535), Transport::Udp).0.header.has(Header::TC)
    );
    let (whole, octets) = ask("big.example.com", Type::TXT, Some(65_535), Transport::Tcp);
    assert_eq!((whole.answers.len(), octets > 12_000), (60, true));
}

#[test]
fn glue_is_missed_and_other_addresses_are_not() {
    let (referral, _) = ask("x.sub.example.com", Type::A, None, Transport::Udp);
    assert!(!referral.header.has(Header::TC) && !referral.header.has(Header::AA));
    assert_eq!((referral.authorities.len(), referral.additionals.len()), (2, 2));
    let (wide, _) = ask("x.wide.example.com", Type::A, Some(1232), Transport::Udp);
    assert!(wide.header.has(Header::TC), "RFC 9471 §3: not all glue fits");
    let (svc, _) = ask("svc.example.com", Type::SRV, Some(700), Transport::Udp);
    assert!(!svc.header.has(Header::TC));
    assert_eq!((svc.answers.len(), svc.additionals.len()), (14, 5), "4 of 14, and OPT");
}

/// Whatever comes, what goes out is a message, with the id, as a response, within the limit.
#[test]
fn any_octets_get_a_whole_message_or_none() {
    let seed = harness::Random::seed();
    println!("COURSE_SEED={seed:#x}");
    let mut random = harness::Random::new(seed);
    let mut server = server();
    let good = query(0x0100, [1, 0, 0, 1], &[WWW, OPT].concat());
    for round in 0..5_000 {
        let mut octets = good.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(octets.len());
            octets[at] = random.bytes(1)[0];
        }
        octets.truncate(random.below(octets.len() * 2));
        if round % 3 == 0 {
            octets = random.bytes(round % 60);
        }
        if let Some(response) = server.respond(&octets, Transport::Udp) {
            assert_eq!(response[..2], octets[..2]);
            assert!(response.len() <= usize::from(OUR_SIZE));
            let message = Message::parse(response).expect("a message");
            assert!(message.header.has(Header::QR));
        }
    }
}
