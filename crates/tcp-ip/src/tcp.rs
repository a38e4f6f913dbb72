//! TCP: a reliable stream of octets over packets that are lost, doubled and overtaken (RFC 9293).

pub mod seq;

pub use seq::Seq;
