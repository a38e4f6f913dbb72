use std::net::Ipv6Addr;

use super::*;

const PSEUDO: Pseudo =
    Pseudo::V6 { source: Ipv6Addr::LOCALHOST, destination: Ipv6Addr::UNSPECIFIED };

/// Every type with every code, and a word that fits all of them.
fn every_message(check: impl Fn(&[u8])) {
    for kind in 0..=255 {
        for code in 0..=255 {
            check(&[kind, code, 0, 0, 0, 0, 5, 220, b'p', b'a', b'c', b'k', b'e']);
        }
    }
}

#[test]
fn what_is_parsed_is_emitted_as_it_was() {
    every_message(|octets| {
        let mut v4 = octets.to_vec();
        let sum = checksum(&v4);
        v4[2..4].copy_from_slice(&sum.to_be_bytes());
        // The one word that RFC 792 calls unused; RFC 4443 has it reserved.
        let has_word = !matches!((octets[0], octets[1]), (3 | 11, _) | (12, _));
        let message = Message::parse_v4(&v4).unwrap();
        let mut again = Vec::new();
        message.emit_v4(&mut again);
        if has_word || (octets[0], octets[1]) == (3, 4) {
            assert_eq!(again, v4, "{message:?}");
        }
        assert_eq!(Message::parse_v4(&again), Ok(zeroed(message)));

        let mut v6 = octets.to_vec();
        let sum = PSEUDO.sum(Protocol::ICMPV6, v6.len()).add(&v6).checksum();
        v6[2..4].copy_from_slice(&sum.to_be_bytes());
        let message = Message::parse_v6(&v6, &PSEUDO).unwrap();
        again.clear();
        message.emit_v6(&PSEUDO, &mut again);
        assert_eq!(Message::parse_v6(&again, &PSEUDO), Ok(message));
    });
}

/// IPv4's pointer is the word's first octet, which is 0 in these.
fn zeroed(message: Message<'_>) -> Message<'_> {
    match message {
        Message::ParameterProblem { code, packet, .. } => {
            Message::ParameterProblem { code, pointer: 0, packet }
        }
        other => other,
    }
}

#[test]
fn a_broken_message_is_refused() {
    let echo = Message::EchoRequest(Echo { identifier: 7, sequence: 1, data: b"abc" });
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    echo.emit_v4(&mut v4);
    echo.emit_v6(&PSEUDO, &mut v6);
    assert_eq!(Message::parse_v4(&v4), Ok(echo));
    assert_eq!(Message::parse_v6(&v6, &PSEUDO), Ok(echo));
    for bit in 0..v4.len() * 8 {
        let flip = |octets: &[u8]| {
            let mut broken = octets.to_vec();
            broken[bit / 8] ^= 1 << (bit % 8);
            broken
        };
        assert!(Message::parse_v4(&flip(&v4)).is_err(), "bit {bit}");
        assert!(Message::parse_v6(&flip(&v6), &PSEUDO).is_err(), "bit {bit}");
    }
    for end in 0..v4.len() {
        assert!(Message::parse_v4(&v4[..end]).is_err(), "cut at {end}");
    }
    assert!(Message::parse_v4(&v6).is_err(), "ICMPv6's checksum covers the addresses");
}

#[test]
fn the_two_versions_say_the_same_with_other_numbers() {
    let packet = b"packet".as_slice();
    for (message, v4, v6) in [
        (Message::Unreachable { reason: Unreachable::Port, packet }, [3, 3], [1, 4]),
        (Message::Unreachable { reason: Unreachable::Host, packet }, [3, 1], [1, 3]),
        (Message::Unreachable { reason: Unreachable::Protocol, packet }, [3, 2], [4, 1]),
        (Message::TooBig { mtu: 1280, packet }, [3, 4], [2, 0]),
        (Message::TimeExceeded { reason: TimeExceeded::Reassembly, packet }, [11, 1], [3, 1]),
    ] {
        let (mut octets, mut six) = (Vec::new(), Vec::new());
        message.emit_v4(&mut octets);
        message.emit_v6(&PSEUDO, &mut six);
        assert_eq!((&octets[..2], &six[..2]), (&v4[..], &v6[..]), "{message:?}");
        assert!(message.is_error());
    }
}
