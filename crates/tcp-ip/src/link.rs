//! A link in user space, as bad as one likes, in virtual time and from a seed.
//!
//! ```text
//!   send ──► queue ──► transmitter ──► the way ──► receive
//!            drops     rate            delay, jitter
//!            what does                 loses, doubles, corrupts,
//!            not fit                   lets overtake
//! ```
//!
//! It is one direction; two of them make a cable. Nothing happens by itself: whoever drives it asks
//! when the next packet [arrives](Link::next_arrival), and goes there.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::Instant;
use crate::random::Random;

/// How bad a link is. By default it is perfect: it takes no time and loses nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// The chance that a packet is lost, between 0 and 1.
    pub loss: f64,
    /// How long the way takes.
    pub delay: Duration,
    /// How much longer it takes at times, at most. Packets stay in order.
    pub jitter: Duration,
    /// The chance that a packet is overtaken by those behind it.
    pub reorder: f64,
    /// The chance that it arrives twice.
    pub duplicate: f64,
    /// The chance that one of its octets changes on the way.
    pub corrupt: f64,
    /// Bits a second; none: no limit.
    pub rate: Option<u64>,
    /// Octets that wait for the transmitter, at most. What comes beyond that is dropped.
    pub queue: usize,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            loss: 0.0,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: 0.0,
            duplicate: 0.0,
            corrupt: 0.0,
            rate: None,
            queue: usize::MAX,
        }
    }
}

/// One direction of a cable.
#[derive(Debug)]
pub struct Link {
    conditions: Conditions,
    random: Random,
    /// Until when the transmitter is busy with what was sent before.
    busy: Instant,
    /// When the last packet arrives: the next one does not before, unless it overtakes.
    latest: Instant,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    /// How many packets were sent: of two that arrive at once, the earlier one is first.
    sent: u64,
    counts: Counts,
}

/// What became of the packets so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Given to the link.
    pub sent: u64,
    /// Lost on the way.
    pub lost: u64,
    /// Dropped, since the queue was full.
    pub dropped: u64,
    /// Arrived twice.
    pub duplicated: u64,
    /// Changed.
    pub corrupted: u64,
    /// Overtaken.
    pub reordered: u64,
}

/// What becomes of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// When it arrives; never, if it is lost.
    pub arrives: Option<Instant>,
    /// When it arrives once more.
    pub again: Option<Instant>,
    /// Whether an octet changes.
    pub corrupted: bool,
}

#[derive(Debug)]
struct UnderWay {
    at: Instant,
    number: u64,
    packet: Vec<u8>,
}

