//! How hard a thread works: whether it waits for something, or asks for it again and again.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// What the system counts of one thread. *Linux*: `proc_pid_status(5)`, and the kernel's
/// `sched-stats.rst` for `schedstat`. The files stay open, so that they can be read while the
/// process is out of descriptors.
#[derive(Debug)]
pub(crate) struct Effort {
    status: File,
    schedstat: File,
}

/// So much of one thread until now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// How often it went to sleep of its own accord, as a call that blocks does.
    pub(crate) sleeps: u64,
    /// Time on a processor, in nanoseconds.
    pub(crate) cpu: u64,
    /// Whether it sleeps now. One that does not may have had no time on a processor, on a busy machine.
    pub(crate) asleep: bool,
}

impl Effort {
    /// Of the thread that calls this. `None` where the system does not tell.
    pub(crate) fn of_this_thread() -> Option<Self> {
        let status = File::open("/proc/thread-self/status").ok()?;
        let schedstat = File::open("/proc/thread-self/schedstat").ok()?;
        Some(Self { status, schedstat })
    }

    /// `None` once the thread has ended.
    pub(crate) fn spent(&self) -> Option<Spent> {
        let status = read(&self.status)?;
        let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let sleeps = field("voluntary_ctxt_switches:")?.parse().ok()?;
        let asleep = field("State:")?.starts_with('S');
        let cpu = read(&self.schedstat)?.split_whitespace().next()?.parse().ok()?;
        Some(Spent { sleeps, cpu, asleep })
    }
}

/// The file from its beginning, as it is now.
fn read(mut file: &File) -> Option<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(16 * 1024).read_to_string(&mut text).ok()?;
    Some(text)
}
