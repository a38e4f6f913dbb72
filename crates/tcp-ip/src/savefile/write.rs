//! Writing pcap (draft-ietf-opsawg-pcap §4 and §5): the simple one is enough for packets alone.

use std::io::{self, Write};
use std::time::Duration;

use super::LONGEST_PACKET;

/// LINKTYPE_RAW: packets begin with their IP header.
const RAW: u32 = 101;
/// Times in nanoseconds; and the format's version, 2.4.
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const VERSION: [u16; 2] = [2, 4];

/// Writes IP packets as they come.
///
/// ```
/// use std::time::Duration;
/// use tcp_ip::savefile::{Packets, Writer};
///
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file)?;
/// writer.packet(Duration::from_secs(1), b"a packet")?;
/// writer.flush()?;
/// let packets: Vec<_> = Packets::read(file.as_slice())?.collect::<Result<_, _>>()?;
/// assert_eq!(packets[0].octets, b"a packet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn new(mut to: W) -> io::Result<Self> {
        let longest = u32::try_from(LONGEST_PACKET).expect("it is a quarter of a MiB");
        to.write_all(&NANOSECONDS.to_le_bytes())?;
        to.write_all(&VERSION.map(u16::to_le_bytes).concat())?;
        to.write_all(&[0, 0, longest, RAW].map(u32::to_le_bytes).concat())?;
        Ok(Self { to })
    }

    /// Writes a packet, and when it was, since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn packet(&mut self, at: Duration, packet: &[u8]) -> io::Result<()> {
        // The format ends in 2106; what is later stands there, too.
        let seconds = u32::try_from(at.as_secs()).unwrap_or(u32::MAX);
        let captured = &packet[..packet.len().min(LONGEST_PACKET)];
        let [there, length] =
            [captured.len(), packet.len()].map(|n| n.try_into().unwrap_or(u32::MAX));
        let header = [seconds, at.subsec_nanos(), there, length];
        self.to.write_all(&header.map(u32::to_le_bytes).concat())?;
        self.to.write_all(captured)
    }

    /// Writes what is still in a buffer.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
