#![no_main]

//! The header, and the walk over the extension headers, which ends.

use libfuzzer_sys::fuzz_target;
use tcp_ip::icmp::{Quoted, quote};
use tcp_ip::ip::v6::{Header, upper};

fuzz_target!(|packet: &[u8]| {
    let _ = (Quoted::parse(packet), quote(packet));
    let Ok((header, payload)) = Header::parse(packet) else { return };
    let mut again = Vec::new();
    header.emit(payload, &mut again);
    assert_eq!(Header::parse(&again), Ok((header, payload)));
    if let Ok(upper) = upper(header.next_header, payload) {
        assert_eq!(upper.payload, &payload[upper.offset..]);
    }
});
