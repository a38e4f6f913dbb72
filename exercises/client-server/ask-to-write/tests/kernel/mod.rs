//! A socket in memory: a buffer that fills, a peer that empties it, and the events that epoll(7)
//! would report of it.
//!
//! What changes is an edge: bytes have come, a full buffer has room again, or the registration was
//! made anew. At an edge `poll` looks what is ready, and reports what was asked for of it.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;

use harness::Check;
use mio::event::Source;
use mio::{Interest, Registry, Token};

use crate::mistakes::{AGAIN, INTERRUPTED, SPINS_ON_ZERO};

/// Calls that took nothing, in a row, after which an answer is taken to ask for ever.
const PATIENCE: usize = 1_000;

/// What `write` says for once, whatever room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `Ok(0)`, from here on.
    Nothing,
    Error(ErrorKind),
}

/// The socket as the kernel has it.
#[derive(Debug)]
pub(crate) struct State {
    /// Bytes that its buffer holds.
    pub(crate) room: usize,
    /// Bytes that one `write` takes, whatever room there is.
    pub(crate) most: usize,
    /// Bytes in its buffer, which the peer has not read.
    pub(crate) held: usize,
    /// All bytes that it ever took.
    pub(crate) taken: Vec<u8>,
    /// Bytes from the peer, which nobody has read.
    pub(crate) inbound: usize,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) interest: Option<Interest>,
    pub(crate) writes: usize,
    pub(crate) registrations: usize,
    /// It was full when somebody wrote.
    pub(crate) refused: bool,
    edge: bool,
    useless: usize,
}

/// What `poll` reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl State {
    /// The next event, if there is one.
    pub(crate) fn poll(&mut self) -> Option<Ready> {
        let (edge, interest) = (std::mem::take(&mut self.edge), self.interest?);
        let readable = self.inbound > 0 && interest.is_readable();
        let writable = self.held < self.room && interest.is_writable();
        (edge && (readable || writable)).then_some(Ready { readable, writable })
    }

    /// The peer sends something.
    pub(crate) fn arrive(&mut self, count: usize) {
        self.inbound += count;
        self.edge = true;
    }

    /// The peer reads up to `count` bytes.
    pub(crate) fn read_by_peer(&mut self, count: usize) {
        let count = count.min(self.held);
        self.held -= count;
        // As Linux does: where there is room again, it is news if somebody had met a full buffer.
        if count > 0 {
            self.edge |= self.refused;
            self.refused = false;
        }
    }

    fn reply(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.faults.front() {
            Some(Fault::Nothing) => return Ok(0),
            Some(Fault::Error(kind)) => {
                let kind = *kind;
                self.faults.pop_front();
                return Err(kind.into());
            }
            None => {}
        }
        let space = self.room - self.held;
        self.refused |= space < bytes.len().min(self.most);
        if space == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(space).min(self.most);
        self.held += count;
        self.taken.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn registered(&mut self, interest: Interest) {
        self.interest = Some(interest);
        self.registrations += 1;
        self.edge = true;
    }
}

/// The kernel, and the socket as the answer has it. Clones are handles on the same one.
#[derive(Clone)]
pub(crate) struct Socket {
    c: Check,
    state: Rc<RefCell<State>>,
}

impl Socket {
    /// `room`: bytes that its buffer holds.
    pub(crate) fn new(c: &Check, room: usize) -> Self {
        let state = State {
            room,
            most: usize::MAX,
            held: 0,
            taken: Vec::new(),
            inbound: 0,
            faults: VecDeque::new(),
            interest: None,
            writes: 0,
            registrations: 0,
            refused: false,
            edge: false,
            useless: 0,
        };
        Self { c: c.clone(), state: Rc::new(RefCell::new(state)) }
    }

    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        state.writes += 1;
        let reply = state.reply(bytes);
        let (told, mistake) = match &reply {
            Ok(1..) => {
                state.useless = 0;
                return reply;
            }
            Ok(0) if bytes.is_empty() => ("Ok(0), with no byte to write".to_owned(), None),
            Ok(_) => ("Ok(0)".to_owned(), Some(&SPINS_ON_ZERO)),
            Err(error) => {
                let mistake = match error.kind() {
                    ErrorKind::WouldBlock => Some(&AGAIN),
                    ErrorKind::Interrupted => Some(&INTERRUPTED),
                    _ => None,
                };
                (format!("Err({:?})", error.kind()), mistake)
            }
        };
        state.useless += 1;
        if state.useless > PATIENCE {
            self.c.suspect(mistake);
            self.c.stop(format!("`write` was called {PATIENCE} times in a row for {told}"));
        }
        reply
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Socket {
    fn register(&mut self, _: &Registry, _: Token, interest: Interest) -> io::Result<()> {
        self.state().registered(interest);
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, interest: Interest) -> io::Result<()> {
        self.state().registered(interest);
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        self.state().interest = None;
        Ok(())
    }
}
