//! The File Transfer Protocol (RFC 959), from both sides.
//!
//! Commands and replies are lines on one connection; each file, and each listing, comes on another.
//!
//! ```text
//!   client                                     server
//!     │ ◄─────────────────────────── 220 ready    │  control connection
//!     │ USER ada ──────────────────────────────►  │
//!     │ ◄──────────────── 331 password, please    │
//!     │ EPSV ──────────────────────────────────►  │
//!     │ ◄───────────────────── 229 (|||40123|)    │
//!     │ ═══════════ connects to 40123 ═════════►  │  data connection
//!     │ RETR notes.txt ────────────────────────►  │
//!     │ ◄─────────────────────── 150 here it is   │
//!     │ ◄═══════════════ the file, then FIN ════  │  its end is the file's end
//!     │ ◄─────────────────────────── 226 done     │
//! ```
//!
//! | to read | about |
//! |---|---|
//! | [`lines`] | a control line, and the Telnet that may be in it |
//! | [`command`], [`reply`] | what the lines say |
//! | [`address`] | the addresses in `PORT`, `EPRT`, `227` and `229` |
//! | [`path`] | names, as the client sees them |
//! | [`listing`] | `LIST`, `NLST`, `MLSD` |
//! | [`upload`], [`text`], [`work`] | a file that lands only when it is whole; lines that end in CRLF; what blocks |
//! | [`server`], [`session`] | the server |
//! | [`client`], [`url`] | the client |
//! | [`dissect`] | what the octets of a control line mean |

pub mod address;
pub mod calendar;
pub mod client;
pub mod command;
pub mod dissect;
pub mod lines;
pub mod listing;
pub mod path;
pub mod reply;
pub mod server;
pub mod session;
pub mod text;
pub mod upload;
pub mod url;
pub mod work;
