//! What is said.
//!
//! ```text
//!  0           4       5       6       8                     16      17
//! ┌───────────┬───────┬───────┬───────┬─────────────────────┬───────┬───────────────┐
//! │ F I N D   │version│ kind  │ port  │ id: 8 octets        │length │ name          │
//! └───────────┴───────┴───────┴───────┴─────────────────────┴───────┴───────────────┘
//!               1       ? or !  big-endian                           UTF-8, 0 to 63 octets
//! ```
//!
//! A question's port is 0, and its name the one that is looked for, or empty: everybody. An answer
//! repeats the question's id, and says the service's name and port.

use std::str;

/// What every message begins with.
pub const MAGIC: [u8; 4] = *b"FIND";
/// The format's version.
pub const VERSION: u8 = 1;
/// The kind of a question.
pub const QUESTION: u8 = b'?';
/// The kind of an answer.
pub const ANSWER: u8 = b'!';
/// Octets before the name.
pub const HEADER: usize = 17;
/// Octets of a name at most.
pub const LONGEST_NAME: usize = 63;

/// A question or an answer, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// [`QUESTION`] or [`ANSWER`].
    pub kind: u8,
    /// The service's port; 0 in a question.
    pub port: u16,
    /// Chosen by who asks, repeated by who answers.
    pub id: u64,
    /// A service's name; in a question, empty for all.
    pub name: &'a str,
}

impl<'a> Message<'a> {
    /// Takes a datagram apart; `None` if it is none of ours. Everybody on the network can send to a
    /// group, so it takes nothing that [`to_bytes`](Self::to_bytes) would not make.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (header, name) = datagram.split_first_chunk::<HEADER>()?;
        let (magic, rest) = header.split_first_chunk::<4>()?;
        let (&[version, kind], rest) = rest.split_first_chunk()?;
        let (port, rest) = rest.split_first_chunk()?;
        let (id, &[length]) = rest.split_first_chunk()? else { return None };
        if *magic != MAGIC || version != VERSION || !matches!(kind, QUESTION | ANSWER) {
            return None;
        }
        if name.len() != usize::from(length) || name.len() > LONGEST_NAME {
            return None;
        }
        let port = u16::from_be_bytes(*port);
        let name = str::from_utf8(name).ok()?;
        let sensible = match kind {
            QUESTION => port == 0,
            _ => port != 0 && !name.is_empty(),
        };
        sensible.then_some(Self { kind, port, id: u64::from_be_bytes(*id), name })
    }

    /// The datagram; `None` for a name of more than [`LONGEST_NAME`] octets.
    pub fn to_bytes(self) -> Option<Vec<u8>> {
        let length = u8::try_from(self.name.len()).ok()?;
        if self.name.len() > LONGEST_NAME {
            return None;
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend([VERSION, self.kind]);
        bytes.extend(self.port.to_be_bytes());
        bytes.extend(self.id.to_be_bytes());
        bytes.push(length);
        bytes.extend(self.name.as_bytes());
        Some(bytes)
    }
}
