//! The FTP server and client over sockets: what clients do, what they must not be able to do, and
//! what a server says that is not to be trusted.

mod client;
mod hostile;
mod logins;
mod server;
mod transfers;
