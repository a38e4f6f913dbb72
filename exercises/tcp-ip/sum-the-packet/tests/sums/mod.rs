//! Sums in all the ways: the right one, and those that prove a mistake.

use std::panic::{AssertUnwindSafe, catch_unwind};

use harness::{Check, Mistake, Outcome};
use sum_the_packet::{Sum, update};

use crate::mistakes::{
    DROPPED, FOLDED_ONCE, MINUS_ZERO, NO_CARRY, PADDED, WRONG_HALF, WRONG_ORDER,
};

/// Octets that a report shows one by one.
const FEW: usize = 20;

/// An IPv4 header as a host sent it: a UDP datagram of no octets from 192.0.2.1 to 192.0.2.2.
pub(crate) const HEADER: [u8; 20] = [
    0x45, 0x00, 0x00, 0x1c, 0x00, 0x01, 0x40, 0x00, 0x40, 0x11, 0xb6, 0xcc, 0xc0, 0x00, 0x02, 0x01,
    0xc0, 0x00, 0x02, 0x02,
];

/// The words of a message, as RFC 1071 §1 makes them.
fn words(octets: &[u8]) -> impl Iterator<Item = u32> {
    octets.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)))
}

fn low(sum: u32) -> u16 {
    u16::try_from(sum & 0xffff).expect("16 bits")
}

fn folded_once(sum: u32) -> u32 {
    (sum & 0xffff) + (sum >> 16)
}

/// The right checksum of up to 64 KiB.
pub(crate) fn right(octets: &[u8]) -> u16 {
    !low(folded_once(folded_once(words(octets).sum())))
}

/// Fails unless `Sum` has the right checksum for a message in these pieces.
pub(crate) fn sums(c: &Check, pieces: &[&[u8]]) -> Outcome {
    let whole = pieces.concat();
    let want = right(&whole);
    c.want(format!("{want:04x}{}", drawn(&whole)));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut sum = Sum::new();
        pieces.iter().for_each(|piece| sum.add(piece));
        sum.checksum()
    }));
    let got = result.map_err(|payload| {
        // Rust itself says that a carry was lost, where it checks for it.
        let said = payload.downcast_ref::<&str>().copied().unwrap_or_default();
        let overflow = said.contains("attempt to add with overflow");
        c.fail(overflow.then_some(&NO_CARRY), "no checksum")
    })?;
    if got == !want {
        c.saw("that is the sum; the checksum is its complement");
    }
    c.ensure(got == want, proved(pieces, got), || format!("{got:04x}"))
}

/// `: 0001 + f203 = f204, complement 0dfb`, of few octets.
fn drawn(octets: &[u8]) -> String {
    if octets.len() > FEW {
        let total: u32 = words(octets).sum();
        return format!(": the words add up to {total:x}, without a carry brought back in");
    }
    let shown: Vec<String> = words(octets).map(|word| format!("{word:04x}")).collect();
    let mut sum: u32 = words(octets).sum();
    let total = if shown.len() > 1 { format!(" = {sum:04x}") } else { String::new() };
    let mut line = format!(":\n{}{total}", shown.join(" + "));
    while sum > 0xffff {
        line += &format!("\n{:04x} + {:x} = {:04x}", sum & 0xffff, sum >> 16, folded_once(sum));
        sum = folded_once(sum);
    }
    line + &format!("\ncomplement {:04x}", !low(sum))
}

/// The mistake that gives just this wrong checksum for just these pieces.
fn proved(pieces: &[&[u8]], got: u16) -> Option<&'static Mistake> {
    let whole = pieces.concat();
    let total: u32 = words(&whole).sum();
    let even = &whole[..whole.len() / 2 * 2];
    let (even_total, last) = (words(even).sum::<u32>(), u32::from(whole[whole.len() - 1]));
    let fold = |sum| !low(folded_once(folded_once(sum)));
    let padded: u32 = pieces.iter().flat_map(|piece| words(piece)).sum();
    let odd = whole.len() % 2 == 1;
    let known = [
        (true, &WRONG_ORDER, right(&whole).swap_bytes()),
        (true, &NO_CARRY, !low(total)),
        (true, &FOLDED_ONCE, !low(folded_once(total))),
        (odd, &WRONG_HALF, fold(even_total + last)),
        (odd, &DROPPED, fold(even_total)),
        (pieces.len() > 1, &PADDED, fold(padded)),
    ];
    let mut found = known.into_iter().filter(|(fits, _, wrong)| *fits && *wrong == got);
    match (found.next(), found.next()) {
        (Some((_, mistake, _)), None) if got != right(&whole) => Some(mistake),
        _ => None, // Two mistakes that look alike here prove neither.
    }
}

/// Fails unless `update` gives what summing the changed message gives. `at` is even.
pub(crate) fn updates(c: &Check, octets: &[u8], at: usize, new: u16) -> Outcome {
    let mut changed = octets.to_vec();
    changed[at..at + 2].copy_from_slice(&new.to_be_bytes());
    let old = u16::from_be_bytes([octets[at], octets[at + 1]]);
    updates_to(c, right(octets), old, new, right(&changed))
}

/// Fails unless `update` gives `want`.
pub(crate) fn updates_to(c: &Check, before: u16, old: u16, new: u16, want: u16) -> Outcome {
    c.did(format!("called `update({before:#06x}, {old:#06x}, {new:#06x})`"));
    c.want(format!("{want:04x}, as if all of the changed message had been summed"));
    let got = update(before, old, new);
    let lost = before.wrapping_add(old).wrapping_sub(new);
    let lost_on_sums = !(!before).wrapping_add(!old).wrapping_add(new);
    let mistake = match got {
        0xffff if want == 0 => Some(&MINUS_ZERO),
        _ if got == lost || got == lost_on_sums => Some(&NO_CARRY),
        _ => None,
    };
    c.ensure(got == want, mistake, || format!("{got:04x}"))
}
