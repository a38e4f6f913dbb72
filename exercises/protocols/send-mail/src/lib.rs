//! One letter handed to a mail server: the client's side of SMTP (RFC 5321).
//!
//! ```text
//! client                                   server
//!                                          220 mail.example ESMTP
//! EHLO [127.0.0.1]                         250-mail.example
//!                                          250-SIZE 10485760      what it can do besides,
//!                                          250 8BITMIME           a line each
//! MAIL FROM:<ada@x.example> SIZE=29        250 2.1.0 Ok           who it is from
//! RCPT TO:<bob@y.example>                  250 2.1.5 Ok           whom it is for,
//! RCPT TO:<eve@y.example>                  550 5.1.1 Who?         a reply to each
//! DATA                                     354 Go ahead
//! Subject: hello CRLF … CRLF . CRLF        250 2.0.0 Stored       from here on it is the server's
//! QUIT                                     221 2.0.0 Bye
//! ```

use std::net::TcpStream;

/// What the client calls itself: an address literal (RFC 5321 §4.1.3).
pub const NAME: &str = "[127.0.0.1]";
/// As many octets as a reply may have, all its lines together.
pub const LONGEST_REPLY: usize = 65_536;
/// As many octets as an address may have (RFC 5321 §4.5.3.1.3: 256, with its angle brackets).
pub const LONGEST_ADDRESS: usize = 254;

/// Who sends what to whom.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// An address; or nothing: `<>`, the sender of reports about mail.
    pub sender: &'a str,
    /// At least one address.
    pub recipients: &'a [&'a str],
    /// The message: header, empty line, body. CR LF, LF or CR ends a line.
    pub text: &'a [u8],
}

/// What became of a letter to one recipient. With it comes the code that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The server has it.
    Delivered,
    /// Not now: the same may succeed later.
    Deferred(u16),
    /// Not like this: to send it again is of no use.
    Refused(u16),
    /// All was sent, and nobody knows whether the server has it. To send it again may double it.
    Uncertain,
}

/// An address that cannot stand in a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAddress(pub String);

/// Hands a letter to the server on `stream`, and tells what became of it, recipient by recipient.
///
/// The stream's timeouts are the caller's. Whatever goes wrong with the connection becomes a fate.
///
/// # Errors
///
/// The first address, the sender's before the recipients', that is none; then nothing is sent.
pub fn send_mail(stream: TcpStream, letter: &Letter<'_>) -> Result<Vec<Fate>, BadAddress> {
    let _ = (stream, letter, NAME, LONGEST_REPLY, LONGEST_ADDRESS); // Yours to use.
    todo!("check the addresses; then a reply, a command, a reply, a command …")
}
