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
    // Here is room for what you know of the octets so far.
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
        let _ = octets; // Yours to use; then this line can go.
        todo!("add the octets, two to a word")
    }

    /// The checksum of what has been added, as if the message ended here; more may follow.
    ///
    /// It is the complement of the ones' complement sum of all words (RFC 1071 §1): what is carried
    /// out at the top is added at the bottom. An octet without a partner, at the end of the message,
    /// is the upper half of a word whose lower half is zero.
    pub fn checksum(&self) -> u16 {
        todo!("bring the carries back in, and return the complement")
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
    let _ = octets; // Yours to use; then this line can go.
    todo!("sum it all, the checksum with the rest")
}

/// The checksum of a message of which one word changed from `old` to `new`, and which had `checksum`
/// before. Nothing else of the message is needed (RFC 1624 §3, equation 3).
#[must_use]
pub fn update(checksum: u16, old: u16, new: u16) -> u16 {
    let _ = (checksum, old, new); // Yours to use; then this line can go.
    todo!("go back to the sum, take the old word out, and add the new one")
}
