//! The session of an SMTP server: greeting, commands, transactions (RFC 5321 §3, §4.1.4).
//!
//! ```text
//!            EHLO          MAIL           RCPT            DATA
//! greeted ────────► idle ────────► mail ────────► rcpts ────────► data
//!                    ▲                              RSET, EHLO      │ CR LF . CR LF
//!                    ├◄─────────────────────────────────────────────┤
//!                    └◄──────────────── 250 or 451 ◄──────────── storing
//! ```
//!
//! While a message is being stored, nothing is read: what the client has sent already (RFC 2920 lets it send the
//! next MAIL behind the dot) is held, and that is one read's worth at most.

mod command;
mod replies;
#[cfg(test)]
mod tests;

use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use client_server::{Context, Next, Service, Session, Time, Wake};

use super::address::Path;
use super::command::LONGEST_MAIL;
use super::data::{Decoder, Hops, LONGEST_LINE};
use super::store::{Draft, Receipt, Store};
use super::trace::{DateText, Trace};

/// What a server is called, and what it takes.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its name, in the greeting and in header fields.
    pub name: String,
    /// Recipients are taken in these domains, and `postmaster` always. Empty: in any.
    pub domains: Vec<String>,
    /// Octets of the largest message (RFC 1870).
    pub size: u64,
    /// Recipients of one message; RFC 5321 §4.5.3.1.8: at least 100.
    pub recipients: usize,
    /// Errors of one client before it is sent away.
    pub errors: u32,
    /// Messages on one connection before the client is asked to make a new one.
    pub messages: u32,
    /// How long the next command may take, and how long a message may stall; RFC 5321 §4.5.3.2.7: at least 5 minutes.
    pub idle: Duration,
    /// How long a whole message may take.
    pub message_time: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "localhost".into(),
            domains: Vec::new(),
            size: 10 << 20,
            recipients: 1_000,
            errors: 50,
            messages: 1_000_000,
            idle: Duration::from_secs(300),
            message_time: Duration::from_secs(3_600),
        }
    }
}

/// `Received:` fields that make a loop; RFC 5321 §6.3: at least 100.
const MOST_HOPS: usize = 100;
/// What is read and thrown away of a message that is too large, before the connection is closed.
const DISCARDED: u64 = 64 << 20;

/// Makes the sessions of a server.
#[derive(Debug)]
pub struct Server<S> {
    config: Arc<Config>,
    store: Arc<S>,
}

impl<S> Server<S> {
    /// A server that puts what it takes into `store`.
    pub fn new(config: Config, store: S) -> Self {
        Self { config: Arc::new(config), store: Arc::new(store) }
    }

    /// Where it puts it.
    pub fn store(&self) -> &S {
        &self.store
    }
}

impl<S> Clone for Server<S> {
    fn clone(&self) -> Self {
        Self { config: self.config.clone(), store: self.store.clone() }
    }
}

impl<S: Store> Service for Server<S> {
    type Session = Smtp<S>;

    fn session(&self, peer: Option<IpAddr>) -> Smtp<S> {
        Smtp {
            config: self.config.clone(),
            store: self.store.clone(),
            peer,
            client: String::new(),
            extended: false,
            state: State::Commands,
            mail: None,
            partial: Vec::new(),
            discarding: false,
            held: Vec::new(),
            errors: 0,
            messages: 0,
            ending: Ending::No,
            deadline: Time::ZERO,
            wake: None,
            date: DateText::default(),
            scratch: String::new(),
        }
    }

    fn refusal(&self) -> &[u8] {
        b"421 4.3.2 Too many connections, try again later\r\n"
    }
}

/// One client's conversation.
#[derive(Debug)]
pub struct Smtp<S: Store> {
    config: Arc<Config>,
    store: Arc<S>,
    peer: Option<IpAddr>,
    /// What the client calls itself, and where it is, for header fields; empty before EHLO or HELO.
    client: String,
    /// It said EHLO, and so may use what was offered.
    extended: bool,
    state: State<S::Draft>,
    /// The transaction, from MAIL on.
    mail: Option<Mail>,
    /// A command line that has begun and not ended: at most [`LONGEST_MAIL`] octets…
    partial: Vec<u8>,
    /// …since the rest of a longer one is thrown away, up to its end.
    discarding: bool,
    /// What came behind the end of a message that is being stored.
    held: Vec<u8>,
    errors: u32,
    messages: u32,
    /// What is to be done when the message that is being read or stored is done with.
    ending: Ending,
    deadline: Time,
    wake: Option<Wake>,
    date: DateText,
    /// For header fields, to be used again.
    scratch: String,
}

