//! A reassembler, a model of it that is plain and slow, and what was done with both.

use std::collections::BTreeMap;
use std::iter;

use harness::{Check, Mistake, Outcome, shown};
use reassemble_the_stream::Reassembler;

use crate::mistakes::{
    ALL_OR_NOTHING, DROPS_AHEAD, ENDS_EARLY, NO_ROOM, OVER_HOLE, PAST, STOPS, TWICE,
};

/// Steps of a long conversation that the report tells, and octets that it draws.
const TOLD: usize = 12;
const DRAWN: u64 = 64;

/// The octets of a stream from `start` to `end`: each letter says where it belongs.
pub(crate) fn letters(start: u64, end: u64) -> Vec<u8> {
    let alphabet = (b'a'..=b'z').cycle().skip((start % 26) as usize);
    alphabet.zip(start..end).map(|(letter, _)| letter).collect()
}

/// What can be asked of a reassembler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    next: u64,
    waiting: usize,
    window: usize,
    complete: bool,
}

impl State {
    fn told(self) -> String {
        let Self { next, waiting, window, complete } = self;
        let complete = if complete { "complete" } else { "not complete" };
        format!("next {next}, waiting {waiting}, window {window}, {complete}")
    }
}

pub(crate) struct Stream<'a> {
    c: &'a Check,
    reassembler: Reassembler,
    capacity: usize,
    octets: BTreeMap<u64, u8>,
    read: u64,
    end: Option<u64>,
    /// The last steps, where there are too many to tell.
    steps: Option<Vec<String>>,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(c: &'a Check, capacity: usize) -> Self {
        c.attempt(format!("made a Reassembler with a capacity of {capacity}"));
        Self {
            c,
            reassembler: Reassembler::new(capacity),
            capacity,
            octets: BTreeMap::new(),
            read: 0,
            end: None,
            steps: None,
        }
    }

    /// One that tells its last steps, and these only when it fails.
    pub(crate) fn quietly(c: &'a Check, capacity: usize) -> Self {
        Self { steps: Some(Vec::new()), ..Self::new(c, capacity) }
    }

    /// Inserts the letters of `start..end`.
    pub(crate) fn insert(&mut self, start: u64, end: u64) -> Outcome {
        self.insert_octets(start, &letters(start, end), false)
    }

    /// Inserts them, and says that the stream ends there.
    pub(crate) fn insert_last(&mut self, start: u64, end: u64) -> Outcome {
        self.insert_octets(start, &letters(start, end), true)
    }

    /// Inserts a piece, and fails unless the answer is where the model is.
    pub(crate) fn insert_octets(&mut self, start: u64, piece: &[u8], last: bool) -> Outcome {
        let before = self.state();
        let last_said = if last { ", the last" } else { "" };
        self.step(format!("inserted at {start}: {}{last_said}", quoted(piece)));
        let (edge, end) = (self.read + self.capacity as u64, start + piece.len() as u64);
        let highest = self.octets.last_key_value().map_or(self.read, |(position, _)| position + 1);
        if last && self.end.is_none() && (highest..=edge).contains(&end) {
            self.end = Some(end);
        }
        let limit = edge.min(self.end.unwrap_or(u64::MAX));
        let mut overlaps = start < before.next && !piece.is_empty();
        for (position, octet) in (start..).zip(piece) {
            if (before.next..limit).contains(&position) {
                overlaps |= self.octets.contains_key(&position);
                self.octets.entry(position).or_insert(*octet);
            }
        }
        self.c.want(format!("{}{}", self.state().told(), self.drawn()));
        self.reassembler.insert(start, piece, last);
        let cut = end > limit;
        let next = self.reassembler.next();
        if cut && next > edge {
            // Asked for its window, the answer might have to subtract more than there is.
            self.tell();
            self.c.want(format!("next {}{}", self.state().next, self.drawn()));
            return Err(self.c.fail(&PAST, format!("next {next}")));
        }
        let mistake = move |want: State, got: State| {
            if got.next > want.next || got.waiting > want.waiting && got.next == want.next {
                // More was taken than there is to take.
                return match (cut, overlaps) {
                    (true, false) => Some(&PAST),
                    (false, true) => Some(&TWICE),
                    (false, false) if got.next > want.next => Some(&OVER_HOLE),
                    _ => None,
                };
            }
            if got.next < want.next || got.waiting < want.waiting {
                return match (cut || overlaps, want.next > before.next) {
                    _ if got.next > before.next && got.waiting > want.waiting => Some(&STOPS),
                    (true, _) if got.next == before.next && got.waiting == before.waiting => {
                        Some(&ALL_OR_NOTHING)
                    }
                    (false, false) if got.waiting == before.waiting => Some(&DROPS_AHEAD),
                    _ => None,
                };
            }
            if got.window + want.waiting == want.window && want.waiting > 0 {
                return Some(&NO_ROOM);
            }
            let early = got.complete && !want.complete && want.waiting + usize::from(last) > 0;
            (want.window == got.window && early).then_some(&ENDS_EARLY)
        };
        self.agrees(mistake)
    }

    /// Reads, and fails unless it is what the model has in order.
    pub(crate) fn read(&mut self, most: usize, mistake: Option<&'static Mistake>) -> Outcome {
        self.step(match most {
            usize::MAX => "read all that is in order".to_owned(),
            most => format!("read at most {most}"),
        });
        let ready = usize::try_from(self.state().next - self.read).expect("within the capacity");
        let want: Vec<u8> = (self.read..)
            .map_while(|position| self.octets.get(&position).copied())
            .take(most.min(ready))
            .collect();
        for _ in &want {
            self.octets.remove(&self.read);
            self.read += 1;
        }
        let got = self.reassembler.read(most);
        if want != got {
            self.tell();
        }
        self.c.want(match want.len() {
            0 => "nothing: the next octet is missing".to_owned(),
            _ => quoted(&want),
        });
        self.c.same_bytes(&want, &got, mistake)?;
        self.agrees(|_, _| None)
    }

    /// The position of the first octet that the model misses.
    pub(crate) fn next(&self) -> usize {
        usize::try_from(self.state().next).expect("streams are short here")
    }

    /// What the model says.
    fn state(&self) -> State {
        let in_order = iter::successors(Some(self.read), |position| Some(position + 1))
            .find(|position| !self.octets.contains_key(position));
        let next = in_order.expect("it is among the first that are not there");
        let ready = usize::try_from(next - self.read).expect("within the capacity");
        State {
            next,
            waiting: self.octets.len() - ready,
            window: self.capacity - ready,
            complete: self.end == Some(next),
        }
    }

    /// Fails unless the answer says the same as the model.
    fn agrees(&mut self, mistake: impl Fn(State, State) -> Option<&'static Mistake>) -> Outcome {
        let want = self.state();
        let got = State {
            next: self.reassembler.next(),
            waiting: self.reassembler.waiting(),
            window: self.reassembler.window(),
            complete: self.reassembler.is_complete(),
        };
        if got == want {
            return Ok(());
        }
        self.tell();
        self.c.want(format!("{}{}", want.told(), self.drawn()));
        Err(self.c.fail(mistake(want, got), got.told()))
    }

    /// The unread part of a short stream, a point for each octet that is missing.
    fn drawn(&self) -> String {
        let highest = self.octets.last_key_value().map_or(self.read, |(position, _)| position + 1);
        if highest - self.read > DRAWN || highest == self.read {
            return String::new();
        }
        let octets =
            (self.read..highest).map(|at| char::from(*self.octets.get(&at).unwrap_or(&b'.')));
        let printable = octets.map(|octet| if octet.is_ascii_graphic() { octet } else { '#' });
        let end = if self.end == Some(highest) { ", the end" } else { "" };
        format!("\nfrom {}: {}{end}", self.read, printable.collect::<String>())
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
            self.c.did("made many calls; the last of them:");
            steps.into_iter().for_each(|step| self.c.did(step));
        }
    }
}

fn quoted(piece: &[u8]) -> String {
    if piece.is_empty() { "nothing".to_owned() } else { shown(&[piece]) }
}
