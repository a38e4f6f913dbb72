//! Our headers against those of `etherparse`, which other people wrote from the same RFCs: 100,000
//! packets, made by one, read by both, most of them broken on the way.
//!
//! Where the two differ on purpose, it is said at the place. Otherwise they agree on what is a packet
//! and what is not, on every field, on every octet of the payload, and on the checksum.
//!
//! The seed is printed; `COURSE_SEED=… cargo test -p tcp-ip --test etherparse` repeats a run.

#![allow(clippy::unwrap_used)] // A panic here is a failed test.

mod compare;
mod packets;

use etherparse::{IpNumber, Ipv4Header, Ipv6Slice, TcpSlice, UdpHeader};
use tcp_ip::ip::v6;
use tcp_ip::random::Random;
use tcp_ip::udp;

use compare::compare;
use packets::{any_packet, break_somewhere};

const PACKETS: usize = 100_000;

#[test]
fn both_read_the_same_in_every_packet() {
    let mut random = Random::announced();
    let (mut whole, mut taken) = (0, 0);
    for number in 0..PACKETS {
        let mut packet = any_packet(&mut random);
        let broken = random.chance(0.75);
        if broken {
            break_somewhere(&mut packet, &mut random);
        } else {
            whole += 1;
        }
        let read = std::panic::catch_unwind(|| compare(&packet));
        match read {
            Ok(accepted) => {
                assert!(accepted || broken, "packet {number} was refused: {packet:02x?}");
                taken += usize::from(accepted);
            }
            Err(_) => panic!("packet {number}: {packet:02x?}"),
        }
    }
    println!("{PACKETS} packets: {whole} whole, {taken} read by both with right checksums");
    // Else this is a test of nothing.
    assert!(whole > PACKETS / 5 && taken > whole && taken < PACKETS * 2 / 3);
}

#[test]
fn both_write_the_same_octets() {
    let mut random = Random::announced();
    for _ in 0..PACKETS / 10 {
        let packet = any_packet(&mut random);
        if packet[0] >> 4 != 4 {
            let read = Ipv6Slice::from_slice(&packet).unwrap();
            assert_eq!(read.header().to_header().to_bytes()[..], packet[..v6::HEADER]);
            continue;
        }
        let (header, payload) = Ipv4Header::from_slice(&packet).unwrap();
        assert_eq!(header.to_bytes()[..], packet[..header.header_len()]);
        assert_eq!(header.calc_header_checksum(), header.header_checksum);
        if header.protocol == IpNumber::TCP && !header.is_fragmenting_payload() {
            let segment = TcpSlice::from_slice(payload).unwrap();
            assert_eq!(segment.to_header().to_bytes()[..], *segment.header_slice());
        }
        if header.protocol == IpNumber::UDP && !header.is_fragmenting_payload() {
            let (ports, data) = UdpHeader::from_slice(payload).unwrap();
            let (from, to) = (ports.source_port, ports.destination_port);
            let theirs = UdpHeader::with_ipv4_checksum(from, to, &header, data).unwrap();
            assert_eq!(theirs.to_bytes()[..], payload[..udp::HEADER]);
        }
    }
}
