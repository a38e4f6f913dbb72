#![no_main]

//! What the parser takes, is written again and read as the same.

use std::net::Ipv4Addr;

use libfuzzer_sys::fuzz_target;
use tcp_ip::ip::Pseudo;
use tcp_ip::udp::Header;

fuzz_target!(|datagram: &[u8]| {
    let pseudo = Pseudo::V4 { source: Ipv4Addr::LOCALHOST, destination: Ipv4Addr::LOCALHOST };
    let _ = Header::parse(datagram, &pseudo);
    let Ok((header, payload)) = Header::parse_unverified(datagram) else { return };
    let mut again = Vec::new();
    header.emit(&pseudo, payload, &mut again);
    assert_eq!(Header::parse(&again, &pseudo), Ok((header, payload)));
});
