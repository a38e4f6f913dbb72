//! A DNS message, taken apart (RFC 1035 §4.1), with the names in it (§3.1, §4.1.4).
//!
//! ```text
//!  0       2       4       6       8       10      12
//! ┌───────┬───────┬───────┬───────┬───────┬───────┐   the header: id, flags, and how many of each
//! │  id   │ flags │QDCOUNT│ANCOUNT│NSCOUNT│ARCOUNT│   follow: questions, and answers, authorities
//! └───────┴───────┴───────┴───────┴───────┴───────┘   and additionals, which are all records
//! ┌──────┬───────┬───────┐
//! │ name │ type  │ class │                             a question
//! ├──────┼───────┼───────┼───────────────┬──────────┬──────────┐
//! │ name │ type  │ class │      TTL      │ RDLENGTH │   data   │  a record
//! └──────┴───────┴───────┴───────────────┴──────────┴──────────┘
//!
//!   3 w w w 7 e x a m p l e 3 c o m 0     a name: labels, each behind its length; 0 ends it
//!   3 f t p 0xC0 0x10                     with a pointer: it goes on at octet 0x10 of the message
//! ```

/// Octets of a message's header.
pub const HEADER: usize = 12;
/// Octets of the longest name, each label's length and the final 0 included (RFC 1035 §2.3.4).
pub const LONGEST_NAME: usize = 255;
/// As many pointers as a name may have: it has no more labels than that.
pub const MOST_POINTERS: usize = 127;

/// The labels of a name, from the left; none for the root. They are octets, of any value.
pub type Name = Vec<Vec<u8>>;

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Chosen by who asks.
    pub id: u16,
    /// The second two octets, as they are.
    pub flags: u16,
    /// What is asked.
    pub questions: Vec<Question>,
    /// What answers it.
    pub answers: Vec<Record<'a>>,
    /// Who would know.
    pub authorities: Vec<Record<'a>>,
    /// What else may help.
    pub additionals: Vec<Record<'a>>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// About which name.
    pub name: Name,
    /// For which type of record.
    pub qtype: u16,
    /// In which class.
    pub qclass: u16,
}

/// A resource record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Whose it is.
    pub name: Name,
    /// Of which type.
    pub rtype: u16,
    /// In which class.
    pub class: u16,
    /// For how many seconds it may be remembered.
    pub ttl: u32,
    /// RDLENGTH octets, as they are.
    pub data: &'a [u8],
}

/// Why it is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// It ends before all that its lengths and counts promise.
    CutOff,
    /// A length octet that begins with the bits 01 or 10.
    Label,
    /// A name of over 255 octets.
    LongName,
    /// A pointer that does not lead back, or one too many.
    Pointer,
    /// Octets follow the last record.
    Trailing,
}

/// Reads the name that begins at `start`. With it comes where the octets behind the name begin.
///
/// # Errors
///
/// - [`Error::CutOff`] if the message ends within the name;
/// - [`Error::Label`] for a length octet that is neither a length (00) nor a pointer (11);
/// - [`Error::LongName`] if the name has over [`LONGEST_NAME`] octets, written without pointers;
/// - [`Error::Pointer`] for a pointer into the header, for one that does not lead to before the place
///   where the labels read last began, and for the one after [`MOST_POINTERS`].
pub fn parse_name(message: &[u8], start: usize) -> Result<(Name, usize), Error> {
    let _ = (message, start); // Yours to use; then this line can go.
    todo!("labels until one of length 0, and what a pointer does to that")
}

/// Reads a whole message.
///
/// # Errors
///
/// - as [`parse_name`] for each name;
/// - [`Error::CutOff`] if there is less than the counts and the lengths promise;
/// - [`Error::Trailing`] if there is more.
pub fn parse_message(octets: &[u8]) -> Result<Message<'_>, Error> {
    let _ = octets; // Yours to use; then this line can go.
    todo!("the header, and then as many questions and records as it says")
}
