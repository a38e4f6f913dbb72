//! A small seeded generator for the crate's own tests.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::record::{Arrival, Direction, End, Event, Flow, FlowId, Record, Transport, What};
use std::time::Duration;

/// SplitMix64: every seed is a good seed.
pub(crate) struct Random(u64);

impl Random {
    /// Seeded from `COURSE_SEED` (decimal, or hex after `0x`), else from the time. Prints the
    /// seed, which the test harness shows when the test fails.
    pub(crate) fn seeded() -> Self {
        let from_environment = std::env::var("COURSE_SEED").ok().and_then(|text| {
            text.strip_prefix("0x")
                .map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
        });
        let seed = from_environment.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::from(now.subsec_nanos()) ^ now.as_secs()
        });
        println!("COURSE_SEED={seed:#x}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// Up to `most` bytes: of any value, or text, or full of line ends and backslashes.
    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        let kind = self.below(3);
        (0..length)
            .map(|_| match kind {
                0 => self.next().to_le_bytes()[0],
                1 => self.pick(b"abc defGH\r\n"),
                _ => self.pick(b"\\\n\r\t\x1b\x00a\xe2\x82\xac\"<&"),
            })
            .collect()
    }

    fn name(&mut self) -> String {
        self.pick(&[
            "client",
            "server",
            "",
            "a b",
            "\"q\"\\",
            "\u{1b}[31m",
            "zwölf",
            "x\ny\u{202e}",
        ])
        .to_owned()
    }

    fn end(&mut self) -> End {
        let address = self.pick(&["127.0.0.1:7000", "[::1]:53", "/tmp/a b.sock", "", "\u{7}"]);
        End::new(self.name(), address)
    }

    /// A record of anything at all, likely or not.
    pub(crate) fn record(&mut self) -> Record {
        let mut record = Record { dropped: self.below(3), ..Record::default() };
        for _ in 0..=self.below(3) {
            let transport = self.pick(&[Transport::Tcp, Transport::Udp, Transport::Unix]);
            record.flows.push(Flow { transport, local: self.end(), peer: self.end() });
        }
        let mut at = Duration::ZERO;
        for _ in 0..self.below(20) {
            at += Duration::from_nanos(self.next() % 1_000_000_000);
            let what = match self.below(9) {
                0 => What::Opened,
                1 => What::Shutdown,
                2 => What::Reset,
                3 => What::Timeout,
                4 => What::Error(self.name()),
                5 => What::Note(self.name()),
                _ => What::Data(self.bytes(80)),
            };
            let flow = FlowId(self.below(record.flows.len()));
            let direction = self.pick(&[Direction::Sent, Direction::Received]);
            let arrival = self.pick(&[Arrival::Unknown, Arrival::Lost, Arrival::At(at + at / 2)]);
            record.events.push(Event { at, flow, direction, what, arrival });
        }
        record
    }
}
