//! Random numbers from a seed: the same seed, the same packets.
//!
//! SplitMix64, of which every seed is a good one. It is for tests and simulations; nobody may
//! take numbers from it that a stranger must not guess.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

/// A generator.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded from `COURSE_SEED` (decimal, or hex after `0x`), else from the time. Prints the seed,
    /// which the test harness shows when the test fails.
    pub fn announced() -> Self {
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

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next_u64() % bound as u64).expect("below a usize")
    }

    /// A number from 0 to 1, and less than that.
    pub fn fraction(&mut self) -> f64 {
        // 53 bits are what the fraction of an f64 holds.
        #[allow(clippy::cast_precision_loss)]
        let uniform = (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        uniform
    }

    /// Whether something happens that has this chance, between 0 and 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// One of the choices, which are not none.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Octets of any value; as many as one of `lengths`, which is not empty.
    pub fn octets(&mut self, lengths: Range<usize>) -> Vec<u8> {
        let length = lengths.start + self.below(lengths.len());
        let mut octets = Vec::with_capacity(length + 7);
        while octets.len() < length {
            octets.extend(self.next_u64().to_le_bytes());
        }
        octets.truncate(length);
        octets
    }
}
