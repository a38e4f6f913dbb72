//! Letters that wait: what a server did not take yet, with what is known of each recipient.
//!
//! ```text
//! DIR/<id>.eml      the message, as it is sent
//! DIR/<id>.json     sender, recipients and their state, attempts, when to try again
//! DIR/<id>.lock     held by the process that is at work on it (flock(2))
//! DIR/failed/       what no attempt will be made for any more
//! ```
//!
//! A letter is tried again only for recipients that *wait*. One whose end was sent and never answered
//! is *uncertain*: to send it again may double it, so nobody does until a person says so
//! (`--retry-uncertain`). The state is written, and on the disk, before the end of a message is sent:
//! a crash at that moment leaves *uncertain*, and not *waiting*.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::address::Mailbox;
use super::client::{Fate, Letter};
use super::compose;
use super::trace::since_epoch;

/// RFC 5321 §4.5.4.1: at least 30 minutes between two attempts…
pub const FIRST_PAUSE: Duration = Duration::from_secs(30 * 60);
/// …twice as long each time, up to this…
const LONGEST_PAUSE: Duration = Duration::from_secs(8 * 3600);
/// …and given up after 4 to 5 days.
const GIVE_UP: Duration = Duration::from_secs(5 * 24 * 3600);

/// A folder of letters.
#[derive(Debug, Clone)]
pub struct Queue {
    root: PathBuf,
}

/// A letter in the queue, locked for this process until it is dropped.
#[derive(Debug)]
pub struct Entry {
    base: PathBuf,
    state: State,
    _lock: File,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    sender: Option<String>,
    recipients: Vec<Recipient>,
    attempts: u32,
    /// Seconds since 1970: when it was queued, and when to try again.
    queued: u64,
    next: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Recipient {
    address: String,
    state: Standing,
    /// What the server said last.
    said: String,
}

/// What is to be done for a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// To be tried again.
    Waiting,
    /// The server may have it.
    Uncertain,
    /// The server has it.
    Delivered,
    /// No server will have it.
    Failed,
}

impl Queue {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join("failed"))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Puts a letter in. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn add(&self, letter: &Letter) -> io::Result<Entry> {
        let id = compose::random().map_err(io::Error::other)?;
        let base = self.root.join(id);
        let now = since_epoch(SystemTime::now()).as_secs();
        let recipient = |mailbox: &Mailbox| Recipient {
            address: mailbox.to_string(),
            state: Standing::Waiting,
            said: String::new(),
        };
        let state = State {
            sender: letter.sender.as_ref().map(Mailbox::to_string),
            recipients: letter.recipients.iter().map(recipient).collect(),
            attempts: 0,
            queued: now,
            next: now,
        };
        let lock = lock(&base)?.ok_or(io::ErrorKind::AlreadyExists)?;
        replace(&base.with_extension("eml"), &letter.text)?;
        let entry = Entry { base, state, _lock: lock };
        entry.save()?;
        Ok(entry)
    }

    /// The letters that are due, oldest name first; those that another process is at work on are left out.
    ///
    /// # Errors
    ///
    /// The system's, or a state that cannot be read.
    pub fn due(&self, now: SystemTime) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut names: Vec<PathBuf> =
            fs::read_dir(&self.root)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        names.sort();
        for name in names.iter().filter(|name| name.extension().is_some_and(|end| end == "json")) {
            let base = name.with_extension("");
            let Some(lock) = lock(&base)? else { continue };
            let Ok(text) = fs::read(name) else { continue }; // Done with, a moment ago.
            let state: State = serde_json::from_slice(&text).map_err(io::Error::other)?;
            if state.next <= since_epoch(now).as_secs() {
                entries.push(Entry { base, state, _lock: lock });
            }
        }
        Ok(entries)
    }
}

