//! A server that knows what it can carry, and says so to those who come when it is full.
//!
//! ```text
//!   accept ──► room? ──► yes ──► a thread: one line in, the answer out, closed
//!                │                   └── the place is given back, however it ends
//!                └─► no ───► "busy\n", FIN
//! ```

use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// What a client is told for which there is no room.
pub const BUSY: &[u8] = b"busy\n";
/// The longest request in bytes, its LF included.
pub const MAX_REQUEST: usize = 1_024;

/// What a server is willing to carry.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Clients at once.
    pub connections: usize,
    /// Clients at once from one address.
    pub per_peer: usize,
    /// How long a client may take to send its request, and again to take the answer.
    pub time: Duration,
}

/// Serves the clients that connect to `listener`, at the same time, for ever.
///
/// A client sends one line, gets what `answer` makes of it (without its LF), and its connection is
/// closed. It is closed without an answer if the line is longer than [`MAX_REQUEST`], the client's
/// time is over, or `answer` panics. When a connection has ended, however it ended, its place is free.
///
/// A client above one of the limits is sent [`BUSY`] and the end of the stream, and takes no place.
/// Nobody waits for it, and it has no thread. Its request is not answered with a reset.
///
/// # Errors
///
/// None, as long as the listener is one: a failed `accept` concerns one connection, or a
/// shortage that will pass.
pub fn serve<F>(listener: TcpListener, limits: Limits, answer: F) -> io::Result<()>
where
    F: Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
{
    let _ = answer; // Yours to use; then this line can go.
    todo!("serve the clients of {listener:?} within {limits:?}, and refuse the others")
}
