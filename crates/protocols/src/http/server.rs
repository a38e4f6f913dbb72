//! The server's side of a connection: one request after another, each with its answer (RFC 9112 §9).
//!
//! ```text
//!             ┌─────────────────────────── persistent ──────────────────────────┐
//!             ▼                                                                 │
//!   Head: the head comes ──► Body: the content comes ──► Reply: the answer goes ┴─► Over
//!             └────────── no body ───────────────────────────►─┘
//! ```
//!
//! [`Http`] is a [`Session`]: it takes requests off the stream, holds their limits and deadlines, and
//! keeps answers in order. What a request means is for a [`Handler`] to say.
//!
//! Requests may come before those in front of them are answered (pipelining, §9.3.2). They are taken one
//! at a time; while more than [`HIGH_WATER`] octets of answers wait, none is, and nothing more is read.
//!
//! | file | what is in it |
//! |---|---|
//! | this file | what happens to a connection, and when it has taken too long |
//! | `steps.rs` | from a head to an answer |
//! | `handler.rs` | who answers |
//! | `settings.rs` | limits, the clock, the log |

mod handler;
mod settings;
mod steps;
#[cfg(test)]
mod tests;

pub use handler::{Handler, Want};
pub use settings::Settings;

use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use client_server::output::HIGH_WATER;
use client_server::{Closed, Context, Next, Session, Time};

use super::body::Body;
use super::reply::Exchange;
use super::request::Scan;

/// What a client is told that comes when there are too many.
pub const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// One connection to a server.
#[derive(Debug)]
pub struct Http<H> {
    handler: H,
    settings: Arc<Settings>,
    peer: Option<IpAddr>,
    state: State,
    /// Octets that have come and are not used yet: a part of a head, or requests that wait for room.
    held: Vec<u8>,
    /// How far the head in `held` was looked at.
    scan: Scan,
    empty_lines: u8,
    /// Answers wait to be sent, and what is held waits for that.
    waiting: bool,
    /// The client has ended: what is held is all.
    ended: bool,
    /// The server stops: the next answer is the last.
    stopping: bool,
    served: u32,
    deadline: Time,
}

/// Where the connection is.
#[derive(Debug)]
enum State {
    /// A head is to come, or has come in part.
    Head,
    /// A body is coming.
    Body(Box<Transfer>),
    /// An answer goes on when there is room; where there is, when the others have had their turn.
    Reply(Box<Transfer>),
    /// The last answer is given.
    Over,
}

/// A request that is not done with after one step.
#[derive(Debug)]
struct Transfer {
    exchange: Exchange,
    body: Body,
    /// The request's head, where it is answered when its body is over.
    head: Vec<u8>,
}

impl<H: Handler> Http<H> {
    /// A connection whose requests `handler` answers.
    pub fn new(handler: H, settings: Arc<Settings>, peer: Option<IpAddr>) -> Self {
        Self {
            handler,
            settings,
            peer,
            state: State::Head,
            held: Vec::new(),
            scan: Scan::default(),
            empty_lines: 0,
            waiting: false,
            ended: false,
            stopping: false,
            served: 0,
            deadline: Time::ZERO,
        }
    }

    /// Takes requests off what was held and the `bytes` behind it, as far as there is room for answers,
    /// and holds the rest.
    fn go_on(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        let (before, begun) = (self.served, self.has_begun());
        if self.held.is_empty() {
            // The usual case: whole requests, read where they lie.
            let left = self.take(bytes, cx);
            self.held.extend_from_slice(left);
        } else {
            let mut held = mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            let left = self.take(&held, cx).len();
            if left > 0 {
                held.drain(..held.len() - left);
                self.held = held;
            }
        }
        // A head that had begun keeps its deadline, however many octets of it come.
        if let State::Head = self.state
            && !(begun && self.has_begun() && self.served == before)
        {
            let settings = &self.settings;
            self.deadline = cx.now + if self.has_begun() { settings.head } else { settings.idle };
        }
        self.next(cx)
    }

    /// Whether there is a part of a head, and no more can be done with it.
    fn has_begun(&self) -> bool {
        matches!(self.state, State::Head) && !self.held.is_empty() && !self.waiting
    }

    /// What the shell is to do.
    fn next(&mut self, cx: &mut Context<'_>) -> Next {
        match self.state {
            State::Over => Next::Close,
            State::Head if self.waiting => Next::Continue,
            State::Head if self.held.is_empty() && (self.ended || self.stopping) => Next::Close,
            State::Head if self.ended && !self.held.is_empty() => {
                self.refuse(400, cx); // RFC 9112 §8: a head that is not whole.
                Next::Close
            }
            _ => Next::Continue,
        }
    }

    /// Whether so much waits to be sent that no further request is answered.
    fn is_full(cx: &Context<'_>) -> bool {
        cx.output.pending() > HIGH_WATER
    }
}

impl<H: Handler> Session for Http<H> {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = cx.now + self.settings.idle;
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        if let State::Body(_) = self.state {
            // What comes earns a body more time, up to a limit.
            let earned = self.deadline + self.settings.earned(bytes.len());
            self.deadline = earned.min(cx.now + self.settings.body);
        }
        self.go_on(bytes, cx)
    }

    fn takes(&self) -> bool {
        match self.state {
            State::Head => !self.waiting,
            State::Body(_) => true,
            State::Reply(_) => self.held.is_empty(), // A read's worth of what comes next is enough.
            State::Over => false,
        }
    }

    fn flushed(&mut self, cx: &mut Context<'_>) -> Next {
        match mem::replace(&mut self.state, State::Head) {
            State::Reply(transfer) => self.reply_on(transfer, cx),
            state => self.state = state,
        }
        self.go_on(&[], cx)
    }

    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        self.ended = true;
        match mem::replace(&mut self.state, State::Head) {
            State::Body(mut transfer) => self.broken(400, &mut transfer.exchange, cx),
            state => self.state = state,
        }
        self.next(cx)
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        let sending = !cx.output.is_empty();
        match mem::replace(&mut self.state, State::Head) {
            State::Reply(transfer) => {
                self.reply_on(transfer, cx);
                return self.go_on(&[], cx);
            }
            // Nothing was read, for the client does not take its answer: that has a limit of its own.
            State::Body(transfer) if Self::is_full(cx) => {
                self.deadline = cx.now + self.settings.body;
                self.state = State::Body(transfer);
            }
            State::Body(mut transfer) => self.broken(408, &mut transfer.exchange, cx),
            State::Head if self.has_begun() => self.refuse(408, cx),
            // So has this: between requests there is time from the moment when the answer is sent.
            State::Head if sending => self.deadline = cx.now + self.settings.idle,
            // Nobody waits for an answer, so none is sent: it would seem to be the next request's.
            State::Head | State::Over => self.state = State::Over,
        }
        self.next(cx)
    }

    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        self.stopping = true;
        self.next(cx)
    }

    fn closed(&mut self, _how: Closed) {
        self.handler.broken();
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.deadline)
    }
}
