//! A folder that no name leads out of.
//!
//! A server is given names by strangers and opens what they name. Checking the name first is not
//! enough: between the check and the open, or on another machine than the author's, a directory on
//! the way may be a symbolic link to `/etc`. So every name is resolved by the system *beneath an open
//! directory*, with the promise that resolution never leaves it, and what is done is done to the
//! descriptor that came of it and not to the name a second time.
//!
//! ```text
//!   open("/srv/www" + "/a/../../etc/passwd")          leaves: a string was checked, or not even that
//!   openat2(root, "a/link/passwd", RESOLVE_BENEATH)   EXDEV:  the system refused to leave
//! ```
//!
//! Linux has openat2(2) since 5.6. Elsewhere the same is done by hand, a component at a time with
//! `O_NOFOLLOW`, reading each symbolic link itself: see `walk.rs`. Links that stay beneath the root
//! are followed, those that leave it are refused, and so are absolute ones, wherever they lead.
//!
//! Names are relative, with `/` between components; the empty name and `.` are the root. A
//! component `..` is refused, also where it would stay inside: whoever speaks a protocol in which
//! that has a meaning resolves it before.

mod draft;
mod walk;

pub use draft::Draft;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// A directory, beneath which names are resolved. Clones share its descriptor.
#[derive(Debug, Clone)]
pub struct Jail {
    root: Arc<OwnedFd>,
    /// Whether the system resolves beneath a directory by itself.
    beneath: bool,
}

/// One name in a directory, and what it names.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Without any `/`; never `.` or `..`.
    pub name: OsString,
    /// Of what it names: of a symbolic link that stays beneath the root, what that leads to.
    pub stat: Stat,
}

impl Entry {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::Directory
    }
}

impl Jail {
    /// The jail whose root is the directory at `root`. Its name may be any, and may change later.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or is no directory.
    pub fn new(root: &Path) -> io::Result<Self> {
        let root = rustix::fs::open(root, DIRECTORY, Mode::empty())?;
        let beneath = open_beneath(&root, Path::new("."), DIRECTORY, Mode::empty()).is_ok();
        Ok(Self { root: Arc::new(root), beneath })
    }

    /// The same jail without the system's help, as where openat2(2) is missing.
    #[must_use]
    pub fn by_hand(mut self) -> Self {
        self.beneath = false;
        self
    }

    /// Opens what is there, to read it. It may be a directory, or something stranger: ask its
    /// metadata. Opening does not wait, as it else would for a FIFO's other end (fifo(7)).
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn open(&self, name: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(self.resolve(name, flags, Mode::empty())?.into())
    }

