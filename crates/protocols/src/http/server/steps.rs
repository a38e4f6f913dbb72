//! From a head to an answer, one step after another.

use std::mem;

use client_server::output::LOW_WATER;
use client_server::{Context, Time};

use super::{Handler, Http, State, Transfer, Want};
use crate::http::body::{Body, Framing, Limits};
use crate::http::reply::{Exchange, Reply, Unread};
use crate::http::request::{Request, Scan, framing_status};

/// A body that nobody wants is read and thrown away up to this size, so that the connection can go on.
const THROWN_AWAY: u64 = 64 * 1024;
/// Empty lines before a request that are skipped. RFC 9112 §2.2 asks for one at least: there were
/// clients that sent one behind a body.
const EMPTY_LINES: u8 = 4;
/// Pieces of one answer that are made at one turn.
const PIECES: usize = 4;

/// How far a request has come.
enum Progress {
    /// The rest of its body is to come.
    Waits,
    /// The handler has more to say.
    Replies,
    /// It is done with.
    Over,
}

impl<H: Handler> Http<H> {
    /// Takes requests off `bytes` as far as they can be answered now; returns what is left.
    pub(super) fn take<'b>(&mut self, mut bytes: &'b [u8], cx: &mut Context<'_>) -> &'b [u8] {
        loop {
            match mem::replace(&mut self.state, State::Head) {
                State::Head => {
                    self.waiting = !bytes.is_empty() && Self::is_full(cx);
                    if self.waiting || !self.head(&mut bytes, cx) {
                        return bytes;
                    }
                }
                State::Body(mut transfer) => match self.content(&mut bytes, &mut transfer, cx) {
                    Progress::Waits => {
                        self.state = State::Body(transfer);
                        return bytes;
                    }
                    Progress::Replies => self.reply_on(transfer, cx),
                    Progress::Over => {}
                },
                state @ State::Reply(_) => {
                    self.state = state;
                    return bytes;
                }
                State::Over => {
                    self.state = State::Over;
                    return &[]; // Nobody will look at it.
                }
            }
        }
    }

    /// Reads a head and begins to answer it. `false`: it is not whole.
    fn head(&mut self, bytes: &mut &[u8], cx: &mut Context<'_>) -> bool {
        while self.scan == Scan::default() && bytes.starts_with(b"\r\n") {
            *bytes = &bytes[2..];
            self.empty_lines += 1;
            if self.empty_lines > EMPTY_LINES {
                self.refuse(400, cx);
                return true;
            }
        }
        if bytes.is_empty() || *bytes == b"\r" {
            return false;
        }
        let (request, end) = match Request::read(&mut self.scan, bytes) {
            Ok(Some(whole)) => whole,
            Ok(None) => return false,
            Err(error) => {
                self.refuse(error.status(), cx);
                return true;
            }
        };
        (self.scan, self.empty_lines) = (Scan::default(), 0);
        let (head, rest) = bytes.split_at(end);
        *bytes = rest;
        self.request(head, &request, bytes, cx);
        true
    }

    /// Answers a request as far as that can be done now.
    fn request(
        &mut self,
        head: &[u8],
        request: &Request<'_>,
        bytes: &mut &[u8],
        cx: &mut Context<'_>,
    ) {
        self.served += 1;
        let last = self.stopping && bytes.is_empty() || self.served >= self.settings.requests;
        let mut exchange = Exchange {
            persistent: request.persistent && !last,
            head_only: request.method == b"HEAD",
            old: request.old,
            unread: unread(request.framing),
            // RFC 9110 §10.1.1: who has begun to send does not wait.
            waits: request.expects_continue && bytes.is_empty(),
            line: self.settings.line(request),
            ..Exchange::default()
        };
        let mut body = match Body::new(request.framing, Limits::strict(self.settings.content)) {
            Ok(body) => body,
            Err(error) => return self.broken(framing_status(error), &mut exchange, cx),
        };
        exchange.waits &= !body.is_complete();
        let first = exchange.unread == Unread::Little && !exchange.waits;
        let progress = if first && !self.handler.wants(request) {
            exchange.first = true;
            self.skip(request, bytes, &mut exchange, &mut body, cx)
        } else {
            self.answer(request, bytes, &mut exchange, &mut body, cx)
        };
        match progress {
            Progress::Over => {}
            Progress::Replies => {
                self.reply_on(Box::new(Transfer { exchange, body, head: Vec::new() }), cx);
            }
            Progress::Waits => {
                self.deadline = cx.now + self.settings.body;
                let head = if exchange.first { head.to_vec() } else { Vec::new() };
                self.state = State::Body(Box::new(Transfer { exchange, body, head }));
            }
        }
    }

