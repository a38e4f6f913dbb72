//! The options of a TCP header: what the twenty octets of 1981 have no room for.
//!
//! ```text
//!  kind  length
//!   0                            end of the list: what follows is padding    RFC 9293 §3.2
//!   1                            nothing: padding between options            RFC 9293 §3.2
//!   2     4   size (2)           maximum segment size, in a SYN              RFC 9293 §3.2
//!   3     3   shift (1)          window scale, in a SYN                      RFC 7323 §2.2
//!   4     2                      SACK permitted, in a SYN                    RFC 2018 §2
//!   5   8n+2  n × from, to (4+4) what has arrived beyond the acknowledgment  RFC 2018 §3
//!   8    10   value, echo (4+4)  timestamps                                  RFC 7323 §3.2
//! ```
//!
//! An option that nobody knows is skipped by its length (RFC 9293 §3.1, MUST-6). So a length is
//! believed before anything else, and must be checked: 0 would be skipped for ever (MUST-7).

use std::fmt;
use std::ops::Range;

use super::Seq;
use crate::Malformed;

/// Octets that options can take: the data offset has 4 bits, so a header is 60 octets at most.
pub const LONGEST_OPTIONS: usize = 40;
/// The largest shift of a window; a larger one counts as this (RFC 7323 §2.3).
pub const LARGEST_SHIFT: u8 = 14;
/// Ranges in one SACK option, without other options beside it.
pub const MOST_RANGES: usize = 4;

const END: u8 = 0;
const NOTHING: u8 = 1;
const MAXIMUM_SEGMENT_SIZE: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// The options that we know. Of an option that comes twice, the later one holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The longest payload that the sender can take in one segment.
    pub mss: Option<u16>,
    /// By how many bits the sender's windows are shifted; as it came, see [`LARGEST_SHIFT`].
    pub window_scale: Option<u8>,
    /// The sender understands [`sack`](Self::sack).
    pub sack_permitted: bool,
    /// What the sender has received beyond its acknowledgment, the latest first.
    pub sack: Ranges,
    /// When it was sent, and when what it answers was.
    pub timestamps: Option<Timestamps>,
}

/// The two numbers of the timestamps option (RFC 7323 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamps {
    /// TSval: the sender's clock.
    pub value: u32,
    /// TSecr: the value that it answers; meaningless without [`Flags::ACK`](super::Flags::ACK).
    pub echo: u32,
}

impl Options {
    /// Reads the options of a header.
    ///
    /// # Errors
    ///
    /// [`Malformed::OptionLength`] for an option that overruns the header, is shorter than two
    /// octets, or is of a kind that we know with a length that this kind cannot have.
    pub fn parse(mut left: &[u8]) -> Result<Self, Malformed> {
        let mut options = Self::default();
        while let [kind, rest @ ..] = left {
            match *kind {
                END => break,
                NOTHING => left = rest,
                kind => {
                    let length = rest.first().copied();
                    let wrong = Malformed::OptionLength { kind, length };
                    // The length counts the kind and itself.
                    let length = usize::from(length.filter(|length| *length >= 2).ok_or(wrong)?);
                    let (option, behind) = left.split_at_checked(length).ok_or(wrong)?;
                    options.read(kind, &option[2..]).ok_or(wrong)?;
                    left = behind;
                }
            }
        }
        Ok(options)
    }

    /// Takes one option; none if the length is not one of its kind.
    fn read(&mut self, kind: u8, value: &[u8]) -> Option<()> {
        match kind {
            MAXIMUM_SEGMENT_SIZE => self.mss = Some(u16::from_be_bytes(value.try_into().ok()?)),
            WINDOW_SCALE => self.window_scale = Some(u8::from_be_bytes(value.try_into().ok()?)),
            SACK_PERMITTED => self.sack_permitted = value.is_empty().then_some(true)?,
            SACK => self.sack = Ranges::parse(value)?,
            TIMESTAMPS => {
                let [value, echo] = two_numbers(value.try_into().ok()?);
                self.timestamps = Some(Timestamps { value, echo });
            }
            _ => {} // Not known: ignored without error (MUST-6).
        }
        Some(())
    }

