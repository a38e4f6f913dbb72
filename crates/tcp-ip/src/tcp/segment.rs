//! A segment as a connection takes and gives it: its header, and the octets that it carries.

use super::{Flags, Header, Seq};

/// A segment. The octets stay where they are.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// What it says.
    pub header: Header,
    /// What it carries: one part behind the other, since a ring buffer has two.
    pub payload: [&'a [u8]; 2],
}

impl<'a> Segment<'a> {
    /// A segment that has arrived, in one piece.
    pub fn new(header: Header, payload: &'a [u8]) -> Self {
        Self { header, payload: [payload, &[]] }
    }

    /// Octets of the payload.
    pub fn payload_length(&self) -> usize {
        self.payload.iter().map(|part| part.len()).sum()
    }

    /// SEG.LEN: how many numbers it takes. SYN and FIN take one each (RFC 9293 §3.4).
    pub fn length(&self) -> u32 {
        let payload = u32::try_from(self.payload_length()).expect("a packet is shorter");
        payload + u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN))
    }

    /// The number behind its last one.
    pub fn end(&self) -> Seq {
        self.header.sequence + self.length()
    }

    /// Whether these flags are set.
    pub fn has(&self, flags: Flags) -> bool {
        self.header.flags.contains(flags)
    }
}

/// The answer to a segment that belongs to no connection (RFC 9293 §3.10.7.1); none to an RST.
///
/// It takes its numbers from the segment, so that the sender, if there is one, will believe it.
// ANCHOR: reset
pub fn reset_for(segment: &Segment<'_>) -> Option<Header> {
    if segment.has(Flags::RST) {
        return None;
    }
    let Header { source, destination, acknowledgment, .. } = segment.header;
    let (sequence, acknowledgment, flags) = if segment.has(Flags::ACK) {
        (acknowledgment, Seq(0), Flags::RST)
    } else {
        (Seq(0), segment.end(), Flags::RST | Flags::ACK)
    };
    Some(Header {
        source: destination,
        destination: source,
        sequence,
        acknowledgment,
        flags,
        ..Header::default()
    })
}
// ANCHOR_END: reset

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_to_a_closed_port_is_refused_with_its_number_acknowledged() {
        let syn = Header { sequence: Seq(1_000), flags: Flags::SYN, ..Header::default() };
        let reset = reset_for(&Segment::new(syn, b"")).unwrap();
        assert_eq!(reset.flags, Flags::RST | Flags::ACK);
        assert_eq!((reset.sequence, reset.acknowledgment), (Seq(0), Seq(1_001)));
    }

    #[test]
    fn an_rst_is_not_answered() {
        let rst = Header { flags: Flags::RST | Flags::ACK, ..Header::default() };
        assert_eq!(reset_for(&Segment::new(rst, b"")), None);
    }
}
