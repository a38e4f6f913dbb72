//! The scripted peer that listens, for an answer that connects.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

use capture::Tap;

use crate::check::{Check, Outcome};
use crate::peer::{PATIENCE, Peer, definite};
use crate::running::Wait;

/// A listener of the harness, for an answer that connects.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    name: String,
    check: Check,
}

impl Listener {
    /// Listens on 127.0.0.1, on a port of the system's choice. `name` is what the peers that it
    /// accepts are called.
    pub fn bind(check: &Check, name: &str) -> Outcome<Self> {
        let (listener, address) = check.listener()?;
        check.did(format!("{} listens on 127.0.0.1", definite(name)));
        Ok(Self { listener, address, name: name.to_owned(), check: check.clone() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts the answer's next connection.
    pub fn accept(&self) -> Outcome<Peer> {
        // `accept` has no timeout of its own, so it waits on a thread that may be left behind.
        let (done, accepted) = mpsc::channel();
        let listener = self.listener.try_clone();
        let listener = listener.map_err(|error| self.check.fail(None, error.to_string()))?;
        self.check.spawn(move || {
            let _ = done.send(listener.accept());
        });
        let stream = match Wait::new(&self.check, PATIENCE).receive(&accepted) {
            Some(Ok((stream, _))) => stream,
            Some(Err(error)) => return Err(self.check.fail(None, format!("accept: {error}"))),
            None => return Err(self.check.fail(None, "no connection came")),
        };
        let tap = Tap::accepted(stream, &self.name, "your code", self.check.recorder());
        self.check.did(format!("{} accepted your connection", definite(&self.name)));
        Peer::new(&self.check, &self.name, tap)
    }
}
