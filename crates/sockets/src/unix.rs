//! Unix-domain sockets: the same calls, with a path in place of an address and a port.
//!
//! Both ends are on one machine, so there is no network between: nothing is lost, the system knows who
//! connects, and the file's permissions say who may. `bind(2)` makes the file:
//!
//! ```text
//! $ ls -l /run/echo.sock
//! srw------- 1 ada ada 0 /run/echo.sock        s: a socket; connecting needs the right to write
//! ```
//!
//! The file outlives the program. If one that ended without removing it left it behind, the next
//! `bind` fails with EADDRINUSE, although nobody listens; and whoever simply removes the file first
//! takes it away from a server that is alive. [`listen`] tells the two apart.
//!
//! Read: `unix(7)`. A path has at most 107 octets on Linux (`sun_path` has 108, with a NUL at its
//! end), and as few as 91 elsewhere.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{error, fmt, thread};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::deadlines::Deadline;
use crate::echo::BACKLOG;

/// Octets of the longest path on Linux.
pub const LONGEST_PATH: usize = 107;

/// Why there is no listening socket.
#[derive(Debug)]
pub enum Error {
    /// The path has so many octets, and a socket's address holds [`LONGEST_PATH`].
    TooLong(usize),
    /// Something other than a socket is there. It is left alone.
    NotASocket(PathBuf),
    /// Somebody listens there. They are left alone.
    InUse(PathBuf),
    /// Another server has been starting there for too long; this is its lock.
    Locked(PathBuf),
    /// The system refused: what was tried, and its words.
    System(&'static str, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(octets) => write!(
                f,
                "the path has {octets} octets, and a Unix-domain address holds {LONGEST_PATH}: \
                 use a shorter one, or a relative path from a nearer folder"
            ),
            Self::NotASocket(path) => {
                write!(f, "{} exists and is no socket: it is left alone", path.display())
            }
            Self::InUse(path) => write!(f, "somebody listens on {} already", path.display()),
            Self::Locked(lock) => {
                write!(f, "another server is starting there: its lock is {}", lock.display())
            }
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl error::Error for Error {}

/// A socket that listens at a path, and removes the path when it is dropped, if it is still its own.
#[derive(Debug)]
pub struct Listener {
    /// The socket: give a clone of it to a server.
    pub socket: Socket,
    path: PathBuf,
    /// Device and inode of the file that we made.
    identity: (u64, u64),
}

/// Listens at `path`, whose file gets the permissions `mode`, such as `0o600`: its owner alone may
/// connect. A file of a server that is no more is replaced.
///
/// The permissions are set between `bind` and `listen`, while nobody can connect. Linux and macOS heed
/// them; `unix(7)` warns that not every system does. Those of the folder count everywhere.
///
/// # Errors
///
/// See [`Error`].
pub fn listen(path: &Path, mode: u32) -> Result<Listener, Error> {
    let system = |what| move |error| Error::System(what, error);
    let octets = path.as_os_str().as_bytes().len();
    if octets > LONGEST_PATH {
        return Err(Error::TooLong(octets));
    }
    let address = SockAddr::unix(path).map_err(system("making the address"))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(system("socket"))?;
    // Held until we listen.
    let _lock = Lock::take(path)?;
    remove_if_stale(path)?;
    socket.bind(&address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Error::InUse(path.to_owned()),
        _ => Error::System("bind", error),
    })?;
    let identity = identity(path).map_err(system("looking at the new file"))?;
    let listener = Listener { socket, path: path.to_owned(), identity };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(system("chmod"))?;
    listener.socket.listen(BACKLOG).map_err(system("listen"))?;
    Ok(listener)
}

/// Removes the file of a socket on which nobody listens any more.
fn remove_if_stale(path: &Path) -> Result<(), Error> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::System("looking at the old file", error)),
    };
    if !file.file_type().is_socket() {
        return Err(Error::NotASocket(path.to_owned()));
    }
    if is_alive(path)? {
        return Err(Error::InUse(path.to_owned()));
    }
    fs::remove_file(path).map_err(|error| Error::System("removing the old file", error))
}

/// Whether somebody listens: connecting to a file without a listener is refused (`connect(2)`).
fn is_alive(path: &Path) -> Result<bool, Error> {
    let attempt = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // A blocking one would wait for as long as the listener's queue is full.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    };
    match attempt() {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => Ok(false),
            // EAGAIN: its queue is full, so there is one. EACCES: it is not ours to try.
            ErrorKind::WouldBlock | ErrorKind::PermissionDenied => Ok(true),
            _ => Err(Error::System("trying whether somebody listens", error)),
        },
    }
}

/// Keeps other servers from starting at the same path at the same time.
///
/// Looking whether somebody listens, removing the file and making a new one are three steps. Of two
/// servers that start together, the slower could remove the file that the faster has just made; and a
/// socket that is bound and does not listen yet looks just like a dead one. So all of it happens behind a
/// file that only one can create. The system does not remove it if its owner dies there, within a
/// millisecond or so: after [`ABANDONED`] the next one does.
#[derive(Debug)]
struct Lock(PathBuf);

