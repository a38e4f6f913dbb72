//! Sentences about prefixes, tables and packets.

use std::any::Any;
use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use harness::{Check, Mistake, Outcome};
use route_by_prefix::{HEADER, Next, Prefix, TTL_AT, Table, Verdict, forward};

use crate::mistakes::{MINUS_ZERO, NO_CARRY, SHIFT, STALE, TTL_ZERO};

pub(crate) fn address(text: &str) -> Ipv4Addr {
    text.parse().expect("the test's own addresses are right")
}

/// Calls the answer. A panic says which mistake it is, if Rust stopped a shift or a subtraction.
pub(crate) fn call<T>(c: &Check, answer: impl FnOnce() -> T) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(answer)).map_err(|payload| c.fail(stopped(&*payload), ""))
}

fn stopped(payload: &(dyn Any + Send)) -> Option<&'static Mistake> {
    let said = payload.downcast_ref::<&str>().copied().unwrap_or_default();
    let known = [("attempt to shift", &SHIFT), ("attempt to subtract with overflow", &TTL_ZERO)];
    known.into_iter().find_map(|(sign, mistake)| said.contains(sign).then_some(mistake))
}

/// The answer's prefix for `10.77.0.0/24`.
pub(crate) fn prefix(c: &Check, text: &str) -> Outcome<Prefix> {
    let (bits, length) = text.split_once('/').expect("the test's own prefixes are right");
    let length = length.parse().expect("a number");
    let prefix = call(c, || Prefix::new(address(bits), length))?;
    prefix.ok_or_else(|| c.fail(None, format!("`Prefix::new` returned None for {text}")))
}

/// Fails unless the prefix contains the address, or does not.
pub(crate) fn contains(
    c: &Check,
    text: &str,
    other: &str,
    want: bool,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("made the prefix {text}"));
    c.want(format!("it {} {other}", if want { "contains" } else { "does not contain" }));
    let prefix = prefix(c, text)?;
    let got = call(c, || prefix.contains(address(other)))?;
    c.ensure(got == want, mistake, || format!("`contains({other})` is {got}"))
}

/// Fails unless this is the broadcast address.
pub(crate) fn broadcast(
    c: &Check,
    text: &str,
    want: Option<&str>,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("made the prefix {text}, and called `broadcast`"));
    c.want(want.map_or("None".into(), |want| format!("Some({want})")));
    let prefix = prefix(c, text)?;
    let got = call(c, || prefix.broadcast())?;
    c.ensure(got == want.map(address), mistake, || format!("{got:?}"))
}

/// A table, and what its routes were called when they were inserted.
pub(crate) struct Routes<'a> {
    c: &'a Check,
    pub(crate) table: Table,
}

impl<'a> Routes<'a> {
    pub(crate) fn new(c: &'a Check) -> Outcome<Self> {
        c.attempt("made a table");
        Ok(Self { c, table: call(c, Table::new)? })
    }

    /// Inserts a route to a link.
    pub(crate) fn link(&mut self, text: &str, port: usize) -> Outcome {
        self.c.did(format!("inserted {text}: the link of port {port}"));
        let prefix = prefix(self.c, text)?;
        call(self.c, || self.table.insert(prefix, Next::Link { port }))
    }

    pub(crate) fn via(&mut self, text: &str, port: usize, router: &str) -> Outcome {
        self.c.did(format!("inserted {text}: by way of {router}, on port {port}"));
        let prefix = prefix(self.c, text)?;
        let next = Next::Via { port, router: address(router) };
        call(self.c, || self.table.insert(prefix, next))
    }

    pub(crate) fn remove(&mut self, text: &str) -> Outcome {
        self.c.did(format!("removed {text}"));
        let prefix = prefix(self.c, text)?;
        call(self.c, || self.table.remove(prefix))
    }

