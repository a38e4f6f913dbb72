//! The states of a connection (RFC 9293 §3.3.2, figure 5).
//!
//! ```text
//!              connect                      listen, SYN arrives
//!                 │                                  │
//!             SYN-SENT ───── SYN arrives ────► SYN-RECEIVED
//!                 │ SYN, ACK arrives                 │ ACK of our SYN arrives
//!                 └───────────► ESTABLISHED ◄────────┘
//!                   shutdown ┌──────┴──────┐ FIN arrives
//!                       FIN-WAIT-1      CLOSE-WAIT
//!       FIN arrives ┌────────┤ ACK of FIN   │ shutdown
//!                CLOSING  FIN-WAIT-2     LAST-ACK
//!       ACK of FIN  │        │ FIN arrives  │ ACK of FIN
//!                   └──► TIME-WAIT ──2MSL──►└──► CLOSED
//! ```
//!
//! LISTEN is not here: what listens is a [`Listener`](super::listener::Listener), and no connection.

use std::fmt;

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// There is none, or no longer.
    Closed,
    /// We asked for one.
    SynSent,
    /// The peer asked for one, and we agreed.
    SynReceived,
    /// Both directions are open.
    Established,
    /// We have ended our direction; the peer does not know yet.
    FinWait1,
    /// The peer knows, and may go on sending.
    FinWait2,
    /// The peer has ended its direction; we may go on sending.
    CloseWait,
    /// Both have ended theirs at once; the peer does not know of ours yet.
    Closing,
    /// We ended ours last; the peer does not know yet.
    LastAck,
    /// All is over. We stay to answer a peer that has not heard of it, and until no old segment
    /// can be left that a next connection would mistake for its own.
    TimeWait,
}

impl State {
    // ANCHOR: transitions
    /// The application ends our direction. RFC 9293 §3.10.4.
    #[must_use]
    pub fn shut_down(self) -> Self {
        match self {
            Self::Established => Self::FinWait1,
            Self::CloseWait => Self::LastAck,
            // During the handshake the FIN waits for it to end.
            other => other,
        }
    }

    /// The peer's FIN arrived, and all before it. RFC 9293 §3.10.7.4, eighth.
    #[must_use]
    pub fn fin_received(self) -> Self {
        match self {
            Self::SynReceived | Self::Established => Self::CloseWait,
            Self::FinWait1 => Self::Closing,
            Self::FinWait2 => Self::TimeWait,
            other => other,
        }
    }

    /// Our FIN was acknowledged. RFC 9293 §3.10.7.4, fifth.
    #[must_use]
    pub fn fin_acknowledged(self) -> Self {
        match self {
            Self::FinWait1 => Self::FinWait2,
            Self::Closing => Self::TimeWait,
            Self::LastAck => Self::Closed,
            other => other,
        }
    }
    // ANCHOR_END: transitions

    /// Whether the peer may still send us something.
    pub fn may_receive(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }

    /// Whether both ends know each other's initial sequence numbers.
    pub fn is_synchronized(self) -> bool {
        !matches!(self, Self::Closed | Self::SynSent | Self::SynReceived)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "CLOSED",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::State::*;

    #[test]
    fn either_end_may_end_first_and_both_may_at_once() {
        let first = Established.shut_down().fin_acknowledged().fin_received();
        assert_eq!(first, TimeWait);
        assert_eq!(Established.fin_received().shut_down().fin_acknowledged(), Closed);
        assert_eq!(Established.shut_down().fin_received().fin_acknowledged(), TimeWait);
    }
}
