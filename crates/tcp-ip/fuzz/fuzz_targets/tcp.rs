#![no_main]

//! Header and options. What is written again may have fewer ranges of SACK: they must fit beside the
//! other options, which may have come in less room.

use std::net::Ipv4Addr;

use libfuzzer_sys::fuzz_target;
use tcp_ip::ip::Pseudo;
use tcp_ip::tcp::{Header, Options};

fuzz_target!(|segment: &[u8]| {
    let pseudo = Pseudo::V4 { source: Ipv4Addr::LOCALHOST, destination: Ipv4Addr::LOCALHOST };
    let _ = (Header::parse(segment, &pseudo), Options::parse(segment));
    let Ok((header, payload)) = Header::parse_unverified(segment) else { return };
    let mut again = Vec::new();
    header.emit(&pseudo, &[payload], &mut again);
    let (read, data) = Header::parse(&again, &pseudo).expect("what we write is right");
    assert_eq!(data, payload);
    let ranges: Vec<_> = header.options.sack.iter().take(read.options.sack.len()).collect();
    let sack = ranges.into_iter().collect();
    assert_eq!(read, Header { options: Options { sack, ..header.options }, ..header });
});
