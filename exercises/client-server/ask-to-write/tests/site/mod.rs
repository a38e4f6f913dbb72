//! A connection on that socket, its loop, and what should have happened to its bytes.

use std::cmp::Ordering;
use std::io::{self, ErrorKind};

use ask_to_write::Connection;
use harness::{Check, Mistake, Outcome, Random};
use mio::{Poll, Token};

use crate::kernel::{Fault, Ready, Socket};
use crate::mistakes::{
    ALWAYS, EVERY_TIME, FORGETS_TO_READ, IGNORED_COUNT, INTERRUPTED, KEPT, LOST_EDGE, NEVER,
    OVERTAKES, TWICE, WOULD_BLOCK,
};

/// Events in a row with nothing to do, after which a loop is taken to be busy for nothing.
const BUSY: usize = 50;

pub(crate) struct Site<'a> {
    c: &'a Check,
    pub(crate) socket: Socket,
    connection: Connection<Socket>,
    /// For its registry, which the socket in memory does not use.
    poll: Poll,
    random: Random,
    sent: Vec<u8>,
    /// How often it began or ceased that something waits.
    changes: usize,
    waited: bool,
    /// Whether anything ever waited.
    had_backlog: bool,
    /// Bytes of the peer that the loop has read.
    heard: usize,
}

impl<'a> Site<'a> {
    /// `room`: bytes that the socket's buffer holds.
    pub(crate) fn new(c: &'a Check, room: usize) -> Outcome<Self> {
        c.did(format!("made a connection whose socket holds {room} bytes until its peer reads"));
        let (socket, random) = (Socket::new(c, room), c.random());
        let poll = Poll::new().map_err(|error| c.fail(None, format!("a poll: {error}")))?;
        let connection = Connection::new(socket.clone(), Token(3), poll.registry());
        let connection = c.ok("`new`", connection, None)?;
        socket.state().registrations = 0;
        let site = Self {
            c,
            socket,
            connection,
            poll,
            random,
            sent: Vec::new(),
            changes: 0,
            waited: false,
            had_backlog: false,
            heard: 0,
        };
        Ok(site)
    }

    /// Bytes that the answer says are waiting.
    pub(crate) fn pending(&self) -> usize {
        self.connection.pending()
    }

    /// Calls `send` with random bytes, which must succeed.
    pub(crate) fn send(&mut self, count: usize) -> Outcome {
        let bytes = self.random.bytes(count);
        self.send_these(&bytes)
    }

