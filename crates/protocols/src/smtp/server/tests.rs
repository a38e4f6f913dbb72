//! Conversations, whole and one byte at a time.

use client_server::output::Chunk;
use client_server::{Context, Output};

use super::*;
use crate::smtp::store::Memory;

const SECOND: Duration = Duration::from_secs(1);

struct Conversation {
    server: Server<Memory>,
    session: Smtp<Memory>,
    output: Output,
    now: Time,
    next: Next,
}

impl Conversation {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let server = Server::new(config, Memory::default());
        let session = server.session(Some(IpAddr::from([127, 0, 0, 1])));
        let (output, now, next) = (Output::new(), Time::ZERO, Next::Continue);
        let mut new = Self { server, session, output, now, next };
        new.ask(Session::opened);
        assert_eq!(new.replies(), ["220"]);
        new
    }

    fn ask(&mut self, ask: impl FnOnce(&mut Smtp<Memory>, &mut Context<'_>) -> Next) {
        if self.next == Next::Continue {
            self.next = ask(&mut self.session, &mut Context::new(self.now, &mut self.output));
        }
    }

    /// Sends, `most` bytes at a time.
    fn send(&mut self, bytes: &[u8], most: usize) {
        for piece in bytes.chunks(most) {
            self.ask(|session, cx| session.received(piece, cx));
        }
    }

    fn text(&mut self) -> String {
        let mut text = Vec::new();
        while let Some(Chunk::Bytes { bytes, .. }) = self.output.front() {
            let count = bytes.len() as u64;
            text.extend_from_slice(bytes);
            self.output.advance(count);
        }
        String::from_utf8(text).expect("text")
    }

    /// The codes of the replies that have come.
    fn replies(&mut self) -> Vec<String> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
        let lines = text.split_terminator("\r\n");
        lines.filter(|line| line.as_bytes()[3] == b' ').map(|line| line[..3].to_owned()).collect()
    }

    fn stored(&self) -> Vec<String> {
        let text = |message| String::from_utf8(message).expect("text");
        self.server.store().messages().into_iter().map(text).collect()
    }
}

/// Sends whole, and byte by byte: the replies' codes, whether it goes on, and what was stored.
fn converse(bytes: &[u8]) -> (String, Next, Vec<String>) {
    let outcome = |most| {
        let mut one = Conversation::new();
        one.send(bytes, most);
        (one.replies().join(" "), one.next, one.stored())
    };
    let (whole, single) = (outcome(bytes.len().max(1)), outcome(1));
    let bodies = |stored: &[String]| -> Vec<String> {
        stored.iter().map(|text| text.split_once("\n by ").expect("a trace").1.to_owned()).collect()
    };
    assert_eq!((&whole.0, whole.1), (&single.0, single.1), "{}", bytes.escape_ascii());
    assert_eq!(bodies(&whole.2).len(), bodies(&single.2).len());
    whole
}

#[test]
fn a_message_is_stored_with_its_trace() {
    let (codes, next, stored) = converse(
        b"EHLO client.example\r\nMAIL FROM:<a@x> SIZE=30 BODY=8BITMIME\r\nRCPT TO:<b@y>\r\n\
          RCPT TO:<Postmaster>\r\nDATA\r\nSubject: t\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
    );
    assert_eq!(
        (codes.as_str(), next),
        ("220 250 250 250 250 354 250 221".trim_start_matches("220 "), Next::Close)
    );
    let [message] = &stored[..] else { panic!("{stored:?}") };
    let start = "Return-Path: <a@x>\nDelivered-To: b@y\nDelivered-To: postmaster\n\
                 Received: from client.example ([127.0.0.1])\n by localhost with ESMTP id m1; ";
    assert!(message.starts_with(start), "{message}");
    assert!(message.ends_with(" +0000\nSubject: t\n\n.dot\n"), "{message}");
}

#[test]
fn commands_have_their_order_and_their_replies() {
    for (sent, codes) in [
        ("MAIL FROM:<a@x>", "503"),
        ("RCPT TO:<a@x>", "503"),
        ("DATA", "503"),
        (
            "NOOP|RSET|HELP|VRFY a|VRFY|EXPN a|STARTTLS|AUTH PLAIN|BDAT 1|XYZZY||QUIT",
            "250 250 214 252 501 502 502 502 502 500 500 221",
        ),
        ("HELO x|MAIL FROM:<a@x>|MAIL FROM:<a@x>|RSET|MAIL FROM:<>", "250 250 503 250 250"),
        ("HELO x|MAIL FROM:<a@x> SIZE=1", "250 555"),
        ("EHLO|EHLO x y|HELO", "501 501 501"),
        (
            "EHLO x|MAIL FROM:<a@x>|DATA|RCPT TO:<bad>|DATA|RCPT TO:<b@y>|EHLO x|DATA",
            "250 250 503 501 554 250 250 503",
        ),
        ("EHLO x|MAIL FROM:<a@x> SIZE=10485761|MAIL FROM:<a@x> SIZE=10485760", "250 552 250"),
        ("EHLO x|MAIL FROM:<pelé@x>|MAIL FROM:<pelé@x> SMTPUTF8|RCPT TO:<é@y>", "250 550 250 250"),
        (
            "EHLO x|MAIL FROM:<a@x>|RCPT TO:<é@y>|RCPT TO:<>|RCPT TO:<@r:b@y>|RCPT TO:<\"a b\"@[127.0.0.1]>",
            "250 250 553 501 250 250",
        ),
        (
            "EHLO x|MAIL FROM:<a@x> FOO|MAIL FROM:a@x|MAIL FROM:<a b@x>|mail from: <a@x>|rcpt to: <b@y>",
            "250 555 501 501 250 250",
        ),
        ("GET / HTTP/1.1|EHLO x", "421"),
    ] {
        let bytes = sent.replace('|', "\r\n") + "\r\n";
        let (got, ..) = converse(bytes.as_bytes());
        assert_eq!(got, codes, "{sent}");
    }
}

