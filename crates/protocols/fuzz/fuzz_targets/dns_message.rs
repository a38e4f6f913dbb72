#![no_main]

//! What the parser takes is written again and read as the same; and the dissector, which reads on its own, can
//! name every octet of it.

use capture::dissect::{Dissector, tiles};
use libfuzzer_sys::fuzz_target;
use protocols::dns::dissect::{Dns, DnsOverTcp};
use protocols::dns::{Edns, Message};

fuzz_target!(|octets: &[u8]| {
    for fields in [Dns.dissect(octets), DnsOverTcp.dissect(octets)].into_iter().flatten() {
        assert_eq!(tiles(&fields, octets.len()), Ok(()));
    }
    let Ok(message) = Message::parse(octets) else { return };
    Dns.dissect(octets).expect("what the parser takes");
    let _ = Edns::of(&message);
    // Names may come from pointers into each other in more ways than we write: then it may be longer.
    let Some(again) = message.emit(65_535) else { return };
    let read = Message::parse(&again).expect("what we write is right");
    assert_eq!(read, message);
    for record in message.answers {
        let _ = record.to_string();
    }
});
