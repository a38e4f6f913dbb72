//! A sender on a wire in virtual time, and the ladder of what crossed it.

mod model;

use std::time::Duration;

use harness::{Check, Mistake, Outcome, Random};
use send_reliably::{Segment, Sender};

use model::{Model, SLIPS, Slip, Turn};

/// Octets of a full segment.
pub(crate) const MSS: usize = 1_000;
const RTO: Duration = Duration::from_secs(1);
/// Steps of a long conversation that the report tells.
const TOLD: usize = 20;
/// Segments of one turn: a sender that has no end of them is stopped.
const MOST: usize = 100;

/// The answer's sender, and what would come of the same calls.
pub(crate) struct Wire<'a> {
    c: &'a Check,
    sender: Sender,
    right: Model,
    /// Each slip that agrees with all that the answer has done so far.
    slips: Vec<Model>,
    random: Random,
    stream: Vec<u8>,
    now: Duration,
    /// The last steps, where there are too many to tell.
    steps: Option<Vec<String>>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(c: &'a Check, window: usize) -> Self {
        let model = |slip: Option<Slip>| Model::new(MSS, RTO, window, slip);
        c.did(format!("made a sender: MSS {MSS}, RTO 1000 ms, window {window}"));
        Self {
            c,
            sender: Sender::new(MSS, RTO, window),
            right: model(None),
            slips: SLIPS.iter().map(|slip| model(Some(*slip))).collect(),
            random: c.random(),
            stream: Vec::new(),
            now: Duration::ZERO,
            steps: None,
        }
    }

    /// One that tells its last steps, and these only when it fails.
    pub(crate) fn quietly(c: &'a Check, window: usize) -> Self {
        Self { steps: Some(Vec::new()), ..Self::new(c, window) }
    }

    /// What is not acknowledged, and behind all that was sent.
    pub(crate) fn sent(&self) -> (usize, usize) {
        self.right.sent()
    }

    pub(crate) fn writes(&mut self, count: usize) -> Outcome {
        let octets = self.random.bytes(count);
        self.step(format!("the application wrote {count} octets"));
        self.models(|model, _| model.write(count));
        let want = self.expects();
        self.sender.write(&octets);
        self.stream.extend(octets);
        self.turn(&want)
    }

    /// An ACK arrives, with the window that it tells.
    pub(crate) fn hears(&mut self, ackno: usize, window: usize) -> Outcome {
        self.step(format!("◄── ACK {ackno}, window {window}"));
        self.models(|model, now| model.acknowledged(ackno, window, now));
        let want = self.expects();
        self.sender.acknowledged(ackno, window, self.now);
        self.turn(&want)
    }

    /// Time passes, and it is asked for what is to be sent.
    pub(crate) fn passes(&mut self, millis: u64) -> Outcome {
        self.now += Duration::from_millis(millis);
        self.step("asked `next_segment`".to_owned());
        let want = self.expects();
        self.turn(&want)
    }

    /// Nothing arrives until the deadline that should be there.
    pub(crate) fn waits(&mut self) -> Outcome {
        self.now = self.right.turn(self.now).deadline.expect("the test waits for a deadline");
        self.step("the deadline came".to_owned());
        let want = self.expects();
        self.turn(&want)
    }

    /// Whether there is a deadline.
    pub(crate) fn has_deadline(&mut self) -> bool {
        self.right.turn(self.now).deadline.is_some()
    }

    /// What is to be sent now. It is stated before the answer is called, which may panic or hang.
    fn expects(&mut self) -> Turn {
        let want = self.right.turn(self.now);
        self.c.want(told(&want));
        want
    }

    /// Fails unless the answer sends just what is to be sent now, and waits just as long.
    fn turn(&mut self, want: &Turn) -> Outcome {
        let now = self.now;
        let segments = std::iter::from_fn(|| self.sender.next_segment(now)).take(MOST);
        let segments: Vec<Segment> = segments.collect();
        let place = |segment: &Segment| (segment.position, segment.octets.len());
        let got = Turn {
            segments: segments.iter().map(place).collect(),
            deadline: self.sender.deadline(),
        };
        self.slips.retain_mut(|model| model.turn(now) == got);
        if got != *want {
            self.tell();
            return Err(self.c.fail(self.proved(), told(&got)));
        }
        segments.iter().try_for_each(|segment| self.carries(segment))
    }

    /// Fails unless the octets of `segment` are those of its position.
    fn carries(&mut self, segment: &Segment) -> Outcome {
        let end = segment.position + segment.octets.len();
        self.step(format!("──► {}..{end}", segment.position));
        if segment.octets != self.stream[segment.position..end] {
            self.tell();
            self.c.want("the octets that were written there");
        }
        self.c.same_bytes(&self.stream[segment.position..end], &segment.octets, None)
    }

    /// The mistake that explains all that the answer has done, if there is just one.
    fn proved(&self) -> Option<&'static Mistake> {
        let mut mistakes = self.slips.iter().filter_map(|model| model.slip.map(Slip::mistake));
        let first = mistakes.next()?;
        mistakes.all(|other| other == first).then_some(first)
    }

    fn models(&mut self, call: impl Fn(&mut Model, Duration)) {
        call(&mut self.right, self.now);
        self.slips.iter_mut().for_each(|model| call(model, self.now));
    }

    fn step(&mut self, what: String) {
        let step = format!("{:>8}  {what}", millis(self.now));
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
            self.c.did("did this and that; the last of it:");
            steps.into_iter().for_each(|step| self.c.did(step));
        }
    }
}

fn told(Turn { segments, deadline }: &Turn) -> String {
    let arrow =
        |(position, length): &(usize, usize)| format!("──► {position}..{}", position + length);
    let mut arrows: Vec<String> = segments.iter().take(6).map(arrow).collect();
    if segments.len() > arrows.len() {
        arrows.push(format!("and {} more", segments.len() - arrows.len()));
    }
    if arrows.is_empty() {
        arrows.push("nothing is sent".to_owned());
    }
    let deadline = match deadline {
        None => "no deadline".to_owned(),
        Some(at) => format!("a deadline at {}", millis(*at)),
    };
    format!("{}\n{deadline}", arrows.join("\n"))
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
