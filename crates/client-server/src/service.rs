//! What a server offers: a session for each connection.

use std::net::IpAddr;

use crate::session::Session;

/// Makes the sessions of a server. A closure `Fn(Option<IpAddr>) -> impl Session` is one.
pub trait Service {
    /// The protocol of each connection.
    type Session: Session;

    /// A session for a peer that has just connected; `None` over a Unix-domain socket.
    fn session(&self, peer: Option<IpAddr>) -> Self::Session;

    /// What a peer is told that comes when a limit is reached. Short, since nobody waits until it is sent.
    fn refusal(&self) -> &[u8] {
        b""
    }
}

impl<F, S> Service for F
where
    F: Fn(Option<IpAddr>) -> S,
    S: Session,
{
    type Session = S;

    fn session(&self, peer: Option<IpAddr>) -> S {
        self(peer)
    }
}
