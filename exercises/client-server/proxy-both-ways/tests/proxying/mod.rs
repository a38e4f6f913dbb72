//! The answer between two peers. After each call of `pump` all is looked at that can be seen from
//! outside: what was held, what has arrived, who was told of an end, and whether anything is left
//! that no event will tell of.

use std::io::{self, ErrorKind};

use harness::{Check, Mistake, Outcome};
use proxy_both_ways::{LIMIT, Proxy, SHARE, Turn};

use crate::mistakes::{
    AGAIN, BEFORE_THE_REST, FIRST_END, FORGOTTEN, FULL_BUFFER, IGNORED_COUNT, INTERRUPTED,
    LOST_EDGE, NO_BACKPRESSURE, NOT_PASSED_ON, ONE_DIRECTION, STARVES, WOULD_BLOCK, WRONG_SIDE,
};
use crate::sockets::{Arrival, Reply, Side, Sockets, Stream};

pub(crate) struct Proxying<'a> {
    c: &'a Check,
    pub(crate) sockets: Sockets,
    proxy: Proxy<Stream, Stream>,
    /// What each side has sent.
    sent: [Vec<u8>; 2],
}

impl<'a> Proxying<'a> {
    pub(crate) fn new(c: &'a Check) -> Self {
        c.did("made a proxy between a client and a server");
        c.want("what either of them sends arrives at the other, in order");
        let sockets = Sockets::new(c);
        let proxy = Proxy::new(sockets.stream(Side::Client), sockets.stream(Side::Server));
        Self { c, sockets, proxy, sent: [Vec::new(), Vec::new()] }
    }

    pub(crate) fn sends(&mut self, side: Side, bytes: &[u8]) {
        self.c.did(format!("{} sent {} bytes", side.name(), bytes.len()));
        self.sent[side as usize].extend_from_slice(bytes);
        self.sockets.state().at(side).incoming.push_back(Arrival::Bytes(bytes.to_vec()));
    }

    pub(crate) fn ends(&mut self, side: Side) {
        self.c.did(format!("{} finished sending (FIN)", side.name()));
        self.sockets.state().at(side).incoming.push_back(Arrival::End);
    }

    pub(crate) fn fails(&mut self, side: Side, kind: ErrorKind) {
        self.c.did(format!("{}'s next `read` fails: {kind:?}", side.name()));
        self.sockets.state().at(side).incoming.push_back(Arrival::Error(kind));
    }

    /// From now on the side's socket takes so many bytes, and then would block.
    pub(crate) fn takes(&mut self, side: Side, room: usize) {
        let what = match room {
            0 => "takes nothing for now".to_owned(),
            usize::MAX => "takes everything again".to_owned(),
            _ => format!("takes {room} bytes"),
        };
        self.c.did(format!("{} {what}", side.name()));
        self.sockets.state().at(side).room = room;
    }

    /// Calls `pump`, and judges nothing.
    pub(crate) fn try_pump(&mut self) -> io::Result<Turn> {
        for side in Side::BOTH {
            let mut state = self.sockets.state();
            state.at(side).new_call();
        }
        self.c.did("called `pump`");
        let result = self.proxy.pump();
        if let Ok(turn @ (Turn::Done | Turn::Again)) = &result {
            self.c.did(format!("it returned Ok({turn:?})"));
        }
        result
    }

    /// Calls `pump`, and fails unless it did its part.
    pub(crate) fn pump(&mut self) -> Outcome<Turn> {
        let result = self.try_pump();
        let mistake = match result.as_ref().err().map(io::Error::kind) {
            Some(ErrorKind::WouldBlock) => Some(&WOULD_BLOCK),
            Some(ErrorKind::Interrupted) => Some(&INTERRUPTED),
            Some(ErrorKind::BrokenPipe) => self.shut_too_early(),
            _ => None,
        };
        let turn = self.c.ok("`pump`", result, mistake)?;
        for to in Side::BOTH {
            self.arrives(to)?;
            self.is_bounded(to)?;
            self.is_shut_in_order(to)?;
        }
        match turn {
            Turn::Done => self.both_were_told()?,
            Turn::Waiting => Side::BOTH.into_iter().try_for_each(|to| self.nothing_is_left(to))?,
            Turn::Again => self.has_moved()?,
        }
        Ok(turn)
    }

