#![no_main]

//! A reassembler that is given whatever comes, in pieces of the input, stays within its limits.

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tcp_ip::Instant;
use tcp_ip::ip::fragment::{Limits, Reassembler, cut};
use tcp_ip::ip::{self, v4};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { packets: 4, octets: 4096, pieces: 8, time: Duration::from_millis(50) };
    let mut reassembler = Reassembler::new(limits);
    let (mut left, mut now) = (input, Instant::ZERO);
    // Each packet has its length in front, and is given a right checksum.
    while let [length, rest @ ..] = left {
        let (packet, behind) = rest.split_at(rest.len().min(usize::from(*length)));
        left = behind;
        let mut packet = packet.to_vec();
        if let Ok((header, payload)) = v4::Header::parse_unverified(&packet) {
            let payload = payload.to_vec();
            packet.clear();
            header.emit(&payload, &mut packet);
        }
        now += Duration::from_millis(7);
        if let Ok(Some(whole)) = reassembler.add(now, &packet) {
            ip::parse(&whole).expect("what was put together is a packet");
            cut(&whole, 100, 1, |piece| assert!(piece.len() <= 100));
        }
        assert!(reassembler.octets() <= 4096 + packet.len() * 2 + 64);
        reassembler.expire(now);
        assert!(reassembler.deadline().is_none_or(|deadline| deadline > now));
    }
});
