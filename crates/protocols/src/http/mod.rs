//! HTTP/1.1 (RFC 9110, 9112): messages, a server's side of a connection, and a folder to serve.
//!
//! | file | what is in it |
//! |---|---|
//! | `fields.rs` | the lines of a head, and the lists in them |
//! | `body.rs` | where a message ends: lengths, chunks, trailers |
//! | `request.rs`, `target.rs` | the head of a request, and what it is about |
//! | `reply.rs`, `status.rs` | an answer, as it is written |
//! | `server.rs` | the connection: keep-alive, pipelining, limits, deadlines |
//! | `echo.rs` | answers with what it got |
//! | `files.rs` | a folder: GET, HEAD, PUT, DELETE |
//! | `conditionals.rs`, `ranges.rs`, `coding.rs` | unless it is the same; a part of it; compressed |
//! | `client/`, `url.rs`, `response.rs` | a client's side: redirects, reuse, resumption |
//! | `dissect.rs` | what each octet of a message means |
//! | `dates.rs`, `media.rs`, `listing.rs`, `access_log.rs` | what their names say |

pub mod access_log;
pub mod body;
pub mod client;
pub mod coding;
pub mod conditionals;
pub mod dates;
pub mod dissect;
pub mod echo;
pub mod fields;
pub mod files;
mod listing;
pub mod media;
pub mod ranges;
pub mod reply;
pub mod request;
pub mod response;
pub mod server;
pub mod status;
pub mod target;
#[cfg(test)]
mod testing;
pub mod url;
