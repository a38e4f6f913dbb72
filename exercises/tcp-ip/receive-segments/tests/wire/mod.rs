//! A receiver, a model of it that is plain and slow, and the segments that were exchanged.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use harness::{Check, Mistake, Outcome, shown};
use receive_segments::{Ack, MSS, Receiver, Segment};

use crate::mistakes::{
    ACKS_ACKS, AHEAD, CUT, ENDS_EARLY, NEVER_CLOSES, NO_NUMBER, SILENT, SILLY, UNDERFLOW,
};

/// Segments of a long conversation that the report tells.
const TOLD: usize = 12;

/// The octets of the stream from `start` to `end`: each letter says where it belongs.
pub(crate) fn letters(start: u64, end: u64) -> Vec<u8> {
    let alphabet = (b'a'..=b'z').cycle().skip((start % 26) as usize);
    alphabet.zip(start..end).map(|(letter, _)| letter).collect()
}

/// A segment as the tests write it: `start..end` are positions in the stream.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sent {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
}

pub(crate) struct Wire<'a> {
    c: &'a Check,
    receiver: Receiver,
    capacity: u64,
    /// The number of the SYN.
    isn: u32,
    open: bool,
    octets: BTreeSet<u64>,
    read: u64,
    end: Option<u64>,
    edge: u64,
    /// The last segment changed nothing.
    nothing_new: bool,
    /// The last steps, where there are too many to tell.
    steps: Option<Vec<String>>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(c: &'a Check, isn: u32, capacity: usize) -> Self {
        c.attempt(format!("made a Receiver with a capacity of {capacity}"));
        Self {
            c,
            receiver: Receiver::new(capacity),
            capacity: capacity as u64,
            isn,
            open: false,
            octets: BTreeSet::new(),
            read: 0,
            end: None,
            edge: 0,
            nothing_new: false,
            steps: None,
        }
    }

    /// One that tells its last steps, and these only when it fails.
    pub(crate) fn quietly(c: &'a Check, isn: u32, capacity: usize) -> Self {
        Self { steps: Some(Vec::new()), ..Self::new(c, isn, capacity) }
    }

    pub(crate) fn syn(&mut self) -> Outcome {
        self.send(Sent { syn: true, ..Sent::default() })
    }

    pub(crate) fn data(&mut self, start: u64, end: u64) -> Outcome {
        self.send(Sent { start, end, ..Sent::default() })
    }

    pub(crate) fn fin(&mut self, start: u64, end: u64) -> Outcome {
        self.send(Sent { start, end, fin: true, ..Sent::default() })
    }

    /// Hands over a segment, and fails unless it is answered as the model says.
    pub(crate) fn send(&mut self, sent: Sent) -> Outcome {
        let seq = self.number(sent.start).wrapping_sub(u32::from(sent.syn));
        self.send_at(seq, sent)
    }

    /// The same with a number of its own, for one that is not of this stream: nothing is taken.
    pub(crate) fn send_stray(&mut self, seq: u32, sent: Sent) -> Outcome {
        self.nothing_new = true;
        let want = self.ack();
        self.exchange(seq, sent, want)
    }

    fn send_at(&mut self, seq: u32, sent: Sent) -> Outcome {
        let before = (self.open, self.octets.len(), self.end);
        self.open |= sent.syn;
        let takes_numbers = sent.syn || sent.fin || sent.start < sent.end;
        let in_window =
            sent.start == self.expected() || (self.expected()..self.edge).contains(&sent.start);
        if self.open {
            self.take(sent);
        }
        self.nothing_new = before == (self.open, self.octets.len(), self.end);
        let want = if takes_numbers || !in_window { self.ack() } else { None };
        self.exchange(seq, sent, want)
    }

    /// Asks for an acknowledgement, as after reading.
    pub(crate) fn asks(&mut self) -> Outcome {
        self.step("called `acknowledge`".to_owned());
        self.nothing_new = false;
        let want = self.ack();
        self.calls(want, Receiver::acknowledge)
    }

    pub(crate) fn read(&mut self, most: usize) -> Outcome {
        self.step(format!("read at most {most}"));
        let want = letters(self.read, self.next().min(self.read + most as u64));
        self.read += want.len() as u64;
        let got = self.receiver.read(most);
        if want != got {
            self.tell();
        }
        self.c.want(shown(&[&want]));
        self.c.same_bytes(&want, &got, None)
    }

    fn exchange(&mut self, seq: u32, sent: Sent, want: Option<Ack>) -> Outcome {
        let payload = letters(sent.start, sent.end);
        let mut words = vec![format!("-> seq {seq}")];
        words.extend(sent.syn.then(|| "SYN".to_owned()));
        words.extend((!payload.is_empty()).then(|| shown(&[&payload])));
        words.extend(sent.fin.then(|| "FIN".to_owned()));
        if words.len() == 1 {
            words.push("(an acknowledgement: it takes no number)".to_owned());
        }
        self.step(words.join(" "));
        let segment = Segment { seq, syn: sent.syn, payload: &payload, fin: sent.fin };
        self.calls(want, |receiver| receiver.receive(&segment))
    }

    /// Fails unless `call` returns `want`.
    fn calls(
        &mut self,
        want: Option<Ack>,
        call: impl FnOnce(&mut Receiver) -> Option<Ack>,
    ) -> Outcome {
        self.c.want(told(want));
        let receiver = &mut self.receiver;
        let Ok(got) = catch_unwind(AssertUnwindSafe(|| call(receiver))) else {
            self.tell();
            let below_zero = self.expected() > self.edge && self.end == Some(self.next());
            return Err(self.c.fail(below_zero.then_some(&UNDERFLOW), ""));
        };
        if want != got {
            self.tell();
        }
        self.c.ensure(want == got, self.mistake(want, got), || told(got))
    }

    /// What the answer proves, in place of what is wanted.
    fn mistake(&self, want: Option<Ack>, got: Option<Ack>) -> Option<&'static Mistake> {
        let (want, got) = match (want, got) {
            (Some(want), Some(got)) => (want, got),
            (Some(_), None) => return self.nothing_new.then_some(&SILENT),
            (None, Some(_)) => return self.open.then_some(&ACKS_ACKS),
            (None, None) => return None,
        };
        let highest = self.octets.last().map_or(self.next(), |at| self.next().max(at + 1));
        if got.ackno != want.ackno {
            return match got.ackno.wrapping_sub(want.ackno).cast_signed() {
                -1 => Some(&NO_NUMBER),
                1 if self.end.is_some_and(|end| end > self.next()) => Some(&ENDS_EARLY),
                ahead if ahead > 0 && highest > self.next() => {
                    let end = self.number(highest);
                    (got.ackno == end || got.ackno == end.wrapping_add(1)).then_some(&AHEAD)
                }
                _ => None,
            };
        }
        let unread = self.next() - self.read;
        let (free, window) = (self.capacity - unread, u64::from(got.window));
        if self.expected() > self.edge && window > self.capacity {
            Some(&UNDERFLOW)
        } else if free > 0xffff && window == free & 0xffff {
            Some(&CUT)
        } else if unread > 0 && window == self.capacity.min(0xffff) {
            Some(&NEVER_CLOSES)
        } else {
            (window > u64::from(want.window) && window == free.min(0xffff)).then_some(&SILLY)
        }
    }

    /// The model takes what is new and has room.
    fn take(&mut self, sent: Sent) {
        let room = self.read + self.capacity;
        let highest = self.octets.last().map_or(self.next(), |at| self.next().max(at + 1));
        if sent.fin && self.end.is_none() && (highest..=room).contains(&sent.end) {
            self.end = Some(sent.end);
        }
        let upto = sent.end.min(room).min(self.end.unwrap_or(u64::MAX));
        self.octets.extend(sent.start.max(self.read)..upto);
    }

    fn ack(&mut self) -> Option<Ack> {
        if !self.open {
            return None;
        }
        let free = self.capacity - (self.next() - self.read);
        let most = self.next() + free.min(0xffff);
        if most >= self.edge + (MSS as u64).min(self.capacity / 2) {
            self.edge = most;
        }
        let window = self.edge.saturating_sub(self.expected());
        let window = u16::try_from(window).expect("no more than was offered");
        Some(Ack { ackno: self.number(self.expected()), window })
    }

    /// The first octet that is missing.
    pub(crate) fn next(&self) -> u64 {
        let missing = (self.read..).find(|at| !self.octets.contains(at));
        missing.expect("there are more positions than octets")
    }

    fn expected(&self) -> u64 {
        self.next() + u64::from(self.end == Some(self.next()))
    }

    fn number(&self, position: u64) -> u32 {
        let around = u32::try_from(position % (1 << 32)).expect("it is below 2^32");
        self.isn.wrapping_add(1).wrapping_add(around)
    }

    fn step(&mut self, step: String) {
        match &mut self.steps {
            None => self.c.did(step),
            Some(steps) => {
                if steps.len() == TOLD {
                    steps.remove(0);
                }
                steps.push(step);
            }
        }
    }

    fn tell(&mut self) {
        if let Some(steps) = self.steps.take() {
            self.c.did("sent many segments; the last of them:");
            steps.into_iter().for_each(|step| self.c.did(step));
        }
    }
}

fn told(ack: Option<Ack>) -> String {
    match ack {
        Some(Ack { ackno, window }) => format!("<- ack {ackno}, window {window}"),
        None => "no answer".to_owned(),
    }
}
