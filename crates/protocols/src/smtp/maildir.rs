//! A Maildir: one file for each message, and no lock (<https://cr.yp.to/proto/maildir.html>).
//!
//! ```text
//! DIR/tmp/1795366800.M5P42Q7.localhost     being written: nobody looks at it
//! DIR/new/1795366800.M5P42Q7.localhost     whole: a rename(2) has brought it here
//! DIR/cur/                                 what a mail reader has seen
//! ```
//!
//! A message is stored when its octets are on the disk (fsync of the file), it has its name in `new`
//! (rename), and that name is on the disk too (fsync of the directory). Only then is it
//! acknowledged. A program that is killed at any moment leaves a whole message in `new`, or a
//! part of one in `tmp`, where the next start clears it away after a day and a half.
//!
//! fsync takes a disk milliseconds, whatever there is to write: so one thread does it for all
//! sessions. Messages that have come while it was busy are a batch: their files are flushed one
//! after another, mostly by the first one's fsync, and the directory once for all. That is group commit.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, SystemTime};

use client_server::Wake;

use super::store::{Draft, Receipt, Store};
use super::trace::since_epoch;

/// Octets of a message that are held in memory; a longer one is written to `tmp` as it comes.
const HELD: usize = 64 * 1024;
/// Messages of one batch.
const BATCH: usize = 256;
/// What is older than this in `tmp` is nobody's any more, as the format's page has it.
const STALE: Duration = Duration::from_secs(36 * 3600);

/// A folder of messages.
#[derive(Debug, Clone)]
pub struct Maildir {
    shared: Arc<Shared>,
    committer: Sender<Job>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    host: String,
    count: AtomicU64,
}

/// A message to be stored.
#[derive(Debug)]
struct Job {
    spool: Spool,
    receipt: Receipt,
    wake: Wake,
}

impl Maildir {
    /// Opens the folder, makes what is missing of it, and starts the thread that commits. `host` stands in the
    /// files' names.
    ///
    /// # Errors
    ///
    /// The system's, with the folder.
    pub fn open(root: &Path, host: &str) -> io::Result<Self> {
        for folder in ["", "tmp", "new", "cur"] {
            let path = root.join(folder);
            // Mail is private. A folder that stands already keeps its mode.
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.map_err(|error| named(&error, &path))?;
        }
        clear_stale(&root.join("tmp"));
        let new = root.join("new");
        let folder = File::open(&new).map_err(|error| named(&error, &new))?;
        let shared =
            Shared { root: root.to_owned(), host: host.to_owned(), count: AtomicU64::new(0) };
        let (committer, jobs) = mpsc::channel();
        // It ends when the last Maildir and the last draft are gone.
        thread::Builder::new().name("maildir".into()).spawn(move || commit_all(&jobs, &folder))?;
        Ok(Self { shared: Arc::new(shared), committer })
    }
}

fn named(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Removes what was left behind long ago. What cannot be removed harms nobody.
fn clear_stale(tmp: &Path) {
    let now = SystemTime::now();
    for entry in fs::read_dir(tmp).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|then| now.duration_since(then).is_ok_and(|age| age > STALE)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Store for Maildir {
    type Draft = MaildirDraft;

    fn begin(&self) -> MaildirDraft {
        let now = since_epoch(self.now());
        // The page's recipe: microseconds, process and a count are what nobody else has on this host.
        let (second, micro) = (now.as_secs(), now.subsec_micros());
        let count = self.shared.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{second}.M{micro}P{}Q{count}.{}", std::process::id(), self.shared.host);
        let spool = Spool {
            tmp: self.shared.root.join("tmp").join(&id),
            new: self.shared.root.join("new").join(&id),
            held: Vec::new(),
            file: None,
            failed: None,
            stored: false,
        };
        MaildirDraft { id, spool, committer: self.committer.clone() }
    }
}

/// A message on its way into a [`Maildir`].
#[derive(Debug)]
pub struct MaildirDraft {
    id: String,
    spool: Spool,
    committer: Sender<Job>,
}

impl Draft for MaildirDraft {
    fn id(&self) -> &str {
        &self.id
    }

    fn append(&mut self, piece: &[u8]) {
        self.spool.append(piece);
    }

    fn commit(self, wake: &Wake) -> Receipt {
        let receipt = Receipt::default();
        let job = Job { spool: self.spool, receipt: receipt.clone(), wake: wake.clone() };
        if self.committer.send(job).is_err() {
            receipt.fill(Err(io::Error::other("the thread that stores is gone")));
        }
        receipt
    }
}

/// The octets of a message: at first in memory, then in a file in `tmp`.
#[derive(Debug)]
struct Spool {
    tmp: PathBuf,
    new: PathBuf,
    held: Vec<u8>,
    file: Option<File>,
    /// What went wrong first. From then on nothing is kept.
    failed: Option<io::Error>,
    /// It is in `new`: there is nothing left in `tmp`.
    stored: bool,
}

impl Spool {
    fn append(&mut self, piece: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.held.extend_from_slice(piece);
        // write(2) goes to the page cache: it is fsync that waits for the disk.
        if self.held.len() > HELD
            && let Err(error) = self.write_out()
        {
            (self.failed, self.held) = (Some(error), Vec::new());
        }
    }

    /// Moves what is held to the file, which is made if it is not there.
    fn write_out(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            // `create_new`: should the name be taken after all, nothing is overwritten.
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.tmp);
            self.file = Some(made?);
        }
        let file = self.file.as_mut().expect("it was just made");
        file.write_all(&self.held)?;
        self.held.clear();
        Ok(file)
    }

    /// Whole, and on the disk; not in `new` yet.
    fn finish(&mut self) -> io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.write_out()?.sync_all(),
        }
    }

    fn rename(&mut self) -> io::Result<()> {
        fs::rename(&self.tmp, &self.new)?;
        self.stored = true;
        Ok(())
    }
}

