//! Two stacks and a link between them, in virtual time.

mod end;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use harness::{Check, Mistake, Outcome};
use two_stacks_talk::{MSS, Segment, checksum};

use crate::mistakes::{CHECKSUM, DUPLICATE, END_ONCE, UPDATE, WINDOW};
use end::{End, drawn, time};
pub(crate) use end::{Fate, Sent};

/// How long a packet takes from one end to the other, and one that is overtaken.
const DELAY: Duration = Duration::from_millis(10);
const LATE: Duration = Duration::from_millis(25);
/// No transfer of this test takes a right answer a quarter of it.
const PATIENCE: Duration = Duration::from_secs(600);
/// Calls of `send` at one moment, and moments without any packet, that no right answer needs.
const MOST_AT_ONCE: usize = 1_000;
/// Packets in all: the transfer of a megabyte takes a right answer an eighth of them.
const MOST_PACKETS: usize = 20_000;
/// The last packets, which a report tells.
const TOLD: usize = 8;
/// Segments that arrive whole, one after the other, without any answer: that is no delay.
const UNANSWERED: usize = 5;
/// What is wrong in a damaged packet.
const FLIPPED: u8 = 0x04;
const NAMES: [&str; 2] = ["a", "b"];

pub(crate) struct Link<'a> {
    c: &'a Check,
    ends: [End; 2],
    now: Duration,
    /// What is on the way: when it arrives, in which order it was sent, to whom.
    way: BTreeMap<(Duration, usize), (usize, Vec<u8>)>,
    serial: usize,
    fate: Box<dyn FnMut(Sent) -> Fate + 'a>,
    told: VecDeque<String>,
}

impl<'a> Link<'a> {
    /// A link without faults between two stacks; a sends `streams[0]`, b the other.
    pub(crate) fn new(c: &'a Check, streams: [Vec<u8>; 2], firsts: [u32; 2]) -> Self {
        let lengths = streams.each_ref().map(Vec::len);
        c.did(format!("made two stacks: a sends {} octets, b {}", lengths[0], lengths[1]));
        let [a, b] = streams;
        let ends = [End::new(a, firsts[0], firsts[1]), End::new(b, firsts[1], firsts[0])];
        let (way, told, fate) = (BTreeMap::new(), VecDeque::new(), Box::new(|_| Fate::Arrives));
        Self { c, ends, now: Duration::ZERO, way, serial: 0, fate, told }
    }

    /// What becomes of each packet.
    pub(crate) fn faults(mut self, what: &str, fate: impl FnMut(Sent) -> Fate + 'a) -> Self {
        self.c.did(what);
        self.fate = Box::new(fate);
        self
    }

    /// The application of b does not read before this time.
    pub(crate) fn pausing(mut self, until: Duration) -> Self {
        self.c.did(format!("the application at b does not read before {}", time(until)));
        self.ends[1].reads_at = until;
        self
    }

    /// Lets time pass until both streams have arrived, and their ends. Returns how many packets
    /// with data or a FIN each end sent, and how long it took.
    pub(crate) fn run(mut self) -> Outcome<([usize; 2], Duration)> {
        self.c.want("both streams arrive, octet for octet, and their ends; and both ends know it");
        let mut idle = 0;
        loop {
            let busy = self.apply()? | self.transmit()?;
            let over = |end: &End| end.stack.has_ended() && end.stack.is_acknowledged();
            if self.way.is_empty() && self.ends.iter().all(over) {
                self.complete()?;
                return Ok((self.ends.each_ref().map(|end| end.packets), self.now));
            }
            idle = if busy { 0 } else { idle + 1 };
            self.ensure(idle < MOST_AT_ONCE, None, || {
                "`deadline` names a time that has passed, and `send` has nothing to send".to_owned()
            })?;
            let Some(next) = self.next() else {
                let stuck = "nothing is on the way, and `deadline` of both stacks is None";
                return self
                    .ensure(false, self.proven(), || self.state(stuck))
                    .map(|()| unreachable!());
            };
            self.now = self.now.max(next);
            self.ensure(self.now < PATIENCE, self.proven(), || {
                self.state("not done after ten minutes of the link's time")
            })?;
            self.ensure(self.serial < MOST_PACKETS, self.proven(), || {
                self.state(&format!("not done after {MOST_PACKETS} packets"))
            })?;
            if let Some(first) = self.way.first_entry().filter(|it| it.key().0 <= self.now) {
                let (to, packet) = first.remove();
                self.arrive(to, &packet);
                idle = 0;
            }
        }
    }

    /// The applications write what there is room for, and read what is there.
    fn apply(&mut self) -> Outcome<bool> {
        let mut busy = false;
        for side in [0, 1] {
            let end = &mut self.ends[side];
            let count = end.stack.write(&end.stream[end.written..]);
            end.written += count;
            if end.written == end.stream.len() && !end.finished {
                end.finished = true;
                end.stack.finish();
            }
            if self.now < end.reads_at {
                continue;
            }
            let octets = end.stack.read(usize::MAX);
            let from = end.read.len();
            end.read.extend(&octets);
            busy |= count + octets.len() > 0;
            let (read, sent) = (&self.ends[side].read, &self.ends[1 - side].stream);
            if !sent[from.min(sent.len())..].starts_with(&octets) {
                self.tell();
                self.c.did(format!("`read` of {}, from position {from} on", NAMES[side]));
                let want = &sent[from.min(sent.len())..(from + octets.len()).min(sent.len())];
                let wrong: Vec<_> = want.iter().zip(&octets).filter(|(a, b)| a != b).collect();
                let flipped = matches!(wrong[..], [(a, b)] if a ^ b == FLIPPED);
                return self
                    .c
                    .same_bytes(want, &read[from..], flipped.then_some(&CHECKSUM))
                    .map(|()| busy);
            }
        }
        Ok(busy)
    }

