//! A machine that has run out of something.

use std::fs::File;

use crate::check::{Check, Outcome};

/// More descriptors than this we do not try to use up: it would take longer than a check may.
const MOST: usize = 65_536;

/// All descriptors that the process may have, held open. Dropping it gives them back.
#[derive(Debug)]
pub struct Hoard(Vec<File>);

impl Hoard {
    /// Gives back `count` descriptors, and keeps the others.
    pub fn give_back(&mut self, count: usize) {
        self.0.truncate(self.0.len().saturating_sub(count));
    }
}

impl Check {
    /// Opens files until the system refuses: from here on `accept`, `socket` and `open` fail with
    /// `EMFILE` (accept(2), ERRORS). The whole process is out of descriptors, so the check must run
    /// in [`crate::check_alone`]. Skips where the limit is too far off.
    pub fn use_up_descriptors(&self) -> Outcome<Hoard> {
        let path = if cfg!(windows) { "NUL" } else { "/dev/null" };
        let mut hoard = Vec::new();
        while let Ok(file) = File::open(path) {
            hoard.push(file);
            if hoard.len() > MOST {
                let reason =
                    format!("this process may open more than {MOST} files: `ulimit -n 1024`");
                return Err(self.skip(reason));
            }
        }
        self.did("used up the process's file descriptors: EMFILE from here on");
        Ok(Hoard(hoard))
    }
}
