//! The Domain Name System (RFC 1034, 1035): names asked for in one datagram, and answered in one.
//!
//! ```text
//!   ┌────────────┐  id, flags, and four counts: 12 octets
//!   │   header   │
//!   ├────────────┤  www.example.com. IN A          what is asked: name, class, type
//!   │  question  │
//!   ├────────────┤  www.example.com. 300 IN A 192.0.2.1
//!   │  answer    │                                 resource records that answer it
//!   ├────────────┤  example.com. 3600 IN NS ns1.example.com.
//!   │  authority │                                 who knows, or who says that there is none (SOA)
//!   ├────────────┤  ns1.example.com. 3600 IN A 192.0.2.53
//!   │ additional │                                 what will be asked for next; and OPT (EDNS)
//!   └────────────┘
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | [`names`] | domain names: labels, pointers, limits |
//! | [`codes`] | types, classes, opcodes and response codes, by name and number |
//! | [`data`] | what a record of each type says, on the wire and in text |
//! | [`message`] | whole messages, parsed and emitted |
//! | [`writer`] | emitting, with compression and a limit |
//! | [`edns`] | the OPT record |
//! | [`zone_file`], [`zone`] | a zone in text, and as a tree |
//! | [`answer`] | what a zone has to say to a question (RFC 1034 §4.3.2) |
//! | [`server`] | octets of a query in, octets of the response out |
//! | [`tcp`], [`udp`] | the server over connections, and over datagrams |
//! | [`resolver`], [`cache`] | a stub resolver as a state machine, and what it remembers |
//! | [`ask`] | the resolver on sockets |
//! | [`dissect`] | what each octet of a message means |
//!
//! Left out, and said so: DNSSEC, zone transfers, dynamic updates, NOTIFY, TSIG, DNS cookies, DNAME,
//! and limits on the rate of responses. A server that anybody can reach needs that last one, since a
//! forged source address turns it into an amplifier; ours keeps answers over UDP to 1,232 octets, and
//! is best kept at home.

pub mod answer;
pub mod ask;
pub mod cache;
pub mod codes;
pub mod data;
pub mod dissect;
pub mod edns;
pub mod message;
pub mod names;
pub mod resolver;
pub mod server;
pub mod tcp;
pub mod udp;
pub mod writer;
pub mod zone;
pub mod zone_file;

pub use codes::{Class, Opcode, Rcode, Type};
pub use data::Data;
pub use edns::Edns;
pub use message::{Error, Header, Message, Question, Record};
pub use names::{Name, NameError};
pub use zone::{Zone, Zones};
