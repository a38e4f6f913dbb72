//! SMTP: how mail travels (RFC 5321).
//!
//! ```text
//! client                                   server
//!                                          220 mail.example ESMTP
//! EHLO [127.0.0.1]                         250-mail.example … 250 SMTPUTF8
//! MAIL FROM:<ada@x.example>                250 2.1.0 …        who it is from
//! RCPT TO:<bob@y.example>                  250 2.1.5 …        whom it is for, each
//! DATA                                     354 …
//! Subject: hello … CRLF . CRLF             250 2.0.0 …        stored: from here on the server's
//! QUIT                                     221 2.0.0 …
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`address`] | mailboxes and paths |
//! | [`command`] | what a client asks |
//! | [`reply`] | what a server answers |
//! | [`data`] | where a message ends, and the dots in it |
//! | [`server`] | the session of a server |
//! | [`store`], [`maildir`] | where messages go: memory, or files that survive the power's loss |
//! | [`trace`] | the header fields that a server adds |
//! | [`client`] | the conversation of a client, without I/O |
//! | [`compose`] | a message of text and files |
//! | [`send`], [`queue`] | one attempt to deliver, and what follows it |
//! | [`dissect`] | what the octets mean, field by field |

pub mod address;
pub mod client;
pub mod command;
pub mod compose;
pub mod data;
pub mod dissect;
pub mod maildir;
pub mod queue;
pub mod reply;
pub mod send;
pub mod server;
pub mod store;
pub mod trace;
