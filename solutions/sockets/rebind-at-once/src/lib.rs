//! A listener that can be closed and opened again at once, on the same port.

use std::io;
use std::net::{SocketAddr, TcpListener};
// answer:
use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted. The system lowers it to its own limit
/// (`net.core.somaxconn` on Linux).
const BACKLOG: i32 = 1024;
// end answer

/// Listens on `address`; port 0 lets the system choose.
///
/// It succeeds although connections of a listener before this one, at the same address, are open
/// or still remembered (TIME_WAIT), if that one was opened by this function too. It fails while
/// another listener is there. What the listener accepts behaves like any connection: closing it
/// sends what was written, and then the end of the stream.
///
/// # Errors
///
/// Those of `socket(2)`, `bind(2)` and `listen(2)`, at once: [`io::ErrorKind::AddrInUse`] if somebody
/// listens there, [`io::ErrorKind::AddrNotAvailable`] if the address is none of this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // answer: todo!("listen on {address}, however short ago another listener was there")
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Before `bind`, since it is `bind` that refuses; and at every start, since a connection takes
    // the option over from the listener that accepted it, and at the next start both must have it
    // (*seen on Linux*). On Windows the option means something else: to share a port by force.
    if cfg!(not(windows)) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
    // end answer
}
