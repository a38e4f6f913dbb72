//! The Internet checksum (RFC 1071): sixteen bits that notice most accidents and no attack.
//!
//! The sender takes the octets two by two as numbers of 16 bits, adds them in ones' complement
//! arithmetic (a carry out of the top comes back in at the bottom) and writes down the complement
//! of the sum. The receiver adds the same numbers and the checksum: all ones, or something broke.
//!
//! ```text
//!   45 00 │ 00 1c │ 00 01 │ 40 00 │ 40 11 │ 00 00 │ …      words, in the order of the wire
//!   4500  + 001c  + 0001  + 4000  + 4011  + …       = 1 c52e
//!                                                       └──┘ + 1 = c52f,  complement 3ad0
//! ```
//!
//! An octet without a partner is the upper half of a word whose lower half is zero (RFC 1071 §1).
//! That holds at the end of the message and not at the end of a slice: [`Sum`] goes on where the
//! slice before stopped, in the middle of a word too.
//!
//! IPv4 has it over its header, ICMP over the message, and UDP, TCP and ICMPv6 over the message and
//! the [pseudo-header](crate::ip::Pseudo).

/// A sum that is being made, of any number of slices of any length.
///
/// ```
/// use tcp_ip::checksum::{Sum, checksum};
///
/// let mut sum = Sum::default();
/// sum.add(b"odd").add(b"").add(b"lengths");
/// assert_eq!(sum.checksum(), checksum(b"oddlengths"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// The words so far, their carries still in the upper half: 2³² words fit before those are lost.
    words: u64,
    /// Whether the last octet was the upper half of a word that waits for its lower one.
    odd: bool,
}

impl Sum {
    /// Adds octets behind those that were added before.
    pub fn add(&mut self, octets: &[u8]) -> &mut Self {
        let sum = folded(sum_of_words(octets));
        // RFC 1071 §2(B): the sum of words whose octets changed places is the sum with its octets
        // changed. A slice that begins with a lower half is just that.
        let sum = if self.odd { sum.swap_bytes() } else { sum };
        self.words += u64::from(sum);
        self.odd ^= octets.len() % 2 == 1;
        self
    }

    /// Adds one number of 16 bits, as if its octets had come.
    pub fn add_word(&mut self, word: u16) -> &mut Self {
        let word = if self.odd { word.swap_bytes() } else { word };
        self.words += u64::from(word);
        self
    }

    /// What the sender writes: the complement of the sum, taken while the checksum's field was zero.
    pub fn checksum(&self) -> u16 {
        !folded(self.words)
    }

    /// What the receiver asks: is the sum of everything, the checksum with it, all ones?
    pub fn is_right(&self) -> bool {
        self.checksum() == 0
    }
}

/// The checksum of one slice, whose checksum field is zero. Over a slice with the right checksum in
/// it, this is 0.
///
/// ```
/// use tcp_ip::checksum::checksum;
///
/// // The example of RFC 1071 §3: the words add up to ddf2.
/// assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
/// ```
pub fn checksum(octets: &[u8]) -> u16 {
    Sum::default().add(octets).checksum()
}

/// The checksum after one word of the message changed from `old` to `new`: what a router does to a
/// header whose TTL it lowers, without reading the rest.
///
/// RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m'). Subtracting from HC instead (RFC 1141) is off
/// by the difference between the two zeros of ones' complement.
///
/// ```
/// use tcp_ip::checksum::update;
///
/// // The example of RFC 1624 §4: the right answer is 0000, and equation 2 gives ffff.
/// assert_eq!(update(0xdd2f, 0x5555, 0x3285), 0x0000);
/// ```
// ANCHOR: update
#[must_use]
pub fn update(checksum: u16, old: u16, new: u16) -> u16 {
    !folded(u64::from(!checksum) + u64::from(!old) + u64::from(new))
}
// ANCHOR_END: update

/// The checksum after some octets changed, an address say. Both are of one even length, and
/// begin at an even offset of what the checksum covers.
///
/// # Panics
///
/// If the lengths differ or are odd: there is no word that changed.
#[must_use]
pub fn update_octets(checksum: u16, old: &[u8], new: &[u8]) -> u16 {
    assert!(old.len() == new.len() && old.len().is_multiple_of(2), "whole words change");
    let words = |octets| folded(sum_of_words(octets));
    update(checksum, words(old), words(new))
}

