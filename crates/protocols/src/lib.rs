//! Chapter 4: HTTP/1.1, FTP, SMTP and DNS, complete enough for the programs that people use.
//!
//! Each protocol is a state machine that does no I/O: a [`Session`](client_server::Session) of chapter 3
//! where it serves, and parsers and writers that its server and its client share.

pub mod dns;
pub mod ftp;
pub mod http;
pub mod jail;
pub mod smtp;