    /// Asks the handler.
    fn answer(
        &mut self,
        request: &Request<'_>,
        bytes: &mut &[u8],
        exchange: &mut Exchange,
        body: &mut Body,
        cx: &mut Context<'_>,
    ) -> Progress {
        let mut reply = Reply::new(cx.output, exchange, self.settings.second());
        let want = if request.expects_other {
            reply.status(417);
            Want::Nothing
        } else {
            self.handler.request(request, &mut reply)
        };
        match want {
            Want::More => Progress::Replies,
            Want::Body => self.body(bytes, exchange, body, cx),
            // What is unread is little enough to go on, or the answer has said that this is the end.
            Want::Nothing => self.over(exchange),
        }
    }

    /// Reads a body that has no meaning here, and then answers: so one that is broken is refused, and
    /// not found out when an answer is on its way. It is read at all for the connection's sake.
    fn skip(
        &mut self,
        request: &Request<'_>,
        bytes: &mut &[u8],
        exchange: &mut Exchange,
        body: &mut Body,
        cx: &mut Context<'_>,
    ) -> Progress {
        loop {
            match body.next(bytes) {
                Ok(Some(_)) if body.came() > THROWN_AWAY => {
                    exchange.unread = Unread::Much;
                    break;
                }
                Ok(Some(_)) => {}
                Ok(None) if body.is_complete() => {
                    exchange.unread = Unread::None;
                    break;
                }
                Ok(None) => return Progress::Waits,
                Err(error) => {
                    self.broken(framing_status(error), exchange, cx);
                    return Progress::Over;
                }
            }
        }
        self.answer(request, bytes, exchange, body, cx)
    }

    /// Goes on with a body.
    fn content(
        &mut self,
        bytes: &mut &[u8],
        transfer: &mut Transfer,
        cx: &mut Context<'_>,
    ) -> Progress {
        let Transfer { exchange, body, head } = transfer;
        if !exchange.first {
            return self.body(bytes, exchange, body, cx);
        }
        match Request::parse(head) {
            Ok(request) => self.skip(&request, bytes, exchange, body, cx),
            Err(error) => {
                self.broken(error.status(), exchange, cx); // It was right before.
                Progress::Over
            }
        }
    }

    /// Takes a body off `bytes` for the handler.
    fn body(
        &mut self,
        bytes: &mut &[u8],
        exchange: &mut Exchange,
        body: &mut Body,
        cx: &mut Context<'_>,
    ) -> Progress {
        let second = self.settings.second();
        loop {
            match body.next(bytes) {
                Ok(Some(part)) => {
                    let mut reply = Reply::new(cx.output, exchange, second);
                    if self.handler.content(part, &mut reply) == Want::Nothing {
                        exchange.persistent = false;
                        return self.over(exchange);
                    }
                }
                Ok(None) if body.is_complete() => break,
                Ok(None) => return Progress::Waits,
                Err(error) => {
                    self.broken(framing_status(error), exchange, cx);
                    return Progress::Over;
                }
            }
        }
        let mut reply = Reply::new(cx.output, exchange, second);
        match self.handler.end(body.trailers(), &mut reply) {
            Want::More => Progress::Replies,
            _ => self.over(exchange),
        }
    }

    /// Lets the handler go on with an answer, up to the high-water mark and for a turn.
    pub(super) fn reply_on(&mut self, mut transfer: Box<Transfer>, cx: &mut Context<'_>) {
        let second = self.settings.second();
        for _ in 0..PIECES {
            if Self::is_full(cx) {
                break;
            }
            let mut reply = Reply::new(cx.output, &mut transfer.exchange, second);
            if self.handler.more(&mut reply) != Want::More {
                self.over(&transfer.exchange);
                return;
            }
        }
        // Of what is less than the low-water mark the shell will not say when it is gone: then the
        // deadline is now, and comes when the others have had their turn.
        let told = cx.output.pending() > LOW_WATER;
        self.deadline = cx.now + if told { self.settings.idle } else { Time::ZERO };
        self.state = State::Reply(transfer);
    }

    /// A request is done with, and perhaps the connection.
    fn over(&mut self, exchange: &Exchange) -> Progress {
        self.settings.log(self.peer, exchange);
        self.state = if exchange.persistent { State::Head } else { State::Over };
        Progress::Over
    }

    /// A request that cannot be read to its end: an answer, if none has begun, and the end.
    pub(super) fn broken(&mut self, status: u16, exchange: &mut Exchange, cx: &mut Context<'_>) {
        self.handler.broken();
        exchange.persistent = false;
        if exchange.status == 0 {
            Reply::new(cx.output, exchange, self.settings.second()).status(status);
        }
        self.over(exchange);
    }

    /// What is no request is answered, and is the end: nobody knows where the next one begins.
    pub(super) fn refuse(&mut self, status: u16, cx: &mut Context<'_>) {
        self.broken(status, &mut Exchange::default(), cx);
    }
}

/// How much there is to be read before the next request.
fn unread(framing: Framing) -> Unread {
    match framing {
        Framing::None | Framing::Length(0) => Unread::None,
        Framing::Length(1..=THROWN_AWAY) | Framing::Chunked => Unread::Little,
        Framing::Length(_) | Framing::UntilClose => Unread::Much,
    }
}
