//! A machine that has run out of something.

use std::fs::File;
use std::thread;
use std::time::Duration;

use crate::check::{Check, Outcome};

/// More descriptors than this we do not try to use up: it would take longer than a check may.
const MOST: usize = 65_536;
/// After so many looks without a free descriptor, none is taken to come free any more.
const QUIET: u32 = 4;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// Looks in all, for an answer that opens and closes for ever.
const LOOKS: u32 = 40;

/// All descriptors that the process may have, held open. Dropping it gives them back.
#[derive(Debug)]
pub struct Hoard {
    file: File,
    copies: Vec<File>,
}

impl Hoard {
    /// Gives back `count` descriptors, and keeps the others.
    pub fn give_back(&mut self, count: usize) {
        self.copies.truncate(self.copies.len().saturating_sub(count));
    }

    /// Takes what is free, and says how much it was.
    pub(crate) fn take(&mut self) -> usize {
        let before = self.copies.len();
        // Copies of one descriptor: a tenth of the time that as many open files take.
        while self.copies.len() <= MOST
            && let Ok(copy) = self.file.try_clone()
        {
            self.copies.push(copy);
        }
        self.copies.len() - before
    }
}

impl Check {
    /// Takes descriptors until the system refuses: from here on `accept`, `socket` and `open` fail
    /// with `EMFILE` (accept(2), ERRORS). The whole process is out of descriptors, so the check must
    /// run in [`crate::check_alone`]. Skips where the limit is too far off.
    ///
    /// It looks again until nothing more comes free: connections of checks before this one may
    /// still be closing.
    pub fn use_up_descriptors(&self) -> Outcome<Hoard> {
        let path = if cfg!(windows) { "NUL" } else { "/dev/null" };
        let file = File::open(path);
        let file = file.map_err(|error| self.fail(None, format!("opening {path}: {error}")))?;
        let mut hoard = Hoard { file, copies: Vec::new() };
        let mut quiet = 0;
        for _ in 0..LOOKS {
            quiet = if hoard.take() == 0 { quiet + 1 } else { 0 };
            if quiet == QUIET {
                break;
            }
            if hoard.copies.len() > MOST {
                let reason =
                    format!("this process may open more than {MOST} files: `ulimit -n 1024`");
                return Err(self.skip(reason));
            }
            thread::sleep(PAUSE);
        }
        self.did("used up the process's file descriptors: EMFILE from here on");
        Ok(hoard)
    }
}
