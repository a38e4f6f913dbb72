//! pcapng (draft-ietf-opsawg-pcapng §3 and §4).
//!
//! A file is a list of blocks. What is not known is skipped by its length, which stands at both ends:
//!
//! ```text
//!  type (4) │ length (4) │ body, padded to a multiple of four │ length (4)
//! ```
//!
//! A section begins with a header that says its byte order, and describes interfaces, which
//! its packets name by their number.

use std::io::Read;
use std::time::Duration;

use super::{Captured, Error, Input, LONGEST_PACKET, Order, bounded};
use crate::dissectors::LinkType;

/// Block types (§4). The first reads the same in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
/// Obsolete, and still found.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// By which the byte order is known (§4.1).
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Options (§3.5, §4.2).
const END_OF_OPTIONS: u16 = 0;
const COMMENT: u16 = 1;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// Octets of the longest block that is read: a packet, and as much again in comments.
const LONGEST_BLOCK: usize = 2 * LONGEST_PACKET;
/// Octets around a body: the type, and the length twice.
const FRAME: usize = 12;
/// Interfaces of one section, at most.
const MOST_INTERFACES: usize = 4096;
/// Octets of a section header's body without options.
const SECTION: usize = 16;

#[derive(Debug)]
pub(super) struct Pcapng {
    interfaces: Vec<Interface>,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    /// How many of the times' units a second has.
    units: u64,
    /// Seconds to add to every time.
    offset: i64,
    /// How much of a packet was captured, at most; 0: all.
    snapshot: usize,
}

impl Pcapng {
    /// Reads the first section's header, behind its type.
    pub(super) fn begin<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        let mut pcapng = Self { interfaces: Vec::new() };
        pcapng.section(input)?;
        Ok(pcapng)
    }

    /// The next packet; none at the end of the file.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Input<R>,
    ) -> Result<Option<Captured>, Error> {
        loop {
            let Some(first) = input.first()? else { return Ok(None) };
            let kind = input.u32_after(first)?;
            if kind == SECTION_HEADER {
                self.section(input)?;
                continue;
            }
            let length = input.u32()?;
            let body = body(length, input)?;
            let mut block = Block { left: &body, order: input.order };
            let packet = match kind {
                INTERFACE_DESCRIPTION => {
                    let interface = Interface::read(&mut block);
                    let room = self.interfaces.len() < MOST_INTERFACES;
                    let interface = interface.filter(|_| room);
                    self.interfaces.push(interface.ok_or_else(|| {
                        input.malformed("an interface that is broken, or one too many")
                    })?);
                    continue;
                }
                ENHANCED_PACKET => self.enhanced(&mut block),
                PACKET => self.obsolete(&mut block),
                SIMPLE_PACKET => self.simple(&mut block),
                _ => continue, // Names, statistics, keys, and what is still to be invented.
            };
            let broken = || input.malformed("a packet that is broken, or of no known interface");
            return packet.map(Some).ok_or_else(broken);
        }
    }

    /// A section's header, behind its type: what was known before is over.
    fn section<R: Read>(&mut self, input: &mut Input<R>) -> Result<(), Error> {
        let (length, magic) = (input.array::<4>()?, input.array::<4>()?);
        let orders = [Order::Little, Order::Big];
        let order = orders.into_iter().find(|order| order.u32(magic) == BYTE_ORDER_MAGIC);
        input.order = order.ok_or_else(|| input.malformed("a section without a byte order"))?;
        self.interfaces.clear();
        // Of the body, the magic number has been read.
        let length = input.order.u32(length);
        let rest = length.checked_sub(4).filter(|_| length as usize >= FRAME + SECTION);
        let rest = rest.ok_or_else(|| input.malformed(format!("a section header of {length}")))?;
        let end = body_and_length(rest, input)?;
        if end.1 != length {
            return Err(input.malformed("a section header with two lengths"));
        }
        let [a, b, ..] = end.0.as_slice() else { return Err(Error::Truncated) };
        match input.order.u16([*a, *b]) {
            1 => Ok(()),
            other => Err(input.malformed(format!("version {other} of pcapng"))),
        }
    }

    /// §4.3.
    fn enhanced(&self, block: &mut Block<'_>) -> Option<Captured> {
        let interface = self.interfaces.get(usize::try_from(block.u32()?).ok()?)?;
        let time = [block.u32()?, block.u32()?];
        let mut captured = block.packet(interface)?;
        captured.at = interface.time(time);
        captured.comments = block.comments();
        Some(captured)
    }

    /// Appendix A: as an enhanced packet, with a count of drops.
    fn obsolete(&self, block: &mut Block<'_>) -> Option<Captured> {
        let interface = self.interfaces.get(usize::from(block.u16()?))?;
        let _drops = block.u16()?;
        let time = [block.u32()?, block.u32()?];
        let mut captured = block.packet(interface)?;
        captured.at = interface.time(time);
        Some(captured)
    }

    /// §4.4: of the first interface, without a time.
    fn simple(&self, block: &mut Block<'_>) -> Option<Captured> {
        let interface = self.interfaces.first()?;
        let length = usize::try_from(block.u32()?).ok()?;
        let most = if interface.snapshot == 0 { length } else { interface.snapshot };
        let octets = block.take(length.min(most))?.to_vec();
        let (at, comments) = (None, Vec::new());
        Some(Captured { at, link: interface.link, octets, length, comments })
    }
}