/// The words of a slice, added without folding. An odd last octet counts as an upper half.
#[inline]
fn sum_of_words(octets: &[u8]) -> u64 {
    // RFC 1071 §2(C): numbers of 32 bits add up to the same, once their halves are added; and
    // §2(B): in the machine's own order, if the result is put right.
    let (blocks, rest) = octets.as_chunks::<BLOCK>();
    let mut sum = if blocks.is_empty() { 0 } else { sum_of_blocks(blocks) };
    let (fours, rest) = rest.as_chunks::<4>();
    for four in fours {
        sum += u64::from(u32::from_ne_bytes(*four));
    }
    let (twos, odd) = rest.as_chunks::<2>();
    for two in twos {
        sum += u64::from(u16::from_ne_bytes(*two));
    }
    if let [last] = odd {
        sum += u64::from(u16::from_ne_bytes([*last, 0]));
    }
    u64::from(u16::from_be(folded(sum)))
}

/// Octets that are read at once, and numbers of 64 bits in them.
const BLOCK: usize = 64;
const LANES: usize = BLOCK / 8;

/// The numbers of 32 bits in whole blocks. Sixteen sums at once do not wait for each other, so the
/// compiler can use the widest registers that it has: this loop reads some forty octets a
/// nanosecond.
fn sum_of_blocks(blocks: &[[u8; BLOCK]]) -> u64 {
    let (mut low, mut high) = ([0u64; LANES], [0u64; LANES]);
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for ((word, low), high) in words.iter().zip(&mut low).zip(&mut high) {
            let word = u64::from_ne_bytes(*word);
            *low += word & 0xffff_ffff;
            *high += word >> 32;
        }
    }
    low.iter().chain(&high).sum()
}

/// Brings the carries back in at the bottom until there are none: the end-around carry.
fn folded(mut sum: u64) -> u16 {
    while let carries @ 1.. = sum >> 16 {
        sum = (sum & 0xffff) + carries;
    }
    u16::try_from(sum).expect("there are no carries left")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// RFC 1071 §1, word by word.
    fn by_the_book(octets: &[u8]) -> u16 {
        let mut sum = 0u32;
        for word in octets.chunks(2) {
            sum += u32::from(word[0]) << 8 | word.get(1).map_or(0, |low| u32::from(*low));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    }

    #[test]
    fn cuts_change_nothing() {
        let mut random = Random::announced();
        for _ in 0..2000 {
            let octets = random.octets(0..200);
            let right = by_the_book(&octets);
            assert_eq!(checksum(&octets), right);
            let mut sum = Sum::default();
            let mut left = octets.as_slice();
            while !left.is_empty() {
                let (part, rest) = left.split_at(random.below(left.len()) + 1);
                sum.add(part);
                left = rest;
            }
            assert_eq!(sum.checksum(), right);
        }
    }

    #[test]
    fn carries_come_back_in_at_the_bottom() {
        assert_eq!(checksum(&[0xff; 65_534]), 0);
        assert_eq!(checksum(&[0xff, 0xff, 0x00, 0x01]), 0xfffe);
        assert_eq!(checksum(&[]), 0xffff);
    }

    #[test]
    fn an_odd_octet_is_an_upper_half() {
        assert_eq!(checksum(&[0x12]), !0x1200);
        assert_eq!(Sum::default().add(&[0x12]).add_word(0x3456).checksum(), !(0x1234 + 0x5600));
    }

    #[test]
    fn a_changed_word_need_not_be_summed_again() {
        let mut random = Random::announced();
        for _ in 0..2000 {
            let mut octets = random.octets(8..60);
            let before = checksum(&octets);
            let at = random.below(octets.len() / 2 - 2) * 2;
            let old = octets[at..at + 4].to_vec();
            octets[at..at + 4].copy_from_slice(&random.octets(4..5));
            let after = update_octets(before, &old, &octets[at..at + 4]);
            // The one message with two right checksums is all zeros, which this is not.
            assert_eq!(after, checksum(&octets), "{octets:02x?}");
        }
    }
}
