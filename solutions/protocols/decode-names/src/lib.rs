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
    // answer: let _ = (message, start); // Yours to use; then this line can go.
    // answer: todo!("labels until one of length 0, and what a pointer does to that")
    let mut name = Name::new();
    let mut octets = 1; // The final 0.
    let mut pointers = 0;
    let mut at = start;
    // Where the labels that are being read began.
    let mut began = start;
    // Where the octets behind the name begin: known from the first pointer on.
    let mut behind = None;
    loop {
        let length = *message.get(at).ok_or(Error::CutOff)?;
        match length >> 6 {
            0b00 if length == 0 => return Ok((name, behind.unwrap_or(at + 1))),
            0b00 => {
                let end = at + 1 + usize::from(length);
                let label = message.get(at + 1..end).ok_or(Error::CutOff)?;
                octets += 1 + label.len();
                if octets > LONGEST_NAME {
                    return Err(Error::LongName);
                }
                name.push(label.to_vec());
                at = end;
            }
            0b11 => {
                let low = *message.get(at + 1).ok_or(Error::CutOff)?;
                let to = usize::from(u16::from_be_bytes([length & 0b0011_1111, low]));
                pointers += 1;
                // Each jump leads further back than the one before, so there is an end to them.
                if to < HEADER || to >= began || pointers > MOST_POINTERS {
                    return Err(Error::Pointer);
                }
                behind.get_or_insert(at + 2);
                (at, began) = (to, to);
            }
            _ => return Err(Error::Label),
        }
    }
    // end answer
}

/// Reads a whole message.
///
/// # Errors
///
/// - as [`parse_name`] for each name;
/// - [`Error::CutOff`] if there is less than the counts and the lengths promise;
/// - [`Error::Trailing`] if there is more.
pub fn parse_message(octets: &[u8]) -> Result<Message<'_>, Error> {
    // answer: let _ = octets; // Yours to use; then this line can go.
    // answer: todo!("the header, and then as many questions and records as it says")
    let mut at = HEADER;
    let header = octets.first_chunk::<HEADER>().ok_or(Error::CutOff)?;
    let [id, flags, questions, answers, authorities, additionals] =
        [0, 2, 4, 6, 8, 10].map(|at| u16::from_be_bytes([header[at], header[at + 1]]));
    // Nothing is set aside for what a count says: a `Vec` grows with what is there.
    let questions = (0..questions).map(|_| question(octets, &mut at)).collect::<Result<_, _>>()?;
    let mut section =
        |count| -> Result<Vec<_>, Error> { (0..count).map(|_| record(octets, &mut at)).collect() };
    let message = Message {
        id,
        flags,
        questions,
        answers: section(answers)?,
        authorities: section(authorities)?,
        additionals: section(additionals)?,
    };
    if at < octets.len() { Err(Error::Trailing) } else { Ok(message) }
    // end answer
}
// answer:

fn question(message: &[u8], at: &mut usize) -> Result<Question, Error> {
    let name = name(message, at)?;
    let [t0, t1, c0, c1] = take(message, at)?;
    Ok(Question { name, qtype: u16::from_be_bytes([t0, t1]), qclass: u16::from_be_bytes([c0, c1]) })
}

fn record<'a>(message: &'a [u8], at: &mut usize) -> Result<Record<'a>, Error> {
    let name = name(message, at)?;
    let [t0, t1, c0, c1, ttl @ .., l0, l1] = take::<10>(message, at)?;
    let end = *at + usize::from(u16::from_be_bytes([l0, l1]));
    let data = message.get(*at..end).ok_or(Error::CutOff)?;
    *at = end;
    Ok(Record {
        name,
        rtype: u16::from_be_bytes([t0, t1]),
        class: u16::from_be_bytes([c0, c1]),
        ttl: u32::from_be_bytes(ttl),
        data,
    })
}

/// The name at `at`, which moves on to behind it.
fn name(message: &[u8], at: &mut usize) -> Result<Name, Error> {
    let (name, behind) = parse_name(message, *at)?;
    *at = behind;
    Ok(name)
}

/// The next `N` octets.
fn take<const N: usize>(message: &[u8], at: &mut usize) -> Result<[u8; N], Error> {
    let octets = message.get(*at..).and_then(|octets| octets.first_chunk()).ok_or(Error::CutOff)?;
    *at += N;
    Ok(*octets)
}
// end answer
