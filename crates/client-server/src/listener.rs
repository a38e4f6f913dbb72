//! Where a server listens.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::stream::Stream;

/// Connections that the system completes and holds for us until we accept them.
///
/// std, tokio and mio ask for 128. When more than that connect at once, the system drops the
/// handshakes that do not fit, and each of those clients tries again after a second, then two,
/// then four (listen(2); tcp(7), `tcp_abort_on_overflow`). Linux cuts what is asked for at
/// `net.core.somaxconn`, 4,096 since 5.4.
pub const BACKLOG: i32 = 4_096;

/// Bytes that the system may hold for a connection and has not yet sent.
///
/// Without a limit Linux lets a send buffer grow to 4 MiB (`tcp_wmem`), for a peer that reads nothing
/// as well: two hundred such peers took 800 MiB from the system, while this program's own queues
/// were empty. What is on its way does not count, so a fast path is as fast as before.
/// (`TCP_NOTSENT_LOWAT`; connections inherit it from their listener.)
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 * 1024;

/// An address to listen on or to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `127.0.0.1:0`, `[::1]:7000`.
    Tcp(SocketAddr),
    /// `unix:/tmp/echo.sock`.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.into()));
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            format!("{text:?} is no address: `127.0.0.1:7000`, `[::1]:7000` or `unix:/path` is")
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that listens, not yet given to a shell.
#[derive(Debug)]
pub enum Listener {
    /// TCP, over IPv4 or IPv6.
    Tcp(std::net::TcpListener),
    /// A Unix-domain socket, as chapter 1 makes them: the file of a server that is no more is
    /// replaced, and ours is removed with the listener.
    #[cfg(unix)]
    Unix(sockets::unix::Listener),
}

impl Listener {
    /// Binds and listens, with [`BACKLOG`].
    pub fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => Self::tcp(*address, false, true),
            #[cfg(unix)]
            Address::Unix(path) => {
                // Its owner alone may connect.
                let listener = sockets::unix::listen(path, 0o600).map_err(io::Error::other)?;
                listener.socket.listen(BACKLOG)?;
                Ok(Self::Unix(listener))
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Binds `count` sockets to one TCP address with `SO_REUSEPORT`: the system spreads new connections
    /// over them by a hash of the addresses (socket(7), *guaranteed on Linux since 3.9*). Port 0 gives all of
    /// them the port that the first one got.
    #[cfg(unix)]
    pub fn bind_shared(address: SocketAddr, count: usize) -> io::Result<Vec<Self>> {
        let first = Self::tcp(address, true, true)?;
        let Address::Tcp(address) = first.address()? else { return Ok(vec![first]) };
        let mut listeners = vec![first];
        while listeners.len() < count {
            listeners.push(Self::tcp(address, true, true)?);
        }
        Ok(listeners)
    }

    /// On a free port, for a connection beside a session's own. It carries files, and for those the
    /// limit on what is unsent costs a third of the processor's time: with it the system takes less at each
    /// call. What is held for a peer that reads nothing is mostly pages of a file that are in the
    /// system's cache anyway (sendfile(2)).
    pub(crate) fn beside(local: IpAddr) -> io::Result<Self> {
        Self::tcp(SocketAddr::new(local, 0), false, false)
    }

    fn tcp(address: SocketAddr, shared: bool, limited: bool) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // Chapter 1: a restart must not wait for old connections in TIME_WAIT. On Windows the same
        // name would let another program take the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        #[cfg(unix)]
        socket.set_reuse_port(shared)?;
        #[cfg(not(unix))]
        let _ = shared;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if limited {
            socket.set_tcp_notsent_lowat(UNSENT)?;
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = limited;
        // TCP's urgent data is a mark in the stream, and not a message beside it (RFC 6093). Without
        // this the system takes the last octet out, and of an FTP client's ABOR that is the line's
        // end. Connections inherit it.
        socket.set_out_of_band_inline(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self::Tcp(socket.into()))
    }

    /// Where it listens; with the port that the system chose.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            #[cfg(unix)]
            Self::Unix(listener) => {
                let address = listener.socket.local_addr()?;
                Ok(Address::Unix(address.as_pathname().unwrap_or("".as_ref()).to_owned()))
            }
        }
    }

    /// Makes it ready for an event loop.
    pub(crate) fn nonblocking(self) -> io::Result<Acceptor> {
        match self {
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Ok(Acceptor::Tcp(mio::net::TcpListener::from_std(listener)))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let socket = listener.socket.try_clone()?;
                socket.set_nonblocking(true)?;
                let socket = mio::net::UnixListener::from_std(socket.into());
                Ok(Acceptor::Unix { socket, _file: listener })
            }
        }
    }
}

/// A listener on an event loop.
#[derive(Debug)]
pub(crate) enum Acceptor {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix {
        socket: mio::net::UnixListener,
        /// Removes the socket's file when it is dropped.
        _file: sockets::unix::Listener,
    },
}

impl Acceptor {
    pub(crate) fn source(&mut self) -> &mut dyn mio::event::Source {
        match self {
            Self::Tcp(listener) => listener,
            #[cfg(unix)]
            Self::Unix { socket, .. } => socket,
        }
    }

    /// Takes a connection from the backlog, without waiting.
    pub(crate) fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // An answer is sent whole, so there is nothing for Nagle's algorithm to gather
                // (chapter 2 shows the 44 ms that it would cost). Some systems refuse this for a peer
                // that has gone already; that is no failure of `accept`, and reading will tell.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            #[cfg(unix)]
            Self::Unix { socket, .. } => socket.accept().map(|(s, _)| (Stream::Unix(s), None)),
        }
    }
}
