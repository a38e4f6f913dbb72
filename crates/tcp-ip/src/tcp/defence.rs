//! Against strangers who cannot see a connection and write into it all the same (RFC 5961).
//!
//! Who guesses two addresses, two ports and a number somewhere in the window could once end a
//! connection with an RST or a SYN, or put octets into it. Now an RST has to hit the one next
//! number, and an acknowledgment has to be one that the peer could have sent. To all that is nearly
//! right, the answer is a challenge: an ACK that tells the real peer, should it be the sender,
//! what would be right.
//!
//! Challenges are limited (§7), or one could be made to send them without end. The limit is each
//! connection's own: one for all of them could be watched from outside, and told strangers which
//! guesses were right (CVE-2016-5696).

use std::time::Duration;

use super::Seq;
use crate::Instant;

/// What to do with an RST (RFC 5961 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// It is the peer's: the connection is over.
    Genuine,
    /// It may be: ask.
    Challenge,
    /// It is not.
    Ignore,
}

/// Judges an RST with this number, while `nxt` is expected and `window` octets from there.
// ANCHOR: judge
pub fn judge_reset(sequence: Seq, nxt: Seq, window: u32) -> Reset {
    if sequence == nxt {
        Reset::Genuine
    } else if sequence.within(nxt, window) {
        Reset::Challenge
    } else {
        Reset::Ignore
    }
}
// ANCHOR_END: judge

/// Whether the peer could have sent this acknowledgment (RFC 5961 §5.2):
/// `SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT`.
pub fn ack_is_plausible(ack: Seq, una: Seq, nxt: Seq, max_window: u32) -> bool {
    ack.at_or_before(nxt) && ack.at_or_after(una - max_window.min(1 << 30))
}

/// Challenges in [`PERIOD`], at most: RFC 5961 §7 gives these numbers as an example.
const MOST: u8 = 10;
/// How long until there may be as many again.
const PERIOD: Duration = Duration::from_secs(5);

/// Limits the answers to segments that make no sense.
#[derive(Debug, Clone, Default)]
pub struct ChallengeLimit {
    since: Instant,
    sent: u8,
}

impl ChallengeLimit {
    /// Whether one more may be sent now. If so, it is counted.
    pub fn allows(&mut self, now: Instant) -> bool {
        if now.since(self.since) >= PERIOD {
            *self = Self { since: now, sent: 0 };
        }
        let allowed = self.sent < MOST;
        self.sent += u8::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_number_resets() {
        let judge = |sequence| judge_reset(Seq(sequence), Seq(1_000), 1_000);
        assert_eq!(judge(1_000), Reset::Genuine);
        assert_eq!([1_001, 1_999].map(judge), [Reset::Challenge; 2]);
        assert_eq!([999, 2_000, 9_000].map(judge), [Reset::Ignore; 3]);
        assert_eq!(judge_reset(Seq(7), Seq(7), 0), Reset::Genuine);
    }

    #[test]
    fn an_acknowledgment_must_be_of_what_was_sent_lately() {
        let plausible = |ack| ack_is_plausible(Seq(ack), Seq(5_000), Seq(5_100), 1_000);
        assert_eq!([4_000, 5_000, 5_100].map(plausible), [true; 3]);
        assert_eq!([3_999, 5_101].map(plausible), [false; 2]);
    }

    #[test]
    fn ten_challenges_in_five_seconds() {
        let mut limit = ChallengeLimit::default();
        let at = |seconds| Instant::new(Duration::from_secs(seconds));
        assert_eq!((0..100).filter(|_| limit.allows(at(1))).count(), 10);
        assert!(!limit.allows(at(4)) && limit.allows(at(6)));
    }
}
