//! A listener that can be closed and opened again at once, on the same port.

use std::io;
use std::net::{SocketAddr, TcpListener};

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
    todo!("listen on {address}, however short ago another listener was there")
}
