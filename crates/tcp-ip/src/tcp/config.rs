//! What a connection may be told to do otherwise.

use std::time::Duration;

use super::congestion::Algorithm;
use super::options::LARGEST_SHIFT;

/// The settings of a connection. Many connections share one.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How many octets wait to be sent or acknowledged, at most.
    pub send_buffer: usize,
    /// How many octets wait to be read, at most: the largest window that is advertised. Over
    /// 65,535 it needs window scaling; more than 1 GiB cannot be said (RFC 7323 §2.3).
    pub receive_buffer: usize,
    /// Offer and accept window scaling (RFC 7323 §2).
    pub window_scaling: bool,
    /// Offer and accept selective acknowledgments (RFC 2018).
    pub sack: bool,
    /// Offer and accept timestamps (RFC 7323 §3).
    pub timestamps: bool,
    /// Hold a small segment back while another is not acknowledged (RFC 9293 §3.7.4).
    pub nagle: bool,
    /// How long an acknowledgment may wait for company: under half a second (RFC 9293 §3.8.6.3).
    pub delayed_ack: Duration,
    /// The least that is added to the smoothed round-trip time for a timeout; see
    /// [`RttEstimator::new`](super::rtt::RttEstimator::new).
    pub minimum_rto: Duration,
    /// Give up when a peer has acknowledged nothing for so long: R2 of RFC 9293 §3.8.3, which
    /// is at least 100 s; Linux gives up after some 15 minutes (`tcp_retries2`).
    pub user_timeout: Duration,
    /// Ask a silent peer whether it is still there. Off unless asked for (RFC 9293 §3.8.4).
    pub keep_alive: Option<KeepAlive>,
    /// The maximum segment lifetime: a connection stays in TIME-WAIT for two of them. RFC 9293
    /// §3.4.2 says two minutes; Linux waits 60 s in all, and so do we.
    pub msl: Duration,
    /// The congestion control.
    pub congestion: Algorithm,
}

/// When a silent peer is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// After how long a silence; by default two hours, and no less (RFC 9293 §3.8.4).
    pub idle: Duration,
    /// How long to wait for an answer before asking again.
    pub interval: Duration,
    /// How many questions may stay unanswered: a lost one proves nothing.
    pub probes: u8,
}

impl Default for KeepAlive {
    fn default() -> Self {
        let interval = Duration::from_secs(75);
        Self { idle: Duration::from_secs(2 * 60 * 60), interval, probes: 9 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            send_buffer: 4 << 20,
            receive_buffer: 4 << 20,
            window_scaling: true,
            sack: true,
            timestamps: true,
            nagle: true,
            delayed_ack: Duration::from_millis(40),
            minimum_rto: Duration::from_millis(200),
            user_timeout: Duration::from_secs(300),
            keep_alive: None,
            msl: Duration::from_secs(30),
            congestion: Algorithm::default(),
        }
    }
}

impl Config {
    /// By how many bits our windows must be shifted for the whole buffer to be said.
    pub fn shift(&self) -> u8 {
        let fits = |shift: &u8| self.receive_buffer >> shift <= usize::from(u16::MAX);
        (0..LARGEST_SHIFT).find(fits).unwrap_or(LARGEST_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_is_the_smallest_that_says_the_buffer() {
        let shift = |receive_buffer| Config { receive_buffer, ..Config::default() }.shift();
        assert_eq!([0, 65_535, 65_536, 131_071, 4 << 20].map(shift), [0, 0, 1, 1, 7]);
        assert_eq!(shift(usize::MAX), 14);
    }
}
