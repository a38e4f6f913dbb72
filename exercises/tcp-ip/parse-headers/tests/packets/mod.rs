//! Packets, right ones and broken ones, and what an answer makes of them.

use std::any::Any;
use std::fmt::{Debug, Write as _};
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use harness::{Check, Mistake, Outcome};
use parse_headers::{Error, Ip, TCP, Tcp, parse_ip, parse_tcp};

pub(crate) const SOURCE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(crate) const DESTINATION: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// Where a segment begins in a packet without IP options.
pub(crate) const SEGMENT: usize = 20;

/// How long an answer may think about one packet: a hundred thousand times what it needs.
const PATIENCE: Duration = Duration::from_secs(1);

/// An IPv4 packet: no options, a right checksum.
pub(crate) fn packet(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let total = u16::try_from(header + payload.len()).expect("short").to_be_bytes();
    let words = u8::try_from(header / 4).expect("at most 15");
    let mut octets = vec![0x40 | words, 0, total[0], total[1], 0x1c, 0x46, 0x40, 0, 64, protocol];
    octets.extend([0, 0]);
    octets.extend(SOURCE.octets());
    octets.extend(DESTINATION.octets());
    octets.extend(options);
    octets.extend(payload);
    sealed(octets, header)
}

/// The packet with the checksum that a header of so many octets has.
pub(crate) fn sealed(mut octets: Vec<u8>, header: usize) -> Vec<u8> {
    octets[10..12].fill(0);
    let right = checksum(&octets[..header]);
    octets[10..12].copy_from_slice(&right.to_be_bytes());
    octets
}

/// A packet with a TCP segment of these options and this payload, all checksums right.
pub(crate) fn segment(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let offset = u8::try_from((20 + options.len()) / 4).expect("at most 15");
    let mut octets = vec![0x9c, 0x40, 0x00, 0x50, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0];
    octets.extend([offset << 4, 0x18, 0xfa, 0x00, 0, 0, 0, 0]);
    octets.extend(options);
    octets.extend(payload);
    resealed(packet(TCP, &[], &octets))
}

/// The packet, without IP options, with the right TCP checksum for what is in it now.
pub(crate) fn resealed(mut octets: Vec<u8>) -> Vec<u8> {
    octets[SEGMENT + 16..SEGMENT + 18].fill(0);
    let segment = &octets[SEGMENT..];
    let length = u16::try_from(segment.len()).expect("short").to_be_bytes();
    let mut summed = [&octets[12..20], &[0, TCP], &length].concat();
    summed.extend(segment);
    let right = checksum(&summed);
    octets[SEGMENT + 16..SEGMENT + 18].copy_from_slice(&right.to_be_bytes());
    octets
}

/// RFC 1071 §1.
pub(crate) fn checksum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|word| [word[0], *word.get(1).unwrap_or(&0)]);
    let sum: u64 = words.map(|word| u64::from(u16::from_be_bytes(word))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((sum + (sum >> 16)) & 0xffff).expect("16 bits")
}

/// The octets in hex, with a note under the one that matters.
pub(crate) fn dump(octets: &[u8], at: usize, note: &str) -> String {
    let mut text = String::new();
    for (row, line) in octets.chunks(16).enumerate() {
        let _ = write!(text, "\n{:04x} ", row * 16);
        line.iter().for_each(|octet| {
            let _ = write!(text, " {octet:02x}");
        });
        if at / 16 == row && !note.is_empty() {
            let _ = write!(text, "\n     {}^^ {note}", " ".repeat(1 + at % 16 * 3));
        }
    }
    text
}

/// What `parse_ip` makes of these octets. If it panics there, it is for this mistake.
pub(crate) fn ip<'a>(
    c: &Check,
    octets: &'a [u8],
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome<Result<Ip<'a>, Error>> {
    let result = catch_unwind(AssertUnwindSafe(|| parse_ip(octets)));
    result.map_err(|payload| c.fail(mistake.into().filter(|_| is_of_lengths(&*payload)), ""))
}

/// What `parse_ip` and then `parse_tcp` make of a packet with a right IP header.
pub(crate) fn tcp<'a>(
    c: &Check,
    octets: &'a [u8],
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome<Result<Tcp<'a>, Error>> {
    let ip = c.ok("`parse_ip`", ip(c, octets, None)?, None)?;
    let result = catch_unwind(AssertUnwindSafe(|| parse_tcp(&ip)));
    result.map_err(|payload| c.fail(mistake.into().filter(|_| is_of_lengths(&*payload)), ""))
}

/// The same on a thread of its own, which may never come back.
pub(crate) fn tcp_in_time(c: &Check, octets: Vec<u8>, endless: &'static Mistake) -> Outcome {
    let (done, finished) = mpsc::channel();
    let of_the_answer = c.clone();
    c.spawn(move || {
        let outcome = tcp(&of_the_answer, &octets, endless);
        let _ = done.send(outcome.and_then(|got| is(&of_the_answer, &got, Error::Option, None)));
    });
    finished.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        Err(c.fail(endless, format!("no answer within {PATIENCE:?}: it goes round and round")))
    })
}

/// Whether Rust itself stopped the answer at a place that is not there.
fn is_of_lengths(payload: &(dyn Any + Send)) -> bool {
    let said = payload.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default();
    ["out of range", "out of bounds", "overflow", "mid > len", "starts at", "copy_from_slice"]
        .iter()
        .any(|sign| said.contains(sign))
}

/// Fails unless the answer refused what it was given for this reason.
pub(crate) fn is<T: Debug>(
    c: &Check,
    got: &Result<T, Error>,
    want: Error,
    accepted: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    match got {
        Err(error) if *error == want => Ok(()),
        Err(_) => Err(c.fail(None, format!("{got:?}"))),
        Ok(_) => Err(c.fail(accepted, format!("{got:x?}"))),
    }
}