    /// Calls `pump` until it is done, or waits.
    pub(crate) fn settle(&mut self) -> Outcome<Turn> {
        /// More turns than any of the checks needs.
        const MOST: usize = 1_000;
        for _ in 0..MOST {
            match self.pump()? {
                Turn::Again => {}
                turn => return Ok(turn),
            }
        }
        Err(self.c.fail(None, format!("`pump` returned Again {MOST} times in a row")))
    }

    /// Settles, and fails unless it waits.
    pub(crate) fn waits(&mut self) -> Outcome {
        let turn = self.settle()?;
        self.c.want("Waiting: not both peers have finished");
        self.c.ensure(turn == Turn::Waiting, None, || format!("`pump` returned Ok({turn:?})"))
    }

    /// Settles, and fails unless it is done.
    pub(crate) fn is_done(&mut self) -> Outcome {
        let turn = self.settle()?;
        self.c.want("Done: both peers have finished, and both were told");
        self.c.ensure(turn == Turn::Done, None, || format!("`pump` returned Ok({turn:?})"))
    }

    /// Fails unless a call returned an error of that kind.
    pub(crate) fn failed(&self, result: io::Result<Turn>, kind: ErrorKind) -> Outcome {
        let right = matches!(&result, Err(error) if error.kind() == kind);
        let reset = kind == ErrorKind::ConnectionReset;
        let forgotten = (reset && result.is_ok()).then_some(&FORGOTTEN);
        self.c.ensure(right, forgotten, || format!("`pump` returned {result:?}"))
    }

    /// Fails unless all that one side sent has arrived at the other.
    pub(crate) fn all_arrived(&self, to: Side) -> Outcome {
        let sent = &self.sent[to.other() as usize];
        self.c.want(format!("all {} bytes at {}", sent.len(), to.name()));
        let mut state = self.sockets.state();
        let received = &state.at(to).received;
        // Compared at once first: a byte at a time takes long where nothing is optimised.
        if sent == received { Ok(()) } else { self.c.same_bytes(sent, received, None) }
    }

    /// Fails unless the side's stream has been shut down, or has not.
    pub(crate) fn is_told(
        &self,
        to: Side,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let (name, from) = (to.name(), to.other().name());
        self.c.want(format!("{name}'s stream is shut down for writing: {from} has finished"));
        let told = self.sockets.state().at(to).shutdowns == 1;
        self.c.ensure(told, mistake, || format!("{name} was not told"))
    }

    fn arrives(&self, to: Side) -> Outcome {
        let sent = &self.sent[to.other() as usize];
        let mut state = self.sockets.state();
        let socket = state.at(to);
        if sent.starts_with(&socket.received) {
            return Ok(());
        }
        self.c.want(format!("what {} sent arrives at {}, in order", to.other().name(), to.name()));
        self.c.same_bytes(sent, &socket.received, socket.skipped.then_some(&IGNORED_COUNT))
    }

    fn is_bounded(&self, to: Side) -> Outcome {
        let mut state = self.sockets.state();
        let held = state.most_held[to as usize];
        self.c.want(format!("never more than LIMIT, {LIMIT} bytes, read and not yet written"));
        // What was skipped will never be written, and is not held.
        let skipped = state.at(to).skipped;
        let mistake = if skipped { &IGNORED_COUNT } else { &NO_BACKPRESSURE };
        self.c.ensure(held <= LIMIT, mistake, || {
            format!("{held} bytes were held for {}", to.name())
        })?;
        let moved = state.at(to).took.max(state.at(to.other()).gave);
        self.c.want(format!("after SHARE, {SHARE} bytes, no further read in the same call"));
        self.c.ensure(moved < SHARE + LIMIT, &STARVES, || {
            format!("one call of `pump` moved {moved} bytes to {}", to.name())
        })
    }

