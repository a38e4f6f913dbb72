//! A client's side of the conversation, without I/O: replies in, what to send next out.
//!
//! Each recipient has a [`Fate`] of its own: a server may take one, refuse another for good and ask for patience with
//! a third. And there is one moment at which a client cannot know: the final dot is sent, and no
//! reply comes. The server may have the message or not (RFC 1047). That is [`Fate::Uncertain`], and
//! whoever sends such a message again may double it: so nothing here does.
//!
//! What a server announces is used, and nothing else: PIPELINING, SIZE, 8BITMIME, SMTPUTF8.

use std::collections::VecDeque;

use super::address::Mailbox;
use super::reply::{Class, Reply};

/// Commands that are sent before their replies are read. Their replies fit into any socket's buffer,
/// so neither side waits for the other (RFC 2920 §3.1).
const GROUP: usize = 100;

/// Who sends what to whom.
#[derive(Debug, Clone)]
pub struct Letter {
    /// `None`: `<>`.
    pub sender: Option<Mailbox>,
    /// At least one.
    pub recipients: Vec<Mailbox>,
    /// The message, with CR LF at the end of each line: see [`with_crlf`](super::data::with_crlf).
    pub text: Vec<u8>,
}

/// What became of a letter to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Nothing yet.
    Open,
    /// The server took the recipient, and has not got the message.
    Named,
    /// The server has the message: it said so.
    Delivered(String),
    /// It will not have it, whenever asked: 5yz, or something that it would need and does not offer.
    Refused(String),
    /// Not now: 4yz, or it could not be asked, or hung up before the end. To be tried again, later.
    Deferred(String),
    /// The end was sent, and no reply came.
    Uncertain(String),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these commands, then read.
    Send(Vec<u8>),
    /// Read the next reply.
    Read,
    /// Send the message and its end, then read.
    SendText,
    /// Send a dot alone, then read: there is nobody to send the message to.
    SendNothing,
    /// All is said. QUIT.
    Quit,
}

/// What a step waits for; how long is in [`send`](super::send).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The server's greeting.
    Greeting,
    /// The reply to EHLO.
    Ehlo,
    /// The reply to HELO.
    Helo,
    /// Replies to MAIL and RCPT.
    Envelope,
    /// The reply to DATA.
    Data,
    /// The reply to the message's end.
    Final,
    /// The reply to the end of nothing.
    Nothing,
    /// No reply.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Mail,
    Rcpt(usize),
    Data,
}

/// What the server announced.
#[derive(Debug, Clone, Copy, Default)]
struct Offered {
    pipelining: bool,
    eight_bit: bool,
    utf8: bool,
    size: bool,
    /// RFC 1870 §4; 0, or none, is no limit that it would tell.
    limit: u64,
}

/// One connection's conversation.
#[derive(Debug)]
pub struct Client<'a> {
    letter: &'a Letter,
    name: &'a str,
    /// Do not say EHLO: a server hung up at it.
    old: bool,
    phase: Phase,
    offered: Offered,
    /// Commands whose replies are to come…
    sent: VecDeque<Sent>,
    /// …and those that are to be sent.
    unsent: VecDeque<Sent>,
    /// MAIL was refused, and with what.
    refused: Option<Fate>,
    fates: Vec<Fate>,
}

impl<'a> Client<'a> {
    /// A conversation that has not begun. `name` is what the client calls itself; `old`: with HELO
    /// and without EHLO.
    pub fn new(letter: &'a Letter, name: &'a str, old: bool) -> Self {
        Self {
            letter,
            name,
            old,
            phase: Phase::Greeting,
            offered: Offered::default(),
            sent: VecDeque::new(),
            unsent: VecDeque::new(),
            refused: None,
            fates: vec![Fate::Open; letter.recipients.len()],
        }
    }

    /// What is waited for.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What became of the letter, in the order of the recipients.
    pub fn fates(&self) -> &[Fate] {
        &self.fates
    }

    /// A reply has come.
    pub fn reply(&mut self, reply: &Reply) -> Step {
        // RFC 5321 §3.8: the server may say 421 to anything, and hangs up.
        if reply.code == 421 {
            self.settle(&Fate::Deferred(reply.to_string()));
            return self.quit();
        }
        match self.phase {
            Phase::Greeting => self.greeted(reply),
            Phase::Ehlo | Phase::Helo => self.welcomed(reply),
            Phase::Envelope | Phase::Data => self.answered(reply),
            Phase::Final => self.finished(reply),
            Phase::Nothing | Phase::Over => self.quit(),
        }
    }

    /// The connection is lost, or cannot be understood. What the end was sent for is uncertain;
    /// for all others it is as if the server had said 451 (RFC 5321 §3.8).
    pub fn lost(&mut self, why: &str) {
        if self.phase == Phase::Final {
            for fate in self.fates.iter_mut().filter(|fate| **fate == Fate::Named) {
                *fate = Fate::Uncertain(why.to_owned());
            }
        }
        self.settle(&Fate::Deferred(why.to_owned()));
        self.phase = Phase::Over;
    }

