use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::ip::fragment::cut;
use crate::random::Random;

const NOW: Instant = Instant::ZERO;

fn v4_header() -> v4::Header {
    let (from, to) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
    let header = v4::Header::new(from, to, Protocol::UDP);
    v4::Header { dont_fragment: false, identification: 7, ..header }
}

/// A fragment of IPv4, or of IPv6.
fn fragment(six: bool, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    if six {
        let (from, to) = (Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        let header = v6::Header::new(from, to, v6::extensions::FRAGMENT);
        header.emit_header(8 + payload.len(), &mut packet);
        v6::Fragment { identification: 7, offset, more }.emit(Protocol::UDP, &mut packet);
        packet.extend(payload);
    } else {
        let header = v4::Header { fragment_offset: offset, more_fragments: more, ..v4_header() };
        header.emit(payload, &mut packet);
    }
    packet
}

/// Adds fragments in order, and gives the whole's payload.
fn put_together(six: bool, fragments: &[(u16, bool, &[u8])]) -> Option<Vec<u8>> {
    let mut reassembler = Reassembler::new(Limits::default());
    let mut whole = None;
    for (offset, more, payload) in fragments {
        assert_eq!(whole, None, "before the last fragment");
        whole = reassembler.add(NOW, &fragment(six, *offset, *more, payload)).unwrap();
    }
    whole.map(|packet| ip::parse(&packet).unwrap().1.to_vec())
}

#[test]
fn any_order_and_any_repetition_gives_the_packet() {
    let mut random = Random::announced();
    for round in 0..500 {
        let six = round % 2 == 0;
        let payload = random.octets(100..9000);
        let mut packet = Vec::new();
        if six {
            let (from, to) = (Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
            v6::Header::new(from, to, Protocol::UDP).emit(&payload, &mut packet);
        } else {
            v4_header().emit(&payload, &mut packet);
        }
        let mtu = 100 + random.below(1500);
        let mut fragments = Vec::new();
        assert!(cut(&packet, mtu, 7, |fragment| fragments.push(fragment.to_vec())));
        assert!(fragments.iter().all(|fragment| fragment.len() <= mtu));
        // Of each a second copy at most, then shuffled.
        for n in 0..fragments.len() {
            if random.chance(0.3) {
                fragments.push(fragments[n].clone());
            }
        }
        for n in (1..fragments.len()).rev() {
            fragments.swap(n, random.below(n + 1));
        }
        let mut reassembler = Reassembler::new(Limits::default());
        let whole = fragments.iter().find_map(|f| reassembler.add(NOW, f).unwrap());
        assert_eq!(whole, Some(packet));
    }
}

#[test]
fn overlaps_of_ipv4_must_say_the_same() {
    let (a, b) = ([b'a'; 16], [b'b'; 16]);
    let mixed = [&a[..], &a[..8], b"end"].concat();
    let honest = [(8, true, &a[..]), (0, true, &a[..]), (24, false, &b"end"[..])];
    assert_eq!(put_together(false, &honest), Some(mixed));
    for lie in [
        [(0, true, &a[..]), (8, true, &b[..]), (24, false, b"end")],
        [(8, true, &a[..]), (0, true, &b[..]), (24, false, b"end")],
        [(0, true, &a[..]), (0, true, &b[..]), (16, false, b"end")],
    ] {
        assert_eq!(put_together(false, &lie), None, "{lie:?}");
    }
}

#[test]
fn overlaps_of_ipv6_refuse_the_packet_and_what_comes_later() {
    let a = [b'a'; 16];
    let mut reassembler = Reassembler::new(Limits::default());
    let parts = [(0, true, &a[..]), (8, true, &a[..]), (0, true, &a[..]), (16, false, b"end")];
    for (offset, more, payload) in parts {
        let added = reassembler.add(NOW, &fragment(true, offset, more, payload));
        assert_eq!(added, Ok(None), "at {offset}");
    }
    assert_eq!(reassembler.octets(), 0, "nothing of it is kept");
    // When its time is over, the number may be used again; and nobody is told.
    assert_eq!(reassembler.expire(NOW + Limits::default().time), Vec::<Vec<u8>>::new());
    assert_eq!(reassembler.deadline(), None);

    let twice = [(0, true, &a[..]), (0, true, &a[..]), (16, false, b"end")];
    assert!(put_together(true, &twice).is_some(), "a copy is no overlap");
}

#[test]
fn the_end_is_where_it_is_said_to_be() {
    let a = [b'a'; 16];
    for fragments in [
        [(16, false, &a[..]), (32, false, &a[..]), (0, true, &a[..])], // Two ends.
        [(16, false, &a[..8]), (24, true, &a[..]), (0, true, &a[..])], // A piece behind the end,
        [(24, true, &a[..]), (16, false, &a[..8]), (0, true, &a[..])], // or an end before a piece.
    ] {
        assert_eq!(put_together(false, &fragments), None, "{fragments:?}");
        assert_eq!(put_together(true, &fragments), None, "{fragments:?}");
    }
}

#[test]
fn a_fragment_is_within_the_longest_packet_and_of_whole_eighths() {
    for six in [false, true] {
        let mut reassembler = Reassembler::new(Limits::default());
        for (offset, more, length) in [(65_528, false, 100), (8, true, 12), (8, true, 0)] {
            let refused = reassembler.add(NOW, &fragment(six, offset, more, &vec![0; length]));
            let want = Malformed::Fragment { offset: usize::from(offset), length };
            assert_eq!(refused, Err(want));
        }
        assert_eq!(reassembler.octets(), 0);
    }
}

#[test]
fn what_takes_too_long_is_given_up_and_told() {
    let mut reassembler = Reassembler::new(Limits::default());
    let first = fragment(false, 0, true, &[0; 16]);
    assert_eq!(reassembler.add(NOW, &first), Ok(None));
    let deadline = reassembler.deadline().unwrap();
    assert_eq!(deadline, NOW + Duration::from_secs(60));
    // A later piece gives no more time.
    let later = NOW + Duration::from_secs(59);
    assert_eq!(reassembler.add(later, &fragment(false, 32, true, &[0; 16])), Ok(None));
    assert!(reassembler.expire(later).is_empty());
    assert_eq!(reassembler.expire(deadline), [first]);
    assert_eq!((reassembler.octets(), reassembler.deadline()), (0, None));
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let mut random = Random::announced();
    let limits = Limits { packets: 8, octets: 10_000, pieces: 16, ..Limits::default() };
    let mut reassembler = Reassembler::new(limits);
    for n in 0..20_000u64 {
        let [a, b, ..] = random.next_u64().to_le_bytes();
        let header = v4::Header {
            identification: u16::from(a),
            fragment_offset: u16::from(b) * 8,
            more_fragments: random.chance(0.9),
            ..v4_header()
        };
        let mut packet = Vec::new();
        header.emit(&vec![a; 8 * (1 + random.below(20))], &mut packet);
        let _ = reassembler.add(Instant::from_nanos(n), &packet);
        assert!(reassembler.octets() <= 10_000 && reassembler.packets.len() <= 8);
        let counted: usize = reassembler.packets.values().map(Partial::cost).sum();
        assert_eq!(reassembler.octets(), counted);
    }
}

#[test]
fn a_fragment_in_a_fragment_is_refused() {
    let mut inner = Vec::new();
    v6::Fragment { identification: 9, offset: 0, more: true }.emit(Protocol::UDP, &mut inner);
    inner.extend([0; 24]);
    let mut reassembler = Reassembler::new(Limits::default());
    let header =
        v6::Header::new(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, v6::extensions::FRAGMENT);
    for (offset, more, part) in [(16, false, &inner[16..]), (0, true, &inner[..16])] {
        let mut packet = Vec::new();
        header.emit_header(8 + part.len(), &mut packet);
        let fragment = v6::Fragment { identification: 7, offset, more };
        fragment.emit(v6::extensions::DESTINATION_OPTIONS, &mut packet);
        packet.extend(part);
        assert!(!matches!(reassembler.add(NOW, &packet), Ok(Some(_))));
    }
}