impl Link {
    /// A link whose accidents follow from the seed.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            random: Random::new(seed),
            busy: Instant::ZERO,
            latest: Instant::ZERO,
            under_way: BinaryHeap::new(),
            sent: 0,
            counts: Counts::default(),
        }
    }

    /// Sends a packet, and says what will become of it.
    pub fn send(&mut self, now: Instant, packet: &[u8]) -> Fate {
        let mut fate = Fate { arrives: None, again: None, corrupted: false };
        self.counts.sent += 1;
        let Some(out) = self.transmit(now, packet.len()) else {
            self.counts.dropped += 1;
            return fate;
        };
        if self.happens(self.conditions.loss) {
            self.counts.lost += 1;
            return fate;
        }
        let mut packet = packet.to_vec();
        fate.corrupted = self.happens(self.conditions.corrupt) && !packet.is_empty();
        if fate.corrupted {
            self.counts.corrupted += 1;
            let at = self.random.below(packet.len());
            packet[at] ^= 1 << self.random.below(8);
        }
        fate.arrives = Some(self.arrival(out));
        if self.happens(self.conditions.duplicate) {
            self.counts.duplicated += 1;
            fate.again = Some(self.arrival(out));
        }
        for at in [fate.again, fate.arrives].into_iter().flatten() {
            let packet =
                if fate.again == Some(at) { packet.clone() } else { std::mem::take(&mut packet) };
            self.sent += 1;
            self.under_way.push(Reverse(UnderWay { at, number: self.sent, packet }));
        }
        fate
    }

    /// When the transmitter is through with a packet; none if the queue is full.
    fn transmit(&mut self, now: Instant, octets: usize) -> Option<Instant> {
        let Some(rate) = self.conditions.rate else { return Some(now) };
        let busy = self.busy.max(now);
        let waiting = u128::from(rate) * busy.since(now).as_nanos() / 8_000_000_000;
        if waiting + octets as u128 > self.conditions.queue as u128 {
            return None;
        }
        let nanoseconds = octets as u128 * 8_000_000_000 / u128::from(rate.max(1));
        self.busy = busy + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        Some(self.busy)
    }

    /// When a packet arrives that the transmitter was through with at `out`.
    fn arrival(&mut self, out: Instant) -> Instant {
        let jitter = self.conditions.jitter.mul_f64(self.random.fraction());
        let at = out + self.conditions.delay + jitter;
        if self.happens(self.conditions.reorder) {
            // Late enough that others get by, if there are any.
            self.counts.reordered += 1;
            let late = self.conditions.delay.max(Duration::from_millis(1));
            return at + late.mul_f64(self.random.fraction());
        }
        self.latest = self.latest.max(at);
        self.latest
    }

    fn happens(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.random.chance(chance)
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse(packet)| packet.at)
    }

    /// A packet that has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.next_arrival().filter(|at| *at <= now)?;
        self.under_way.pop().map(|Reverse(packet)| packet.packet)
    }

    /// What became of the packets so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

impl PartialEq for UnderWay {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for UnderWay {}

impl PartialOrd for UnderWay {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UnderWay {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Instant {
        Instant::new(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_packet_arrives_after_its_transmission_and_its_way() {
        let rate = Some(8_000); // An octet in a millisecond.
        let delay = Duration::from_millis(20);
        let mut link = Link::new(Conditions { rate, delay, queue: 25, ..Conditions::default() }, 1);
        assert_eq!(link.send(ms(0), &[1; 10]).arrives, Some(ms(30)));
        assert_eq!(link.send(ms(0), &[2; 10]).arrives, Some(ms(40)));
        assert_eq!(link.send(ms(0), &[3; 10]).arrives, None, "20 wait, and 25 may");
        assert_eq!(link.receive(ms(29)), None);
        assert_eq!(link.receive(ms(40)), Some(vec![1; 10]));
        assert_eq!(link.receive(ms(40)), Some(vec![2; 10]));
        assert_eq!((link.next_arrival(), link.counts().dropped), (None, 1));
    }

    #[test]
    fn accidents_are_as_frequent_as_asked_and_the_same_for_the_same_seed() {
        let conditions = Conditions {
            loss: 0.1,
            corrupt: 0.1,
            duplicate: 0.1,
            reorder: 0.1,
            delay: Duration::from_millis(5),
            ..Conditions::default()
        };
        let run = |seed| {
            let mut link = Link::new(conditions.clone(), seed);
            (0..10_000).for_each(|at| _ = link.send(ms(at), &[0; 100]));
            link.counts()
        };
        let counts = run(7);
        assert_eq!(counts, run(7));
        assert_ne!(counts, run(8));
        for count in [counts.lost, counts.corrupted, counts.duplicated, counts.reordered] {
            assert!((850..1_150).contains(&count), "{counts:?}");
        }
    }

    #[test]
    fn jitter_alone_lets_nobody_overtake() {
        let jitter = Duration::from_millis(50);
        let mut link = Link::new(Conditions { jitter, ..Conditions::default() }, 3);
        let arrivals: Vec<_> = (0..100).map(|at| link.send(ms(at), b"x").arrives).collect();
        assert!(arrivals.is_sorted());
    }
}