#[derive(Debug)]
enum State<D> {
    Commands,
    Data(Box<Arriving<D>>),
    /// Until the receipt is filled in.
    Storing {
        receipt: Receipt,
        id: String,
    },
}

#[derive(Debug)]
struct Mail {
    sender: Path,
    utf8: bool,
    recipients: Vec<Path>,
    /// Whether one was refused: then DATA without any says so.
    refused: bool,
}

/// A message that is being read.
#[derive(Debug)]
struct Arriving<D> {
    /// `None` once it is known that it will not be taken.
    draft: Option<D>,
    decoder: Decoder,
    hops: Hops,
    /// When it must be whole.
    until: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    /// The client has sent all that it will.
    Ended,
    /// The server is about to stop.
    Draining,
}

impl<S: Store> Session for Smtp<S> {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = cx.now + self.config.idle;
        self.greet(cx);
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (taken, next) = match self.state {
                State::Commands => self.command_bytes(rest, cx),
                State::Data(_) => self.data_bytes(rest, cx),
                State::Storing { .. } => {
                    self.held.extend_from_slice(rest);
                    return Next::Continue;
                }
            };
            if next != Next::Continue {
                return next;
            }
            rest = &rest[taken..];
        }
        Next::Continue
    }

    /// What is whole has been answered. A message without its end is none (RFC 5321 §4.1.1.4): the draft
    /// is dropped with the session.
    fn ended(&mut self, _cx: &mut Context<'_>) -> Next {
        if matches!(self.state, State::Storing { .. }) {
            self.ending = Ending::Ended;
            return Next::Continue;
        }
        Next::Close
    }

    fn woken(&mut self, cx: &mut Context<'_>) -> Next {
        match self.stored(cx) {
            Next::Continue if matches!(self.state, State::Commands) => {}
            next => return next,
        }
        let held = mem::take(&mut self.held);
        match self.received(&held, cx) {
            Next::Continue => self.end_if_due(cx),
            next => next,
        }
    }

    /// While a message is being stored there is no room for the next.
    fn takes(&self) -> bool {
        !matches!(self.state, State::Storing { .. })
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        self.say(cx, "421 4.4.2", "Timeout, closing the connection");
        Next::Close
    }

    /// RFC 5321 §3.8: a server that must stop says 421, at a command's place.
    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        self.ending = Ending::Draining;
        self.end_if_due(cx)
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.deadline)
    }
}

impl<S: Store> Smtp<S> {
    /// Closes where somebody asked for that, and no message is in the middle.
    fn end_if_due(&mut self, cx: &mut Context<'_>) -> Next {
        match (&self.state, self.ending) {
            (State::Commands, Ending::Ended) => Next::Close,
            (State::Commands, Ending::Draining) => {
                self.say(cx, "421 4.3.2", "The server is stopping");
                Next::Close
            }
            _ => Next::Continue,
        }
    }

