//! What a peer does on a thread of its own, while the script goes on.

use std::io::{ErrorKind, Read, Write};
use std::iter;
use std::net::{Shutdown, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use capture::{Tap, bytes};

use crate::check::Outcome;
use crate::peer::{PATIENCE, Peer, brief};

impl Peer {
    /// Sends `bytes` on a thread of its own and goes on: for more than the sockets' buffers hold.
    /// The thread half-closes afterwards if `close` is set, and returns how much was sent.
    pub fn send_meanwhile(&self, bytes: Vec<u8>, close: bool) -> Outcome<JoinHandle<usize>> {
        let mut tap = self.another_tap()?;
        let then = if close { ", then half-closes" } else { "" };
        self.check.did(format!("{} sends {}{then}, while it reads", self.name, brief(&bytes)));
        Ok(self.check.spawn(move || {
            let mut sent = 0;
            while sent < bytes.len() {
                let next = bytes.len().min(sent + 64 * 1024);
                match tap.write(&bytes[sent..next]) {
                    Ok(count) if count > 0 => sent += count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    _ => return sent,
                }
            }
            if close {
                let _ = tap.shutdown(Shutdown::Write);
            }
            sent
        }))
    }

    /// Sends `bytes` one at a time, with a pause before each, on a thread of its own: a peer that is
    /// slow on purpose. It stops when the answer closes; the thread returns how many were sent.
    pub fn trickle(&self, bytes: Vec<u8>, pause: Duration) -> Outcome<JoinHandle<usize>> {
        let mut tap = self.another_tap()?;
        let count = bytes::count(bytes.len());
        self.check.did(format!("{} sends {count}, one every {pause:?}", self.name));
        Ok(self.check.spawn(move || {
            let sent = bytes.chunks(1).take_while(|byte| {
                thread::sleep(pause);
                tap.write_all(byte).is_ok()
            });
            sent.count()
        }))
    }

    /// Reads up to `most` bytes at a time, with a pause before each read, on a thread of its own: a
    /// peer that takes little. It stops at the answer's end, or when nothing comes any more; the
    /// thread returns how many bytes were read.
    pub fn sip(&self, most: usize, pause: Duration) -> Outcome<JoinHandle<usize>> {
        let mut tap = self.another_tap()?;
        let ready = tap.get_ref().set_read_timeout(Some(PATIENCE));
        ready.map_err(|error| self.check.fail(None, error.to_string()))?;
        let count = bytes::count(most);
        self.check.did(format!("{} reads {count} at a time, once every {pause:?}", self.name));
        Ok(self.check.spawn(move || {
            let mut buffer = vec![0; most];
            let reads = iter::from_fn(|| {
                thread::sleep(pause);
                tap.read(&mut buffer).ok().filter(|count| *count > 0)
            });
            reads.sum()
        }))
    }

    /// For another thread, a tap on the same stream that records on the same flow.
    fn another_tap(&self) -> Outcome<Tap<TcpStream>> {
        let stream = self.tap.get_ref().try_clone();
        let stream = stream.map_err(|error| self.check.fail(None, error.to_string()))?;
        Ok(Tap::new(stream, self.tap.recorder().clone(), self.tap.flow()))
    }
}
