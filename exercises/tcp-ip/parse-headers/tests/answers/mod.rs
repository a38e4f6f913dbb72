//! Sentences about packets: what the answer must find in one, and which one it must refuse.

use harness::{Check, Mistake, Outcome};
use parse_headers::{Error, Ip, Tcp};

use crate::mistakes::{NO_OPTIONS, NO_PSEUDO};
use crate::packets::{DESTINATION, SEGMENT, SOURCE, checksum, dump, ip, is, tcp};

/// Fails unless `parse_ip` finds this payload; another one proves the mistake.
pub(crate) fn ip_is(
    c: &Check,
    octets: &[u8],
    protocol: u8,
    payload: &[u8],
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    c.attempt(format!("gave `parse_ip` these {} octets{}", octets.len(), dump(octets, 0, "")));
    c.want(format!("from {SOURCE} to {DESTINATION}, protocol {protocol}, and the payload"));
    let got = ip(c, octets, mistake)?;
    // A checksum over 20 octets is wrong where the header has more.
    let refused = mistake.filter(|mistake| mistake.name == NO_OPTIONS.name);
    let got = c.ok("`parse_ip`", got, refused)?;
    c.same_bytes(payload, got.payload, mistake)?;
    let want = Ip { source: SOURCE, destination: DESTINATION, protocol, payload };
    c.ensure(got == want, None, || format!("{got:x?}"))
}

pub(crate) fn refuses_ip(
    c: &Check,
    octets: &[u8],
    at: usize,
    note: &str,
    want: Error,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    c.attempt(format!("gave `parse_ip` these {} octets{}", octets.len(), dump(octets, at, note)));
    c.want(format!("Err({want:?})"));
    let got = ip(c, octets, mistake)?;
    is(c, &got, want, mistake)
}

/// Fails unless `parse_tcp` finds all this; what else it finds proves the mistake.
pub(crate) fn tcp_is(
    c: &Check,
    octets: &[u8],
    mss: Option<u16>,
    window_scale: Option<u8>,
    payload: &[u8],
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    c.attempt(format!("gave `parse_ip` these {} octets{}", octets.len(), dump(octets, 0, "")));
    c.did("gave `parse_tcp` what it returned");
    c.want("Ok, with the payload that was sent");
    let got = tcp(c, octets, mistake)?;
    let got =
        c.ok("`parse_tcp`", got, got.is_err().then(|| without_pseudo(c, octets)).flatten())?;
    c.same_bytes(payload, got.payload, mistake)?;
    let want = Tcp {
        source: 40_000,
        destination: 80,
        sequence: 0x1234_5678,
        acknowledgment: 0x9abc_def0,
        flags: 0x18,
        window: 0xfa00,
        mss,
        window_scale,
        payload,
    };
    c.want(format!("{want:x?}"));
    c.ensure(got == want, None, || format!("{got:x?}"))
}

pub(crate) fn refuses_tcp(
    c: &Check,
    octets: &[u8],
    at: usize,
    note: &str,
    want: Error,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    c.attempt(format!("gave `parse_ip` these {} octets{}", octets.len(), dump(octets, at, note)));
    c.did("gave `parse_tcp` what it returned");
    c.want(format!("Err({want:?})"));
    let got = tcp(c, octets, mistake)?;
    is(c, &got, want, mistake)
}

/// Whether the answer takes the checksum of the segment alone for the right one.
fn without_pseudo(c: &Check, octets: &[u8]) -> Option<&'static Mistake> {
    let mut octets = octets.to_vec();
    octets[SEGMENT + 16..SEGMENT + 18].fill(0);
    let alone = checksum(&octets[SEGMENT..]);
    octets[SEGMENT + 16..SEGMENT + 18].copy_from_slice(&alone.to_be_bytes());
    matches!(tcp(c, &octets, None), Ok(Ok(_))).then_some(&NO_PSEUDO)
}
