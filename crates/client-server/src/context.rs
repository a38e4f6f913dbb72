//! What a session is given at every call: the time, its queue, and what else a shell can do for it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::output::Output;
use crate::session::Time;

/// What a session is given at every call.
#[derive(Debug)]
pub struct Context<'a> {
    /// The time of this call.
    pub now: Time,
    /// Where the session queues what it has to say.
    pub output: &'a mut Output,
    /// Most sessions ask for nothing of it, and it costs them nothing.
    around: Option<&'a mut dyn Around>,
}

// ANCHOR: around
/// What a shell does for a session that needs more than its own connection.
///
/// A session does not call this: it has the methods of [`Context`]. Shells provide it, layers pass it
/// on, and a test can play it.
pub trait Around: fmt::Debug {
    /// This end's address of the session's own connection; `None` over a Unix-domain socket.
    fn local(&self) -> Option<SocketAddr>;
    /// The peer's address of it.
    fn peer(&self) -> Option<SocketAddr>;
    /// What wakes the session.
    fn wake(&mut self) -> Wake;
    /// See [`Context::listen_beside`].
    fn listen(&mut self, from: IpAddr) -> io::Result<SocketAddr>;
    /// See [`Context::connect_beside`].
    fn connect(&mut self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<()>;
    /// The queue of the connection beside, while it is open.
    fn output(&mut self) -> Option<&mut Output>;
    /// See [`Context::finish_beside`].
    fn finish(&mut self);
    /// See [`Context::drop_beside`].
    fn abandon(&mut self);
}
// ANCHOR_END: around

impl<'a> Context<'a> {
    /// The context of a call that offers nothing around it: for tests, and for layers that have
    /// nothing to pass on.
    pub fn new(now: Time, output: &'a mut Output) -> Self {
        Self { now, output, around: None }
    }

    /// The same, with what `around` offers.
    #[must_use]
    pub fn within(self, around: &'a mut dyn Around) -> Self {
        Self { around: Some(around), ..self }
    }

    /// For a layer: the context of a call to the session inside, whose output is the layer's to
    /// send. What is around both is the same.
    pub fn with_output<'b>(&'b mut self, output: &'b mut Output) -> Context<'b> {
        Context { now: self.now, output, around: self.around() }
    }

    /// For a layer that stands between as well: what is around.
    pub fn around(&mut self) -> Option<&mut dyn Around> {
        match &mut self.around {
            Some(around) => Some(&mut **around),
            None => None,
        }
    }

    /// This end's address: the one that the peer has reached us at. Asks the system each time.
    pub fn local(&self) -> Option<SocketAddr> {
        self.around.as_ref()?.local()
    }

    /// The peer's address, with its port. Asks the system each time.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.around.as_ref()?.peer()
    }

    /// What wakes this session from another thread. To be asked for once, and kept.
    pub fn wake(&mut self) -> Wake {
        self.around().map_or_else(|| Wake::new(|| {}), Around::wake)
    }

    /// Listens for a connection beside this one, on a free port of the address that the peer has reached us
    /// at, and returns where. The first to come from `from` is it; whoever comes from elsewhere
    /// is turned away ([`Beside::Refused`](crate::Beside::Refused)), so that nobody can take the
    /// place of the one it is meant for.
    ///
    /// # Errors
    ///
    /// The system's: no descriptor or port is free. `Unsupported`: nothing is around this call, or
    /// the session's own connection has no IP address.
    pub fn listen_beside(&mut self, from: IpAddr) -> io::Result<SocketAddr> {
        self.around().ok_or(ErrorKind::Unsupported)?.listen(from)
    }

    /// Begins a connection beside this one, to `to`, from the address `from` if it names one. Where
    /// it may lead is the session's to judge.
    ///
    /// # Errors
    ///
    /// As [`listen_beside`](Self::listen_beside). That nobody answers is told later.
    pub fn connect_beside(&mut self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<()> {
        self.around().ok_or(ErrorKind::Unsupported)?.connect(from, to)
    }

    /// The queue of the connection beside; `None` while it is not open.
    pub fn beside(&mut self) -> Option<&mut Output> {
        self.around()?.output()
    }

    /// Ends the connection beside in order: what is queued is sent, then FIN.
    /// [`Beside::Closed`](crate::Beside::Closed) tells when. Before it is open, it is dropped.
    pub fn finish_beside(&mut self) {
        if let Some(around) = self.around() {
            around.finish();
        }
    }

    /// Drops the connection beside, with what is queued, or stops to listen for it. Nothing more is
    /// told of it.
    pub fn drop_beside(&mut self) {
        if let Some(around) = self.around() {
            around.abandon();
        }
    }
}

/// Wakes a session from another thread: [`Session::woken`](crate::Session::woken) is called soon.
///
/// For work that blocks (a disk's `fsync`, a slow lookup): the session hands it to a thread with a
/// wake and goes on; the thread leaves its result where the session finds it, and wakes it.
/// Several wakes before the session runs are one. After its end they do nothing.
#[derive(Clone)]
pub struct Wake(Arc<dyn Fn() + Send + Sync>);

impl Wake {
    /// One that calls `wake`: for shells, and for tests.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Has the session called. Returns at once.
    pub fn wake(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}
