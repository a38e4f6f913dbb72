//! Captured packets in a file: pcap and pcapng, as tcpdump and Wireshark write them. Both are read
//! here, and pcap is [written](Writer).
//!
//! ```text
//!  pcap      │ magic, link type │ time, length, packet │ time, length, packet │ …
//!  pcapng    │ section │ interface │ packet │ packet │ interface │ packet │ …      blocks
//! ```
//!
//! The first four octets say which of the two it is, and in which byte order: that of the machine that
//! wrote it. A capture file comes from somebody else and is as trustworthy as a packet: every length
//! is checked against a limit before anything is read for it.
//!
//! The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

mod pcap;
mod pcapng;
mod write;

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use crate::dissectors::LinkType;

pub use write::Writer;

/// The longest packet that is read, in octets: as tcpdump's greatest snapshot length.
pub const LONGEST_PACKET: usize = 262_144;

/// A captured packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// When, since 1970-01-01 00:00 UTC; none if the file does not say.
    pub at: Option<Duration>,
    /// What it begins with.
    pub link: LinkType,
    /// As much of it as was captured.
    pub octets: Vec<u8>,
    /// How long it was, in octets.
    pub length: usize,
    /// What somebody had to say of it: pcapng's comments.
    pub comments: Vec<String>,
}

/// Why a file cannot be read, or not further.
#[derive(Debug)]
pub enum Error {
    /// The system could not read it.
    Io(io::Error),
    /// It begins as neither pcap nor pcapng does.
    Unknown {
        /// Its first four octets.
        magic: [u8; 4],
    },
    /// It ends in the middle of something.
    Truncated,
    /// It contradicts itself, or goes beyond a limit.
    Malformed {
        /// How many octets of the file were right.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Unknown { magic } => {
                write!(f, "neither pcap nor pcapng: it begins with {magic:02x?}")
            }
            Self::Truncated => f.write_str("it ends in the middle of a packet"),
            Self::Malformed { offset, reason } => write!(f, "at octet {offset}: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

/// Reads the packets of a file, one after another. After an error there is nothing more.
///
/// ```
/// use tcp_ip::savefile::Packets;
///
/// // As a program with sockets writes it: see `capture::pcapng`.
/// let mut file = Vec::new();
/// capture::pcapng::write(&capture::Record::default(), &mut file)?;
/// assert_eq!(Packets::read(file.as_slice())?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Packets<R> {
    input: Input<R>,
    format: Format,
    ended: bool,
}

#[derive(Debug)]
enum Format {
    Pcap(pcap::Pcap),
    Pcapng(pcapng::Pcapng),
}

impl<R: Read> Packets<R> {
    /// Reads the beginning. `from` should be buffered.
    ///
    /// # Errors
    ///
    /// If it is no capture file, or cannot be read.
    pub fn read(from: R) -> Result<Self, Error> {
        let mut input = Input { from, offset: 0, order: Order::Little };
        let magic = input.array()?;
        let format = if magic == pcapng::SECTION_HEADER.to_le_bytes() {
            Format::Pcapng(pcapng::Pcapng::begin(&mut input)?)
        } else {
            Format::Pcap(pcap::Pcap::begin(magic, &mut input)?)
        };
        Ok(Self { input, format, ended: false })
    }
}

impl<R: Read> Iterator for Packets<R> {
    type Item = Result<Captured, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.input),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.input),
        };
        self.ended = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

/// The byte order of the machine that wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, octets: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(octets),
            Self::Big => u16::from_be_bytes(octets),
        }
    }

    fn u32(self, octets: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(octets),
            Self::Big => u32::from_be_bytes(octets),
        }
    }
}

/// The file, and how far it was read.
#[derive(Debug)]
struct Input<R> {
    from: R,
    offset: u64,
    order: Order,
}

impl<R: Read> Input<R> {
    /// The next `N` octets.
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut octets = [0; N];
        self.from.read_exact(&mut octets).map_err(Error::of)?;
        self.offset += N as u64;
        Ok(octets)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        let octets = self.array()?;
        Ok(self.order.u32(octets))
    }

    /// As many octets as a length says that was held against a limit. Memory grows with what
    /// comes, not with what is promised.
    fn octets(&mut self, length: usize) -> Result<Vec<u8>, Error> {
        let mut octets = Vec::new();
        let limit = length as u64;
        let read = self.from.by_ref().take(limit).read_to_end(&mut octets).map_err(Error::of)?;
        self.offset += read as u64;
        if read < length { Err(Error::Truncated) } else { Ok(octets) }
    }

    /// Whether the file is at its end, where a packet may begin. If not, the next octet is given.
    fn first(&mut self) -> Result<Option<u8>, Error> {
        let mut octet = [0];
        loop {
            match self.from.read(&mut octet) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Io(error)),
            }
        }
        self.offset += 1;
        Ok(Some(octet[0]))
    }

    /// The next number, whose first octet was read already.
    fn u32_after(&mut self, first: u8) -> Result<u32, Error> {
        let [b, c, d] = self.array()?;
        Ok(self.order.u32([first, b, c, d]))
    }

    fn malformed(&self, reason: impl Into<String>) -> Error {
        Error::Malformed { offset: self.offset, reason: reason.into() }
    }
}

impl Error {
    fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}

/// A length of 32 bits, at most `most`.
fn bounded(length: u32, most: usize) -> Option<usize> {
    usize::try_from(length).ok().filter(|length| *length <= most)
}

#[cfg(test)]
mod tests;
