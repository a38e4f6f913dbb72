//! Files over FTP, the server's side: what crosses the data connection, and what is said about it
//! (RFC 959 §3, §4.1.3, §5.2; RFC 3659 §5).
//!
//! ```text
//!   RETR ──► 150 ──► Send, Send, … Finish ──────────► closed ──► 226
//!   STOR ──► 150 ──► received, … ended: it lands, Finish ──► closed ──► 226
//!             │                    │
//!             └─ nobody came: 425  └─ lost: 426;   ABOR: 426 and 226
//! ```

// answer: use std::path::PathBuf;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::mem;
use std::path::PathBuf;
// end answer
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
    // answer: // Here is room for what has to survive from one call to the next.
    kind: Type,
    /// `REST`'s, for the next transfer and no other.
    restart: u64,
    /// Commands that came during a transfer.
    waiting: VecDeque<Command>,
    transfer: Option<Transfer>,
    // end answer
}

impl Session {
    /// A client that has logged in, and may read and write the files in the folder `root`.
    pub fn new(root: PathBuf) -> Self {
        // answer: Self { root }
        let (kind, restart, waiting, transfer) = (Type::Ascii, 0, VecDeque::new(), None);
        Self { root, kind, restart, waiting, transfer }
        // end answer
    }

    /// The client said this.
    pub fn command(&mut self, command: Command) -> Vec<Action> {
        // answer: let _ = command; // Yours to use; then this line can go.
        // answer: todo!("follow it, or let it wait for the end of the transfer")
        let mut actions = Vec::new();
        if command == Command::Abort {
            // RFC 959 §4.1.3, ABOR: two replies if something is aborted, and else one.
            actions.push(Action::Drop);
            if self.transfer.take().is_some() {
                actions.push(Action::Reply(426));
            }
            actions.push(Action::Reply(226));
        } else {
            self.waiting.push_back(command);
        }
        self.go_on(&mut actions);
        actions
        // end answer
    }

    /// The data connection has taken what [`Action::Send`] gave it, and there was no
    /// [`Action::Finish`] yet.
    pub fn sent(&mut self) -> Vec<Action> {
        // answer: todo!("the next piece, or the end")
        let mut actions = Vec::new();
        self.send_more(&mut actions);
        self.go_on(&mut actions);
        actions
        // end answer
    }

    /// These octets came on the data connection.
    pub fn received(&mut self, octets: &[u8]) -> Vec<Action> {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("to the file, if one is coming")
        let mut actions = Vec::new();
        if let Some(Transfer::Receive(upload)) = &mut self.transfer
            && upload.write(octets).is_err()
        {
            self.fail(451, &mut actions);
        }
        self.go_on(&mut actions);
        actions
        // end answer
    }

    /// The client has ended its half of the data connection: that is the end of the file that it sends.
    pub fn ended(&mut self) -> Vec<Action> {
        // answer: todo!("the file is whole, if one was coming")
        let mut actions = Vec::new();
        if let Some(Transfer::Receive(upload)) = &mut self.transfer {
            match upload.land() {
                Ok(()) => actions.push(Action::Finish),
                Err(_) => self.fail(451, &mut actions),
            }
        }
        self.go_on(&mut actions);
        actions
        // end answer
    }

    /// The data connection is over, and nothing more is told of it.
    pub fn closed(&mut self, how: Closed) -> Vec<Action> {
        // answer: let _ = how; // Yours to use; then this line can go.
        // answer: todo!("say how the transfer ended, and go on")
        let mut actions = Vec::new();
        if let Some(transfer) = self.transfer.take() {
            let landed = matches!(transfer, Transfer::Receive(Upload { landed: true, .. }));
            actions.push(Action::Reply(match how {
                Closed::InOrder => 226,
                Closed::Lost if landed => 226,
                Closed::Lost => 426,
                Closed::NeverOpened => 425,
            }));
        }
        self.go_on(&mut actions);
        actions
        // end answer
    }
    // answer:

    /// Follows what waits, until there is a transfer again.
    fn go_on(&mut self, actions: &mut Vec<Action>) {
        while self.transfer.is_none()
            && let Some(command) = self.waiting.pop_front()
        {
            self.obey(command, actions);
        }
    }

