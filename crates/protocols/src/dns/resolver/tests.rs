use super::*;
use crate::dns::message::{Error, Header, Message};
use crate::dns::{Class, Data, Edns};

const ONE: &str = "192.0.2.1:53";
const OTHER: &str = "192.0.2.2:53";

fn name(text: &str) -> Name {
    text.parse().expect(text)
}

/// Numbers that are no secret, but not all the same.
fn random() -> Random {
    let mut random = harness::Random::new(7);
    Box::new(move |octets| {
        let bytes = random.bytes(octets.len());
        octets.copy_from_slice(&bytes);
    })
}

fn resolver() -> Resolver {
    let servers = [ONE, OTHER].map(|address| address.parse().expect("an address")).to_vec();
    Resolver::new(Config::new(servers), random())
}

fn at(milliseconds: u64) -> Time {
    Duration::from_millis(milliseconds)
}

fn ask(resolution: &mut Resolution<'_>, now: Time) -> (Ask, Message) {
    match resolution.step(now) {
        Step::Ask(ask) => {
            let message = Message::parse(&ask.query).expect("our own query");
            (ask, message)
        }
        Step::Done(done) => panic!("done: {done:?}"),
    }
}

fn done(resolution: &mut Resolution<'_>, now: Time) -> Result<Answer, Failure> {
    match resolution.step(now) {
        Step::Done(done) => done,
        Step::Ask(ask) => panic!("another query: {ask:?}"),
    }
}

fn record(text: &str, ttl: u32, rtype: Type, data: Data) -> Record {
    Record { name: name(text), rtype, class: Class::IN, ttl, data }
}

fn a(text: &str, last: u8) -> Record {
    record(text, 60, Type::A, Data::A([192, 0, 2, last].into()))
}

fn cname(text: &str, target: &str) -> Record {
    record(text, 60, Type::CNAME, Data::Cname(name(target)))
}

fn soa(text: &str, ttl: u32) -> Record {
    let soa = crate::dns::data::Soa {
        primary: name("a"),
        mailbox: name("b"),
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 30,
    };
    record(text, ttl, Type::SOA, Data::Soa(soa))
}

/// The answer to a query: as it should be.
fn answer(query: &Message, rcode: Rcode, answers: Vec<Record>) -> Message {
    let flags = Header::QR | Header::RD | Header::RA | rcode.0;
    let header = Header { id: query.header.id, flags };
    Message { header, answers, ..query.clone() }
}

fn octets(message: &Message) -> Vec<u8> {
    message.emit(65_535).expect("it fits")
}

fn resolve(resolver: &mut Resolver, text: &str) -> Resolution<'static> {
    // A test's resolver lives as long as the test.
    let resolver: &'static mut Resolver =
        Box::leak(Box::new(std::mem::replace(resolver, self::resolver())));
    resolver.resolve(Question::new(name(text), Type::A), at(0))
}

fn start(text: &str) -> Resolution<'static> {
    resolve(&mut resolver(), text)
}

