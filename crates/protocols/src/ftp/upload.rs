//! A file that lands only when it is whole.
//!
//! What arrives is written to a file that has no name, and only the last step gives it the one that the
//! client asked for. Until then nobody can open it, and if the server is killed the system frees it
//! (open(2), `O_TMPFILE`, Linux). Where the file system cannot do that, the file has a name of its own,
//! which no client sees, until it is renamed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::text::ToDisk;
use crate::jail::Jail;

/// What the name of an upload begins with, while it has to have one. No such name is served.
const TEMPORARY: &[u8] = b".ftp-upload-";
/// Names that are tried before it is given up.
const TRIES: usize = 16;

/// Whether this is the name of an upload that is not whole.
pub fn is_temporary(name: &[u8]) -> bool {
    name.starts_with(TEMPORARY)
}

/// An upload under way. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    jail: Jail,
    file: Arc<File>,
    /// The name that it has meanwhile, if it needs one.
    temporary: Option<PathBuf>,
    target: PathBuf,
    text: Option<ToDisk>,
    received: u64,
}

impl Upload {
    /// Begins one that is to land at `target`. `text`: its lines end in CRLF on the wire.
    ///
    /// # Errors
    ///
    /// The system's: the folder is not there, or may not be written to.
    pub fn begin(jail: &Jail, target: &Path, text: bool) -> io::Result<Self> {
        let folder = target.parent().unwrap_or(Path::new(""));
        let (file, temporary) = match jail.create_unnamed(folder) {
            Ok(file) => (file, None),
            // The file system cannot, or this is not Linux. An older kernel takes the flag for an
            // attempt to open a directory for writing.
            Err(error)
                if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::IsADirectory) =>
            {
                let (file, name) = create_temporary(jail, folder)?;
                (file, Some(name))
            }
            Err(error) => return Err(error),
        };
        let text = text.then(ToDisk::default);
        let target = target.to_owned();
        Ok(Self { jail: jail.clone(), file: Arc::new(file), temporary, target, text, received: 0 })
    }

    /// The file, for work on another thread.
    pub fn file(&self) -> Arc<File> {
        self.file.clone()
    }

    /// How many octets have come.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Writes what has arrived.
    ///
    /// # Errors
    ///
    /// The system's: the disk is full, for example.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.received += bytes.len() as u64;
        match &mut self.text {
            None => (&*self.file).write_all(bytes),
            Some(text) => (&*self.file).write_all(&text.push(bytes)),
        }
    }

    /// All has been written but for what was kept back of a text.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn finish(&mut self) -> io::Result<()> {
        match &mut self.text {
            None => Ok(()),
            Some(text) => (&*self.file).write_all(text.finish()),
        }
    }

    /// Gives it its name. Whoever opens that gets what was there before, or all of this.
    ///
    /// # Errors
    ///
    /// The system's: something that is no file has that name, or the folder has gone.
    pub fn land(mut self) -> io::Result<()> {
        if self.temporary.is_none() {
            // Nothing is replaced by a link. Mostly there is nothing.
            match self.jail.link(&self.file, &self.target) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let folder = self.target.parent().unwrap_or(Path::new("")).to_owned();
                    self.temporary =
                        Some(fresh(&folder, |name| self.jail.link(&self.file, name))?.1);
                }
                linked => return linked,
            }
        }
        if let Some(temporary) = &self.temporary {
            self.jail.rename(temporary, &self.target)?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = self.jail.remove_file(temporary); // Nobody is left to be told.
        }
    }
}

fn create_temporary(jail: &Jail, folder: &Path) -> io::Result<(File, PathBuf)> {
    fresh(folder, |name| jail.create(name))
}

/// Makes something under a name in `folder` that nothing has.
fn fresh<T>(folder: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    for _ in 0..TRIES {
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A number that a server of the same number, before this one, has not used.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mut name = TEMPORARY.to_vec();
        name.extend_from_slice(format!("{process}-{since:x}-{count}").as_bytes());
        let name = folder.join(OsStr::from_bytes(&name));
        match make(&name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|made| (made, name)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}
