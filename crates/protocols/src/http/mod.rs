//! HTTP/1.1 (RFC 9110, 9112).

pub mod body;
pub mod client;
pub mod fields;
pub mod response;
pub mod url;
