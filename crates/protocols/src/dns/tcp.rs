//! The name server over TCP: each message with its length in front (RFC 1035 §4.2.2, RFC 7766).
//!
//! ```text
//!   00 1D │ 29 octets of query │ 00 1D │ the next one, maybe before the answer to the first │ …
//! ```

use std::sync::Arc;
use std::time::Duration;

use client_server::output::HIGH_WATER;
use client_server::{Context, Next, Session, Time};

use super::server::{Server, Transport};
use super::zone::Zones;

/// How long a connection may be silent between two queries (RFC 7766 §6.2.3: a few seconds)…
pub const IDLE: Duration = Duration::from_secs(10);
/// …and how long a query may take from its first octet to its last.
pub const REQUEST: Duration = Duration::from_secs(5);

/// One connection.
#[derive(Debug)]
pub struct Connection {
    server: Server,
    /// What came and was not answered: part of a message, or several when answers pile up. What a shell gives at
    /// once, and one message, are the most, since nothing is read while much waits to be sent.
    waiting: Vec<u8>,
    idle: Duration,
    request: Duration,
    deadline: Time,
    /// A message has begun and not ended.
    within: bool,
    /// The peer sends no more, or is to.
    last: bool,
}

impl Connection {
    /// A connection that answers from `zones`.
    pub fn new(zones: Arc<Zones>) -> Self {
        let (server, waiting) = (Server::new(zones), Vec::new());
        let (idle, request, deadline) = (IDLE, REQUEST, Time::ZERO);
        Self { server, waiting, idle, request, deadline, within: false, last: false }
    }

    /// The same with other times than [`IDLE`] and [`REQUEST`].
    #[must_use]
    pub fn patient(self, idle: Duration, request: Duration) -> Self {
        Self { idle, request, ..self }
    }

    /// Answers what is there in whole, in its order, until much waits to be sent.
    fn answer(&mut self, cx: &mut Context<'_>) -> Next {
        let mut done = 0;
        let mut answered = false;
        while let Some((message, rest)) = first_message(&self.waiting[done..]) {
            if cx.output.pending() > HIGH_WATER {
                break; // We are called again when the peer has taken some of it.
            }
            // Length and message in one piece (RFC 7766 §8): no packet for two octets.
            if let Some(response) = self.server.respond(message, Transport::Tcp) {
                let length = u16::try_from(response.len()).expect("65,535 octets are the limit");
                cx.output.extend(&length.to_be_bytes());
                cx.output.extend(response);
            } else if message.len() < super::message::HEADER {
                return Next::Close; // Whatever it speaks, it is not DNS.
            }
            answered = true;
            done = self.waiting.len() - rest.len();
        }
        self.waiting.drain(..done);
        let piled = cx.output.pending() > HIGH_WATER;
        if self.last && !piled {
            return Next::Close;
        }
        self.wait(cx.now, answered);
        Next::Continue
    }

    /// A query that has begun has its own time; an octet now and then does not move it.
    fn wait(&mut self, now: Time, answered: bool) {
        let within = !self.waiting.is_empty();
        if answered || within != self.within {
            self.deadline = now + if within { self.request } else { self.idle };
        }
        self.within = within;
    }
}

