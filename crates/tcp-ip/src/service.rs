//! What is on top of a connection: small services, to have something to talk to.
//!
//! A [`Service`] is asked whenever something may have happened to its connection; it reads, writes,
//! ends its direction, and says when it is done. It waits for nothing and reads no clock: the
//! same service runs on a TUN device, and in virtual time in its tests.

mod echo;
mod fetch;
mod http;

use crate::tcp::Connection;

pub use echo::Echo;
pub use fetch::{Fetch, Fetched, Target};
pub use http::Files;

/// One connection's service.
pub trait Service {
    /// Goes on, as far as the connection lets it.
    fn serve(&mut self, connection: &mut Connection) -> Next;

    /// Whether there is something to do for [`serve`](Self::serve), as far as one can see from
    /// outside.
    fn wants(&self, connection: &Connection) -> bool {
        connection.readable() > 0 || connection.is_finished()
    }
}

/// What a service wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Go on.
    Continue,
    /// It is done; what is queued is still to be sent.
    Done,
    /// Reset the connection: there is no way to say what went wrong.
    Abort,
}

#[cfg(test)]
mod tests;
