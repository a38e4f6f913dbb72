//! HTTP/1.1 (RFC 9110, 9112).

pub mod body;
pub mod client;
pub mod dates;
pub mod fields;
pub mod request;
pub mod response;
pub mod status;
pub mod target;
pub mod url;
