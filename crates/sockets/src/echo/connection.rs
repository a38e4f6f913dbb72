//! One connection: read, write it all, until the client ends.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use crate::deadlines::Deadline;

/// How a connection's conversation ended.
#[derive(Debug)]
pub enum Ended {
    /// The client ended its direction, and all of it has gone back.
    Complete,
    /// The client said nothing until the idle deadline, or while the server drained.
    Idle,
    /// The client did not take its echo by the write deadline.
    Stalled,
    /// The connection failed: reset by the peer, most often.
    Failed(io::Error),
    /// It was in the way of the server's end: the drain deadline had passed.
    Cut,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("closed in order"),
            Self::Idle => f.write_str("silent for too long, closed"),
            Self::Stalled => f.write_str("did not read its echo in time, dropped"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Cut => f.write_str("still open at the drain deadline, cut"),
        }
    }
}

/// Echoes until the client ends its direction. Gives the octets echoed, and how it ended.
///
/// The stream is a blocking one, whose read timeout is the idle deadline and whose write timeout is
/// `write`. `heard` is called each time that octets have arrived.
// ANCHOR: echo
pub fn echo<S: Read + Write>(
    stream: &mut S,
    buffer: &mut [u8],
    write: Duration,
    mut heard: impl FnMut(),
) -> (u64, Ended) {
    let mut echoed = 0;
    loop {
        let count = match stream.read(buffer) {
            // End of file: not "nothing at the moment", for which a blocking read waits.
            Ok(0) => return (echoed, Ended::Complete),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if timed_out(&error) => return (echoed, Ended::Idle),
            Err(error) => return (echoed, Ended::Failed(error)),
        };
        heard();
        if let Err(ended) = write_all(stream, &buffer[..count], write, &mut echoed) {
            return (echoed, ended);
        }
    }
}
// ANCHOR_END: echo

/// Writes all of `bytes`, or says why not.
///
/// `write_all` of the standard library would do, but for the deadline: a client that takes an octet
/// just before each timeout would make every call succeed. So the deadline is one for all calls.
fn write_all<S: Write>(
    stream: &mut S,
    mut bytes: &[u8],
    wait: Duration,
    echoed: &mut u64,
) -> Result<(), Ended> {
    let deadline = Deadline::after(wait);
    loop {
        match stream.write(bytes) {
            Ok(0) => return Err(Ended::Failed(ErrorKind::WriteZero.into())),
            Ok(count) => {
                *echoed += count as u64;
                bytes = &bytes[count..];
                if bytes.is_empty() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if timed_out(&error) => return Err(Ended::Stalled),
            Err(error) => return Err(Ended::Failed(error)),
        }
        // Only a write that was cut short comes here. Seen on Linux: a blocking write returns early
        // only at its timeout or at a signal.
        if deadline.passed() {
            return Err(Ended::Stalled);
        }
    }
}

/// A timeout of a blocking socket: `WouldBlock` on Unix, `TimedOut` on Windows. TCP itself reports
/// `TimedOut` too, where the peer's machine is gone (`tcp(7)`, ETIMEDOUT).
fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives and takes octets in pieces of scripted sizes; size 0 is an `Interrupted`.
    struct Cutting<'a> {
        input: &'a [u8],
        output: Vec<u8>,
        sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    }

    impl Cutting<'_> {
        fn size(&mut self, of: usize) -> io::Result<usize> {
            match self.sizes.next() {
                Some(0) | None => Err(ErrorKind::Interrupted.into()),
                Some(&size) => Ok(size.min(of)),
            }
        }
    }

    impl Read for Cutting<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.size(buffer.len().min(self.input.len()))?;
            buffer[..size].copy_from_slice(&self.input[..size]);
            self.input = &self.input[size..];
            Ok(size)
        }
    }

    impl Write for Cutting<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let size = self.size(bytes.len())?;
            self.output.extend_from_slice(&bytes[..size]);
            Ok(size)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whatever_the_pieces_all_octets_return() {
        let input: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for sizes in [&[1][..], &[4096], &[3, 0, 1, 700], &[0, 0, 2]] {
            let mut stream =
                Cutting { input: &input, output: Vec::new(), sizes: sizes.iter().cycle() };
            let (echoed, ended) = echo(&mut stream, &mut [0; 512], Duration::MAX, || {});
            assert!(matches!(ended, Ended::Complete), "{ended}");
            assert_eq!(echoed, 10_000);
            assert!(stream.output == input, "pieces of {sizes:?}");
        }
    }

    #[test]
    fn a_client_that_takes_an_octet_at_each_timeout_is_stalled() {
        let mut stream =
            Cutting { input: &[b'x'; 100], output: Vec::new(), sizes: [100, 1].iter().cycle() };
        let (echoed, ended) = echo(&mut stream, &mut [0; 512], Duration::ZERO, || {});
        assert!(matches!(ended, Ended::Stalled), "{ended}");
        assert_eq!(echoed, 1);
    }
}
