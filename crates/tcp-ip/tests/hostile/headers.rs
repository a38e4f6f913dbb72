//! What is decided by the headers alone: nothing that is broken gets beyond its parser.

use tcp_ip::ip::{Protocol, Pseudo, v4};
use tcp_ip::{Malformed, tcp, udp};

use crate::cases::all;

/// The text of a datagram for a port, or that a segment was whole; or why neither.
fn deliver(packet: &[u8]) -> Result<String, Malformed> {
    let (header, payload) = v4::Header::parse(packet)?;
    let v4::Header { source, destination, .. } = header;
    let pseudo = Pseudo::V4 { source, destination };
    if header.protocol == Protocol::TCP {
        return tcp::Header::parse(payload, &pseudo).map(|_| "segment".to_owned());
    }
    let (ports, text) = udp::Header::parse(payload, &pseudo)?;
    Ok(format!("udp {} {}", ports.destination, text.escape_ascii()))
}

#[test]
fn nothing_broken_gets_beyond_its_parser() {
    for case in all() {
        for packet in &case.packets {
            let delivered = deliver(packet);
            let right = match (case.expect.as_str(), &case.state) {
                // What a connection is to ignore is a right segment, all the same.
                ("silence" | "reset or silence", None) => delivered.is_err(),
                (expect, None) if expect.starts_with("udp ") => delivered.as_deref() == Ok(expect),
                _ => delivered.as_deref() == Ok("segment"),
            };
            assert!(right, "{}: {delivered:?}, but expected: {}", case.name, case.expect);
        }
    }
}

#[test]
fn each_is_refused_for_its_own_reason() {
    for case in all().iter().filter(|case| case.state.is_none()) {
        let refused = deliver(&case.packets[0]).err();
        let want = match case.name.as_str() {
            "ip-checksum" => Malformed::Checksum { found: 0x1234 },
            "udp-checksum" => Malformed::Checksum { found: 0x1111 },
            "ip-ihl-4" => Malformed::LengthTooSmall { field: "header length", says: 16, least: 20 },
            "tcp-offset-4" => {
                Malformed::LengthTooSmall { field: "data offset", says: 16, least: 20 }
            }
            "ip-total-too-long" => {
                Malformed::LengthTooLarge { field: "total length", says: 200, has: 33 }
            }
            "udp-length-over" => Malformed::LengthTooLarge { field: "length", says: 400, has: 13 },
            "ip-option-len-0" => Malformed::OptionLength { kind: 7, length: Some(0) },
            "tcp-option-len-0" => Malformed::OptionLength { kind: 2, length: Some(0) },
            "tcp-option-overrun" => Malformed::OptionLength { kind: 2, length: Some(4) },
            _ => {
                assert_eq!(refused, None, "{}", case.name);
                continue;
            }
        };
        assert_eq!(refused, Some(want), "{}", case.name);
    }
}
