//! What a peer does on a thread of its own, while the script goes on.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use capture::{Tap, bytes};

use crate::check::{Check, Outcome};
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
    /// slow on purpose. It stops when the answer closes.
    pub fn trickle(&self, bytes: Vec<u8>, pause: Duration) -> Outcome<Slow> {
        let mut tap = self.another_tap()?;
        let count = bytes::count(bytes.len());
        self.check.did(format!("{} sends {count}, one every {pause:?}", self.name));
        let (slow, watch) = Slow::begin();
        self.check.spawn(move || {
            bytes.chunks(1).all(|byte| {
                thread::sleep(pause);
                tap.write_all(byte).is_ok() && watch.call()
            });
            watch.end();
        });
        Ok(slow)
    }

    /// Reads up to `most` bytes at a time, with a pause before each read, on a thread of its own: a
    /// peer that takes little. It stops at the answer's end, or when nothing comes any more.
    pub fn sip(&self, most: usize, pause: Duration) -> Outcome<Slow> {
        let mut tap = self.another_tap()?;
        let ready = tap.get_ref().set_read_timeout(Some(PATIENCE));
        ready.map_err(|error| self.check.fail(None, error.to_string()))?;
        let count = bytes::count(most);
        self.check.did(format!("{} reads {count} at a time, once every {pause:?}", self.name));
        let (slow, watch) = Slow::begin();
        self.check.spawn(move || {
            let mut buffer = vec![0; most];
            loop {
                thread::sleep(pause);
                if !tap.read(&mut buffer).is_ok_and(|count| count > 0) || !watch.call() {
                    break;
                }
            }
            watch.end();
        });
        Ok(slow)
    }

    /// For another thread, a tap on the same stream that records on the same flow.
    fn another_tap(&self) -> Outcome<Tap<TcpStream>> {
        let stream = self.tap.get_ref().try_clone();
        let stream = stream.map_err(|error| self.check.fail(None, error.to_string()))?;
        Ok(Tap::new(stream, self.tap.recorder().clone(), self.tap.flow()))
    }
}

/// A peer that is slow on purpose, at work: how steadily?
#[derive(Debug, Clone)]
pub struct Slow(Arc<Mutex<Calls>>);

#[derive(Debug)]
struct Calls {
    /// When the last one was; `None` once there will be no other.
    last: Option<Instant>,
    longest: Duration,
}

impl Slow {
    fn begin() -> (Self, Self) {
        let calls = Calls { last: Some(Instant::now()), longest: Duration::ZERO };
        let slow = Self(Arc::new(Mutex::new(calls)));
        (slow.clone(), slow)
    }

    /// The longest time between two of its calls until now. On a busy machine it is longer than the
    /// pause that was asked for.
    pub fn longest_pause(&self) -> Duration {
        let calls = self.lock();
        calls.longest.max(calls.last.map_or(Duration::ZERO, |last| last.elapsed()))
    }

    /// Notes a call. Always true.
    fn call(&self) -> bool {
        let longest = self.longest_pause();
        *self.lock() = Calls { last: Some(Instant::now()), longest };
        true
    }

    fn end(&self) {
        self.lock().last = None;
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Check {
    /// Does what `body` says, with a peer that is slow on purpose. If that peer once paused for
    /// `limit` or longer, since the machine is busy, then an answer that waits so long for each byte
    /// has given up as well as one that is right, and `body` is done again: five times at most.
    pub fn steadily(&self, limit: Duration, mut body: impl FnMut() -> Outcome<Slow>) -> Outcome {
        let steps = self.steps();
        for _ in 0..5 {
            self.forget_steps(steps);
            if body()?.longest_pause() < limit {
                break;
            }
        }
        Ok(())
    }
}
