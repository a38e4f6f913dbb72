//! A path in virtual time, and what an estimator should make of it: rightly, or with one slip.

use std::time::Duration;

use estimate_the_rtt::{GRANULARITY, INITIAL, MAXIMUM, MINIMUM, RttEstimator};
use harness::{Check, Mistake, Outcome};

use crate::mistakes::{BLENDED, FORGOTTEN, LAST, NO_BACKOFF, NO_MINIMUM, ORDER, SAMPLES};

/// Whoever computes in whole units of his own may be off by this.
const TOLERANCE: Duration = Duration::from_millis(1);
/// Steps of a long conversation that the report tells.
const TOLD: usize = 16;

/// What was done.
#[derive(Debug, Clone, Copy)]
enum Call {
    Sent(u64),
    Acknowledged(u64),
    TimedOut,
}

/// The answer's estimator, what was done with it, and what would come of that.
pub(crate) struct Path<'a> {
    c: &'a Check,
    rtt: RttEstimator,
    right: Model,
    /// Each slip that agrees with all that the answer has said so far.
    slips: Vec<Model>,
    calls: Vec<(Call, Duration)>,
    now: Duration,
    /// The ends of the segments that are on the way, the oldest first.
    on_the_way: Vec<u64>,
    end: u64,
    quiet: bool,
}

impl<'a> Path<'a> {
    pub(crate) fn new(c: &'a Check) -> Self {
        Self {
            c,
            rtt: RttEstimator::new(),
            right: Model::new(None),
            slips: SLIPS.iter().map(|slip| Model::new(Some(*slip))).collect(),
            calls: Vec::new(),
            now: Duration::ZERO,
            on_the_way: Vec::new(),
            end: 0,
            quiet: false,
        }
    }

    /// One that tells its last steps, and these only when it fails.
    pub(crate) fn quietly(c: &'a Check) -> Self {
        Self { quiet: true, ..Self::new(c) }
    }

    pub(crate) fn passes(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// A new segment leaves.
    pub(crate) fn sends(&mut self, length: u64) {
        self.end += length;
        self.on_the_way.push(self.end);
        self.note(Call::Sent(self.end));
        self.rtt.sent(self.end, self.now);
    }

    /// The segment that ends here leaves once more.
    pub(crate) fn repeats(&mut self, end: u64) {
        self.note(Call::Sent(end));
        self.rtt.sent(end, self.now);
    }

    pub(crate) fn repeats_the_oldest(&mut self) {
        if let Some(oldest) = self.on_the_way.first() {
            self.repeats(*oldest);
        }
    }

    /// An acknowledgment arrives.
    pub(crate) fn hears(&mut self, ackno: u64) {
        self.on_the_way.retain(|end| *end > ackno);
        self.note(Call::Acknowledged(ackno));
        self.rtt.acknowledged(ackno, self.now);
    }

    /// An acknowledgment of the oldest `count` segments arrives; of none, it is a duplicate.
    pub(crate) fn hears_of_some(&mut self, count: usize) {
        let none = self.on_the_way.first().map_or(self.end, |oldest| oldest - 1);
        let last = count.checked_sub(1).and_then(|index| self.on_the_way.get(index));
        self.hears(last.copied().unwrap_or(none));
    }

    /// The timeout passes, and the oldest segment leaves once more.
    pub(crate) fn times_out(&mut self) {
        self.now += self.right.rto;
        self.note(Call::TimedOut);
        self.rtt.timed_out();
        self.repeats_the_oldest();
    }

    /// A segment, and its acknowledgment so much later.
    pub(crate) fn round_trip(&mut self, millis: u64) {
        self.sends(1_000);
        self.passes(millis);
        self.hears(self.end);
    }

    /// Fails unless the timeout is `millis` now.
    pub(crate) fn waits(&mut self, millis: u64) -> Outcome {
        assert_eq!(self.right.rto, Duration::from_millis(millis), "the test's own model");
        self.waits_as_computed()
    }

    /// Fails unless the timeout is the model's.
    pub(crate) fn waits_as_computed(&mut self) -> Outcome {
        self.c.want(self.right.told());
        let got = self.rtt.rto();
        self.slips.retain(|slip| slip.agrees(got));
        if self.right.agrees(got) {
            return Ok(());
        }
        if self.quiet {
            self.c.did("did this and that; the last of it:");
            let first = self.calls.len().saturating_sub(TOLD);
            self.calls[first..].iter().for_each(|call| self.tell(*call));
        }
        self.c.did("called `rto`");
        Err(self.c.fail(self.proved(), millis(got)))
    }

    /// The mistake that explains all that the answer has said, if there is just one.
    fn proved(&self) -> Option<&'static Mistake> {
        let mut mistakes = self.slips.iter().filter_map(|model| model.slip.map(Slip::mistake));
        let first = mistakes.next()?;
        mistakes.all(|other| other == first).then_some(first)
    }

    /// Before the answer is called: it may panic, and the report has to say where.
    fn note(&mut self, call: Call) {
        self.calls.push((call, self.now));
        self.right.takes(call, self.now);
        self.c.want(self.right.told());
        self.slips.iter_mut().for_each(|slip| slip.takes(call, self.now));
        if !self.quiet {
            self.tell((call, self.now));
        }
    }

