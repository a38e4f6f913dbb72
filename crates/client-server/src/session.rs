//! The contract between a protocol and whatever carries its bytes.
//!
//! A [`Session`] is one side of one connection, as a state machine. It is told what happened
//! (bytes arrived, the peer has ended, time has passed), it queues bytes to send, and it says
//! whether to go on. It owns no socket, reads no clock and never blocks: so the same session runs on
//! a thread, on an event loop, under TLS, in a test that cuts its input at every byte, and in virtual time.
//!
//! ```text
//!            bytes, end, time                      bytes, file ranges
//!   socket ──────────────────►  shell ──► Session ──────────────────► Output ──► shell ──► socket
//!                                 ▲          │
//!                                 └── Next ──┘   continue, close, abort, upgrade; and a deadline
//! ```
//!
//! What a shell promises to a session:
//!
//! - [`opened`](Session::opened) comes first and once; after `Next::Close`, `Next::Abort` and
//!   `Next::Upgrade` nothing comes but [`closed`](Session::closed).
//! - Bytes come in order, each once, cut anywhere. They are lent: what the session still needs
//!   when it returns, it keeps a copy of, within limits of its own.
//! - While more than [`HIGH_WATER`](crate::output::HIGH_WATER) bytes wait to be sent, nothing is read, so a peer that
//!   does not read its answers cannot make them pile up.
//! - After [`deadline`](Session::deadline) has passed, [`expired`](Session::expired) is called
//!   within a few milliseconds, and never before. (A thread that is sending comes to it when
//!   that is done, or has taken too long: [`Limits::write`](crate::Limits::write).)
//!
//! That is all that most protocols need. Two more things are there for those that ask, through
//! [`Context`], and cost the others nothing:
//!
//! - one connection beside its own, for FTP's files or a proxy's server: [`beside`](Session::beside);
//! - a [`Wake`](crate::Wake), so that a thread that has done what blocks can say so: [`woken`](Session::woken).

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::beside::Beside;
pub use crate::context::Context;

/// A moment: the time since the shell's clock began. Never the wall clock's.
pub type Time = Duration;

// ANCHOR: next
/// What a session wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Go on.
    Continue,
    /// Send what is queued, then close in order: FIN, and read to the peer's end for a moment, so
    /// that no reset destroys the last reply on its way (RFC 9112 §9.6 describes the same).
    Close,
    /// Drop the connection now, with what is queued.
    Abort,
    /// From here on the bytes belong to another protocol. What that means is for the layer around
    /// this session to know (STARTTLS: a TLS layer begins its handshake); a shell that runs
    /// the session bare takes it for [`Next::Abort`].
    Upgrade,
}
// ANCHOR_END: next

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// As the session asked with [`Next::Close`]: all that it had queued was taken by the system.
    InOrder,
    /// As the session asked with [`Next::Abort`].
    Aborted,
    /// It could not be made, in the first place.
    NotConnected(ErrorKind),
    /// The network or the peer's system broke it.
    Lost(ErrorKind),
    /// The peer did not take what was sent, for longer than the limits allow.
    Stalled,
    /// The shell stopped before it was done.
    Stopped,
    /// The session panicked. It is not told: nobody knows what state it is in.
    Panicked,
}

/// Asks a session something, and survives its panic: `None`. A bug that one peer can reach must not
/// end the connections of all.
pub(crate) fn guarded<T>(ask: impl FnOnce() -> T) -> Option<T> {
    // The session is not used again after a panic, and its output is dropped with it.
    catch_unwind(AssertUnwindSafe(ask)).ok()
}

/// A connection's protocol.
pub trait Session {
    /// The connection is open. A server that speaks first queues its greeting here.
    fn opened(&mut self, _cx: &mut Context<'_>) -> Next {
        Next::Continue
    }

    /// `bytes` arrived; there is at least one.
    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next;

    /// The peer has sent all that it will (FIN). It may still be waiting for answers. A session that
    /// continues, with nothing queued, nothing beside and no deadline, is closed: nothing can happen
    /// to it any more. (One that waits to be [`woken`](Self::woken) names a deadline: every wait has one.)
    fn ended(&mut self, _cx: &mut Context<'_>) -> Next {
        Next::Close
    }

    /// What waits to be sent has fallen to [`LOW_WATER`](crate::output::LOW_WATER) or below, and the
    /// session had queued more than that: one that has much to say goes on here, piece by piece.
    fn flushed(&mut self, _cx: &mut Context<'_>) -> Next {
        Next::Continue
    }

    /// The moment that [`deadline`](Self::deadline) named has passed. A session that continues names
    /// a later one; else it is called again after all others have had their turn.
    fn expired(&mut self, _cx: &mut Context<'_>) -> Next {
        Next::Close
    }

    /// Something happened to the connection that the session has asked for
    /// [beside](crate::beside) its own.
    fn beside(&mut self, _event: Beside<'_>, _cx: &mut Context<'_>) -> Next {
        Next::Continue
    }

    /// A [`Wake`](crate::Wake) of this session was used since the last call, once or more often. What it was
    /// used for may have been seen to already.
    fn woken(&mut self, _cx: &mut Context<'_>) -> Next {
        Next::Continue
    }

    /// Whether to read from the session's own connection. Asked before each read. A session that
    /// has no room for more until a thread or the other connection has gone on says `false`, and is to
    /// name a deadline. The peer's end, too, waits until it is read.
    fn takes(&self) -> bool {
        true
    }

    /// Whether to read from the connection beside, likewise.
    fn takes_beside(&self) -> bool {
        true
    }

    /// The server is about to stop. All bytes that had arrived were given to `received` before, or
    /// the peer's end to `ended`. A session in the middle of something may `Continue` to its end, and
    /// then close; it is not asked twice.
    fn draining(&mut self, _cx: &mut Context<'_>) -> Next {
        Next::Close
    }

    /// The connection is over: the last call.
    fn closed(&mut self, _how: Closed) {}

    /// When [`expired`](Self::expired) is to be called. Asked after every other call; a deadline
    /// that moves on with every message costs nothing.
    fn deadline(&self) -> Option<Time>;
}