#[test]
fn only_crlf_ends_a_command() {
    assert_eq!(converse(b"EHLO x\nMAIL FROM:<a@x>\r\n").0, "500");
    assert_eq!(converse(b"EHLO x\rNOOP\r\nNOOP\r\n").0, "500 250");
    assert_eq!(converse(b"NOOP \0\r\nNOOP\r\n").0, "500 250");
    let long = |verb: &str, length: usize| {
        format!("{verb}{}\r\nNOOP\r\n", " ".repeat(length - 2 - verb.len()))
    };
    assert_eq!(converse(long("NOOP", 512).as_bytes()).0, "250 250");
    assert_eq!(converse(long("NOOP", 513).as_bytes()).0, "500 250");
    let greeting = "EHLO x\r\n";
    assert_eq!(
        converse((greeting.to_owned() + &long("MAIL FROM:<>", 565)).as_bytes()).0,
        "250 250 250"
    );
    assert_eq!(
        converse((greeting.to_owned() + &long("MAIL FROM:<>", 566)).as_bytes()).0,
        "250 500 250"
    );
    assert_eq!(converse(long("NOOP", 100_000).as_bytes()).0, "500 250");
}

const BEGIN: &str = "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n";

#[test]
fn what_is_no_message_is_refused_after_its_end() {
    let hops = "Received: x\r\n".repeat(101);
    let long = format!("{}\r\n", "x".repeat(999));
    for (message, code) in [
        (hops.as_str(), "554"),
        (&hops[13..], "250"),
        (long.as_str(), "500"),
        (&long[1..], "250"),
        ("x\n\r\n", "250"),
    ] {
        let (codes, next, stored) = converse(format!("{BEGIN}{message}.\r\nNOOP\r\n").as_bytes());
        assert_eq!(codes, format!("250 250 250 354 {code} 250"));
        assert_eq!((next, stored.len()), (Next::Continue, usize::from(code == "250")));
    }
    let mut large = Conversation::with(Config { size: 100_000, ..Config::default() });
    large.send(BEGIN.as_bytes(), 99);
    large.send(&b"0123456789abcdef\r\n".repeat(100_000), 4_096);
    large.send(b".\r\nMAIL FROM:<a@x>\r\n", 99);
    assert_eq!(large.replies(), ["250", "250", "250", "354", "552", "250"]);
    assert_eq!(large.stored().len(), 0);
}

#[test]
fn limits_of_a_session() {
    let config = Config { errors: 3, recipients: 100, messages: 2, ..Config::default() };
    let mut errors = Conversation::with(config.clone());
    errors.send(b"X\r\nX\r\nNOOP\r\nX\r\nNOOP\r\n", 99);
    assert_eq!(
        (errors.replies().join(" "), errors.next),
        ("500 500 250 500 421".into(), Next::Close)
    );
    let mut many = Conversation::with(config.clone());
    many.send(b"EHLO x\r\nMAIL FROM:<a@x>\r\n", 99);
    many.send(&b"RCPT TO:<b@y>\r\n".repeat(102), 999);
    let codes = many.replies();
    assert_eq!(codes[2..].iter().filter(|code| *code == "250").count(), 100);
    assert_eq!(codes[102..], ["452", "452"]);
    let mut two = Conversation::with(config);
    let message = "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n.\r\n";
    two.send(format!("EHLO x\r\n{message}{message}{message}").as_bytes(), 9_999);
    assert_eq!((two.stored().len(), two.next), (2, Next::Close));
}

#[test]
fn only_the_domains_that_are_served() {
    let mut one =
        Conversation::with(Config { domains: vec!["y.example".into()], ..Config::default() });
    one.send(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@z>\r\nRCPT TO:<b@Y.example>\r\nRCPT TO:<postmaster>\r\n", 99);
    assert_eq!(one.replies()[2..], ["550", "250", "250"]);
}

#[test]
fn time_and_the_end() {
    let mut idle = Conversation::new();
    idle.now = 10 * SECOND;
    idle.send(b"NOO", 1);
    assert_eq!(idle.session.deadline(), Some(300 * SECOND), "half a command moves nothing");
    idle.ask(Session::expired);
    assert_eq!((idle.replies(), idle.next), (vec!["421".to_owned()], Next::Close));

    let mut cut = Conversation::new();
    cut.send(BEGIN.as_bytes(), 99);
    cut.send(b"Subject: t\r\n\r\npart", 99);
    cut.ask(Session::ended);
    assert_eq!((cut.next, cut.stored().len()), (Next::Close, 0));

    let mut stopping = Conversation::new();
    stopping.send(BEGIN.as_bytes(), 99);
    stopping.ask(Session::draining);
    assert_eq!(stopping.next, Next::Continue, "a message is on its way");
    stopping.send(b"x\r\n.\r\n", 99);
    assert_eq!(
        (stopping.replies().join(" "), stopping.next),
        ("250 250 250 354 250 421".into(), Next::Close)
    );
    assert_eq!(stopping.stored().len(), 1);
}
