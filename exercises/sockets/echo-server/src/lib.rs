//! An echo server: what a client sends comes back, whoever else is connected.

use std::io;
use std::net::TcpListener;

/// Serves every client that connects to `listener`, at the same time, for ever.
///
/// Each client gets its own bytes back, in order, as they come: the server does not wait for a
/// line, or for the end. When a client has sent all that it will (`read` returns `Ok(0)`) and has
/// been sent all of it back, its connection is closed.
///
/// # Errors
///
/// None, as long as the listener is one: a failed `accept` concerns one connection, or a
/// shortage that will pass, and a failed connection concerns one client.
pub fn serve(listener: TcpListener) -> io::Result<()> {
    todo!("echo to every client that connects to {listener:?}")
}
