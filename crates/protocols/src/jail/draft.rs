//! A file that gets its name only when it is whole.
//!
//! Whoever opens a name finds what was there before, or all of what replaced it; and if the program
//! is killed in between, nothing is left of what was not whole. On Linux the file has no name at all
//! until then (`O_TMPFILE`, open(2)); where a file system cannot do that, it has one that begins with
//! `.upload-` and is given up with it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::Jail;

/// A file that is being written. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft {
    file: File,
    directory: OwnedFd,
    /// The name that it is to have.
    name: OsString,
    /// The name that it has meanwhile, if it has one.
    meanwhile: Option<OsString>,
}

impl Jail {
    /// Begins a file that will be named `name`.
    ///
    /// # Errors
    ///
    /// The system's: there is no such directory, or nothing may be written in it.
    pub fn draft(&self, name: &Path) -> io::Result<Draft> {
        let (directory, last) = self.parent(name)?;
        let (file, meanwhile) = match unnamed(&directory) {
            Ok(file) => (file, None),
            Err(_) => {
                let (file, name) = named(&directory)?;
                (file, Some(name))
            }
        };
        Ok(Draft { file, directory, name: last.to_owned(), meanwhile })
    }
}

/// How often another name is tried, if somebody has that one.
const TRIES: usize = 100;

/// A name that nobody has, most likely.
fn fresh() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(".upload-{}-{count}", std::process::id()).into()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn unnamed(directory: &OwnedFd) -> Result<File, Errno> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(directory, ".", flags, Mode::from_raw_mode(0o666))?.into())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn unnamed(_: &OwnedFd) -> Result<File, Errno> {
    Err(Errno::OPNOTSUPP)
}

fn named(directory: &OwnedFd) -> io::Result<(File, OsString)> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    for _ in 0..TRIES {
        let name = fresh();
        match rustix::fs::openat(directory, &name, flags, Mode::from_raw_mode(0o666)) {
            Err(Errno::EXIST) => {}
            opened => return Ok((opened?.into(), name)),
        }
    }
    Err(Errno::EXIST.into())
}

impl Draft {
    /// The file, so far.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, in place of whatever had it.
    ///
    /// # Errors
    ///
    /// The system's: the name is a directory's, say. The file is gone then.
    pub fn land(mut self) -> io::Result<()> {
        if self.meanwhile.is_none() {
            match self.link(&self.name) {
                Err(Errno::EXIST) => self.name_meanwhile()?, // Only a rename replaces.
                linked => return Ok(linked?),
            }
        }
        if let Some(meanwhile) = &self.meanwhile {
            rustix::fs::renameat(&self.directory, meanwhile, &self.directory, &self.name)?;
            self.meanwhile = None;
        }
        Ok(())
    }

    /// Gives it its name, if nothing has it.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`, and the system's. The file is gone then.
    pub fn land_new(self) -> io::Result<()> {
        let Some(meanwhile) = &self.meanwhile else { return Ok(self.link(&self.name)?) };
        let directory = self.directory.as_fd();
        // The first name goes when this is dropped.
        rustix::fs::linkat(directory, meanwhile, directory, &self.name, AtFlags::empty())?;
        Ok(())
    }

    fn name_meanwhile(&mut self) -> io::Result<()> {
        for _ in 0..TRIES {
            let name = fresh();
            match self.link(&name) {
                Err(Errno::EXIST) => {}
                linked => {
                    linked?;
                    self.meanwhile = Some(name);
                    return Ok(());
                }
            }
        }
        Err(Errno::EXIST.into())
    }

    /// Names a file that has no name: open(2), under `O_TMPFILE`.
    fn link(&self, name: &OsStr) -> Result<(), Errno> {
        use std::os::fd::AsRawFd;
        let file = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let follow = AtFlags::SYMLINK_FOLLOW;
        rustix::fs::linkat(rustix::fs::CWD, file, &self.directory, name, follow)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.meanwhile {
            // If it cannot be removed, there is nobody to tell.
            let _ = rustix::fs::unlinkat(&self.directory, name, AtFlags::empty());
        }
    }
}