    /// The server stopped taking the message before its end, with this reply.
    pub fn interrupted(&mut self, reply: &Reply) {
        self.settle(&fate_of(reply));
        self.phase = Phase::Over;
    }

    /// All but the message's end is sent. From here on a lost connection is uncertain.
    pub fn ending(&mut self) {
        self.phase = Phase::Final;
    }

    fn greeted(&mut self, reply: &Reply) -> Step {
        if reply.class() != Class::Completion {
            return self.give_up(reply);
        }
        let (verb, phase) = if self.old { ("HELO", Phase::Helo) } else { ("EHLO", Phase::Ehlo) };
        self.phase = phase;
        Step::Send(format!("{verb} {}\r\n", self.name).into_bytes())
    }

    fn welcomed(&mut self, reply: &Reply) -> Step {
        match (reply.class(), self.phase) {
            (Class::Completion, Phase::Ehlo) => self.offered = read_offer(&reply.lines[1..]),
            (Class::Completion, _) => {}
            // RFC 5321 §3.2: a server that knows no EHLO says 500 or 502, or something else of 5.
            (Class::Permanent, Phase::Ehlo) => {
                self.phase = Phase::Helo;
                return Step::Send(format!("HELO {}\r\n", self.name).into_bytes());
            }
            _ => return self.give_up(reply),
        }
        self.look_for_hindrances();
        self.begin_transaction()
    }

    /// What the server would have to offer, and does not: to ask would be of no use.
    fn look_for_hindrances(&mut self) {
        let Letter { sender, recipients, text } = self.letter;
        let size = text.len() as u64;
        let utf8_header = !header(text).is_ascii();
        let everybody = if self.offered.limit > 0 && size > self.offered.limit {
            Some(format!(
                "the message has {size} octets, and the server takes {}",
                self.offered.limit
            ))
        } else if (utf8_header || sender.as_ref().is_some_and(Mailbox::needs_utf8))
            && !self.offered.utf8
        {
            Some(
                "the sender or the header needs SMTPUTF8, which the server does not offer"
                    .to_owned(),
            )
        } else if !text.is_ascii() && !self.offered.eight_bit {
            Some("the message needs 8BITMIME, which the server does not offer".to_owned())
        } else {
            None
        };
        for (fate, recipient) in self.fates.iter_mut().zip(recipients) {
            if let Some(why) = &everybody {
                *fate = Fate::Refused(why.clone());
            } else if recipient.needs_utf8() && !self.offered.utf8 {
                *fate = Fate::Refused(
                    "the address needs SMTPUTF8, which the server does not offer".into(),
                );
            }
        }
    }

    /// MAIL, an RCPT for each that is open, DATA.
    fn begin_transaction(&mut self) -> Step {
        let open = |index: &usize| self.fates[*index] == Fate::Open;
        let open: Vec<usize> = (0..self.fates.len()).filter(open).collect();
        if open.is_empty() {
            return self.quit();
        }
        self.refused = None;
        self.unsent = [Sent::Mail]
            .into_iter()
            .chain(open.into_iter().map(Sent::Rcpt))
            .chain([Sent::Data])
            .collect();
        self.go_on()
    }

    /// Sends the next command, or the next group.
    fn go_on(&mut self) -> Step {
        if !self.sent.is_empty() {
            return Step::Read;
        }
        let mut bytes = Vec::new();
        let most = if self.offered.pipelining { GROUP } else { 1 };
        while self.sent.len() < most {
            let Some(command) = self.unsent.pop_front() else { break };
            if command == Sent::Data
                && !self.offered.pipelining
                && !self.fates.contains(&Fate::Named)
            {
                return self.quit(); // RFC 5321 §3.3: no recipient, no DATA.
            }
            bytes.extend_from_slice(self.command(command).as_bytes());
            self.sent.push_back(command);
        }
        self.phase =
            if self.sent.front() == Some(&Sent::Data) { Phase::Data } else { Phase::Envelope };
        Step::Send(bytes)
    }

    fn command(&self, command: Sent) -> String {
        match command {
            Sent::Rcpt(index) => format!("RCPT TO:<{}>\r\n", self.letter.recipients[index]),
            Sent::Data => "DATA\r\n".to_owned(),
            Sent::Mail => {
                let Letter { sender, recipients, text } = self.letter;
                let sender = sender.as_ref().map_or("", Mailbox::as_str);
                let mut line = format!("MAIL FROM:<{sender}>");
                if self.offered.size {
                    line += &format!(" SIZE={}", text.len());
                }
                if !text.is_ascii() {
                    line += " BODY=8BITMIME";
                }
                let addresses = sender.is_ascii() && !recipients.iter().any(Mailbox::needs_utf8);
                if self.offered.utf8 && (!addresses || !header(text).is_ascii()) {
                    line += " SMTPUTF8";
                }
                line + "\r\n"
            }
        }
    }