/// Locks a letter; `None`: another process has it.
fn lock(base: &Path) -> io::Result<Option<File>> {
    let path = base.with_extension("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes a file whole or not at all: beside it, to the disk, then into its place.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

impl Entry {
    /// The letter to those that wait; with `uncertain`, to those as well that may have it.
    ///
    /// # Errors
    ///
    /// The system's, or an address that is none.
    pub fn letter(&mut self, uncertain: bool) -> io::Result<Letter> {
        for recipient in &mut self.state.recipients {
            if uncertain && recipient.state == Standing::Uncertain {
                recipient.state = Standing::Waiting;
            }
        }
        let mailbox = |text: &String| Mailbox::parse(text).map_err(io::Error::other);
        let waiting = self.waiting().map(|recipient| mailbox(&recipient.address));
        Ok(Letter {
            recipients: waiting.collect::<io::Result<_>>()?,
            sender: self.state.sender.as_ref().map(mailbox).transpose()?,
            text: fs::read(self.base.with_extension("eml"))?,
        })
    }

    fn waiting(&self) -> impl Iterator<Item = &Recipient> {
        self.state.recipients.iter().filter(|recipient| recipient.state == Standing::Waiting)
    }

    /// Just before a message's end is sent: those that it is sent for are uncertain until the reply is here.
    ///
    /// # Errors
    ///
    /// The system's: then the end must not be sent.
    pub fn ending(&self, fates: &[Fate]) -> io::Result<()> {
        let mut state = self.state.clone();
        let waiting = state.recipients.iter_mut().filter(|one| one.state == Standing::Waiting);
        for (recipient, fate) in waiting.zip(fates) {
            recipient.take(fate);
            if *fate == Fate::Named {
                recipient.state = Standing::Uncertain;
                recipient.said = "the end was sent, and no reply was read".to_owned();
            }
        }
        save(&self.base, &state)
    }

    /// After an attempt: writes down what is known, and when to try again.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn attempted(mut self, fates: &[Fate], pause: Duration) -> io::Result<()> {
        let now = since_epoch(SystemTime::now());
        let old = now.as_secs().saturating_sub(self.state.queued) >= GIVE_UP.as_secs();
        let waiting = self.state.recipients.iter_mut().filter(|one| one.state == Standing::Waiting);
        for (recipient, fate) in waiting.zip(fates) {
            recipient.take(fate);
            if recipient.state == Standing::Waiting && old {
                recipient.state = Standing::Failed;
            }
        }
        let longer = 2_u32.saturating_pow(self.state.attempts.min(10));
        self.state.attempts += 1;
        self.state.next =
            (now + pause.saturating_mul(longer).min(LONGEST_PAUSE.max(pause))).as_secs();
        self.save()?;
        let any = |standing| self.state.recipients.iter().any(|one| one.state == standing);
        if any(Standing::Waiting) || any(Standing::Uncertain) {
            return Ok(());
        }
        self.remove(any(Standing::Failed))
    }

    /// When it is to be tried again.
    pub fn next(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.state.next)
    }

    fn save(&self) -> io::Result<()> {
        save(&self.base, &self.state)
    }

    /// Takes it out of the queue; what has failed is kept, for a person to look at.
    fn remove(&self, failed: bool) -> io::Result<()> {
        for extension in ["json", "eml"] {
            let path = self.base.with_extension(extension);
            if failed {
                let name = path.file_name().unwrap_or_default();
                let folder = self.base.parent().unwrap_or(Path::new("."));
                fs::rename(&path, folder.join("failed").join(name))?;
            } else {
                fs::remove_file(&path)?;
            }
        }
        fs::remove_file(self.base.with_extension("lock"))
    }
}

fn save(base: &Path, state: &State) -> io::Result<()> {
    replace(&base.with_extension("json"), &serde_json::to_vec_pretty(state)?)
}

impl Recipient {
    fn take(&mut self, fate: &Fate) {
        let (state, said) = match fate {
            Fate::Open | Fate::Named => return,
            Fate::Delivered(said) => (Standing::Delivered, said),
            Fate::Refused(said) => (Standing::Failed, said),
            Fate::Deferred(said) => (Standing::Waiting, said),
            Fate::Uncertain(said) => (Standing::Uncertain, said),
        };
        (self.state, self.said) = (state, said.clone());
    }
}