    fn is_shut_in_order(&self, to: Side) -> Outcome {
        let mut state = self.sockets.state();
        let (from_ended, from_shut, no_room) = {
            let from = state.at(to.other());
            (from.ended, from.shutdowns > 0, from.no_room)
        };
        let socket = state.at(to);
        if socket.shutdowns == 0 {
            return Ok(());
        }
        let (name, from) = (to.name(), to.other().name());
        self.c.want(format!("{name}'s stream is shut down only when {from} has finished"));
        let mistake = match (socket.ended, from_shut) {
            (true, true) => Some(&FIRST_END),
            (true, false) => Some(&WRONG_SIDE),
            (false, _) => no_room.then_some(&FULL_BUFFER),
        };
        self.c.ensure(from_ended, mistake, || {
            format!("it was shut down, and {from} has not finished")
        })?;
        self.c.want(format!("all bytes from {from} are written before that"));
        self.c.ensure(socket.waited == 0, &BEFORE_THE_REST, || {
            format!("{} bytes still waited to be written to {name}", socket.waited)
        })?;
        self.c.want("each stream is shut down once");
        self.c.ensure(socket.shutdowns == 1, None, || format!("{} times", socket.shutdowns))
    }

    fn shut_too_early(&self) -> Option<&'static Mistake> {
        let mut state = self.sockets.state();
        let early = Side::BOTH.into_iter().any(|side| state.at(side).waited > 0);
        early.then_some(&BEFORE_THE_REST)
    }

    fn both_were_told(&self) -> Outcome {
        self.c.want("Done when both peers have finished, and both have been told");
        let mut state = self.sockets.state();
        let ended = Side::BOTH.map(|side| state.at(side).ended);
        let told = Side::BOTH.map(|side| state.at(side).shutdowns > 0);
        let (mistake, got) = match (ended, told) {
            ([true, true], [true, true]) => return Ok(()),
            ([true, true], _) => (Some(&NOT_PASSED_ON), "not both have been told"),
            ([true, false], _) => (Some(&FIRST_END), "the server has not finished"),
            ([false, true], _) => (Some(&FIRST_END), "the client has not finished"),
            ([false, false], _) => (None, "neither has finished"),
        };
        Err(self.c.fail(mistake, got))
    }

    /// Whether `Waiting` is true of one direction: whatever it waits for, an event will come.
    fn nothing_is_left(&mut self, to: Side) -> Outcome {
        let (name, from) = (to.name(), to.other().name());
        let mut state = self.sockets.state();
        let held = state.held_for(to);
        let (asked, unread, ended) = {
            let socket = state.at(to.other());
            (socket.read_said, !socket.incoming.is_empty() && !socket.ended, socket.ended)
        };
        let (offered, room, told) = {
            let socket = state.at(to);
            (socket.write_said, socket.room > 0 && held > 0, socket.shutdowns > 0)
        };
        drop(state);
        self.c.want("Waiting only when nothing can be moved until an event comes");
        if room {
            let got = format!("{held} bytes wait for {name}, which has room");
            let kept = offered == Some(Reply::Moved) && self.offers_more(to);
            let short = offered == Some(Reply::Moved);
            let mistake = short.then_some(if kept { &LOST_EDGE } else { &IGNORED_COUNT });
            return Err(self.c.fail(mistake, got));
        }
        if unread && held == 0 {
            let (last, mistake) = match asked {
                None if offered.is_none() => {
                    ("it was not asked in this call", Some(&ONE_DIRECTION))
                }
                None => ("it was not asked after what had waited was written", Some(&LOST_EDGE)),
                Some(Reply::Moved) => ("its last `read` gave bytes", Some(&LOST_EDGE)),
                Some(_) => ("its last `read` gave none", None),
            };
            return Err(self.c.fail(mistake, format!("there is more from {from}; {last}")));
        }
        let passed_on = !ended || told || held > 0;
        self.c.ensure(passed_on, &NOT_PASSED_ON, || {
            format!("{from} has finished, and {name} was not told")
        })
    }

    /// Whether another call offers what waits for a side.
    fn offers_more(&mut self, to: Side) -> bool {
        let _ = self.try_pump();
        let mut state = self.sockets.state();
        state.at(to).write_said.is_some() && !state.at(to).skipped
    }

    fn has_moved(&self) -> Outcome {
        let mut state = self.sockets.state();
        let moved = Side::BOTH.map(|side| state.at(side).took + state.at(side).gave);
        let blocked = Side::BOTH.into_iter().any(|side| {
            let socket = state.at(side);
            let block = Some(Reply::Failed(ErrorKind::WouldBlock));
            socket.read_said == block || socket.write_said == block
        });
        self.c.want("Again only when a direction has had its share: else the loop never sleeps");
        self.c.ensure(moved != [0, 0], blocked.then_some(&AGAIN), || {
            "`pump` returned Again, and nothing had moved".into()
        })
    }
}
