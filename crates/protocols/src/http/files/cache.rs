//! Small files that were asked for before, held as long as they are what they were.
//!
//! To open a file, ask its size, read it and close it takes four system calls. Of a file that was
//! served before one is enough: is it still the same? It is if it has the same number, size and
//! times. The time of its last change is the file system's own (`st_ctime`, inode(7)): every write,
//! and everything that is renamed to its name, moves it.
//!
//! Two changes within one tick of that clock have one time. So only what was last changed a while
//! before it was read is held: whatever changes it then has another time. (A program that writes
//! to a file through a mapping moves the time late; whoever opens the file sees that earlier than
//! who asks for its times: mmap(2).)
//!
//! No file is served from here that was not opened beneath the root: a name that leads elsewhere
//! now does not lead to the same file.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{Stat, fstat};

use super::State;
use crate::http::media::Media;
use crate::http::reply::{SMALL_FILE, read_exact_at};

/// Files that are held at once: 16 MiB of them, at the most.
const MOST: usize = 1024;
/// Seconds that a file's last change must lie back. No clock of a file system ticks so slowly.
const SETTLED: i64 = 2;

/// The files that a site holds.
#[derive(Debug, Default)]
pub(super) struct Cache {
    files: Mutex<HashMap<Box<[u8]>, Arc<Held>>>,
}

/// A file that is held.
#[derive(Debug)]
pub(super) struct Held {
    identity: Identity,
    pub(super) state: State,
    pub(super) media: Media,
    pub(super) content: Vec<u8>,
}

/// What no other file has, nor this one after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(stat: &Stat) -> Self {
        let nanos = |nanos| i64::try_from(nanos).unwrap_or(0);
        Self {
            device: stat.st_dev,
            number: stat.st_ino,
            size: stat.st_size,
            modified: (stat.st_mtime, nanos(stat.st_mtime_nsec)),
            changed: (stat.st_ctime, nanos(stat.st_ctime_nsec)),
        }
    }
}

impl Held {
    /// Whether it is the file that has these numbers.
    pub(super) fn is(&self, stat: &Stat) -> bool {
        self.identity == Identity::of(stat)
    }
}

impl Cache {
    /// The file that had this name when it was last asked for.
    pub(super) fn find(&self, name: &[u8]) -> Option<Arc<Held>> {
        self.files().get(name).cloned()
    }

    /// Holds a file that is open, if it is small and has settled.
    pub(super) fn hold(
        &self,
        name: &[u8],
        file: &File,
        media: Media,
        now: u64,
    ) -> Option<Arc<Held>> {
        let before = fstat(file).ok()?;
        let settled = i64::try_from(now).ok()? - SETTLED;
        let size = u64::try_from(before.st_size).ok()?;
        if size > SMALL_FILE || before.st_ctime > settled || before.st_mtime > settled {
            return None;
        }
        let mut content = vec![0; usize::try_from(size).ok()?];
        read_exact_at(file, &mut content, 0).ok()?;
        let identity = Identity::of(&before);
        if identity != Identity::of(&fstat(file).ok()?) {
            return None;
        }
        let state = State::new(&before);
        let held = Arc::new(Held { identity, state, media, content });
        let mut files = self.files();
        if files.len() >= MOST {
            files.clear(); // Seldom; and what is asked for comes back.
        }
        files.insert(name.into(), held.clone());
        Some(held)
    }

    fn files(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Arc<Held>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
