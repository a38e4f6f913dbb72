//! Where the parts of a ladder stand.

use std::time::Duration;

use crate::record::{Arrival, Event, Record};
use crate::words;

/// How far the head of an arrow is below its tail where the time of arrival is not known.
pub(super) const SLOPE: f64 = 9.0;
/// From one event to the next, at least: room for its label.
const ROW: f64 = 36.0;
/// From an event to an arrival, at least.
const STEP: f64 = 12.0;
/// The longest wait drawn to scale; what is longer is drawn so long, and said.
const LONGEST: f64 = 2.2 * ROW;
/// From the top to the first event, below the names.
const TOP: f64 = 58.0;
/// From the last event to the bottom.
const BOTTOM: f64 = 34.0;
/// The drawing's width: text keeps its size from a telephone's 360 px to a page's 560.
const WIDTH: f64 = 380.0;
/// Of that, the times' column.
const TIMES: f64 = 54.0;
/// Room for half a name on either side of a lifeline.
const HALF_NAME: f64 = 38.0;
/// Between lifelines, at least.
const APART: f64 = 84.0;

/// A lifeline.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) x: f64,
}

/// Where everything stands.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) lifelines: Vec<Line>,
    /// Whether labels say which flow they are of: two have the same ends.
    pub(super) tagged: bool,
    /// Where each event begins.
    pub(super) start: Vec<f64>,
    /// Where it arrives, if that is known.
    pub(super) arrival: Vec<Option<f64>>,
    /// Where time was left out, and how much went by.
    pub(super) pauses: Vec<(f64, Duration)>,
    pub(super) clock: Clock,
    bottom: f64,
    times: bool,
}

/// A moment at which something is drawn: an event begins, or arrives.
struct Moment {
    at: Duration,
    event: usize,
    arrival: bool,
}

impl Layout {
    pub(super) fn new(record: &Record, events: &[Event], times: bool) -> Self {
        let mut layout = Self {
            width: WIDTH,
            lifelines: Vec::new(),
            tagged: false,
            start: vec![TOP; events.len()],
            arrival: vec![None; events.len()],
            pauses: Vec::new(),
            clock: Clock::new(events),
            bottom: TOP,
            times,
        };
        layout.place_lifelines(record);
        layout.place_events(events);
        layout
    }