    /// Command lines out of `bytes`; how many of them were taken. Ends only with CR LF (RFC 5321 §2.3.8).
    fn command_bytes(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> (usize, Next) {
        let Some(at) = memchr::memchr(b'\n', bytes) else {
            if !self.discarding {
                self.partial.extend_from_slice(&bytes[..bytes.len().min(LONGEST_MAIL + 1)]);
                // No command is as long: it is answered when it ends, and not kept until then.
                self.discarding = self.partial.len() > LONGEST_MAIL;
            }
            if self.discarding {
                // The last octet may be the CR of its end.
                self.partial.clear();
                self.partial.extend_from_slice(&bytes[bytes.len() - 1..]);
            }
            return (bytes.len(), Next::Continue);
        };
        self.deadline = cx.now + self.config.idle;
        let next = if self.partial.is_empty() {
            self.line(&bytes[..at], cx)
        } else {
            let mut line = mem::take(&mut self.partial);
            line.extend_from_slice(&bytes[..at]);
            let next = self.line(&line, cx);
            line.clear();
            self.partial = line;
            next
        };
        (at + 1, next)
    }

    /// Reads the message on; how many octets belong to it.
    fn data_bytes(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> (usize, Next) {
        let State::Data(arriving) = &mut self.state else { return (0, Next::Abort) };
        let Arriving { draft, decoder, hops, until } = arriving.as_mut();
        let end = decoder.decode(bytes, |piece| {
            hops.look(piece);
            if let Some(draft) = draft {
                draft.append(piece);
            }
        });
        self.deadline = (cx.now + self.config.idle).min(*until);
        // Nothing of it is kept any more; it is still read to its end, so that the client hears why.
        if decoder.size() > self.config.size {
            *draft = None;
        }
        match end {
            Some(end) => (end, self.end_of_data(cx)),
            None if decoder.size() > self.config.size.saturating_add(DISCARDED) => {
                self.say(cx, "552 5.3.4", "The message is far too large");
                (bytes.len(), Next::Close)
            }
            None => (bytes.len(), Next::Continue),
        }
    }

    /// CR LF . CR LF has come: the message is refused, or handed over.
    fn end_of_data(&mut self, cx: &mut Context<'_>) -> Next {
        self.mail = None;
        let State::Data(arriving) = mem::replace(&mut self.state, State::Commands) else {
            return Next::Abort;
        };
        self.deadline = cx.now + self.config.idle;
        if arriving.decoder.size() > self.config.size {
            return self.refuse(cx, "552 5.3.4", "The message is too large");
        }
        // RFC 5321 §4.5.3.1.6 and §4.5.3.1.9.
        if arriving.decoder.longest_line() > LONGEST_LINE {
            return self.refuse(cx, "500 5.6.0", "A line of the message is longer than 998 octets");
        }
        if arriving.hops.count() > MOST_HOPS {
            return self.refuse(cx, "554 5.4.6", "The message goes in circles");
        }
        let Some(draft) = arriving.draft else { return Next::Abort };
        let id = draft.id().to_owned();
        let wake = self.wake.get_or_insert_with(|| cx.wake());
        let receipt = draft.commit(wake);
        // The client waits ten minutes for this reply (RFC 5321 §4.5.3.2.6), and not longer.
        self.deadline = cx.now + Duration::from_secs(570);
        self.state = State::Storing { receipt, id };
        match self.stored(cx) {
            Next::Continue => self.end_if_due(cx),
            next => next,
        }
    }

    /// Answers for a message that is stored, or could not be, if that is known by now.
    fn stored(&mut self, cx: &mut Context<'_>) -> Next {
        let State::Storing { receipt, id } = &mut self.state else { return Next::Continue };
        let Some(outcome) = receipt.outcome() else { return Next::Continue };
        self.deadline = cx.now + self.config.idle;
        let (stored, id) = (outcome.is_ok(), mem::take(id));
        self.state = State::Commands;
        if !stored {
            // The client has it still, and will come again.
            self.say(cx, "451 4.3.0", "The message could not be stored");
            return Next::Continue;
        }
        self.say_stored(cx, &id);
        self.messages += 1;
        if self.messages >= self.config.messages {
            self.say(cx, "421 4.7.0", "Enough for one connection");
            return Next::Close;
        }
        Next::Continue
    }

    /// Begins to read a message, with the fields that we put before it.
    fn begin_data(&mut self, cx: &mut Context<'_>) {
        let Some(mail) = &self.mail else { return };
        let mut draft = self.store.begin();
        let trace = Trace {
            sender: &mail.sender,
            recipients: &mail.recipients,
            origin: &self.client,
            server: &self.config.name,
            // RFC 5321 §4.4, RFC 6531 §4.3.
            with: match (self.extended, mail.utf8) {
                (_, true) => "UTF8SMTP",
                (true, false) => "ESMTP",
                (false, false) => "SMTP",
            },
            id: draft.id(),
            date: self.date.at(self.store.now()),
        };
        self.scratch.clear();
        trace.write(&mut self.scratch);
        draft.append(self.scratch.as_bytes());
        self.state = State::Data(Box::new(Arriving {
            draft: Some(draft),
            decoder: Decoder::default(),
            hops: Hops::default(),
            until: cx.now + self.config.message_time,
        }));
    }
}