/// The first whole message, and what follows it.
fn first_message(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

impl Session for Connection {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = cx.now + self.idle;
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.waiting.extend_from_slice(bytes);
        self.answer(cx)
    }

    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        self.last = true;
        self.answer(cx)
    }

    fn flushed(&mut self, cx: &mut Context<'_>) -> Next {
        self.answer(cx)
    }

    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        self.last = true;
        self.answer(cx)
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Message, Question, Type, Zone};
    use client_server::Output;
    use client_server::output::Chunk;

    struct Talk(Connection, Output, Time);

    impl Talk {
        fn new() -> Self {
            let big: String = (0..200).map(|n| format!("big TXT \"{n:0250}\"\n")).collect();
            let text =
                "$ORIGIN x.\n$TTL 1\n@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.1\n".to_owned();
            let zones = [Zone::parse(&(text + &big), None).expect("a zone")].into_iter().collect();
            let mut new = Self(Connection::new(Arc::new(zones)), Output::new(), Time::ZERO);
            assert_eq!(new.at(0, Session::opened), Next::Continue);
            new
        }

        fn at(
            &mut self,
            second: u64,
            f: impl FnOnce(&mut Connection, &mut Context<'_>) -> Next,
        ) -> Next {
            self.2 = Duration::from_secs(second);
            f(&mut self.0, &mut context(self.2, &mut self.1))
        }

        fn receive(&mut self, second: u64, bytes: &[u8]) -> Next {
            self.at(second, |session, cx| session.received(bytes, cx))
        }

        fn sent(&mut self) -> Vec<u8> {
            let mut all = Vec::new();
            while let Some(Chunk::Bytes { bytes, .. }) = self.1.front() {
                let count = bytes.len() as u64;
                all.extend_from_slice(bytes);
                self.1.advance(count);
            }
            all
        }

        fn deadline(&self) -> u64 {
            self.0.deadline().expect("there is always one").as_secs()
        }
    }

    fn context(now: Time, output: &mut Output) -> Context<'_> {
        Context::new(now, output)
    }

    fn query(id: u16, name: &str, qtype: Type) -> Vec<u8> {
        let message = Message::query(id, Question::new(name.parse().unwrap(), qtype), false);
        let octets = message.emit(512).expect("it fits");
        [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], &octets].concat()
    }

    fn ids(mut octets: &[u8]) -> Vec<u16> {
        let mut ids = Vec::new();
        while let Some((message, rest)) = first_message(octets) {
            ids.push(Message::parse(message).expect("a message").header.id);
            octets = rest;
        }
        assert!(octets.is_empty());
        ids
    }

    #[test]
    fn messages_are_answered_however_they_are_cut() {
        let stream: Vec<u8> = (1..4).flat_map(|id| query(id, "a.x", Type::A)).collect();
        for cut in 1..stream.len() {
            let mut talk = Talk::new();
            assert_eq!(talk.receive(0, &stream[..cut]), Next::Continue);
            assert_eq!(talk.receive(0, &stream[cut..]), Next::Continue);
            assert_eq!(ids(&talk.sent()), [1, 2, 3], "{cut}");
            assert_eq!(talk.at(0, Session::ended), Next::Close);
        }
    }

    #[test]
    fn silence_and_slowness_end() {
        let mut talk = Talk::new();
        assert_eq!(talk.deadline(), 10);
        let whole = query(1, "a.x", Type::A);
        for (second, octet) in (3..).zip(&whole[..whole.len() - 1]) {
            let _ = talk.receive(second, &[*octet]);
            assert_eq!(talk.deadline(), 8, "from the first octet on");
        }
        let _ = talk.receive(7, &whole[whole.len() - 1..]);
        assert_eq!(talk.deadline(), 17);
        let _ = talk.receive(9, b"\x01\xf4");
        assert_eq!(talk.deadline(), 14);
        assert_eq!(talk.at(14, Session::expired), Next::Close);
        assert_eq!(Talk::new().receive(0, b"\0\x03abc"), Next::Close, "no DNS");
        assert_eq!(Talk::new().receive(0, b"\0\0"), Next::Close);
    }

    #[test]
    fn answers_that_nobody_takes_do_not_pile_up() {
        let mut talk = Talk::new();
        // 51 kB each.
        let many: Vec<u8> = (0..100).flat_map(|id| query(id, "big.x", Type::TXT)).collect();
        assert_eq!(talk.receive(0, &many), Next::Continue);
        assert!(talk.1.pending() < HIGH_WATER + 65_537);
        assert_eq!(talk.at(0, Session::ended), Next::Continue, "there is more to say");
        let mut all = Vec::new();
        for _ in 0..100 {
            all.extend(talk.sent());
            if talk.at(1, Session::flushed) == Next::Close {
                break;
            }
        }
        all.extend(talk.sent());
        assert_eq!(ids(&all), (0..100).collect::<Vec<_>>());
    }
}
