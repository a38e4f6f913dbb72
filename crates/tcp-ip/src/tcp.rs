//! TCP: a reliable stream of octets over packets that are lost, doubled and overtaken (RFC 9293).

pub mod header;
pub mod options;
pub mod seq;

pub use header::{Flags, Header};
pub use options::{Options, Ranges, Timestamps};
pub use seq::Seq;
