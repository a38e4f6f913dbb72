//! Seeded random bytes, so that a failure can be run again.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};

/// SplitMix64: one multiplication chain a number, no state but a counter. Good enough to make
/// payloads that nobody can guess in advance; useless as a secret.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed from `COURSE_SEED` (decimal, or hexadecimal after `0x`), else a new one.
    pub fn seed() -> u64 {
        let given = env::var("COURSE_SEED").ok().and_then(|text| match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        });
        // The standard library's only public source of entropy is the seed of its hash maps.
        given.unwrap_or_else(|| RandomState::new().build_hasher().finish())
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not 0. (The bias of the remainder is below 2⁻³² for limits
    /// that fit in 32 bits, and does not matter here.)
    pub fn below(&mut self, limit: usize) -> usize {
        assert!(limit > 0, "below(0) has no answer");
        usize::try_from(self.next_u64() % limit as u64).expect("a remainder of a usize fits in one")
    }

    /// `count` bytes, any of the 256 values.
    ///
    /// Past the first four thousand, most of them are copied from somewhere among those before: a
    /// check runs without optimisation, where four million numbers cost a tenth of a second. What is
    /// lost or shifted still differs from what was sent.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        const FRESH: usize = 4096;
        const COPIED: usize = 248;
        let mut bytes = Vec::with_capacity(count + 8 + COPIED);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next_u64().to_le_bytes());
            if bytes.len() >= FRESH {
                let from = self.below(bytes.len() - COPIED);
                bytes.extend_from_within(from..from + COPIED);
            }
        }
        bytes.truncate(count);
        bytes
    }

    /// Cuts `bytes` into pieces of 1 to `longest` bytes.
    pub fn pieces<'a>(&mut self, mut bytes: &'a [u8], longest: usize) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(1 + self.below(longest.min(bytes.len())));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_whole() {
        let seed = Random::seed();
        println!("seed {seed:#x}");
        let mut random = Random::new(seed);
        for length in 0..100 {
            let bytes = random.bytes(length);
            assert_eq!(random.pieces(&bytes, 7).concat(), bytes);
        }
    }
}
