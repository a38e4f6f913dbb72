//! One deadline over a whole exchange.
//!
//! `set_read_timeout` bounds one call. A peer that sends an octet a second never lets a single call
//! time out, and keeps a thread for as long as it likes:
//!
//! ```text
//! set_read_timeout(2 s)      read ─1 s─▶ "a"   read ─1 s─▶ "b"   read ─1 s─▶ "c"   … for ever
//! Deadline::after(2 s)       read ─1 s─▶ "a"   read ─1 s─▶ TimedOut
//! ```
//!
//! So say *when* the exchange must be over, and before each call set the timeout to what is left.
//! The timeouts are `SO_RCVTIMEO` and `SO_SNDTIMEO` of `socket(7)`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use socket2::Socket;

/// A point in time by which something must be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// A wait that is longer than any program runs, where `Instant` cannot hold the one asked for.
const A_LIFETIME: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Deadline {
    /// The deadline that is `wait` from now.
    pub fn after(wait: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(wait).unwrap_or(now + A_LIFETIME))
    }

    /// What is left until the deadline, at least a millisecond.
    ///
    /// A timeout of zero means *wait for ever* to the system (`socket(7)`), and what is below its
    /// unit of a microsecond is rounded down to zero; hence the millisecond.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] once the deadline has passed.
    pub fn remaining(self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(left.max(Duration::from_millis(1)))
    }

    /// Whether the deadline has passed.
    pub fn passed(self) -> bool {
        self.0 <= Instant::now()
    }
}

/// A stream whose calls can be given timeouts.
pub trait Timeouts {
    /// How long one read may wait (`SO_RCVTIMEO`).
    ///
    /// # Errors
    ///
    /// The system's; `InvalidInput` for a zero duration.
    fn set_read_timeout(&self, wait: Duration) -> io::Result<()>;

    /// How long one write may wait (`SO_SNDTIMEO`).
    ///
    /// # Errors
    ///
    /// The system's; `InvalidInput` for a zero duration.
    fn set_write_timeout(&self, wait: Duration) -> io::Result<()>;
}

macro_rules! timeouts {
    ($($stream:ty),*) => {$(
        impl Timeouts for $stream {
            fn set_read_timeout(&self, wait: Duration) -> io::Result<()> {
                <$stream>::set_read_timeout(self, Some(wait))
            }

            fn set_write_timeout(&self, wait: Duration) -> io::Result<()> {
                <$stream>::set_write_timeout(self, Some(wait))
            }
        }
    )*};
}

timeouts!(TcpStream, UnixStream, Socket);

impl<S: Timeouts> Timeouts for &S {
    fn set_read_timeout(&self, wait: Duration) -> io::Result<()> {
        S::set_read_timeout(self, wait)
    }

    fn set_write_timeout(&self, wait: Duration) -> io::Result<()> {
        S::set_write_timeout(self, wait)
    }
}

/// A stream on which every read and write ends by one deadline.
///
/// ```
/// use sockets::deadlines::{Deadline, Timed};
/// use std::io::{ErrorKind, Read};
/// use std::net::{TcpListener, TcpStream};
/// use std::time::Duration;
///
/// let silent = TcpListener::bind("127.0.0.1:0")?;
/// let stream = TcpStream::connect(silent.local_addr()?)?;
/// let mut timed = Timed::new(&stream, Deadline::after(Duration::from_millis(20)));
/// let error = timed.read_to_end(&mut Vec::new()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TimedOut);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Timed<S> {
    stream: S,
    deadline: Deadline,
}

impl<S> Timed<S> {
    /// Bounds the exchange on `stream`.
    pub fn new(stream: S, deadline: Deadline) -> Self {
        Self { stream, deadline }
    }
}

impl<S: Read + Timeouts> Read for Timed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.deadline.remaining()?)?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl<S: Write + Timeouts> Write for Timed<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.deadline.remaining()?)?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Gives a timeout its one name.
///
/// A read whose `SO_RCVTIMEO` ran out is `WouldBlock` on Unix and `TimedOut` on Windows
/// (documented at `TcpStream::set_read_timeout`), so on a blocking socket both mean the same.
pub fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn an_octet_at_a_time_does_not_move_the_deadline() {
        let (mut near, far) = pair();
        let dripping = thread::spawn(move || {
            // The reader's end stops this loop: once it is gone, writing fails.
            while near.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let began = Instant::now();
        let mut timed = Timed::new(&far, Deadline::after(Duration::from_millis(150)));
        let error = timed.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(began.elapsed() >= Duration::from_millis(150));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        drop(far);
        dripping.join().unwrap();
    }

    #[test]
    fn a_peer_that_never_reads_times_the_writer_out() {
        let (near, _far) = pair();
        let mut timed = Timed::new(&near, Deadline::after(Duration::from_millis(100)));
        let error = timed.write_all(&vec![0; 64 << 20]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_passed_deadline_leaves_nothing() {
        let deadline = Deadline::after(Duration::ZERO);
        assert!(deadline.passed());
        assert_eq!(deadline.remaining().unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn no_wait_is_too_long_to_name() {
        assert!(Deadline::after(Duration::MAX).remaining().unwrap() > Duration::from_secs(1 << 30));
    }
}
