#![no_main]

//! Whatever comes, the server says nothing, or a whole response to it within its limit.

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use protocols::dns::server::{Server, Transport};
use protocols::dns::{Header, Message, Zone, Zones};

static ZONES: LazyLock<Arc<Zones>> = LazyLock::new(|| {
    let zone = Zone::parse(include_str!("../seeds/dns_zone/usual"), None).expect("a zone");
    Arc::new([zone].into_iter().collect())
});

fuzz_target!(|query: &[u8]| {
    let mut server = Server::new(ZONES.clone());
    for (transport, limit) in [(Transport::Udp, 1_232), (Transport::Tcp, 65_535)] {
        let Some(response) = server.respond(query, transport) else { continue };
        assert!(response.len() <= limit);
        assert_eq!(response[..2], query[..2]);
        let message = Message::parse(response).expect("what we write is right");
        assert!(message.header.has(Header::QR) && !message.header.has(Header::RA));
    }
});