    /// Fails unless the lookup finds the link of this port, or nothing. If it finds another route
    /// that contains the destination as well, that proves the mistake.
    pub(crate) fn finds(
        &self,
        destination: &str,
        want: Option<(&str, usize)>,
        another: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let c = self.c;
        c.want(match want {
            Some((text, port)) => format!("`lookup({destination})` finds {text}, port {port}"),
            None => format!("`lookup({destination})` finds None"),
        });
        let got = call(c, || self.table.lookup(address(destination)))?;
        let want = match want {
            Some((text, port)) => Some((prefix(c, text)?, Next::Link { port })),
            None => None,
        };
        let shorter = match (got, want) {
            (Some((got, _)), Some((want, _))) => got.length() < want.length(),
            _ => false,
        };
        c.ensure(got == want, another.into().filter(|_| shorter), || told(&got))
    }
}

fn told(found: &Option<(Prefix, impl Debug)>) -> String {
    match found {
        Some((prefix, next)) => format!("{}/{}: {next:?}", prefix.address(), prefix.length()),
        None => "None".into(),
    }
}

/// The header of a packet to `destination`, with a right checksum.
pub(crate) fn header(destination: &str, ttl: u8, identification: u16) -> [u8; HEADER] {
    let mut header = [0x45, 0, 0, 20, 0, 0, 0x40, 0, ttl, 17, 0, 0, 198, 51, 100, 7, 0, 0, 0, 0];
    header[4..6].copy_from_slice(&identification.to_be_bytes());
    header[16..].copy_from_slice(&address(destination).octets());
    let checksum = !sum(&header);
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

/// The ones' complement sum of a header: ffff if its checksum is right.
fn sum(header: &[u8; HEADER]) -> u16 {
    let words = header.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    u16::try_from((sum & 0xffff) + (sum >> 16)).expect("20 octets have few carries")
}

/// Fails unless a packet to this destination is sent there, with one hop less and a right checksum.
pub(crate) fn sends(c: &Check, table: &Table, mut packet: [u8; HEADER], want: Verdict) -> Outcome {
    let before = packet;
    c.did(format!("called `forward` with {}", hex(&before)));
    c.want(format!("{want:?}"));
    let got = call(c, || forward(table, &mut packet))?;
    c.ensure(got == want, None, || format!("{got:?}"))?;
    c.want("the same header, but for TTL and checksum");
    let (ttl, checksum) = (before[TTL_AT] - 1, [packet[10], packet[11]]);
    let mut right = before;
    right[TTL_AT] = ttl;
    right[10..12].copy_from_slice(&checksum);
    c.same_bytes(&right, &packet, None)?;
    c.want("a right checksum: with it, the words of the header add up to ffff");
    let old = u16::from_be_bytes([before[10], before[11]]);
    let mistake = match u16::from_be_bytes(checksum) {
        new if new == old => Some(&STALE),
        new if new == old.wrapping_add(0x0100) => Some(&NO_CARRY),
        _ => None,
    };
    c.ensure(sum(&packet) == 0xffff, mistake, || {
        format!("{:04x}: {}", sum(&packet), hex(&packet))
    })?;
    // RFC 1624 §3: nobody else computes ffff for a header.
    c.want("the checksum 0000, and not ffff, the other zero");
    c.ensure(checksum != [0xff, 0xff], &MINUS_ZERO, || hex(&packet))
}

/// Fails unless a packet gets another verdict, and is as it was.
pub(crate) fn keeps(
    c: &Check,
    table: &Table,
    mut packet: [u8; HEADER],
    want: Verdict,
    sent: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let before = packet;
    c.did(format!("called `forward` with {}", hex(&before)));
    c.want(format!("{want:?}"));
    let got = call(c, || forward(table, &mut packet))?;
    let sent = sent.into().filter(|_| matches!(got, Verdict::Send { .. }));
    c.ensure(got == want, sent, || format!("{got:?}, and the header {}", hex(&packet)))?;
    c.want("the header as it was: it is quoted to the sender");
    c.same_bytes(&before, &packet, None)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}
