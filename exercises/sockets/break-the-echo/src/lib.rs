//! Tells right echo servers from wrong ones.

use std::error::Error;
use std::net::SocketAddr;

/// `Ok(())`: the server is right. Else an error that says what it did wrong, in a sentence.
pub type Verdict = Result<(), Box<dyn Error + Send + Sync>>;

/// Talks to the echo server at `server`, with as many connections as it takes, and says whether it
/// is right. Returns within two seconds, whatever the server does.
///
/// A right server gives every client its own bytes back, all of them, in order, and nothing else:
///
/// - any bytes, any number, as they come: it does not wait for a line, or for the end;
/// - to any number of clients at the same time;
/// - once a client has half-closed and got everything back, the server ends the connection.
///
/// It may cut its replies anywhere and join them, and may pause, for up to 50 ms at a time.
pub fn judge(server: SocketAddr) -> Verdict {
    todo!("find out whether the server at {server} echoes as it should")
}