    /// Octets that the options take in a header, padding included: a multiple of four.
    pub fn length(&self) -> usize {
        self.before_sack()
            + if self.ranges_with_room() > 0 { 4 + 8 * self.ranges_with_room() } else { 0 }
    }

    /// Octets of all options but SACK.
    fn before_sack(&self) -> usize {
        // SACK-permitted stands in the place of the padding before the timestamps, if both are
        // there: that is how common systems write it, and it leaves room.
        let stamps = if self.timestamps.is_some() { 12 } else { 0 };
        let permitted = if self.sack_permitted && stamps == 0 { 4 } else { 0 };
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let scale = if self.window_scale.is_some() { 4 } else { 0 };
        mss + permitted + stamps + scale
    }

    /// How many of the SACK ranges fit: three beside timestamps (RFC 2018 §3). The first are the
    /// latest and tell the most.
    fn ranges_with_room(&self) -> usize {
        let room = LONGEST_OPTIONS - self.before_sack();
        self.sack.len().min(room.saturating_sub(4) / 8)
    }

    /// Appends the options: each begins or ends where a word of four octets does.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        if let Some(mss) = self.mss {
            let [high, low] = mss.to_be_bytes();
            out.extend_from_slice(&[MAXIMUM_SEGMENT_SIZE, 4, high, low]);
        }
        let before = if self.sack_permitted { [SACK_PERMITTED, 2] } else { [NOTHING, NOTHING] };
        if let Some(Timestamps { value, echo }) = self.timestamps {
            out.extend_from_slice(&before);
            out.extend_from_slice(&[TIMESTAMPS, 10]);
            out.extend_from_slice(&value.to_be_bytes());
            out.extend_from_slice(&echo.to_be_bytes());
        } else if self.sack_permitted {
            out.extend_from_slice(&[NOTHING, NOTHING]);
            out.extend_from_slice(&before);
        }
        if let Some(shift) = self.window_scale {
            out.extend_from_slice(&[NOTHING, WINDOW_SCALE, 3, shift]);
        }
        let ranges = self.ranges_with_room();
        if ranges > 0 {
            let length = u8::try_from(2 + 8 * ranges).expect("at most 34");
            out.extend_from_slice(&[NOTHING, NOTHING, SACK, length]);
            for range in self.sack.iter().take(ranges) {
                out.extend_from_slice(&range.start.0.to_be_bytes());
                out.extend_from_slice(&range.end.0.to_be_bytes());
            }
        }
    }
}

/// The ranges of a SACK option: up to four, each from its first octet's number to the one behind its
/// last. What they claim is for the connection to check.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Ranges {
    ranges: [(Seq, Seq); MOST_RANGES],
    length: u8,
}