    pub(crate) fn send_these(&mut self, bytes: &[u8]) -> Outcome {
        self.c.did(format!("called `send` with {} bytes", bytes.len()));
        self.c.want("Ok(()), and what the socket does not take now waits");
        let before = self.taken();
        let result = self.try_send(bytes);
        self.c.did(format!("the socket took {} of them", self.taken() - before));
        self.succeeds("`send`", result)?;
        self.is_consistent()
    }

    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sent.extend_from_slice(bytes);
        self.connection.send(bytes, self.poll.registry())
    }

    /// The peer reads up to `count` bytes of what it was sent.
    pub(crate) fn peer_reads(&mut self, count: usize) {
        let count = count.min(self.socket.state().held);
        self.c.did(format!("the peer read {count} bytes"));
        self.socket.state().read_by_peer(count);
    }

    /// The peer sends, which the loop will read.
    pub(crate) fn peer_sends(&mut self, count: usize) {
        self.c.did(format!("the peer sent {count} bytes"));
        self.socket.state().arrive(count);
    }

    /// What the next `write` will say.
    pub(crate) fn fault(&mut self, fault: Fault) {
        let what = match fault {
            Fault::Nothing => "`write` will say Ok(0)".to_owned(),
            Fault::Error(kind) => format!("the next `write` will say Err({kind:?})"),
        };
        self.c.did(what);
        self.socket.state().faults.push_back(fault);
    }

    /// Handles events until `poll` would sleep. Fails if it does not, or if something is left.
    pub(crate) fn run(&mut self) -> Outcome {
        let mut idle = 0;
        loop {
            let Some(ready) = self.socket.state().poll() else { break };
            let before = (self.taken(), self.heard);
            self.handle(ready, idle == 0)?;
            idle = if before == (self.taken(), self.heard) { idle + 1 } else { 0 };
            if idle > BUSY {
                self.c.want("`poll` sleeps when there is nothing to send");
                let got =
                    format!("{BUSY} events in a row, each \"writable\", and nothing to write");
                let mistake = (self.pending() == 0).then_some(&ALWAYS);
                return Err(self.c.fail(mistake, got));
            }
        }
        self.sleeps_rightly()
    }

    fn handle(&mut self, ready: Ready, tell: bool) -> Outcome {
        let Ready { readable, writable } = ready;
        if readable {
            let mut state = self.socket.state();
            self.heard += std::mem::take(&mut state.inbound);
            drop(state);
            if tell {
                self.c.did("`poll` reported it readable; read what the peer sent");
            }
        }
        if writable {
            self.writable(tell)?;
        }
        Ok(())
    }

    /// Calls `writable`, which must succeed.
    pub(crate) fn writable(&mut self, tell: bool) -> Outcome {
        if tell {
            self.c.did("called `writable`");
        }
        let before = self.taken();
        let result = self.connection.writable(self.poll.registry());
        if tell {
            self.c.did(format!("the socket took {} bytes", self.taken() - before));
        }
        self.succeeds("`writable`", result)?;
        self.is_consistent()
    }

    /// The peer reads all, again and again, until everything has arrived in order.
    pub(crate) fn arrives(&mut self) -> Outcome {
        self.run()?;
        while self.socket.state().held > 0 {
            self.peer_reads(usize::MAX);
            self.run()?;
        }
        self.c.want(format!("all {} bytes at the peer, in order", self.sent.len()));
        if self.socket.state().taken == self.sent {
            return Ok(());
        }
        let mistake = self.why_different();
        self.c.same_bytes(&self.sent, &self.socket.state().taken, mistake)
    }

    /// Fails unless `registrations` is what the changes made needful.
    pub(crate) fn registered_sparingly(&self) -> Outcome {
        let (want, got) = (self.changes, self.socket.state().registrations);
        self.c.want(format!("`reregister` is called {want} times: once for each change"));
        let mistake = (got > want).then_some(&EVERY_TIME);
        self.c.ensure(got == want, mistake, || format!("{got} calls"))
    }

    /// Fails unless `want` bytes of the peer were read by now.
    pub(crate) fn has_heard(&self, want: usize) -> Outcome {
        self.c
            .want(format!("{want} bytes of the peer are read, though something waits to be sent"));
        let (got, interest) = (self.heard, self.socket.state().interest);
        let mistake =
            (!interest.is_some_and(mio::Interest::is_readable)).then_some(&FORGETS_TO_READ);
        self.c.ensure(got == want, mistake, || {
            format!("{got} bytes were read; `poll` sleeps, asked for {}", asked(interest))
        })
    }

    fn taken(&self) -> usize {
        self.socket.state().taken.len()
    }

    fn succeeds(&self, call: &str, result: io::Result<()>) -> Outcome {
        let mistake = match &result {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Some(&WOULD_BLOCK),
            Err(error) if error.kind() == ErrorKind::Interrupted => Some(&INTERRUPTED),
            _ => None,
        };
        self.c.want(format!("Ok(()) from {call}"));
        self.c.ok(call, result.map_err(|error| error.kind()), mistake)
    }

    /// Fails unless what was sent was either taken or waits.
    fn is_consistent(&mut self) -> Outcome {
        let (sent, taken, got) = (self.sent.len(), self.taken(), self.pending());
        let want = sent.saturating_sub(taken);
        self.c.want(format!("{sent} bytes sent, {taken} of them taken by the socket: {want} wait"));
        if got != want {
            return Err(self.c.fail(self.why_inconsistent(), format!("`pending` says {got}")));
        }
        let waits = want > 0;
        self.changes += usize::from(waits != self.waited);
        self.waited = waits;
        self.had_backlog |= waits;
        Ok(())
    }

    /// Lets all of it go out, and sees what arrives: only that proves more than a wrong count.
    fn why_inconsistent(&mut self) -> Option<&'static Mistake> {
        for _ in 0..BUSY {
            self.socket.state().read_by_peer(usize::MAX);
            let ready = self.socket.state().poll();
            if ready.is_some_and(|ready| ready.writable) {
                self.connection.writable(self.poll.registry()).ok()?;
            }
        }
        match self.taken().cmp(&self.sent.len()) {
            Ordering::Less => Some(&IGNORED_COUNT),
            Ordering::Equal => None,
            Ordering::Greater => Some(&TWICE),
        }
    }

    /// `poll` would sleep now. Fails if something would wait for ever, or was asked for in vain.
    fn sleeps_rightly(&self) -> Outcome {
        let state = self.socket.state();
        let (interest, pending, space) = (state.interest, self.pending(), state.room - state.held);
        let writable = interest.is_some_and(mio::Interest::is_writable);
        if pending > 0 && space > 0 {
            let mistake = if writable { &LOST_EDGE } else { &NEVER };
            self.c.want("what waits goes out as soon as the socket has room");
            let asked = asked(interest);
            let got = format!(
                "{pending} bytes wait, the socket has room for {space}, and `poll` sleeps: it was \
                 asked for {asked}"
            );
            return Err(self.c.fail(mistake, got));
        }
        self.c.want("WRITABLE is asked for while something waits, and no longer");
        let mistake = if self.had_backlog { &KEPT } else { &ALWAYS };
        self.c.ensure(pending > 0 || !writable, mistake, || {
            format!("nothing waits, and `poll` is asked for {}", asked(interest))
        })
    }

    /// What the bytes at the peer prove, once none waits.
    fn why_different(&self) -> Option<&'static Mistake> {
        let state = self.socket.state();
        let (mut got, mut want) = (state.taken.clone(), self.sent.clone());
        got.sort_unstable();
        want.sort_unstable();
        (got == want).then_some(&OVERTAKES)
    }
}

fn asked(interest: Option<mio::Interest>) -> String {
    interest.map_or("nothing".to_owned(), |interest| format!("{interest:?}"))
}