/// What did not get into `new` is not kept.
impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.is_some() && !self.stored {
            let _ = fs::remove_file(&self.tmp);
        }
    }
}

/// The thread: a batch at a time, until nobody can send any more.
fn commit_all(jobs: &Receiver<Job>, folder: &File) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH - 1));
        commit(batch, folder);
    }
}

// ANCHOR: commit
/// Stores a batch: each file, each name, then all names at once; and only then says so.
fn commit(mut batch: Vec<Job>, folder: &File) {
    // All of it is written before the first fsync, so that one flush of the disk can take it all.
    let written: Vec<_> = batch
        .iter_mut()
        .map(
            |job| if job.spool.failed.is_none() { job.spool.write_out().map(drop) } else { Ok(()) },
        )
        .collect();
    let mut outcomes = Vec::with_capacity(batch.len());
    for (job, written) in batch.iter_mut().zip(written) {
        outcomes.push(written.and_then(|()| job.spool.finish()).and_then(|()| job.spool.rename()));
    }
    let named = folder.sync_all();
    for (job, mut outcome) in batch.into_iter().zip(outcomes) {
        if let (Ok(()), Err(error)) = (&outcome, &named) {
            // It may be there after a crash or not, and will not be acknowledged: better not.
            let _ = fs::remove_file(&job.spool.new);
            outcome = Err(io::Error::new(error.kind(), error.to_string()));
        }
        job.receipt.fill(outcome);
        job.wake.wake();
    }
}
// ANCHOR_END: commit

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("maildir-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn count(folder: PathBuf) -> usize {
        fs::read_dir(folder).expect("a folder").count()
    }

    #[test]
    fn what_is_committed_is_there_and_what_is_dropped_is_not() {
        let root = scratch("commit");
        let maildir = Maildir::open(&root, "localhost").expect("a Maildir");
        let (sender, woken) = channel();
        let wake = Wake::new(move || sender.send(()).expect("the test waits"));
        for size in [0, 10, HELD, 3 * HELD] {
            let text = vec![b'x'; size];
            let (mut kept, mut dropped) = (maildir.begin(), maildir.begin());
            text.chunks(1_000).for_each(|piece| kept.append(piece));
            text.chunks(1_000).for_each(|piece| dropped.append(piece));
            drop(dropped);
            let name = root.join("new").join(kept.id());
            let receipt = kept.commit(&wake);
            woken.recv_timeout(Duration::from_secs(10)).expect("it is stored");
            assert!(matches!(receipt.outcome(), Some(Ok(()))));
            assert_eq!(fs::read(name).expect("the message"), text);
        }
        assert_eq!((count(root.join("tmp")), count(root.join("new"))), (0, 4));
        fs::remove_dir_all(root).expect("our own folder");
    }

    #[test]
    fn what_cannot_be_stored_says_so() {
        let root = scratch("fails");
        let maildir = Maildir::open(&root, "localhost").expect("a Maildir");
        fs::remove_dir_all(root.join("tmp")).expect("our own folder");
        let (sender, woken) = channel();
        let wake = Wake::new(move || sender.send(()).expect("the test waits"));
        for size in [10, 2 * HELD] {
            let mut draft = maildir.begin();
            draft.append(&vec![b'x'; size]);
            let receipt = draft.commit(&wake);
            woken.recv_timeout(Duration::from_secs(10)).expect("it has failed");
            assert!(matches!(receipt.outcome(), Some(Err(_))));
        }
        assert_eq!(count(root.join("new")), 0);
        fs::remove_dir_all(root).expect("our own folder");
    }
}
