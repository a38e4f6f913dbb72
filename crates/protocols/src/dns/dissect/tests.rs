use super::*;
use crate::dns::{Message, Question, Record};
use capture::dissect::{table, tiles};

fn response() -> Vec<u8> {
    let question = Question::new("www.example.com".parse().unwrap(), Type::A);
    let mut message = Message::query(0x1234, question, true);
    message.header.flags |= 0x8400;
    let text = "\
$TTL 60
www.example.com. CNAME host.example.com.
host.example.com. A 192.0.2.1
example.com. SOA ns.example.com. admin.example.com. 1 2 3 4 5
example.com. MX 10 mail.example.com.
example.com. TXT \"one\" \"two\"
example.com. SRV 1 2 3 sip.example.com.
example.com. CAA 0 issue \"ca\"
example.com. TYPE65280 \\# 2 0102
";
    let records = crate::dns::zone_file::records(text, None).unwrap();
    message.answers = records.into_iter().map(|(_, record)| record).collect();
    let data = Data::Unknown(b"\0\x0a\0\x01x".to_vec());
    let (name, class) = (crate::dns::Name::root(), Class(1232));
    message.additionals.push(Record { name, rtype: Type::OPT, class, ttl: 0x8000, data });
    message.emit(65_535).unwrap()
}

#[test]
fn every_octet_has_a_name_at_every_cut() {
    let whole = response();
    for cut in 0..=whole.len() {
        let fields = Dns.dissect(&whole[..cut]).expect("a message that breaks off");
        assert_eq!(tiles(&fields, cut), Ok(()), "{cut}");
    }
    let stream = [&[0, 29][..], &whole[..29], &[0, 12], &whole[..12], &[1]].concat();
    for cut in 0..=stream.len() {
        let fields = DnsOverTcp.dissect(&stream[..cut]).expect("messages");
        assert_eq!(tiles(&fields, cut), Ok(()), "{cut}");
    }
}

#[test]
fn pointers_are_explained() {
    let text = table(&Dns.dissect(&response()).unwrap());
    for line in [
        "12..33            question           www.example.com. A",
        "    QR             1               a response",
        "pointer        12              the name goes on at octet 12",
        "target         host.example.com.",
        "data           192.0.2.1",
        "DO: DNSSEC records are welcome",
    ] {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed(&text).contains(&squeezed(line)), "{line}\n{text}");
    }
}

/// A second reading of the format: what the parser takes, the dissector can name, and what it cannot name the
/// parser refuses.
#[test]
fn the_parser_and_the_dissector_agree() {
    let seed = harness::Random::seed();
    println!("COURSE_SEED={seed:#x}");
    let mut random = harness::Random::new(seed);
    let whole = response();
    for _ in 0..3_000 {
        let mut octets = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(octets.len());
            octets[at] = random.bytes(1)[0];
        }
        match (Message::parse(&octets), Dns.dissect(&octets)) {
            (parsed, Ok(fields)) => {
                assert_eq!(tiles(&fields, octets.len()), Ok(()), "{octets:x?}");
                let surplus = fields.iter().any(|field| field.name == "trailing octets");
                assert!(!(parsed.is_ok() && surplus), "{octets:x?}");
            }
            (Err(_), Err(_)) => {}
            (Ok(_), Err(error)) => panic!("{error}: {octets:x?}"),
        }
    }
}