    /// The stacks send what they have to send now.
    fn transmit(&mut self) -> Outcome<bool> {
        let mut busy = false;
        for side in [0, 1] {
            let mut count = 0;
            while let Some(packet) = self.ends[side].stack.send(self.now) {
                count += 1;
                self.ensure(count < MOST_AT_ONCE, None, || {
                    format!("`send` of {} returned {count} packets at one time", NAMES[side])
                })?;
                self.depart(side, packet)?;
                busy = true;
            }
        }
        Ok(busy)
    }

    fn depart(&mut self, side: usize, mut packet: Vec<u8>) -> Outcome {
        let Some(segment) = Segment::parse(&packet) else {
            return self.ensure(false, None, || format!("a packet of {} bytes", packet.len()));
        };
        let (octets, fin) = (segment.data.len(), segment.fin);
        let nth = self.ends[side].packets;
        let fate = (self.fate)(Sent { by: side, nth, octets, fin, window: segment.window });
        let edge = self.ends[side].edge;
        let span = self.ends[side].sends(&segment, self.ends[1 - side].first, fate);
        let fits = span.end <= edge || octets + usize::from(fin) <= 1;
        let line = drawn(self.now, side, &span, &segment, self.ends[side].says, fate);
        self.told.truncate(TOLD - 1);
        self.told.push_front(line);
        self.ensure(octets <= MSS, None, || format!("{octets} octets in one segment"))?;
        self.ensure(fits, &WINDOW, || format!("room was promised up to position {edge}"))?;
        if fate == Fate::Damaged {
            // One bit, which the checksum always finds: in the data, if there is any.
            let at = if packet.len() > 20 { 20 + (packet.len() - 20) / 2 } else { 9 };
            packet[at] ^= FLIPPED;
        }
        let late = if fate == Fate::Late { LATE } else { Duration::ZERO };
        let copies = [usize::from(fate != Fate::Lost), usize::from(fate == Fate::Twice)];
        for _ in 0..copies.iter().sum() {
            self.serial += 1;
            self.way.insert((self.now + DELAY + late, self.serial), (1 - side, packet.clone()));
        }
        Ok(())
    }

    fn arrive(&mut self, to: usize, packet: &[u8]) {
        if checksum(packet) == 0
            && let Some(segment) = Segment::parse(packet)
        {
            let peer = self.ends[1 - to].first;
            self.ends[to].hears(&segment, peer);
        }
        self.ends[to].stack.receive(self.now, packet);
    }

    /// When something happens next.
    fn next(&self) -> Option<Duration> {
        let arrival = self.way.keys().next().map(|(at, _)| *at);
        let deadlines = self.ends.iter().filter_map(|end| end.stack.deadline());
        let readers = self.ends.iter().map(|end| end.reads_at).filter(|at| *at > self.now);
        arrival.into_iter().chain(deadlines).chain(readers).min()
    }

    /// Both streams are said to have ended: whether they are whole, and nobody waits any more.
    fn complete(&self) -> Outcome {
        for side in [0, 1] {
            let (end, name) = (&self.ends[side], NAMES[side]);
            let (want, got) = (self.ends[1 - side].stream.len(), end.read.len());
            self.ensure(want == got, None, || {
                format!("`has_ended` of {name} says true after {got} of {want} octets")
            })?;
            self.ensure(end.stack.deadline().is_none(), None, || {
                format!("all is done, and `deadline` of {name} still names a time")
            })?;
        }
        Ok(())
    }

    /// The mistake that the wire proves, of a transfer that does not come to its end.
    fn proven(&self) -> Option<&'static Mistake> {
        if self.ends.iter().any(|end| end.unanswered >= UNANSWERED) {
            return Some(&DUPLICATE);
        }
        if !self.way.is_empty() {
            return None;
        }
        if self.ends.iter().any(End::waits_for_room) {
            return Some(&UPDATE);
        }
        self.ends.iter().any(End::waits_for_its_fin).then_some(&END_ONCE)
    }

    fn state(&self, what: &str) -> String {
        let of = |side: usize| {
            let (name, end, peer) = (NAMES[side], &self.ends[side], &self.ends[1 - side]);
            let (read, all) = (end.read.len(), peer.stream.len());
            let (ended, known) = (end.stack.has_ended(), end.stack.is_acknowledged());
            format!("{name}: read {read} of {all}; has_ended {ended}, is_acknowledged {known}")
        };
        format!("{what}, at {}\n{}\n{}", time(self.now), of(0), of(1))
    }

    fn ensure(
        &self,
        held: bool,
        mistake: impl Into<Option<&'static Mistake>>,
        got: impl FnOnce() -> String,
    ) -> Outcome {
        if !held {
            self.tell();
        }
        self.c.ensure(held, mistake, got)
    }

    fn tell(&self) {
        let lines: Vec<_> = self.told.iter().rev().cloned().collect();
        self.c.did(format!("the last packets:\n{}", lines.join("\n")));
    }
}