/// The body of a block of which type and length were read.
fn body<R: Read>(length: u32, input: &mut Input<R>) -> Result<Vec<u8>, Error> {
    let (body, again) = body_and_length(length, input)?;
    if again == length { Ok(body) } else { Err(input.malformed("a block with two lengths")) }
}

fn body_and_length<R: Read>(length: u32, input: &mut Input<R>) -> Result<(Vec<u8>, u32), Error> {
    let size = bounded(length, LONGEST_BLOCK).filter(|length| length.is_multiple_of(4));
    let size = size.and_then(|length| length.checked_sub(FRAME));
    let size = size.ok_or_else(|| input.malformed(format!("a block of {length} octets")))?;
    Ok((input.octets(size)?, input.u32()?))
}

impl Interface {
    /// §4.2.
    fn read(block: &mut Block<'_>) -> Option<Self> {
        let link = LinkType::of(block.u16()?);
        let _reserved = block.u16()?;
        let snapshot = usize::try_from(block.u32()?).ok()?;
        let mut interface = Self { link, units: 1_000_000, offset: 0, snapshot };
        while let Some((code, value)) = block.option() {
            match (code, value) {
                // A power of ten; or of two, if the highest bit is set.
                (TIME_RESOLUTION, [power, ..]) => {
                    let base: u64 = if power & 0x80 == 0 { 10 } else { 2 };
                    // Finer than a u64 of nanoseconds can hold: times make no sense then.
                    interface.units = base.checked_pow(u32::from(power & 0x7f)).unwrap_or(0);
                }
                (TIME_OFFSET, value) => {
                    let octets: [u8; 8] = value.try_into().ok()?;
                    interface.offset = match block.order {
                        Order::Little => i64::from_le_bytes(octets),
                        Order::Big => i64::from_be_bytes(octets),
                    };
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// A time, in two halves; none if it makes no sense.
    fn time(&self, [high, low]: [u32; 2]) -> Option<Duration> {
        let ticks = u64::from(high) << 32 | u64::from(low);
        let seconds = ticks.checked_div(self.units)?.checked_add_signed(self.offset)?;
        let rest = u128::from(ticks % self.units) * 1_000_000_000 / u128::from(self.units);
        Some(Duration::new(seconds, u32::try_from(rest).ok()?))
    }
}

/// What is left of a block's body.
struct Block<'a> {
    left: &'a [u8],
    order: Order,
}

impl<'a> Block<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(count)?;
        self.left = left;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(self.order.u16(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(self.order.u32(self.take(4)?.try_into().ok()?))
    }

    /// Octets, and what fills them up to a multiple of four.
    fn padded(&mut self, count: usize) -> Option<&'a [u8]> {
        let padded = self.take(count.checked_next_multiple_of(4)?)?;
        padded.get(..count)
    }

    /// Two lengths and a packet.
    fn packet(&mut self, interface: &Interface) -> Option<Captured> {
        let captured = bounded(self.u32()?, LONGEST_PACKET)?;
        let length = usize::try_from(self.u32()?).ok()?;
        let octets = self.padded(captured)?.to_vec();
        let (at, comments) = (None, Vec::new());
        Some(Captured { at, link: interface.link, octets, length, comments })
    }

    /// The next option; none at the end, or if it is broken: options are not worth an error.
    fn option(&mut self) -> Option<(u16, &'a [u8])> {
        let (code, length) = (self.u16()?, self.u16()?);
        let value = self.padded(length.into())?;
        (code != END_OF_OPTIONS).then_some((code, value))
    }

    fn comments(&mut self) -> Vec<String> {
        let mut comments = Vec::new();
        while let Some((code, value)) = self.option() {
            if code == COMMENT {
                comments.push(String::from_utf8_lossy(value).into_owned());
            }
        }
        comments
    }
}
