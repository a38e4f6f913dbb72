#![no_main]

//! Capture files: whatever comes is read or refused, and every packet of it can be explained.

use capture::dissect::tiles;
use libfuzzer_sys::fuzz_target;
use tcp_ip::dissectors::Link;
use tcp_ip::savefile::{LONGEST_PACKET, Packets};

fuzz_target!(|file: &[u8]| {
    let Ok(packets) = Packets::read(file) else { return };
    for packet in packets {
        let Ok(packet) = packet else { return };
        assert!(packet.octets.len() <= LONGEST_PACKET.min(file.len()));
        let explained = Link(packet.link).explain(&packet.octets);
        assert_eq!(tiles(&explained.fields, packet.octets.len()), Ok(()));
    }
});
