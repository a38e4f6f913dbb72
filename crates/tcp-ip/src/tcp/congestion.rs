//! How much may be on the way: the congestion window (RFC 5681), behind one trait.
//!
//! A controller is told what was acknowledged and what was lost, and says how many octets the path
//! is trusted to hold. It does not know how a loss was found, nor what is sent again: that is
//! [`recovery`](super::recovery)'s.

pub mod cubic;
pub mod reno;

use std::fmt;
use std::time::Duration;

use crate::Instant;

pub use cubic::Cubic;
pub use reno::Reno;

/// A congestion control algorithm. Sizes are in octets.
pub trait Controller: fmt::Debug + Send {
    /// cwnd.
    fn window(&self) -> u32;

    /// ssthresh: below it the window doubles each round trip.
    fn threshold(&self) -> u32;

    /// New data was acknowledged, outside of a fast recovery.
    fn acknowledged(&mut self, ack: &Ack);

    /// A loss was found by duplicate acknowledgments or SACK, the first one in this window.
    /// `in_flight`: RFC 5681's FlightSize.
    fn lost(&mut self, now: Instant, in_flight: u32);

    /// The retransmission timer went off; `first`: the segment had not timed out before.
    fn timed_out(&mut self, now: Instant, in_flight: u32, first: bool);

    /// Nothing was sent for longer than the retransmission timeout (RFC 5681 §4.1).
    fn idle(&mut self);

    /// The path's segments have another size from now on.
    fn set_segment_size(&mut self, octets: u32);
}

/// An acknowledgment, as a [`Controller`] sees it.
#[derive(Debug, Clone, Copy)]
pub struct Ack {
    /// When it arrived.
    pub now: Instant,
    /// How many octets it acknowledges for the first time.
    pub octets: u32,
    /// SRTT, if it is known.
    pub rtt: Option<Duration>,
    /// Whether it was this window that held the sender back. If it was the application or the
    /// receiver, the acknowledgment says nothing of the path, and the window must not grow.
    pub limited: bool,
}

/// Which algorithm a connection uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// RFC 5681: half of the window after a loss, and a segment more each round trip.
    Reno,
    /// RFC 9438: a cubic function of the time since the loss. The Internet's usual one.
    #[default]
    Cubic,
}

impl Algorithm {
    /// A controller in its first slow start.
    pub fn start(self, segment_size: u32) -> Box<dyn Controller> {
        match self {
            Self::Reno => Box::new(Reno::new(segment_size)),
            Self::Cubic => Box::new(Cubic::new(segment_size)),
        }
    }
}

/// IW: ten segments, but no more than 14,600 octets unless two segments are more (RFC 6928 §2).
pub fn initial_window(segment_size: u32) -> u32 {
    (10 * segment_size).min((2 * segment_size).max(14_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_window_is_ten_segments_of_an_ethernet() {
        assert_eq!(initial_window(1460), 14_600);
        assert_eq!(initial_window(536), 5_360);
        assert_eq!(initial_window(9_000), 18_000);
    }
}
