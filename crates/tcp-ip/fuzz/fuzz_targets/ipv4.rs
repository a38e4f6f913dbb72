#![no_main]

//! What the parser takes, is written again and read as the same.

use libfuzzer_sys::fuzz_target;
use tcp_ip::icmp::Quoted;
use tcp_ip::ip::v4::{Header, take_hop};

fuzz_target!(|packet: &[u8]| {
    let _ = Quoted::parse(packet);
    let _ = tcp_ip::icmp::quote(packet);
    let Ok((header, payload)) = Header::parse_unverified(packet) else {
        assert!(Header::parse(packet).is_err());
        return;
    };
    let mut again = Vec::new();
    header.emit(payload, &mut again);
    assert_eq!(Header::parse(&again), Ok((header, payload)));
    let hops = header.ttl;
    assert_eq!(take_hop(&mut again), hops > 1);
    let (after, _) = Header::parse(&again).expect("its checksum was mended");
    assert_eq!(after.ttl, if hops > 1 { hops - 1 } else { hops });
});