fn records(answer: Result<Answer, Failure>) -> Vec<String> {
    match answer.expect("an answer") {
        Answer { chain, found: Found::Records(records), .. } => {
            chain.iter().chain(&records).map(Record::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_is_hard_to_guess_and_its_answer_is_taken() {
    let mut resolution = start("www.Example.com");
    let (sent, query) = ask(&mut resolution, at(0));
    assert_eq!((sent.server.to_string().as_str(), sent.transport), (ONE, Transport::Udp));
    assert_eq!(sent.until, at(1_000));
    assert_eq!(query.questions[0].name, name("www.example.com"));
    assert!(query.header.has(Header::RD) && !query.header.has(Header::QR));
    assert_eq!(Edns::of(&query), Ok(Some(Edns::ours(false))));
    let right = octets(&answer(&query, Rcode::NOERROR, vec![a("www.example.com", 1)]));
    assert_eq!(resolution.received(&right), None);
    assert_eq!(records(done(&mut resolution, at(9))), ["www.Example.com. 60 IN A 192.0.2.1"]);
    // The letters differ from query to query.
    let letters: std::collections::HashSet<String> = (0..20)
        .map(|_| {
            let (_, query) = ask(&mut resolution_of(&mut resolver_with_seed()), at(0));
            query.questions[0].name.to_string()
        })
        .collect();
    assert!(letters.len() > 10, "{letters:?}");
}

fn resolver_with_seed() -> Resolver {
    let servers = vec![ONE.parse().expect("an address")];
    let random: Random = Box::new(|octets| getrandom::fill(octets).expect("random octets"));
    Resolver::new(Config::new(servers), random)
}

fn resolution_of(resolver: &mut Resolver) -> Resolution<'static> {
    let resolver = std::mem::replace(resolver, self::resolver());
    Box::leak(Box::new(resolver)).resolve(Question::new(name("www.example.com"), Type::A), at(0))
}

/// Each is not the answer; the right one, which comes last, is.
#[test]
fn what_is_not_the_answer_is_ignored() {
    let mut resolution = start("www.example.com");
    let (_, query) = ask(&mut resolution, at(0));
    let right = answer(&query, Rcode::NOERROR, vec![a("www.example.com", 1)]);
    let forged = answer(&query, Rcode::NOERROR, vec![a("www.example.com", 66)]);
    let with = |change: &dyn Fn(&mut Message)| {
        let mut message = forged.clone();
        change(&mut message);
        octets(&message)
    };
    let asked = || query.questions[0].clone();
    let header = |flags| Header { flags, ..forged.header };
    let whole = octets(&forged);
    let forward = {
        let mut octets = whole.clone();
        let record = 12 + 21;
        octets[record..record + 2].copy_from_slice(&[0xc0, 0xff]);
        octets
    };
    let table: Vec<(&str, Vec<u8>, Ignored)> = vec![
        ("no octets", vec![], Ignored::Malformed(Error::CutOff)),
        ("a header cut off", whole[..11].to_vec(), Ignored::Malformed(Error::CutOff)),
        ("another id", with(&|m| m.header.id ^= 1), Ignored::Id),
        ("our query", octets(&query), Ignored::NotAResponse),
        ("another opcode", with(&|m| m.header = header(0xa180)), Ignored::NotAResponse),
        ("no question", with(&|m| m.questions.clear()), Ignored::Question),
        ("two questions", with(&|m| m.questions.push(asked())), Ignored::Question),
        (
            "another name",
            with(&|m| m.questions[0].name = name("www.example.org")),
            Ignored::Question,
        ),
        ("another type", with(&|m| m.questions[0].qtype = Type::AAAA), Ignored::Question),
        ("another class", with(&|m| m.questions[0].qclass = Class::CH), Ignored::Question),
        ("other letters", with(&|m| m.questions[0].name = name("www.example.com")), Ignored::Case),
        ("a record cut off", whole[..whole.len() - 1].to_vec(), Ignored::Malformed(Error::CutOff)),
        ("an octet too many", [&whole[..], b"x"].concat(), Ignored::Malformed(Error::Trailing(1))),
        ("two OPT records", with(&|m| m.additionals.push(m.additionals[0].clone())), Ignored::Edns),
        (
            "a pointer forward",
            forward,
            Ignored::Malformed(Error::Name(crate::dns::NameError::NotBackward { at: 33, to: 255 })),
        ),
        (
            "NXDOMAIN without a question",
            with(&|m| {
                m.header = header(0x8183);
                m.questions.clear();
            }),
            Ignored::Question,
        ),
    ];
    for (what, octets, why) in table {
        assert_eq!(resolution.received(&octets), Some(why), "{what}");
    }
    assert_eq!(resolution.received(&octets(&right)), None);
    assert_eq!(records(done(&mut resolution, at(9))), ["www.example.com. 60 IN A 192.0.2.1"]);
}

#[test]
fn only_records_that_answer_are_used() {
    let mut resolution = start("www.example.com");
    let (_, query) = ask(&mut resolution, at(0));
    let chaos = Record { class: Class::CH, ..a("www.example.com", 66) };
    let mut message = answer(
        &query,
        Rcode::NOERROR,
        vec![
            a("bank.example", 66),
            cname("elsewhere.example.com", "bank.example"),
            cname("www.example.com", "host.example.com"),
            a("host.example.com", 1),
            a("host.example.com", 1),
            Record { ttl: 7, ..a("host.example.com", 2) },
            chaos,
            record("host.example.com", 1, Type::TXT, Data::Txt(vec![b"no".to_vec()])),
        ],
    );
    message.authorities.push(a("bank.example", 66));
    message.additionals.push(a("host.example.com", 66));
    assert_eq!(resolution.received(&octets(&message)), None);
    let expected = [
        "www.example.com. 60 IN CNAME host.example.com.",
        "host.example.com. 7 IN A 192.0.2.1",
        "host.example.com. 7 IN A 192.0.2.2",
    ];
    assert_eq!(records(done(&mut resolution, at(9))), expected);
}

#[test]
fn servers_take_turns_and_time_doubles() {
    let mut resolution = start("a");
    let mut now = at(0);
    let mut sent = Vec::new();
    loop {
        match resolution.step(now) {
            Step::Ask(ask) => {
                sent.push((ask.server.to_string(), (ask.until - now).as_millis()));
                now = ask.until;
                resolution.expired();
            }
            Step::Done(done) => {
                assert_eq!(done, Err(Failure::NoAnswer { ignored: 0, why: None }));
                break;
            }
        }
    }
    let expected = [(ONE, 1000), (OTHER, 1000), (ONE, 2000), (OTHER, 2000), (ONE, 4000)];
    assert_eq!(sent, expected.map(|(server, wait)| (server.to_owned(), wait)), "10 s in all");
}

#[test]
fn truncated_means_tcp_whatever_else_it_holds() {
    let mut resolution = start("www.example.com");
    let (_, query) = ask(&mut resolution, at(0));
    let mut truncated = octets(&answer(&query, Rcode::NOERROR, vec![]));
    truncated[2] |= 0x02;
    truncated[7] = 9; // Nine answers, and the first of them is garbage.
    truncated.extend(b"\xc0\xff\xff\xff");
    assert_eq!(resolution.received(&truncated), None);
    let (sent, query) = ask(&mut resolution, at(5));
    assert_eq!((sent.server.to_string().as_str(), sent.transport), (ONE, Transport::Tcp));
    // On a connection nobody else can write; there the letters do not matter.
    let mut whole = answer(&query, Rcode::NOERROR, vec![a("www.example.com", 1)]);
    whole.questions[0].name = name("www.example.com");
    assert_eq!(resolution.received(&octets(&whole)), None);
    assert_eq!(records(done(&mut resolution, at(9))).len(), 1);
}

#[test]
fn without_edns_if_the_server_cannot_take_it() {
    for (rcode, question) in
        [(Rcode::FORMERR, true), (Rcode::FORMERR, false), (Rcode::NOTIMP, true)]
    {
        let mut resolution = start("www.example.com");
        let (_, query) = ask(&mut resolution, at(0));
        let mut refusal = answer(&query, rcode, vec![]);
        refusal.additionals.clear();
        if !question {
            refusal.questions.clear();
        }
        assert_eq!(resolution.received(&octets(&refusal)), None);
        let (sent, query) = ask(&mut resolution, at(5));
        assert_eq!(sent.server.to_string(), ONE, "the same server");
        assert_eq!(query.additionals, []);
        let refusal = octets(&answer(&query, rcode, vec![]));
        assert_eq!(resolution.received(&refusal), None);
        assert_eq!(
            ask(&mut resolution, at(9)).0.server.to_string(),
            OTHER,
            "it cannot do that either"
        );
    }
}

#[test]
fn a_server_that_fails_is_not_asked_again() {
    for rcode in [Rcode::SERVFAIL, Rcode::REFUSED] {
        let mut resolution = start("www.example.com");
        let (_, query) = ask(&mut resolution, at(0));
        assert_eq!(resolution.received(&octets(&answer(&query, rcode, vec![]))), None);
        let (sent, _) = ask(&mut resolution, at(1));
        assert_eq!(sent.server.to_string(), OTHER);
        resolution.failed(ErrorKind::ConnectionRefused);
        let failure = Failure::Rcode(ONE.parse().unwrap(), rcode);
        assert_eq!(done(&mut resolution, at(2)), Err(failure), "what says most");
    }
    let mut resolution = start("www.example.com");
    for _ in 0..2 {
        ask(&mut resolution, at(0));
        resolution.failed(ErrorKind::ConnectionRefused);
    }
    let failure = Failure::Unreachable(OTHER.parse().unwrap(), ErrorKind::ConnectionRefused);
    assert_eq!(done(&mut resolution, at(0)), Err(failure), "at once, since nobody is there");
}

#[test]
fn guessing_and_other_letters_lead_to_tcp() {
    let mut resolution = start("www.example.com");
    let (_, query) = ask(&mut resolution, at(0));
    let mut mangled = answer(&query, Rcode::NOERROR, vec![a("www.example.com", 1)]);
    mangled.questions[0].name = name("www.example.com");
    assert_eq!(resolution.received(&octets(&mangled)), Some(Ignored::Case));
    resolution.expired();
    let (sent, _) = ask(&mut resolution, at(1_000));
    assert_eq!((sent.server.to_string().as_str(), sent.transport), (ONE, Transport::Tcp));

    let mut resolution = start("www.example.com");
    let (_, query) = ask(&mut resolution, at(0));
    let mut guess = answer(&query, Rcode::NOERROR, vec![a("www.example.com", 66)]);
    guess.header.id ^= 1;
    let guesses = (0..100).take_while(|_| resolution.received(&octets(&guess)).is_some()).count();
    assert_eq!(guesses, 63);
    assert_eq!(ask(&mut resolution, at(1)).0.transport, Transport::Tcp);
    // What is wrong there is the server's own.
    assert_eq!(resolution.received(&octets(&guess)), None);
    assert_eq!(ask(&mut resolution, at(1)).0.server.to_string(), OTHER);
}

#[test]
fn aliases_are_followed_and_circles_are_not() {
    let mut resolution = start("a.x");
    let (_, query) = ask(&mut resolution, at(0));
    let message = answer(&query, Rcode::NOERROR, vec![cname("a.x", "b.y")]);
    assert_eq!(resolution.received(&octets(&message)), None);
    let (_, query) = ask(&mut resolution, at(1));
    assert_eq!(query.questions[0].name, name("b.y"), "the server did not say");
    let message = answer(&query, Rcode::NOERROR, vec![cname("b.y", "a.x")]);
    assert_eq!(resolution.received(&octets(&message)), None);
    assert_eq!(done(&mut resolution, at(2)), Err(Failure::Loop(name("a.x"))));

    for circle in [vec![cname("a.x", "a.x")], vec![cname("a.x", "b.y"), cname("b.y", "a.x")]] {
        let mut resolution = start("a.x");
        let (_, query) = ask(&mut resolution, at(0));
        assert_eq!(resolution.received(&octets(&answer(&query, Rcode::NOERROR, circle))), None);
        assert_eq!(done(&mut resolution, at(2)), Err(Failure::Loop(name("a.x"))));
    }

    let mut resolution = start("n0.x");
    let mut aliases = 0;
    let end = loop {
        match resolution.step(at(0)) {
            Step::Done(done) => break done,
            Step::Ask(sent) => {
                let query = Message::parse(&sent.query).unwrap();
                let alias = cname(&format!("n{aliases}.x"), &format!("n{}.x", aliases + 1));
                aliases += 1;
                resolution.received(&octets(&answer(&query, Rcode::NOERROR, vec![alias])));
            }
        }
    };
    assert_eq!(end, Err(Failure::LongChain(name("n17.x"))));
}

#[test]
fn none_is_an_answer_too() {
    let table = [
        (Rcode::NXDOMAIN, vec![], vec![soa("x", 60)], Found::NoName, "a.x."),
        (Rcode::NXDOMAIN, vec![], vec![], Found::NoName, "a.x."),
        (Rcode::NOERROR, vec![], vec![soa("x", 60)], Found::NoData, "a.x."),
        (Rcode::NOERROR, vec![], vec![], Found::NoData, "a.x."),
        (Rcode::NXDOMAIN, vec![cname("a.x", "b.x")], vec![soa("x", 60)], Found::NoName, "b.x."),
        (Rcode::NOERROR, vec![cname("a.x", "b.x")], vec![soa("x", 60)], Found::NoData, "b.x."),
        // Its answers are about something else.
        (Rcode::NOERROR, vec![a("b.x", 66)], vec![], Found::NoData, "a.x."),
    ];
    for (rcode, answers, authorities, found, last) in table {
        let mut resolution = start("a.x");
        let (_, query) = ask(&mut resolution, at(0));
        let message = Message { authorities, ..answer(&query, rcode, answers) };
        assert_eq!(resolution.received(&octets(&message)), None);
        let answer = done(&mut resolution, at(1)).expect("an answer");
        assert_eq!((answer.found, answer.name.to_string().as_str()), (found, last));
    }
    let mut resolution = start("a.x");
    let (_, query) = ask(&mut resolution, at(0));
    let mut referral = answer(&query, Rcode::NOERROR, vec![]);
    referral.header.flags &= !Header::RA;
    referral.authorities.push(record("x", 60, Type::NS, Data::Ns(name("ns.x"))));
    assert_eq!(resolution.received(&octets(&referral)), None);
    assert_eq!(done(&mut resolution, at(1)), Err(Failure::Referral(ONE.parse().unwrap())));
}

#[test]
fn what_is_known_is_not_asked_for() {
    let mut resolver = resolver();
    let question = || Question::new(name("a.x"), Type::A);
    let mut resolution = resolver.resolve(question(), at(0));
    let (_, query) = ask(&mut resolution, at(0));
    let message = answer(&query, Rcode::NOERROR, vec![cname("a.x", "b.x"), a("b.x", 1)]);
    resolution.received(&octets(&message));
    done(&mut resolution, at(0)).expect("an answer");
    let known = done(&mut resolver.resolve(question(), at(59_000)), at(59_000));
    assert_eq!(records(known), ["a.x. 1 IN CNAME b.x.", "b.x. 1 IN A 192.0.2.1"]);
    ask(&mut resolver.resolve(question(), at(60_000)), at(60_000));

    let missing = || Question::new(name("no.x"), Type::A);
    let mut resolution = resolver.resolve(missing(), at(0));
    let (_, query) = ask(&mut resolution, at(0));
    let none =
        Message { authorities: vec![soa("x", 60)], ..answer(&query, Rcode::NXDOMAIN, vec![]) };
    resolution.received(&octets(&none));
    done(&mut resolution, at(0)).expect("an answer");
    let other = Question::new(name("no.x"), Type::MX);
    let known = done(&mut resolver.resolve(other, at(29_000)), at(29_000)).expect("an answer");
    assert_eq!(known.found, Found::NoName);
    ask(&mut resolver.resolve(missing(), at(30_000)), at(30_000));
}