    fn obey(&mut self, command: Command, actions: &mut Vec<Action>) {
        match command {
            Command::Type(kind) => {
                self.kind = kind;
                actions.push(Action::Reply(200));
            }
            Command::Restart(1..) if self.kind == Type::Ascii => actions.push(Action::Reply(504)),
            Command::Restart(offset) => {
                self.restart = offset;
                actions.push(Action::Reply(350));
            }
            Command::Retrieve(name) => {
                let opened = self.open(&name);
                self.begin(opened, actions);
            }
            Command::Store(name) => {
                let created = self.create(&name);
                self.begin(created, actions);
            }
            Command::Other(line) => actions.push(Action::Obey(line)),
            Command::Abort => {} // It waits for nothing.
        }
    }

    /// Says that it begins, or why it does not.
    fn begin(&mut self, transfer: Result<Transfer, u16>, actions: &mut Vec<Action>) {
        match transfer {
            Ok(transfer) => {
                self.transfer = Some(transfer);
                actions.push(Action::Reply(150));
                self.send_more(actions);
            }
            Err(code) => self.fail(code, actions),
        }
    }

    fn open(&mut self, name: &str) -> Result<Transfer, u16> {
        let offset = mem::take(&mut self.restart);
        let path = self.path(name).filter(|path| path.is_file()).ok_or(550_u16)?;
        let mut file = File::open(path).map_err(|_| 550_u16)?;
        if file.metadata().map_err(|_| 550_u16)?.len() < offset {
            return Err(554);
        }
        file.seek(SeekFrom::Start(offset)).map_err(|_| 451_u16)?;
        Ok(Transfer::Send(file, (self.kind == Type::Ascii).then(ToWire::default)))
    }

    fn create(&mut self, name: &str) -> Result<Transfer, u16> {
        let offset = mem::take(&mut self.restart);
        let target = self.path(name).filter(|path| !path.is_dir()).ok_or(553_u16)?;
        let temporary = self.temporary();
        let file = File::create_new(&temporary).map_err(|_| 451_u16)?;
        let lines = (self.kind == Type::Ascii).then(ToDisk::default);
        let mut upload = Upload { file, temporary, target, lines, landed: false };
        if offset > 0 {
            let old = File::open(&upload.target).map_err(|_| 554_u16)?;
            let copied = io::copy(&mut old.take(offset), &mut upload.file).map_err(|_| 451_u16)?;
            if copied < offset {
                return Err(554);
            }
        }
        Ok(Transfer::Receive(upload))
    }

    /// The next piece of the file that is sent, or its end.
    fn send_more(&mut self, actions: &mut Vec<Action>) {
        let Some(Transfer::Send(file, lines)) = &mut self.transfer else { return };
        let mut piece = vec![0; PIECE];
        let count = loop {
            match file.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.fail(451, actions),
                Ok(count) => break count,
            }
        };
        piece.truncate(count);
        actions.push(match lines {
            _ if count == 0 => Action::Finish,
            None => Action::Send(piece),
            Some(lines) => Action::Send(lines.push(&piece)),
        });
    }

    /// Ends the transfer, or what would have been one: first the connection, then the reply.
    fn fail(&mut self, code: u16, actions: &mut Vec<Action>) {
        self.transfer = None;
        actions.extend([Action::Drop, Action::Reply(code)]);
    }
    // end answer

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
// answer:

#[derive(Debug)]
enum Transfer {
    Send(File, Option<ToWire>),
    Receive(Upload),
}

/// A file that is coming. Dropped before it has landed, it leaves nothing behind.
#[derive(Debug)]
struct Upload {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    lines: Option<ToDisk>,
    landed: bool,
}

impl Upload {
    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.lines {
            None => self.file.write_all(octets),
            Some(lines) => self.file.write_all(&lines.push(octets)),
        }
    }

    /// Gives it its name. Whoever opens that gets all of it, or what was there before.
    fn land(&mut self) -> io::Result<()> {
        if let Some(lines) = &mut self.lines {
            self.file.write_all(lines.finish())?;
        }
        fs::rename(&self.temporary, &self.target)?;
        self.landed = true;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.landed {
            let _ = fs::remove_file(&self.temporary); // Nobody is left to be told.
        }
    }
}
// end answer

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
