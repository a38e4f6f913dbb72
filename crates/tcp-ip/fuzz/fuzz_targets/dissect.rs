#![no_main]

//! Dissectors name every octet of whatever comes, once. The first octet chooses the link.

use capture::dissect::{self, Dissector, tiles};
use libfuzzer_sys::fuzz_target;
use tcp_ip::dissectors::{Icmp, IcmpV6, Link, LinkType, Packet, Tcp, Udp};

fuzz_target!(|input: &[u8]| {
    let [link, message @ ..] = input else { return };
    let links = [0u16, 1, 101, 108, 113, 228, 276, 147];
    let link = Link(LinkType::of(links[usize::from(*link) % links.len()]));
    for explained in [link.explain(message), Packet.explain(message)] {
        assert_eq!(tiles(&explained.fields, message.len()), Ok(()));
        let _ = dissect::table(&explained.fields);
    }
    let all: [&dyn Dissector; 4] = [&Tcp, &Udp, &Icmp, &IcmpV6];
    for fields in all.into_iter().filter_map(|dissector| dissector.dissect(message).ok()) {
        assert_eq!(tiles(&fields, message.len()), Ok(()));
    }
});
