//! Files over FTP, the server's side: what crosses the data connection, and what is said about it
//! (RFC 959 §3, §4.1.3, §5.2; RFC 3659 §5).
//!
//! ```text
//!   RETR ──► 150 ──► Send, Send, … Finish ──────────► closed ──► 226
//!   STOR ──► 150 ──► received, … ended: it lands, Finish ──► closed ──► 226
//!             │                    │
//!             └─ nobody came: 425  └─ lost: 426;   ABOR: 426 and 226
//! ```

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Octets of a file that are read at once, at most.
pub const PIECE: usize = 16 * 1024;

/// How a file's octets become those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `TYPE A`: lines, each ended by CRLF on the wire and by LF on the disk.
    Ascii,
    /// `TYPE I`: octets.
    Image,
}

/// What the client said on the control connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `TYPE A`, `TYPE I`.
    Type(Type),
    /// `REST 1000`: the next transfer begins at this octet of the file.
    Restart(u64),
    /// `RETR name`: send me this file.
    Retrieve(String),
    /// `STOR name`: this file is coming.
    Store(String),
    /// `ABOR`.
    Abort,
    /// Any other line. When its turn comes, it is returned as [`Action::Obey`].
    Other(String),
}

/// What is to be done now, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send the reply with this code on the control connection.
    Reply(u16),
    /// Send these octets on the data connection. When it has taken them, [`Session::sent`] is called.
    Send(Vec<u8>),
    /// End the data connection in order, once all has been sent. [`Session::closed`] follows.
    Finish,
    /// Tear the data connection down, if there is one. Nothing more is told of it.
    Drop,
    /// It is the turn of this line, which is none of ours.
    Obey(String),
}

/// How a data connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// As [`Action::Finish`] asked: the peer has all of it.
    InOrder,
    /// It broke: the peer reset it, or took nothing for too long.
    Lost,
    /// There was none: the client never connected.
    NeverOpened,
}

/// The transfers of one client: commands and data in, actions out. It owns no socket.
#[derive(Debug)]
pub struct Session {
    root: PathBuf,
    // Here is room for what has to survive from one call to the next.
}

impl Session {
    /// A client that has logged in, and may read and write the files in the folder `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The client said this.
    pub fn command(&mut self, command: Command) -> Vec<Action> {
        let _ = command; // Yours to use; then this line can go.
        todo!("follow it, or let it wait for the end of the transfer")
    }

    /// The data connection has taken what [`Action::Send`] gave it, and there was no
    /// [`Action::Finish`] yet.
    pub fn sent(&mut self) -> Vec<Action> {
        todo!("the next piece, or the end")
    }

    /// These octets came on the data connection.
    pub fn received(&mut self, octets: &[u8]) -> Vec<Action> {
        let _ = octets; // Yours to use; then this line can go.
        todo!("to the file, if one is coming")
    }

    /// The client has ended its half of the data connection: that is the end of the file that it sends.
    pub fn ended(&mut self) -> Vec<Action> {
        todo!("the file is whole, if one was coming")
    }

    /// The data connection is over, and nothing more is told of it.
    pub fn closed(&mut self, how: Closed) -> Vec<Action> {
        let _ = how; // Yours to use; then this line can go.
        todo!("say how the transfer ended, and go on")
    }

    /// Where the file with this name is. `None`: no file can have that name here.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet);
        let is_plain = !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain);
        is_plain.then(|| self.root.join(name))
    }

    /// A path in the same folder that no file has, and that no client can name.
    pub fn temporary(&self) -> PathBuf {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.root.join(format!(".upload-{process}-{count}"))
    }
}

/// Given: the lines of a file, as `TYPE A` has them on the wire.
#[derive(Debug, Default)]
pub struct ToWire {
    after_cr: bool,
}

impl ToWire {
    /// The next octets of the file, with a CR before each LF that has none.
    pub fn push(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut wire = Vec::with_capacity(octets.len() + 64);
        for &octet in octets {
            if octet == b'\n' && !self.after_cr {
                wire.push(b'\r');
            }
            self.after_cr = octet == b'\r';
            wire.push(octet);
        }
        wire
    }
}

/// Given: the lines of the wire, as the disk has them.
#[derive(Debug, Default)]
pub struct ToDisk {
    after_cr: bool,
}

impl ToDisk {
    /// The next octets from the wire, without the CR before an LF. A CR at their end is kept back.
    pub fn push(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut disk = Vec::with_capacity(octets.len() + 1);
        for &octet in octets {
            if self.after_cr && octet != b'\n' {
                disk.push(b'\r');
            }
            self.after_cr = octet == b'\r';
            if !self.after_cr {
                disk.push(octet);
            }
        }
        disk
    }

    /// What was kept back, at the end.
    pub fn finish(&mut self) -> &'static [u8] {
        if std::mem::take(&mut self.after_cr) { b"\r" } else { b"" }
    }
}
