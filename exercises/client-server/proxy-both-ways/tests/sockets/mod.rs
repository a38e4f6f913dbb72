//! Two peers and the sockets to them, in memory: what is sent, what there is room for, and what the
//! proxy was told last.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

use harness::Check;
use proxy_both_ways::Duplex;

use crate::mistakes::{AGAIN, ZERO_AGAIN};

/// Calls that bring nothing, in a row, after which an answer is taken to ask for ever.
const PATIENCE: usize = 1_000;

/// So many bytes more than were read, and an answer is taken to write for ever.
const SURPLUS: usize = 1 << 20;

/// One of the two peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Client, Self::Server];

    pub(crate) fn other(self) -> Self {
        if self == Self::Client { Self::Server } else { Self::Client }
    }

    pub(crate) fn name(self) -> &'static str {
        if self == Self::Client { "the client" } else { "the server" }
    }
}

/// What comes from a peer.
#[derive(Debug)]
pub(crate) enum Arrival {
    Bytes(Vec<u8>),
    End,
    Error(ErrorKind),
}

/// What a socket said to the last call of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Moved,
    End,
    Failed(ErrorKind),
}

/// The proxy's socket to one peer.
#[derive(Debug, Default)]
pub(crate) struct Socket {
    pub(crate) incoming: VecDeque<Arrival>,
    /// Bytes that were read from it.
    pub(crate) read: usize,
    /// It was read from with no room for a byte, and said Ok(0).
    pub(crate) no_room: bool,
    /// Its end was read.
    pub(crate) ended: bool,
    /// Its peer has received this.
    pub(crate) received: Vec<u8>,
    /// Bytes that it takes, in all and in one call.
    pub(crate) room: usize,
    pub(crate) most: usize,
    /// Errors of the next calls of `write`, the first last.
    pub(crate) write_errors: Vec<ErrorKind>,
    pub(crate) shutdowns: usize,
    /// Bytes that waited for it when it was shut down.
    pub(crate) waited: usize,
    /// In this call of `pump`: the last replies, and the bytes that it gave and took.
    pub(crate) read_said: Option<Reply>,
    pub(crate) write_said: Option<Reply>,
    pub(crate) gave: usize,
    pub(crate) took: usize,
    /// Of the last `write`: what it did not take. And whether something else was offered next.
    rest: Vec<u8>,
    pub(crate) skipped: bool,
    useless: usize,
}

impl Socket {
    pub(crate) fn new_call(&mut self) {
        (self.read_said, self.write_said) = (None, None);
        (self.gave, self.took, self.useless) = (0, 0, 0);
    }
}

/// Both sockets, and the most that the proxy has held for each.
#[derive(Debug, Default)]
pub(crate) struct State {
    sockets: [Socket; 2],
    pub(crate) most_held: [usize; 2],
}

impl State {
    pub(crate) fn at(&mut self, side: Side) -> &mut Socket {
        &mut self.sockets[side as usize]
    }

    /// Bytes that were read from the other side, and not yet written to this one.
    pub(crate) fn held_for(&mut self, side: Side) -> usize {
        let read = self.at(side.other()).read;
        read.saturating_sub(self.at(side).received.len())
    }
}

/// Both sockets; clones are handles on the same.
#[derive(Clone)]
pub(crate) struct Sockets {
    c: Check,
    state: Rc<RefCell<State>>,
}

impl Sockets {
    pub(crate) fn new(c: &Check) -> Self {
        let sockets = Self { c: c.clone(), state: Rc::default() };
        for side in Side::BOTH {
            (sockets.state().at(side).room, sockets.state().at(side).most) =
                (usize::MAX, usize::MAX);
        }
        sockets
    }

    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    pub(crate) fn stream(&self, side: Side) -> Stream {
        Stream { sockets: self.clone(), side }
    }
}

/// What the proxy is given.
pub(crate) struct Stream {
    sockets: Sockets,
    side: Side,
}