    /// Opens what is there, if it is a regular file, to write to it from its beginning or its end.
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn open_to_write(&self, name: &Path) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(self.resolve(name, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::InvalidInput.into()) }
    }

    /// Creates a file that was not there, to write and to read it.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if anything has that name, be it a link that leads nowhere.
    pub fn create(&self, name: &Path) -> io::Result<File> {
        let (parent, last) = self.parent(name)?;
        // O_EXCL with O_CREAT follows no link in the last component, open(2).
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666); // The process' umask takes from it.
        Ok(rustix::fs::openat(parent, last, flags, mode)?.into())
    }

    /// Creates a file without a name in a directory, to write and to read it. Until it is given one
    /// with [`link`](Self::link), nobody else can open it, and it is gone with its last descriptor.
    ///
    /// # Errors
    ///
    /// `Unsupported` or `IsADirectory` where the file system cannot do that (open(2), `O_TMPFILE`).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn create_unnamed(&self, directory: &Path) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::TMPFILE;
        Ok(self.resolve(directory, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Other systems have nothing like it.
    ///
    /// # Errors
    ///
    /// `Unsupported`.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub fn create_unnamed(&self, _: &Path) -> io::Result<File> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Gives a file that has no name its first one.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if anything has that name; the system's.
    pub fn link(&self, file: &File, name: &Path) -> io::Result<()> {
        use std::os::fd::AsRawFd;

        let (parent, last) = self.parent(name)?;
        // As open(2) says to do it: to link a descriptor itself takes a privilege.
        let own = format!("/proc/self/fd/{}", file.as_raw_fd());
        let here = rustix::fs::CWD;
        Ok(rustix::fs::linkat(here, own, parent, last, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// Metadata of what a name leads to, following links that stay.
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn stat(&self, name: &Path) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(self.resolve(name, PATH, Mode::empty())?)?)
    }

    /// Metadata of what a name leads to, be that beneath the root or not: for comparing it with what
    /// was opened there before, and for nothing else. It is a single system call.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn look(&self, name: &Path) -> io::Result<Stat> {
        Ok(rustix::fs::statat(&self.root, checked(name)?, AtFlags::empty())?)
    }

    /// Makes a directory.
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn create_directory(&self, name: &Path) -> io::Result<()> {
        let (parent, last) = self.parent(name)?;
        Ok(rustix::fs::mkdirat(parent, last, Mode::from_raw_mode(0o777))?)
    }

    /// Removes a name that is not a directory's. Of a link, the link.
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn remove_file(&self, name: &Path) -> io::Result<()> {
        let (parent, last) = self.parent(name)?;
        Ok(rustix::fs::unlinkat(parent, last, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn remove_directory(&self, name: &Path) -> io::Result<()> {
        let (parent, last) = self.parent(name)?;
        Ok(rustix::fs::unlinkat(parent, last, AtFlags::REMOVEDIR)?)
    }

    /// Gives what is named `from` the name `to`, at once: whoever opens `to` gets what was there
    /// or what is, and never a part (rename(2)).
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, old) = self.parent(from)?;
        let (to, new) = self.parent(to)?;
        Ok(rustix::fs::renameat(from, old, to, new)?)
    }

    /// What is in a directory, in no order; the first `most` of it. Links that lead out, or nowhere,
    /// are left out.
    ///
    /// # Errors
    ///
    /// The system's; `PermissionDenied` for a name that leads out.
    pub fn list(&self, name: &Path, most: usize) -> io::Result<Vec<Entry>> {
        let directory = self.resolve(name, DIRECTORY, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            let entry_name = OsStr::from_bytes(entry.file_name().to_bytes());
            if entries.len() == most {
                break;
            }
            if entry_name == "." || entry_name == ".." {
                continue;
            }
            let here = rustix::fs::statat(&directory, entry_name, AtFlags::SYMLINK_NOFOLLOW);
            let stat = match here {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
                    self.stat(&name.join(entry_name))
                }
                here => here.map_err(io::Error::from),
            };
            // One that has gone meanwhile, or that may not be looked at, is not there for us.
            if let Ok(stat) = stat {
                entries.push(Entry { name: entry_name.to_owned(), stat });
            }
        }
        Ok(entries)
    }

    /// The directory that holds a name's last component, and that component.
    fn parent<'a>(&self, name: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let name = checked(name)?;
        let last = name.file_name().ok_or(ErrorKind::InvalidInput)?;
        let parent = name.parent().unwrap_or(Path::new(""));
        Ok((self.resolve(parent, PATH | OFlags::DIRECTORY, Mode::empty())?, last))
    }

    /// Opens what a name leads to beneath the root.
    fn resolve(&self, name: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let name = checked(name)?;
        let name = if name.as_os_str().is_empty() { Path::new(".") } else { name };
        let flags = flags | OFlags::CLOEXEC;
        let opened = if self.beneath {
            open_beneath(self.root.as_fd(), name, flags, mode)
        } else {
            walk::open(self.root.as_fd(), name, flags, mode)
        };
        opened.map_err(|error| match error {
            Errno::XDEV => ErrorKind::PermissionDenied.into(),
            error => error.into(),
        })
    }
}

const PATH: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The name, if it is relative and nothing in it leads upwards.
fn checked(name: &Path) -> io::Result<&Path> {
    let inward = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !name.components().all(inward) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    // A NUL would end the name for the system.
    if name.as_os_str().as_bytes().contains(&0) {
        return Err(ErrorKind::InvalidInput.into());
    }
    Ok(name)
}

// ANCHOR: beneath
/// openat2(2) with RESOLVE_BENEATH: EXDEV where the name, or a link in it, would leave.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_beneath(root: impl AsFd, name: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};

    /// EAGAIN: something was renamed while a `..` in a link was resolved, and the system cannot
    /// tell whether that left. The man page says to try again; for ever nobody must.
    const TRIES: usize = 16;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut opened = Err(Errno::AGAIN);
    for _ in 0..TRIES {
        opened = openat2(root.as_fd(), name, flags, mode, resolve);
        if !matches!(opened, Err(Errno::AGAIN | Errno::INTR)) {
            break;
        }
    }
    opened
}
// ANCHOR_END: beneath

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_beneath(_: impl AsFd, _: &Path, _: OFlags, _: Mode) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

#[cfg(test)]
mod tests;