/// How long to wait for another server that is starting.
const PATIENCE: Duration = Duration::from_secs(2);
/// The age at which a lock's owner must have died.
const ABANDONED: Duration = Duration::from_secs(10);

impl Lock {
    fn take(path: &Path) -> Result<Self, Error> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".lock");
        let lock = path.with_file_name(name);
        let deadline = Deadline::after(PATIENCE);
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(_) => return Ok(Self(lock)),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(Error::System("making the lock beside it", error));
                }
                Err(_) if deadline.passed() => return Err(Error::Locked(lock)),
                Err(_) => {}
            }
            let age = fs::metadata(&lock).and_then(|file| file.modified());
            let age = age.ok().and_then(|modified| modified.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&lock);
            } else {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // If it cannot be removed, it is abandoned soon.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file's device and inode.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

impl Drop for Listener {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // If it cannot be removed, the next server finds that it is stale.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A folder of its own for each test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("unix-{}-{number}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn path(&self) -> PathBuf {
            self.0.join("echo.sock")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_file_has_the_permissions_asked_for_and_goes_with_the_listener() {
        let folder = Folder::new();
        let listener = listen(&folder.path(), 0o600).unwrap();
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(UnixStream::connect(folder.path()).is_ok());
        drop(listener);
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_file_of_a_dead_server_is_replaced() {
        let folder = Folder::new();
        drop(std::os::unix::net::UnixListener::bind(folder.path()).unwrap());
        assert!(folder.path().exists(), "the standard library leaves the file behind");
        let _listener = listen(&folder.path(), 0o600).unwrap();
        assert!(UnixStream::connect(folder.path()).is_ok());
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn a_live_server_keeps_its_file() {
        let folder = Folder::new();
        let first = listen(&folder.path(), 0o600).unwrap();
        assert!(matches!(listen(&folder.path(), 0o600), Err(Error::InUse(_))));
        assert!(UnixStream::connect(folder.path()).is_ok());
        drop(first);
    }

    #[test]
    fn a_live_server_whose_queue_is_full_is_alive() {
        let folder = Folder::new();
        let busy = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        let address = SockAddr::unix(folder.path()).unwrap();
        busy.bind(&address).unwrap();
        busy.listen(1).unwrap();
        let waiting: Vec<_> = std::iter::repeat_with(|| {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect(&address).map(|()| socket)
        })
        .map_while(Result::ok)
        .take(100)
        .collect();
        assert!(waiting.len() < 100, "the queue has an end");
        assert!(matches!(listen(&folder.path(), 0o600), Err(Error::InUse(_))));
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = Folder::new();
        fs::write(folder.path(), "precious").unwrap();
        assert!(matches!(listen(&folder.path(), 0o600), Err(Error::NotASocket(_))));
        assert_eq!(fs::read(folder.path()).unwrap(), b"precious");
    }

    #[test]
    fn a_listener_does_not_remove_the_file_of_its_successor() {
        let folder = Folder::new();
        let first = listen(&folder.path(), 0o600).unwrap();
        fs::remove_file(folder.path()).unwrap();
        let _second = listen(&folder.path(), 0o600).unwrap();
        drop(first);
        assert!(UnixStream::connect(folder.path()).is_ok());
    }

    #[test]
    fn a_path_that_is_too_long_is_said_to_be() {
        let path = PathBuf::from(format!("/tmp/{}", "x".repeat(200)));
        assert!(matches!(listen(&path, 0o600), Err(Error::TooLong(205))));
        let folder = Folder::new();
        let room = LONGEST_PATH - folder.0.as_os_str().len() - 1;
        assert!(listen(&folder.0.join("x".repeat(room)), 0o600).is_ok());
        assert!(listen(&folder.0.join("x".repeat(room + 1)), 0o600).is_err());
    }

    #[test]
    fn a_lock_whose_owner_died_is_not_for_ever() {
        let folder = Folder::new();
        let lock = folder.0.join(".echo.sock.lock");
        let file = fs::File::create(&lock).unwrap();
        assert!(matches!(listen(&folder.path(), 0o600), Err(Error::Locked(_))));
        let long_ago = std::time::SystemTime::now() - 2 * ABANDONED;
        file.set_modified(long_ago).unwrap();
        assert!(listen(&folder.path(), 0o600).is_ok());
        assert!(!lock.exists());
    }

    #[test]
    fn of_many_that_start_at_once_one_listens() {
        let folder = Folder::new();
        drop(std::os::unix::net::UnixListener::bind(folder.path()).unwrap());
        let listeners: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| listen(&folder.path(), 0o600).ok())).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(listeners.len(), 1);
        assert!(UnixStream::connect(folder.path()).is_ok());
    }
}