impl Stream {
    /// Counts replies that bring nothing, and stops an answer that asks for ever.
    fn said(&self, socket: &mut Socket, call: &str, reply: Reply) {
        let (told, mistake) = match reply {
            Reply::Moved => return socket.useless = 0,
            Reply::End => ("Ok(0), which is the end".to_owned(), Some(&ZERO_AGAIN)),
            Reply::Failed(kind) => {
                (format!("Err({kind:?})"), (kind == ErrorKind::WouldBlock).then_some(&AGAIN))
            }
        };
        socket.useless += 1;
        if socket.useless > PATIENCE {
            let whose = self.side.name();
            self.sockets.c.suspect(mistake);
            let calls =
                format!("in one call of `pump` {whose}'s `{call}` was called {PATIENCE} times");
            self.sockets.c.stop(format!("{calls} in a row for {told}"));
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.sockets.state();
        let other = self.side.other();
        let socket = state.at(self.side);
        if buffer.is_empty() {
            socket.no_room = true;
            let whose = self.side.name();
            self.sockets
                .c
                .saw(format!("{whose}'s `read` had a buffer of no bytes, and said Ok(0)"));
            return Ok(0); // read(2): and it is no end.
        }
        let (reply, result) = match socket.incoming.pop_front() {
            None => (Reply::Failed(ErrorKind::WouldBlock), Err(ErrorKind::WouldBlock.into())),
            Some(Arrival::Error(kind)) => (Reply::Failed(kind), Err(kind.into())),
            Some(Arrival::End) => {
                socket.incoming.push_front(Arrival::End);
                socket.ended = true;
                (Reply::End, Ok(0))
            }
            Some(Arrival::Bytes(mut bytes)) => {
                let count = bytes.len().min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[..count]);
                if count < bytes.len() {
                    socket.incoming.push_front(Arrival::Bytes(bytes.split_off(count)));
                }
                socket.read += count;
                socket.gave += count;
                (Reply::Moved, Ok(count))
            }
        };
        socket.read_said = Some(reply);
        self.said(socket, "read", reply);
        let held = state.held_for(other);
        let most = &mut state.most_held[other as usize];
        *most = held.max(*most);
        result
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.sockets.state();
        let socket = state.at(self.side);
        let rest = std::mem::take(&mut socket.rest);
        let same = rest.len().min(bytes.len());
        socket.skipped |= rest[..same] != bytes[..same];
        let (reply, result) = if let Some(kind) = socket.write_errors.pop() {
            socket.rest = bytes.to_vec();
            (Reply::Failed(kind), Err(kind.into()))
        } else if socket.shutdowns > 0 {
            (Reply::Failed(ErrorKind::BrokenPipe), Err(ErrorKind::BrokenPipe.into()))
        } else if socket.room == 0 && !bytes.is_empty() {
            socket.rest = bytes.to_vec();
            (Reply::Failed(ErrorKind::WouldBlock), Err(ErrorKind::WouldBlock.into()))
        } else {
            let count = bytes.len().min(socket.room).min(socket.most);
            socket.rest = bytes[count..].to_vec();
            socket.received.extend_from_slice(&bytes[..count]);
            socket.took += count;
            socket.room -= if socket.room == usize::MAX { 0 } else { count };
            (Reply::Moved, Ok(count))
        };
        socket.write_said = Some(reply);
        self.said(socket, "write", reply);
        let received = socket.received.len();
        if received > state.at(self.side.other()).read + SURPLUS {
            let (to, from) = (self.side.name(), self.side.other().name());
            self.sockets.c.suspect(None);
            self.sockets.c.stop(format!("{received} bytes written to {to}, more than {from} sent"));
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Duplex for Stream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        let mut state = self.sockets.state();
        let waited = state.held_for(self.side);
        let socket = state.at(self.side);
        if socket.shutdowns == 0 {
            socket.waited = waited;
        }
        socket.shutdowns += 1;
        Ok(())
    }
}
