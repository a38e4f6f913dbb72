//! The scripted network: what the resolver must ask, and what comes in return.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use harness::{Check, Random};
use resolve_safely::Network;
use resolve_safely::wire::{A, AAAA, CNAME, IN, SOA};

use crate::mistakes::PREDICTABLE;

/// The server that the resolver asks.
pub(crate) fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 53], 53))
}

/// The type's name.
pub(crate) fn named(qtype: u16) -> String {
    match qtype {
        A => "A".into(),
        CNAME => "CNAME".into(),
        AAAA => "AAAA".into(),
        other => format!("TYPE{other}"),
    }
}

/// A message that comes, and from where.
#[derive(Clone)]
pub(crate) struct Reply {
    /// What a report says of it.
    said: String,
    from: SocketAddr,
    /// Added to the query's id.
    id: u16,
    flags: u16,
    /// In place of the query's one.
    questions: Option<Vec<(String, u16, u16)>>,
    answers: Vec<Vec<u8>>,
    authorities: Vec<Vec<u8>>,
    /// In place of all that follows the id.
    raw: Option<Vec<u8>>,
}

/// A reply without records.
pub(crate) fn reply() -> Reply {
    Reply {
        said: "a reply".into(),
        from: server(),
        id: 0,
        flags: 0x8180,
        questions: None,
        answers: vec![],
        authorities: vec![],
        raw: None,
    }
}

impl Reply {
    fn and(mut self, said: &str) -> Self {
        self.said += ", ";
        self.said += said;
        self
    }

    pub(crate) fn address(mut self, name: &str, ttl: u32, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        let (rtype, data) = match address {
            IpAddr::V4(four) => (A, four.octets().to_vec()),
            IpAddr::V6(six) => (AAAA, six.octets().to_vec()),
        };
        self.answers.push(record(name, rtype, ttl, &data));
        self.and(&format!("{name} {ttl} {} {address}", named(rtype)))
    }

    pub(crate) fn alias(mut self, name: &str, ttl: u32, target: &str) -> Self {
        self.answers.push(record(name, CNAME, ttl, &octets(target)));
        self.and(&format!("{name} {ttl} CNAME {target}"))
    }

    pub(crate) fn soa(mut self, ttl: u32, minimum: u32) -> Self {
        let numbers = [1, 7200, 900, 1_209_600, minimum].map(u32::to_be_bytes).concat();
        let data = [octets("ns.example"), octets("host.example"), numbers].concat();
        self.authorities.push(record("example", SOA, ttl, &data));
        self.and(&format!("example {ttl} SOA with MINIMUM {minimum}"))
    }

    pub(crate) fn rcode(mut self, rcode: u16) -> Self {
        self.flags |= rcode;
        self.and(&format!("RCODE {rcode}"))
    }

    pub(crate) fn truncated(mut self) -> Self {
        self.flags |= 0x0200;
        self.and("truncated")
    }

    pub(crate) fn flags(mut self, flags: u16, said: &str) -> Self {
        self.flags = flags;
        self.and(said)
    }

    pub(crate) fn other_id(mut self, by: u16) -> Self {
        self.id = by;
        self.and("with another id")
    }

    pub(crate) fn from(mut self, from: ([u8; 4], u16)) -> Self {
        self.from = from.into();
        let from = self.from;
        self.and(&format!("from {from}"))
    }

    pub(crate) fn questions(mut self, questions: &[(&str, u16, u16)]) -> Self {
        let owned = questions.iter().map(|&(name, qtype, class)| (name.to_owned(), qtype, class));
        self.questions = Some(owned.collect());
        let asked = questions
            .iter()
            .map(|(name, qtype, class)| format!("{name} {} in class {class}", named(*qtype)));
        let said = match asked.collect::<Vec<_>>().join(" and ") {
            none if none.is_empty() => "without a question".to_owned(),
            asked => format!("to another question: {asked}"),
        };
        self.and(&said)
    }

    pub(crate) fn raw(mut self, behind_the_id: &[u8], said: &str) -> Self {
        self.raw = Some(behind_the_id.to_vec());
        self.and(said)
    }

    /// Its octets, in return for this query.
    fn octets(&self, query: &[u8]) -> Vec<u8> {
        let id = u16::from_be_bytes([query[0], query[1]]).wrapping_add(self.id).to_be_bytes();
        if let Some(raw) = &self.raw {
            return [&id, &raw[..]].concat();
        }
        let question = match &self.questions {
            None => query[12..].to_vec(),
            Some(other) => other.iter().flat_map(|(n, t, c)| question(n, *t, *c)).collect(),
        };
        let count = |count: usize| u16::try_from(count).expect("few").to_be_bytes();
        let questions = self.questions.as_ref().map_or(1, Vec::len);
        let counts = [questions, self.answers.len(), self.authorities.len(), 0].map(count);
        let header = [id, self.flags.to_be_bytes()].into_iter().chain(counts).flatten();
        let records = self.answers.iter().chain(&self.authorities).flatten().copied();
        header.chain(question).chain(records).collect()
    }
}

/// What the resolver must ask next, and what comes then.
pub(crate) struct Exchange {
    tcp: bool,
    name: String,
    qtype: u16,
    replies: Vec<Reply>,
}

