//! How a data connection of FTP comes about: one end listens and says where, the other connects
//! (RFC 959 §4.1.2, RFC 2428).
//!
//! ```text
//!  the server listens                                  the client listens
//!  227 Entering Passive Mode (127,0,0,1,200,10).       PORT 127,0,0,1,200,10       IPv4: six numbers
//!  229 Entering Extended Passive Mode (|||51210|)      EPRT |1|127.0.0.1|51210|    IPv4, or …
//!                                                      EPRT |2|::1|51210|          … IPv6
//! ```
//!
//! The ends of a data connection are the hosts at the ends of the control connection, whatever is
//! said: nobody lets a third host in, and nobody connects to one (RFC 2577).

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};

/// The first port that a server connects to: those below are of well-known services (RFC 2577 §3).
pub const FIRST_PORT: u16 = 1024;

/// How the end that listens says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A server, to `PASV`.
    Pasv,
    /// A server, to `EPSV`.
    Epsv,
    /// A client, with `PORT`.
    Port,
    /// A client, with `EPRT`.
    Eprt,
}

/// Why nobody connects to where a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// 501: it is not of the form that it must have.
    Malformed,
    /// 522: `EPRT` names a network protocol that is neither 1, IPv4, nor 2, IPv6.
    Protocol,
    /// 501: the address is not that of the other end of the control connection.
    ThirdParty,
    /// 504: the port is below [`FIRST_PORT`].
    LowPort,
}

/// The line, without its end, in which one end tells the other that it listens at `address`.
///
/// `None`: an IPv6 address, for which `PASV` and `PORT` have no room. (One that stands for an IPv4
/// address, `::ffff:127.0.0.1`, is written as that.)
pub fn announce(way: Way, address: SocketAddr) -> Option<String> {
    let _ = (way, address); // Yours to use; then this line can go.
    todo!("one of the four lines")
}

/// Where to connect after this line, which came without its end from `peer`, the host at the other end
/// of the control connection. The address is always `peer`; the port is the one that the line says.
///
/// # Errors
///
/// [`Refused`]: not there, nor anywhere else.
pub fn target(line: &str, peer: IpAddr) -> Result<SocketAddr, Refused> {
    let _ = (line, peer); // Yours to use; then this line can go.
    todo!("which of the four lines is it, and may the host be connected to that it names?")
}

/// Listens for one data connection, which the host at the other end of the control connection makes.
#[derive(Debug)]
pub struct DataListener {
    // Here is room for a listener, and for whoever may connect to it.
}

impl DataListener {
    /// Listens at this end's address of the control connection, on a port of the system's choice.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn beside(control: &TcpStream) -> io::Result<Self> {
        let _ = control; // Yours to use; then this line can go.
        todo!("bind, and remember who may connect")
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        todo!("the listener knows it")
    }

    /// The data connection, if it is there: a stream that blocks. Whoever else has connected is turned
    /// away, and is no error.
    ///
    /// `None`: not yet. It does not wait; whoever called it has a control connection to look after.
    ///
    /// # Errors
    ///
    /// The system's, if no connection can be accepted any more.
    pub fn accept(&self) -> io::Result<Option<TcpStream>> {
        todo!("the connections that are there: is it this one?")
    }
}
