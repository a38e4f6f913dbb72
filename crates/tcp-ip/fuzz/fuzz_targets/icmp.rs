#![no_main]

//! Both versions of a message, with the checksum that they should have, so that they get further.

use std::net::Ipv6Addr;

use libfuzzer_sys::fuzz_target;
use tcp_ip::checksum::checksum;
use tcp_ip::icmp::{Message, Quoted};
use tcp_ip::ip::{Protocol, Pseudo};

fuzz_target!(|octets: &[u8]| {
    let pseudo = Pseudo::V6 { source: Ipv6Addr::LOCALHOST, destination: Ipv6Addr::LOCALHOST };
    let _ = (Message::parse_v4(octets), Message::parse_v6(octets, &pseudo));
    if octets.len() < 4 {
        return;
    }
    let mut message = octets.to_vec();
    message[2..4].fill(0);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    if let Ok(parsed) = Message::parse_v4(&message) {
        let mut again = Vec::new();
        parsed.emit_v4(&mut again);
        assert_eq!(Message::parse_v4(&again), Ok(parsed));
        if let Message::TooBig { packet, .. } | Message::Unreachable { packet, .. } = parsed {
            let _ = Quoted::parse(packet);
        }
    }
    message[2..4].fill(0);
    let sum = pseudo.sum(Protocol::ICMPV6, message.len()).add(&message).checksum();
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    if let Ok(parsed) = Message::parse_v6(&message, &pseudo) {
        let mut again = Vec::new();
        parsed.emit_v6(&pseudo, &mut again);
        assert_eq!(Message::parse_v6(&again, &pseudo), Ok(parsed));
    }
});
