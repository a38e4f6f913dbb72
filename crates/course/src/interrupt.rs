//! Ctrl-C, while an answer runs.
//!
//! A test program runs in a process group of its own, so the terminal's Ctrl-C does not reach it:
//! whoever interrupts us must not leave it running.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The process groups that run now. Whoever holds the lock knows that none of them has been reaped,
/// so that each number still names what we started.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Remembers a group for as long as the guard lives. Drop it before the group's leader is reaped.
pub(crate) struct Running(u32);

impl Running {
    pub(crate) fn begin(id: u32) -> Self {
        lock().insert(id);
        Self(id)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        lock().remove(&self.0);
    }
}

fn lock() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on SIGINT, SIGTERM and SIGHUP kill what runs, and end us with `code`, or with
/// 128 + the signal's number as a shell does.
#[cfg(unix)]
pub(crate) fn handle(code: Option<i32>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        let running = lock(); // Held to the end: no group may begin or be reaped any more.
        for id in running.iter() {
            let id = i32::try_from(*id).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(group) = id {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
        }
        std::process::exit(code.unwrap_or(128 + signal));
    });
    Ok(())
}

/// Elsewhere the system ends the whole console's processes.
#[cfg(not(unix))]
pub(crate) fn handle(_code: Option<i32>) -> std::io::Result<()> {
    Ok(())
}
