//! pcap (draft-ietf-opsawg-pcap §4 and §5).
//!
//! ```text
//!  file     magic (4) │ version (2+2) │ reserved (4+4) │ snapshot length (4) │ link type (4)
//!  packet   seconds (4) │ micro- or nanoseconds (4) │ captured (4) │ length (4) │ octets
//! ```

use std::io::Read;
use std::time::Duration;

use super::{Captured, Error, Input, LONGEST_PACKET, Order, bounded};
use crate::dissectors::LinkType;

/// The first number of a file whose times are in microseconds, or nanoseconds.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

#[derive(Debug)]
pub(super) struct Pcap {
    link: LinkType,
    /// Nanoseconds in the unit of times.
    unit: u32,
}

impl Pcap {
    /// Reads the file's header, behind its magic number.
    pub(super) fn begin<R: Read>(magic: [u8; 4], input: &mut Input<R>) -> Result<Self, Error> {
        let known =
            [Order::Little, Order::Big].into_iter().find_map(|order| match order.u32(magic) {
                MICROSECONDS => Some((order, 1000)),
                NANOSECONDS => Some((order, 1)),
                _ => None,
            });
        let (order, unit) = known.ok_or(Error::Unknown { magic })?;
        input.order = order;
        let [a, b, c, d] = input.array()?;
        let version = (order.u16([a, b]), order.u16([c, d]));
        if version.0 != 2 {
            return Err(input.malformed(format!("version {}.{} of pcap", version.0, version.1)));
        }
        let [_zone, _accuracy, _snapshot] = [input.u32()?, input.u32()?, input.u32()?];
        // The upper half says whether frames end with their checksum.
        let [_, _, high, low] = input.u32()?.to_be_bytes();
        Ok(Self { link: LinkType::of(u16::from_be_bytes([high, low])), unit })
    }

    /// The next packet; none at the end of the file.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Input<R>,
    ) -> Result<Option<Captured>, Error> {
        let Some(first) = input.first()? else { return Ok(None) };
        let seconds = input.u32_after(first)?;
        let [fraction, captured, length] = [input.u32()?, input.u32()?, input.u32()?];
        let size = bounded(captured, LONGEST_PACKET).ok_or_else(|| {
            input.malformed(format!("a packet of {captured} octets, over {LONGEST_PACKET}"))
        })?;
        let nanoseconds = u64::from(fraction) * u64::from(self.unit);
        let at = Duration::from_secs(seconds.into()) + Duration::from_nanos(nanoseconds);
        let octets = input.octets(size)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (at, comments) = (Some(at), Vec::new());
        Ok(Some(Captured { at, link: self.link, octets, length, comments }))
    }
}