    fn tell(&self, (call, now): (Call, Duration)) {
        let what = match call {
            Call::Sent(end) => format!("──► segment up to {end}"),
            Call::Acknowledged(ackno) => format!("◄── ACK {ackno}"),
            Call::TimedOut => "the timeout passed".to_owned(),
        };
        self.c.did(format!("{:>8}  {what}", millis(now)));
    }
}

/// What people get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    BlendsWithNothing,
    BlendsWithASecond,
    SrttFirst,
    NoMinimum,
    TimesTheLast,
    NoBackoff,
    SamplesFromTheFirst,
    SamplesFromTheLast,
    SamplesWhatWaited,
    ForgetsBackoff,
}

const SLIPS: [Slip; 10] = [
    Slip::BlendsWithNothing,
    Slip::BlendsWithASecond,
    Slip::SrttFirst,
    Slip::NoMinimum,
    Slip::TimesTheLast,
    Slip::NoBackoff,
    Slip::SamplesFromTheFirst,
    Slip::SamplesFromTheLast,
    Slip::SamplesWhatWaited,
    Slip::ForgetsBackoff,
];

impl Slip {
    fn mistake(self) -> &'static Mistake {
        match self {
            Self::BlendsWithNothing | Self::BlendsWithASecond => &BLENDED,
            Self::SrttFirst => &ORDER,
            Self::NoMinimum => &NO_MINIMUM,
            Self::TimesTheLast => &LAST,
            Self::NoBackoff => &NO_BACKOFF,
            Self::SamplesFromTheFirst | Self::SamplesFromTheLast | Self::SamplesWhatWaited => {
                &SAMPLES
            }
            Self::ForgetsBackoff => &FORGOTTEN,
        }
    }
}

/// RFC 6298, step by step.
struct Model {
    slip: Option<Slip>,
    estimate: Option<(Duration, Duration)>,
    rto: Duration,
    timed: Option<(u64, Duration)>,
    highest: u64,
}

impl Model {
    fn new(slip: Option<Slip>) -> Self {
        let estimate = match slip {
            Some(Slip::BlendsWithNothing) => Some((Duration::ZERO, Duration::ZERO)),
            Some(Slip::BlendsWithASecond) => Some((INITIAL, Duration::ZERO)),
            _ => None,
        };
        Self { slip, estimate, rto: INITIAL, timed: None, highest: 0 }
    }

    fn takes(&mut self, call: Call, now: Duration) {
        match call {
            Call::Sent(end) => self.sent(end, now),
            Call::Acknowledged(ackno) => {
                let sample = self.timed.take_if(|(end, _)| *end <= ackno);
                match sample {
                    Some((_, at)) => self.sample(now - at),
                    None if self.slip == Some(Slip::ForgetsBackoff) => self.compute(),
                    None => {}
                }
            }
            Call::TimedOut if self.slip == Some(Slip::NoBackoff) => {}
            Call::TimedOut => self.rto = (2 * self.rto).min(MAXIMUM),
        }
    }

    fn sent(&mut self, end: u64, now: Duration) {
        let again = end <= self.highest;
        self.highest = self.highest.max(end);
        match (again, self.slip) {
            (true, Some(Slip::SamplesFromTheFirst)) => {}
            (true, Some(Slip::SamplesFromTheLast)) => self.timed = Some((end, now)),
            (true, Some(Slip::SamplesWhatWaited)) => {
                self.timed.take_if(|(timed, _)| *timed == end);
            }
            (true, _) => self.timed = None,
            (false, Some(Slip::TimesTheLast)) => self.timed = Some((end, now)),
            (false, _) => {
                self.timed.get_or_insert((end, now));
            }
        }
    }

    fn sample(&mut self, r: Duration) {
        self.estimate = Some(match self.estimate {
            None => (r, r / 2),
            Some((old, rttvar)) => {
                let srtt = (7 * old + r) / 8;
                let expected = if self.slip == Some(Slip::SrttFirst) { srtt } else { old };
                (srtt, (3 * rttvar + expected.abs_diff(r)) / 4)
            }
        });
        self.compute();
    }

    fn compute(&mut self) {
        let rto = self.estimate.map_or(INITIAL, |(srtt, var)| srtt + GRANULARITY.max(4 * var));
        let minimum = if self.slip == Some(Slip::NoMinimum) { Duration::ZERO } else { MINIMUM };
        self.rto = rto.clamp(minimum, MAXIMUM);
    }

    fn agrees(&self, got: Duration) -> bool {
        got.abs_diff(self.rto) <= TOLERANCE
    }

    fn told(&self) -> String {
        let from = match self.estimate {
            None => "nothing was measured".to_owned(),
            Some((srtt, var)) => format!("SRTT is {}, RTTVAR {}", millis(srtt), millis(var)),
        };
        format!("an RTO of {}; {from}", millis(self.rto))
    }
}

fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    match micros % 1_000 {
        0 => format!("{} ms", micros / 1_000),
        _ => format!("{:.1} ms", time.as_secs_f64() * 1e3),
    }
}