    fn place_lifelines(&mut self, record: &Record) {
        let mut names: Vec<String> = Vec::new();
        let mut pairs = Vec::new();
        for flow in &record.flows {
            let (local, peer) = (words::name(&flow.local), words::name(&flow.peer));
            for name in [&local, &peer] {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            self.tagged |= pairs.contains(&(local.clone(), peer.clone()));
            pairs.push((local, peer));
        }
        // Whoever opens stands on the left: a server that accepts is drawn on the right.
        let accepted = |event: &Event| {
            event.what == crate::What::Opened && event.direction == crate::Direction::Received
        };
        if names.len() == 2 && record.events.first().is_some_and(accepted) {
            names.swap(0, 1);
        }
        let first = if self.times { TIMES + HALF_NAME } else { HALF_NAME };
        let apart = if names.len() < 2 {
            0.0
        } else {
            let between = f64::from(u32::try_from(names.len() - 1).unwrap_or(u32::MAX));
            let apart = ((WIDTH - HALF_NAME - first) / between).max(APART);
            self.width = first + apart * between + HALF_NAME;
            apart
        };
        let mut x = first;
        for name in names {
            self.lifelines.push(Line { name, x });
            x += apart;
        }
    }

    fn place_events(&mut self, events: &[Event]) {
        let mut moments = Vec::new();
        for (event, Event { at, arrival, .. }) in events.iter().enumerate() {
            moments.push(Moment { at: *at, event, arrival: false });
            if let Arrival::At(arrives) = arrival {
                moments.push(Moment { at: (*arrives).max(*at), event, arrival: true });
            }
        }
        // A stable sort: what happened at the same time stays in the order of the record.
        moments.sort_by_key(|moment| moment.at);
        let unit = usual_wait(&moments);
        let mut y = TOP;
        let mut before: Option<Duration> = None;
        for Moment { at, event, arrival } in moments {
            if let Some(before) = before {
                let least = if arrival { STEP } else { ROW };
                let wait = at.saturating_sub(before);
                let scaled = if self.times { ROW * wait.as_secs_f64() / unit } else { 0.0 };
                if scaled > LONGEST {
                    self.pauses.push((y + (LONGEST - ROW / 2.0) / 2.0 + SLOPE / 2.0, wait));
                }
                y += scaled.clamp(least, LONGEST);
            }
            before = Some(at);
            if arrival {
                self.arrival[event] = Some(y);
            } else {
                self.start[event] = y;
            }
        }
        self.bottom = y;
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom + BOTTOM
    }

    /// The place of a lifeline.
    pub(super) fn x(&self, name: &str) -> f64 {
        self.lifelines.iter().find(|line| line.name == name).map_or(0.0, |line| line.x)
    }

    /// The middle of the lifelines.
    pub(super) fn middle(&self) -> f64 {
        let x = |line: Option<&Line>| line.map_or(self.width / 2.0, |line| line.x);
        f64::midpoint(x(self.lifelines.first()), x(self.lifelines.last()))
    }

    /// Where times end.
    pub(super) fn time_edge(&self) -> f64 {
        TIMES - 2.0
    }

    /// Room for a name.
    pub(super) fn name_room(&self) -> f64 {
        if self.lifelines.len() > 2 { APART - 6.0 } else { 2.0 * HALF_NAME + 24.0 }
    }
}

/// The median time from one moment to the next that is not the same, in seconds: what a row of the
/// drawing stands for. One slow step among quick ones is then a pause, and not the measure. It is
/// never under a tenth of a millisecond: on loopback, steps that quick are the scheduler's moods.
fn usual_wait(moments: &[Moment]) -> f64 {
    let waits = moments.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at));
    let mut waits: Vec<Duration> = waits.filter(|wait| !wait.is_zero()).collect();
    waits.sort();
    waits.get(waits.len() / 2).map_or(1.0, Duration::as_secs_f64).max(0.000_1)
}

/// Writes the times of one drawing: with as many decimals as tell them apart, within reason.
pub(super) struct Clock {
    seconds: bool,
    decimals: usize,
}

impl Clock {
    fn new(events: &[Event]) -> Self {
        let seconds = events.iter().any(|event| event.at >= Duration::from_secs(1));
        let most = if seconds { 4 } else { 2 };
        let differ = |decimals: &usize| {
            let clock = Self { seconds, decimals: *decimals };
            let mut pairs = events.windows(2);
            pairs.all(|pair| {
                pair[0].at == pair[1].at || clock.time(pair[0].at) != clock.time(pair[1].at)
            })
        };
        Self { seconds, decimals: (0..most).find(differ).unwrap_or(most) }
    }

    pub(super) fn time(&self, at: Duration) -> String {
        let (scale, unit) = if self.seconds { (1.0, "s") } else { (1000.0, "ms") };
        format!("{:.1$} {unit}", at.as_secs_f64() * scale, self.decimals)
    }
}

/// A length of time with three digits or so: `0.12 ms`, `12.3 ms`, `1.23 s`.
pub(super) fn rounded(length: Duration) -> String {
    let millis = length.as_secs_f64() * 1000.0;
    match millis {
        ..9.995 => format!("{millis:.2} ms"),
        ..99.95 => format!("{millis:.1} ms"),
        ..999.5 => format!("{millis:.0} ms"),
        ..9_995.0 => format!("{:.2} s", millis / 1000.0),
        ..99_950.0 => format!("{:.1} s", millis / 1000.0),
        _ => format!("{:.0} s", millis / 1000.0),
    }
}