impl Ranges {
    /// One to four ranges of eight octets each; none if it is another number of octets.
    fn parse(value: &[u8]) -> Option<Self> {
        let (ranges, []) = value.as_chunks::<8>() else { return None };
        if !(1..=MOST_RANGES).contains(&ranges.len()) {
            return None;
        }
        let numbers = ranges.iter().map(|octets| two_numbers(*octets));
        Some(numbers.map(|[start, end]| Seq(start)..Seq(end)).collect())
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<Seq>> + '_ {
        self.ranges[..self.len()].iter().map(|(start, end)| *start..*end)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a range behind the others; false if there is no room.
    pub fn push(&mut self, range: Range<Seq>) -> bool {
        let Some(place) = self.ranges.get_mut(usize::from(self.length)) else { return false };
        *place = (range.start, range.end);
        self.length += 1;
        true
    }
}

impl FromIterator<Range<Seq>> for Ranges {
    /// The first four.
    fn from_iter<T: IntoIterator<Item = Range<Seq>>>(ranges: T) -> Self {
        let mut collected = Self::default();
        for range in ranges {
            if !collected.push(range) {
                break;
            }
        }
        collected
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn two_numbers(octets: [u8; 8]) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = octets;
    [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn emitted(options: &Options) -> Vec<u8> {
        let mut octets = Vec::new();
        options.emit(&mut octets);
        assert_eq!(octets.len(), options.length());
        assert!(octets.len() <= LONGEST_OPTIONS && octets.len().is_multiple_of(4));
        octets
    }

    #[test]
    fn any_options_are_read_as_they_were_written() {
        let mut random = Random::announced();
        for _ in 0..5000 {
            let [mss, scale, permitted, stamps] = [0.5; 4].map(|chance| random.chance(chance));
            let number = random.next_u64();
            let [a, b, c, d, value @ ..] = number.to_be_bytes();
            let value = u32::from_be_bytes(value);
            let ranges = random.below(MOST_RANGES + 1);
            let options = Options {
                mss: mss.then_some(u16::from_be_bytes([a, b])),
                window_scale: scale.then_some(c),
                sack_permitted: permitted,
                sack: (0u32..).take(ranges).map(|n| Seq(u32::from(d))..Seq(value) + n).collect(),
                timestamps: stamps.then_some(Timestamps { value, echo: !value }),
            };
            let read = Options::parse(&emitted(&options)).unwrap();
            assert_eq!(Options { sack: read.sack, ..options }, read);
            assert!(options.sack.iter().zip(read.sack.iter()).all(|(a, b)| a == b));
            assert!(read.sack.len() == ranges || options.length() > LONGEST_OPTIONS - 8);
        }
    }

    #[test]
    fn a_syn_looks_as_usual() {
        let options = Options {
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some(Timestamps { value: 1, echo: 0 }),
            sack: Ranges::default(),
        };
        let octets = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
        assert_eq!(emitted(&options), octets);
    }

    #[test]
    fn beside_timestamps_three_ranges_fit() {
        let sack: Ranges = (0..4).map(|n| Seq(n * 20)..Seq(n * 20 + 10)).collect();
        let options = Options { sack, ..Options::default() };
        assert_eq!(Options::parse(&emitted(&options)).unwrap().sack.len(), 4);
        let options = Options { timestamps: Some(Timestamps { value: 1, echo: 0 }), ..options };
        assert_eq!(Options::parse(&emitted(&options)).unwrap().sack.len(), 3);
        assert!(!sack.clone().push(Seq(0)..Seq(1)));
    }

    #[test]
    fn lengths_are_not_believed() {
        let refused = |octets: &[u8], kind, length| {
            let want = Err(Malformed::OptionLength { kind, length });
            assert_eq!(Options::parse(octets), want, "{octets:02x?}");
        };
        refused(&[2, 0, 5, 0xb4], 2, Some(0)); // It would be skipped for ever,
        refused(&[254, 1, 0, 0], 254, Some(1)); // as would one that nobody knows;
        refused(&[1, 1, 2, 4], 2, Some(4)); // this one is read beyond the header,
        refused(&[1, 1, 1, 8], 8, None); // this one has no length at all,
        refused(&[3, 4, 7, 0], 3, Some(4)); // and these are of no such length.
        refused(&[4, 3, 0, 0], 4, Some(3));
        refused(&[5, 2, 0, 0], 5, Some(2));
        let mut five = [0; 44];
        five[..2].copy_from_slice(&[5, 42]);
        refused(&five, 5, Some(42));
    }

    #[test]
    fn what_nobody_knows_is_skipped_and_behind_the_end_is_padding() {
        let octets = [254, 4, 0xde, 0xad, 2, 4, 5, 0xb4, 0, 2, 0, 0];
        let options = Options { mss: Some(1460), ..Options::default() };
        assert_eq!(Options::parse(&octets), Ok(options));
    }
}
