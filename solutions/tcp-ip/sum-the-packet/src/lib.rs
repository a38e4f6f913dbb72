//! The Internet checksum (RFC 1071): sixteen bits that notice most accidents.
//!
//! ```text
//!   45 00 │ 00 1c │ 00 01 │ …          two octets are a word, the first of them its upper half
//!   4500  + 001c  + 0001  + …  = 1 c52e
//!                                └─────► + 1  = c52f     a carry comes back in at the bottom
//!                                              3ad0      the complement: this is the checksum
//! ```

/// A sum that is being made, of a message that may come in several pieces.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    // answer: // Here is room for what you know of the octets so far.
    /// The words so far. Their carries gather above the lower 16 bits: there is room for 2⁴⁸ words.
    words: u64,
    /// Whether the last octet was the upper half of a word, so that the next is its lower half.
    odd: bool,
    // end answer
}

impl Sum {
    /// The sum of no octets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds octets that follow those that were added before.
    ///
    /// Where the pieces end does not matter, only where the message ends: a piece of odd length is
    /// followed by the lower half of its last word.
    pub fn add(&mut self, octets: &[u8]) {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("add the octets, two to a word")
        for octet in octets {
            let octet = u64::from(*octet);
            self.words += if self.odd { octet } else { octet << 8 };
            self.odd = !self.odd;
        }
        // end answer
    }

    /// The checksum of what has been added, as if the message ended here; more may follow.
    ///
    /// It is the complement of the ones' complement sum of all words (RFC 1071 §1): what is carried
    /// out at the top is added at the bottom. An octet without a partner, at the end of the message,
    /// is the upper half of a word whose lower half is zero.
    pub fn checksum(&self) -> u16 {
        // answer: todo!("bring the carries back in, and return the complement")
        !folded(self.words)
        // end answer
    }
}

/// The checksum of a message in one piece. The sender asks for it while the checksum's own field in
/// the message is zero, and writes it there, the upper half first.
pub fn checksum(octets: &[u8]) -> u16 {
    let mut sum = Sum::new();
    sum.add(octets);
    sum.checksum()
}

/// Whether a message that arrived, with its checksum in it, is as it was sent, as far as a checksum
/// can tell: the sum of all its words is `ffff`.
pub fn is_right(octets: &[u8]) -> bool {
    // answer: let _ = octets; // Yours to use; then this line can go.
    // answer: todo!("sum it all, the checksum with the rest")
    checksum(octets) == 0
    // end answer
}

/// The checksum of a message of which one word changed from `old` to `new`, and which had `checksum`
/// before. Nothing else of the message is needed (RFC 1624 §3, equation 3).
#[must_use]
pub fn update(checksum: u16, old: u16, new: u16) -> u16 {
    // answer: let _ = (checksum, old, new); // Yours to use; then this line can go.
    // answer: todo!("go back to the sum, take the old word out, and add the new one")
    // To subtract in ones' complement is to add the complement. On the sums, and not on the
    // checksums: those would come out as ffff where the sum of the message gives 0000.
    !folded(u64::from(!checksum) + u64::from(!old) + u64::from(new))
    // end answer
}
// answer:

/// Brings the carries back in at the bottom, until there are none.
fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).expect("no carries are left")
}
// end answer
