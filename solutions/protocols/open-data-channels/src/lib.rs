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

// answer: use std::io;
// answer: use std::net::{IpAddr, SocketAddr, TcpStream};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
// end answer

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
    // answer: let _ = (way, address); // Yours to use; then this line can go.
    // answer: todo!("one of the four lines")
    let (ip, port) = (address.ip().to_canonical(), address.port());
    let [high, low] = port.to_be_bytes();
    match (way, ip) {
        (Way::Epsv, _) => Some(format!("229 Entering Extended Passive Mode (|||{port}|)")),
        (Way::Eprt, IpAddr::V4(ip)) => Some(format!("EPRT |1|{ip}|{port}|")),
        (Way::Eprt, IpAddr::V6(ip)) => Some(format!("EPRT |2|{ip}|{port}|")),
        (Way::Pasv | Way::Port, IpAddr::V6(_)) => None,
        (way, IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            let numbers = format!("{a},{b},{c},{d},{high},{low}");
            Some(match way {
                Way::Port => format!("PORT {numbers}"),
                _ => format!("227 Entering Passive Mode ({numbers})."),
            })
        }
    }
    // end answer
}

/// Where to connect after this line, which came without its end from `peer`, the host at the other end
/// of the control connection. The address is always `peer`; the port is the one that the line says.
///
/// # Errors
///
/// [`Refused`]: not there, nor anywhere else.
pub fn target(line: &str, peer: IpAddr) -> Result<SocketAddr, Refused> {
    // answer: let _ = (line, peer); // Yours to use; then this line can go.
    // answer: todo!("which of the four lines is it, and may the host be connected to that it names?")
    let (word, rest) = line.split_once(' ').ok_or(Refused::Malformed)?;
    let port = match word {
        // What it says of its own address is not looked at: it can only be `peer`'s, or a lie.
        "227" => passive_port(rest),
        "229" => extended_passive_port(rest),
        "PORT" => active_port(six_numbers(rest).ok_or(Refused::Malformed)?, peer).map(Some)?,
        "EPRT" => active_port(extended_address(rest)?, peer).map(Some)?,
        _ => None,
    };
    Ok(SocketAddr::new(peer, port.ok_or(Refused::Malformed)?))
    // end answer
}
// answer:

/// RFC 1123 §4.1.2.6: the numbers are wherever the first digit is, in brackets or not.
fn passive_port(text: &str) -> Option<u16> {
    let mut candidates = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    candidates.find_map(six_numbers).map(|address| address.port()).filter(|port| *port != 0)
}

/// RFC 2428 §3: what is in the brackets has the form of an `EPRT`, with nothing but the port in it.
fn extended_passive_port(text: &str) -> Option<u16> {
    let mut brackets = text.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
    let [_, _, port] = brackets.find_map(|(inside, _)| fields(inside))?;
    number(port).filter(|port| *port != 0)
}

fn active_port(address: SocketAddr, peer: IpAddr) -> Result<u16, Refused> {
    if address.ip() != peer.to_canonical() {
        return Err(Refused::ThirdParty);
    }
    if address.port() < FIRST_PORT {
        return Err(Refused::LowPort);
    }
    Ok(address.port())
}

fn six_numbers(text: &str) -> Option<SocketAddr> {
    let numbers: Vec<u8> = text.split(',').map(number).collect::<Option<_>>()?;
    let [a, b, c, d, high, low] = numbers[..] else { return None };
    Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
}

fn extended_address(text: &str) -> Result<SocketAddr, Refused> {
    let [protocol, address, port] = fields(text).ok_or(Refused::Malformed)?;
    let ip = match protocol {
        "1" => address.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "2" => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => return Err(number::<u32>(protocol).map_or(Refused::Malformed, |_| Refused::Protocol)),
    };
    let (ip, port) = ip.zip(number(port)).ok_or(Refused::Malformed)?;
    Ok(SocketAddr::new(ip.to_canonical(), port))
}

/// RFC 2428 §2: the delimiter is whichever visible character comes first.
fn fields(text: &str) -> Option<[&str; 3]> {
    let delimiter = text.chars().next().filter(char::is_ascii_graphic)?;
    match text.split(delimiter).collect::<Vec<_>>()[..] {
        ["", protocol, address, port, ""] => Some([protocol, address, port]),
        _ => None,
    }
}

/// Digits alone, and no more than the type holds; `parse` would take a sign as well.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
// end answer

/// Listens for one data connection, which the host at the other end of the control connection makes.
#[derive(Debug)]
pub struct DataListener {
    // answer: // Here is room for a listener, and for whoever may connect to it.
    listener: TcpListener,
    peer: IpAddr,
    // end answer
}
// answer:

/// So many strangers are turned away in one call, at most.
const AT_ONCE: usize = 64;
// end answer

impl DataListener {
    /// Listens at this end's address of the control connection, on a port of the system's choice.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn beside(control: &TcpStream) -> io::Result<Self> {
        // answer: let _ = control; // Yours to use; then this line can go.
        // answer: todo!("bind, and remember who may connect")
        let listener = TcpListener::bind((control.local_addr()?.ip(), 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, peer: control.peer_addr()?.ip().to_canonical() })
        // end answer
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        // answer: todo!("the listener knows it")
        self.listener.local_addr()
        // end answer
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
        // answer: todo!("the connections that are there: is it this one?")
        for _ in 0..AT_ONCE {
            match self.listener.accept() {
                Ok((stream, from)) if from.ip().to_canonical() == self.peer => {
                    stream.set_nonblocking(false)?;
                    return Ok(Some(stream));
                }
                // A stranger's stream is closed by being dropped here.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // Somebody has given up before we came to it (accept(2)).
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
        // end answer
    }
}
