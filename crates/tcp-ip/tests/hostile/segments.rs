//! What only a connection can decide: each case is sent to a host, and its answers are looked at.

use std::net::IpAddr;

use tcp_ip::Instant;
use tcp_ip::ip::{Pseudo, v4};
use tcp_ip::tcp::isn::IsnGenerator;
use tcp_ip::tcp::{Config, Connection, Flags, Handle, Header, Seq, Stack, State};

use crate::cases::{Case, all};

const HOST: [u8; 4] = [192, 0, 2, 2];
const PEER: [u8; 4] = [192, 0, 2, 1];

/// The host, and the connection that the case speaks of.
struct Subject {
    stack: Stack,
    connection: Option<Handle>,
}

impl Subject {
    /// Opens the connection as the case has it: `rcv.nxt=1000 rcv.wnd=1000 …`.
    fn new(case: &Case) -> Self {
        let value = |name: &str| -> u32 {
            let state = case.state.as_deref().unwrap_or_default();
            let field = state.split([' ', '=']).skip_while(|word| *word != name).nth(1);
            let field = field.unwrap_or_else(|| panic!("{}: {name} in {state}", case.name));
            field.parse().unwrap()
        };
        let address = IpAddr::from(HOST);
        let Some(_) = &case.state else {
            let stack = Stack::new(&[address], 1_500, Config::default());
            return Self { stack, connection: None };
        };
        let (nxt, window) = (Seq(value("rcv.nxt")), value("rcv.wnd"));
        let una = Seq(value("snd.nxt"));
        let config = Config { receive_buffer: window as usize, ..Config::default() };
        let isn = IsnGenerator::fixed(una - 1);
        let mut stack = Stack::with_isn(&[address], 1_500, config, isn);
        stack.listen(80, 1).unwrap();
        let mut subject = Self { stack, connection: None };
        let syn = Header {
            source: 40_000,
            destination: 80,
            sequence: nxt - 1,
            flags: Flags::SYN,
            window: 64_000,
            ..Header::default()
        };
        subject.say(&syn);
        subject.say(&Header { sequence: nxt, acknowledgment: una, flags: Flags::ACK, ..syn });
        subject.connection = subject.stack.accept(80);
        assert_eq!(subject.state(), Some(State::Established));
        subject
    }

    fn say(&mut self, header: &Header) -> Vec<Header> {
        let (source, destination) = (PEER.into(), HOST.into());
        let mut segment = Vec::new();
        header.emit(&Pseudo::V4 { source, destination }, &[], &mut segment);
        let mut packet = Vec::new();
        let ip = v4::Header::new(source, destination, tcp_ip::ip::Protocol::TCP);
        ip.emit(&segment, &mut packet);
        self.hear(&packet)
    }

    /// Gives a packet to the host; the segments that it answers.
    fn hear(&mut self, packet: &[u8]) -> Vec<Header> {
        self.stack.packet(Instant::ZERO, packet);
        let mut answers = Vec::new();
        let mut packet = Vec::new();
        while self.stack.poll(Instant::ZERO, &mut packet) {
            let (ip, segment) = v4::Header::parse(&packet).unwrap();
            let pseudo = Pseudo::V4 { source: ip.source, destination: ip.destination };
            if let Ok((header, _)) = Header::parse(segment, &pseudo) {
                answers.push(header);
            }
            packet.clear();
        }
        answers
    }

    fn state(&self) -> Option<State> {
        self.stack.connection(self.connection?).map(Connection::state)
    }

    /// The numbers of an answer as the list writes them: `seq=5000 ack=1000`.
    fn numbers(answer: &Header) -> String {
        format!("seq={} ack={}", answer.sequence, answer.acknowledgment)
    }
}

#[test]
fn each_case_has_the_answer_that_the_list_says() {
    for case in all() {
        let mut subject = Subject::new(&case);
        let answers: Vec<_> = case.packets.iter().flat_map(|packet| subject.hear(packet)).collect();
        let alive = subject.state() == Some(State::Established);
        let right = match case.expect.as_str() {
            expect if expect.starts_with("udp") => true, // No port here: see `headers`.
            "silence" => answers.is_empty() && (case.state.is_none() || alive),
            "reset or silence" => answers.iter().all(|answer| answer.flags.contains(Flags::RST)),
            "closed by reset" => answers.is_empty() && subject.state() == Some(State::Closed),
            expect if expect.starts_with("challenge") => {
                let challenge = answers.iter().map(Subject::numbers).collect::<Vec<_>>();
                let flags = answers.iter().all(|answer| answer.flags == Flags::ACK);
                alive && flags && challenge.len() == 1 && expect.contains(&challenge[0])
            }
            expect if expect.starts_with("answer") => {
                let [answer] = &answers[..] else { panic!("{}: {answers:?}", case.name) };
                expect.contains(&answer.flags.to_string())
                    && expect.contains(&Subject::numbers(answer))
                    && (answer.window == 0 || !expect.contains("window=0"))
            }
            expect if expect.starts_with("delivers") => delivers(&mut subject, expect, &answers),
            other => panic!("{}: what is {other}?", case.name),
        };
        assert!(right, "{}: {answers:?}, but expected: {}", case.name, case.expect);
    }
}

/// `delivers TEXT [or TEXT] ack=N`.
fn delivers(subject: &mut Subject, expect: &str, answers: &[Header]) -> bool {
    let (texts, ack) = expect.rsplit_once(" ack=").unwrap();
    let texts = texts.strip_prefix("delivers").unwrap().trim();
    let connection = subject.connection.unwrap();
    let connection = subject.stack.connection_mut(connection).unwrap();
    let mut octets = [0; 100];
    let length = connection.receive(&mut octets);
    let delivered = octets[..length].escape_ascii().to_string();
    // What is acknowledged later goes with the delayed acknowledgment.
    let mut later = Vec::new();
    if let Some(at) = connection.deadline() {
        connection.on_timeout(at);
        later.extend(connection.poll_transmit(at).map(|segment| segment.header));
    }
    let acknowledged = answers.iter().chain(&later).next_back().map(|header| header.acknowledgment);
    texts.split(" or ").any(|text| text == delivered)
        && acknowledged == Some(Seq(ack.trim().parse().unwrap()))
}