/// A query over UDP.
pub(crate) fn udp(name: &str, qtype: u16, replies: impl Into<Vec<Reply>>) -> Exchange {
    Exchange { tcp: false, name: name.into(), qtype, replies: replies.into() }
}

/// A query over TCP, and its reply; `None`: the connection fails.
pub(crate) fn tcp(name: &str, qtype: u16, reply: impl Into<Option<Reply>>) -> Exchange {
    Exchange { tcp: true, replies: reply.into().into_iter().collect(), ..udp(name, qtype, []) }
}

/// The network of one call to `resolve`.
pub(crate) struct Net {
    c: Check,
    random: Random,
    /// Ids that were given since the last query, and those of the queries.
    drawn: Vec<u16>,
    used: Vec<u16>,
    script: VecDeque<Exchange>,
    /// What will come in return for the query sent last.
    coming: VecDeque<(SocketAddr, Vec<u8>, String)>,
}

impl Net {
    pub(crate) fn new(c: &Check, script: Vec<Exchange>, seed: u64) -> Self {
        let (drawn, used, coming) = Default::default();
        let random = Random::new(seed);
        Self { c: c.clone(), random, drawn, used, script: script.into(), coming }
    }

    /// What should have been asked, and was not.
    pub(crate) fn missing(&self) -> Option<String> {
        self.script.front().map(|next| {
            let over = if next.tcp { "TCP" } else { "UDP" };
            format!("{} {} was not asked for over {over}", next.name, named(next.qtype))
        })
    }

    /// Checks a query against the script. An answer that asks what it should not is stopped here.
    fn asked(&mut self, query: &[u8], tcp: bool) -> Exchange {
        let over = if tcp { "TCP" } else { "UDP" };
        let asked = told(query);
        let Some(next) = self.script.pop_front() else {
            self.c
                .stop(format!("your code asked for {asked} over {over}: there was nothing to ask"));
        };
        let mut want = vec![1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        want.extend(question(&next.name, next.qtype, IN));
        if next.tcp != tcp || query.get(2..) != Some(&want[..]) {
            let (name, qtype) = (&next.name, named(next.qtype));
            let should = if next.tcp { "TCP" } else { "UDP" };
            self.c.stop(format!(
                "your code asked for {asked} over {over}, and not for {name} {qtype} over {should}"
            ));
        }
        let id = u16::from_be_bytes([query[0], query[1]]);
        let given: Vec<_> = self.drawn.drain(..).collect();
        if !given.contains(&id) {
            // One that was drawn for a query before cannot be told in advance.
            self.c.suspect((!self.used.contains(&id)).then_some(&PREDICTABLE));
            let given: Vec<_> = given.iter().map(|id| format!("{id:#06x}")).collect();
            let given = if given.is_empty() { "none for it".into() } else { given.join(" and ") };
            self.c.stop(format!("the query's id is {id:#06x}; `random_id` gave {given}"));
        }
        self.used.push(id);
        self.c.did(format!("your code asked for {asked} over {over}"));
        next
    }
}

impl Network for Net {
    fn random_id(&mut self) -> u16 {
        let id = u16::from_be_bytes(self.random.bytes(2).try_into().expect("two"));
        self.drawn.push(id);
        id
    }

    fn send(&mut self, query: &[u8]) {
        let next = self.asked(query, false);
        let come = |reply: Reply| (reply.from, reply.octets(query), reply.said);
        self.coming = next.replies.into_iter().map(come).collect();
    }

    fn receive(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        let Some((from, octets, said)) = self.coming.pop_front() else {
            self.c.did("nothing more came, and the time to wait was over");
            return None;
        };
        self.c.did(format!("there came {said}"));
        Some((from, octets))
    }

    fn ask_over_tcp(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let next = self.asked(query, true);
        let Some(reply) = next.replies.first() else {
            self.c.did("the connection failed");
            return None;
        };
        self.c.did(format!("there came {}", reply.said));
        Some(reply.octets(query))
    }
}

/// What a query asks, as far as it can be read.
fn told(query: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = query.get(12..).unwrap_or_default();
    while let [length @ 1..=63, more @ ..] = rest {
        let Some((label, behind)) = more.split_at_checked(usize::from(*length)) else { break };
        labels.push(String::from_utf8_lossy(label).into_owned());
        rest = behind;
    }
    match rest {
        [0, upper, lower, ..] => {
            format!("{} {}", labels.join("."), named(u16::from_be_bytes([*upper, *lower])))
        }
        _ => format!("something that is no query, {} octets,", query.len()),
    }
}

/// A name's octets.
fn octets(name: &str) -> Vec<u8> {
    let label =
        |label: &str| [&[u8::try_from(label.len()).expect("short")], label.as_bytes()].concat();
    name.split('.').flat_map(label).chain([0]).collect()
}

fn question(name: &str, qtype: u16, class: u16) -> Vec<u8> {
    [octets(name), [qtype, class].map(u16::to_be_bytes).concat()].concat()
}

fn record(name: &str, rtype: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short").to_be_bytes();
    [&question(name, rtype, IN), &ttl.to_be_bytes()[..], &length, data].concat()
}