    /// The reply to a command of the envelope.
    fn answered(&mut self, reply: &Reply) -> Step {
        let Some(command) = self.sent.pop_front() else { return self.quit() };
        match (command, reply.class()) {
            // What stands behind a MAIL that was refused says nothing of the recipients.
            (Sent::Rcpt(_), _) if self.refused.is_some() => {}
            (Sent::Mail, Class::Completion) => {}
            (Sent::Mail, _) => {
                self.refused = Some(fate_of(reply));
                if !self.offered.pipelining {
                    self.unsent.clear();
                }
            }
            (Sent::Rcpt(index), Class::Completion) => self.fates[index] = Fate::Named,
            // RFC 5321 §4.5.3.1.10: some servers say 552 for too many recipients, and mean 452.
            (Sent::Rcpt(index), _) if reply.code == 552 => {
                self.fates[index] = Fate::Deferred(reply.to_string());
            }
            (Sent::Rcpt(index), _) => self.fates[index] = fate_of(reply),
            (Sent::Data, class) => return self.invited(class, reply),
        }
        if self.unsent.is_empty() && self.sent.is_empty() {
            self.settle_refused();
            return self.quit();
        }
        if self.sent.front() == Some(&Sent::Data) {
            self.phase = Phase::Data;
        }
        self.go_on()
    }

    /// The reply to DATA.
    fn invited(&mut self, class: Class, reply: &Reply) -> Step {
        let anybody = self.refused.is_none() && self.fates.contains(&Fate::Named);
        match class {
            Class::Intermediate if anybody => Step::SendText,
            // RFC 2920 §3.1: with nobody to send it to, the message is a dot alone.
            Class::Intermediate => {
                self.settle_refused();
                self.phase = Phase::Nothing;
                Step::SendNothing
            }
            _ => {
                self.settle_refused();
                self.settle(&fate_of(reply));
                self.quit()
            }
        }
    }

    /// The reply to the message.
    fn finished(&mut self, reply: &Reply) -> Step {
        let fate = match reply.class() {
            Class::Completion => Fate::Delivered(reply.to_string()),
            Class::Intermediate => {
                Fate::Uncertain(format!("the server answered the message with {reply}"))
            }
            Class::Transient | Class::Permanent => fate_of(reply),
        };
        let delivered = reply.class() == Class::Completion;
        for named in self.fates.iter_mut().filter(|fate| **fate == Fate::Named) {
            *named = fate.clone();
        }
        // RFC 5321 §4.5.3.1.10: those that were too many go into a transaction of their own, at
        // once; each has fewer left, since at least one was taken.
        let too_many = |fate: &Fate| matches!(fate, Fate::Deferred(said) if said.starts_with("452") || said.starts_with("552"));
        if delivered && self.fates.iter().any(too_many) {
            for fate in self.fates.iter_mut().filter(|fate| too_many(fate)) {
                *fate = Fate::Open;
            }
            return self.begin_transaction();
        }
        self.quit()
    }

    fn settle_refused(&mut self) {
        if let Some(fate) = self.refused.take() {
            self.settle(&fate);
        }
    }

    /// Gives this fate to all that have none yet.
    fn settle(&mut self, fate: &Fate) {
        let undecided = |one: &&mut Fate| matches!(one, Fate::Open | Fate::Named);
        self.fates.iter_mut().filter(undecided).for_each(|one| *one = fate.clone());
    }

    fn give_up(&mut self, reply: &Reply) -> Step {
        self.settle(&fate_of(reply));
        self.quit()
    }

    fn quit(&mut self) -> Step {
        self.settle(&Fate::Deferred("the conversation ended early".into()));
        self.phase = Phase::Over;
        Step::Quit
    }
}

/// The fate that a reply means which is not what was hoped for.
fn fate_of(reply: &Reply) -> Fate {
    match reply.class() {
        Class::Permanent => Fate::Refused(reply.to_string()),
        Class::Transient => Fate::Deferred(reply.to_string()),
        // Out of place: 250 to DATA, 354 to MAIL. It is not known what the server means.
        Class::Completion | Class::Intermediate => {
            Fate::Deferred(format!("the server answered out of place: {reply}"))
        }
    }
}

/// A message up to its empty line.
fn header(text: &[u8]) -> &[u8] {
    let end = text.windows(4).position(|four| four == b"\r\n\r\n");
    &text[..end.unwrap_or(text.len())]
}

/// The extensions in EHLO's reply; keywords have no case (RFC 5321 §2.4, §4.1.1.1).
fn read_offer(lines: &[String]) -> Offered {
    let mut offered = Offered::default();
    for line in lines {
        let mut words = line.split_ascii_whitespace();
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "PIPELINING" => offered.pipelining = true,
            "8BITMIME" => offered.eight_bit = true,
            "SMTPUTF8" => offered.utf8 = true,
            "SIZE" => {
                offered.size = true;
                offered.limit = words.next().and_then(|limit| limit.parse().ok()).unwrap_or(0);
            }
            _ => {}
        }
    }
    offered
}
