//! Who is inside: the connections being served, counted and reachable.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::Socket;

use super::connection::Ended;

/// The connections that are being served.
#[derive(Debug)]
pub(super) struct Room {
    guests: Mutex<Guests>,
    /// Told when a connection ends, and when the server is to stop.
    changed: Condvar,
    opened: Instant,
}

#[derive(Debug, Default)]
struct Guests {
    inside: HashMap<u64, Arc<Guest>>,
    next: u64,
}

/// A connection. Its thread and the drain both hold it, so one file descriptor is enough.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) socket: Socket,
    /// When it was last heard, in milliseconds since the room opened.
    heard: AtomicU64,
    /// The drain ended its reading, since it was silent.
    sent_off: AtomicBool,
    /// The drain deadline ended it.
    cut: AtomicBool,
}

impl Guest {
    /// How the conversation ended, as its thread saw it, and why: whom we end reads an end of file.
    pub(super) fn how_it_ended(&self, seen: Ended) -> Ended {
        if self.cut.load(Ordering::Relaxed) {
            Ended::Cut
        } else if self.sent_off.load(Ordering::Relaxed) && matches!(seen, Ended::Complete) {
            Ended::Idle
        } else {
            seen
        }
    }
}

/// A guest's place. It is free again once this is dropped, in a panic as well.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    number: u64,
    pub(super) guest: Arc<Guest>,
}

impl Place {
    /// Notes that the guest was heard just now.
    pub(super) fn heard(&self) {
        self.guest.heard.store(self.room.now(), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.lock().inside.remove(&self.number);
        self.room.changed.notify_all();
    }
}

impl Room {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { guests: Mutex::default(), changed: Condvar::new(), opened: Instant::now() })
    }

    /// Gives a connection its place.
    pub(super) fn enter(self: &Arc<Self>, socket: Socket) -> Place {
        let heard = AtomicU64::new(self.now());
        let (sent_off, cut) = (AtomicBool::new(false), AtomicBool::new(false));
        let guest = Arc::new(Guest { socket, heard, sent_off, cut });
        let mut guests = self.lock();
        let number = guests.next;
        guests.next += 1;
        guests.inside.insert(number, Arc::clone(&guest));
        Place { room: Arc::clone(self), number, guest }
    }

    /// How many are inside.
    pub(super) fn count(&self) -> usize {
        self.lock().inside.len()
    }

    /// Wakes whoever waits here.
    pub(super) fn knock(&self) {
        // The lock makes sure that a waiter is either before its check or asleep.
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Waits while `busy` holds for the number inside, at most for `wait`. Says whether it held to
    /// the end.
    pub(super) fn wait_while(&self, wait: Duration, busy: impl Fn(usize) -> bool) -> bool {
        let guests = self.lock();
        let (_guests, timeout) = self
            .changed
            .wait_timeout_while(guests, wait, |guests| busy(guests.inside.len()))
            .unwrap_or_else(PoisonError::into_inner);
        timeout.timed_out()
    }

    /// Waits for the next change, at most for `wait`.
    pub(super) fn wait_for_change(&self, wait: Duration) {
        let guests = self.lock();
        drop(self.changed.wait_timeout(guests, wait).unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends the reading of all who have been silent for `quiet`.
    ///
    /// `shutdown(2)` is what wakes a thread that is blocked in `read`: it reads what had arrived,
    /// then end of file, and takes its leave as if the client had ended. (Closing the descriptor
    /// under it would not wake it, and the number could be given to another connection meanwhile.)
    pub(super) fn send_off_the_silent(&self, quiet: Duration) {
        let now = self.now();
        for guest in self.everyone() {
            let silent = now.saturating_sub(guest.heard.load(Ordering::Relaxed));
            if u128::from(silent) >= quiet.as_millis()
                && !guest.sent_off.swap(true, Ordering::Relaxed)
            {
                gone_is_fine(guest.socket.shutdown(Shutdown::Read));
            }
        }
    }

    /// Ends all connections, also those blocked in `write`. Says how many.
    pub(super) fn cut_all(&self) -> usize {
        let everyone = self.everyone();
        for guest in &everyone {
            guest.cut.store(true, Ordering::Relaxed);
            gone_is_fine(guest.socket.shutdown(Shutdown::Both));
        }
        everyone.len()
    }

    fn everyone(&self) -> Vec<Arc<Guest>> {
        self.lock().inside.values().map(Arc::clone).collect()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        // Nothing panics between two changes of the map: it is whole even if a holder died.
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A peer that has reset its connection leaves a socket that can no longer be shut down.
fn gone_is_fine(_: io::Result<()>) {}
