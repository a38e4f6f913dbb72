//! Running a test program: bounded in time and in output, and with all that it started.
//!
//! An answer may loop for ever, print without end, start processes and leave them behind. So the
//! program runs in a process group of its own, its output is drained and only the beginning kept,
//! and whatever is left of its group when it ends, or when its time is up, is killed.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{io, process, thread};

use crate::interrupt::Running;

/// How much of the beginning of each output is kept, and how much of its end.
const HEAD_BYTES: usize = 64 << 10;
const TAIL_BYTES: usize = 4 << 10;
/// How much memory a test program may write to: enough for a thousand threads and their stacks.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 4 << 30;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    pub(crate) took: Duration,
}

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal, such as 6 for `abort()` and 11 for an invalid access to memory.
    Signalled(i32),
    /// Its time was up, and it was killed with all its children.
    TimedOut(Duration),
}

/// What the program printed.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Its beginning.
    pub(crate) head: String,
    /// Its end, where that is not in the beginning.
    pub(crate) tail: String,
    /// How many bytes between the two were thrown away.
    pub(crate) cut: usize,
}

/// Runs `program` in `folder` for at most `limit`, with its verdicts going to `records`.
pub(crate) fn run(
    program: &Path,
    folder: &Path,
    records: &Path,
    limit: Duration,
    seed: Option<u64>,
) -> io::Result<Ran> {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let mark = format!("{}-{}", process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("CARGO_MANIFEST_DIR", folder)
        .env("COURSE_RECORDS", records)
        .env(MARK, &mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(seed) = seed {
        command.env("COURSE_SEED", format!("{seed:#x}"));
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);

    let started = Instant::now();
    let mut child = command.spawn()?;
    let running = Running::begin(child.id());
    limit_memory(&child);
    let stdout = drain(child.stdout.take().expect("stdout is a pipe"));
    let stderr = drain(child.stderr.take().expect("stderr is a pipe"));
    let in_time = wait(&mut child, limit);
    let took = started.elapsed();
    kill_group(&mut child);
    drop(running);
    let status = child.wait()?;
    kill_marked(&mark);

    let end = if in_time { end_of(status) } else { End::TimedOut(limit) };
    Ok(Ran { end, stdout: collect(&stdout), stderr: collect(&stderr), took })
}

/// In the environment of everything that a run starts, so that it can be found again.
const MARK: &str = "COURSE_RUN";

/// Reads until the end, keeping the beginning and the last of it.
fn drain(mut pipe: impl Read + Send + 'static) -> Receiver<Output> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Kept::default();
        let mut chunk = [0; 8 << 10];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            kept.take(&chunk[..count]);
        }
        let _ = sender.send(kept.output()); // Nobody waits any more: nothing to do.
    });
    receiver
}

/// An output while it comes: bounded, however much there is of it.
#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: Vec<u8>,
    cut: usize,
}

impl Kept {
    fn take(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(rest);
        // Seldom, so that the moving of what is kept costs little.
        if self.tail.len() > 4 * TAIL_BYTES {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.cut += surplus;
    }

    fn output(mut self) -> Output {
        self.trim();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Output { head: text(&self.head), tail: text(&self.tail), cut: self.cut }
    }
}

/// What was drained. Bounded too: a process that escaped the kill may still hold the pipe open.
fn collect(output: &Receiver<Output>) -> Output {
    output.recv_timeout(Duration::from_secs(2)).unwrap_or_default()
}

/// Waits for the end of `child`, without reaping it: until then its number, and so that of its
/// group, cannot be anyone else's. True if it ended in time.
#[cfg(unix)]
fn wait(child: &mut Child, limit: Duration) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};

    let (sender, receiver) = mpsc::channel();
    let pid = pid(child);
    thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
        let _ = sender.send(());
    });
    receiver.recv_timeout(limit).is_ok()
}

#[cfg(not(unix))]
fn wait(child: &mut Child, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

#[cfg(unix)]
fn pid(child: &Child) -> rustix::process::Pid {
    let id = i32::try_from(child.id()).expect("a process id is an i32");
    rustix::process::Pid::from_raw(id).expect("a child's id is not 0")
}

/// Kills the program and all that stayed in its group.
#[cfg(unix)]
fn kill_group(child: &mut Child) {
    // It fails where nothing is left to kill, which is what we want.
    let _ = rustix::process::kill_process_group(pid(child), rustix::process::Signal::KILL);
}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    let _ = child.kill();
}

/// Kills what left the group (`setsid`) but still carries the run's mark in its environment.
#[cfg(target_os = "linux")]
fn kill_marked(mark: &str) {
    let wanted = format!("{MARK}={mark}");
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = id.and_then(rustix::process::Pid::from_raw) else { continue };
        // Other people's processes cannot be read, and are not ours.
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn kill_marked(_mark: &str) {}

/// So that an answer that collects without end is ended by the system, and not the system by it.
#[cfg(target_os = "linux")]
fn limit_memory(child: &Child) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    let _ = prlimit(Some(pid(child)), Resource::Data, limit); // It has ended already: no need.
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_child: &Child) {}

fn end_of(status: ExitStatus) -> End {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return End::Signalled(signal);
    }
    End::Exited(status.code().unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut kept = Kept::default();
        for _ in 0..1000 {
            kept.take(&[b'x'; 1001]);
        }
        kept.take(b"the end");
        let output = kept.output();
        assert_eq!((output.head.len(), output.tail.len()), (HEAD_BYTES, TAIL_BYTES));
        assert!(output.tail.ends_with("xthe end"));
        assert_eq!(output.cut, 1000 * 1001 + 7 - HEAD_BYTES - TAIL_BYTES);
    }

    #[test]
    fn a_short_output_is_whole() {
        let mut kept = Kept::default();
        kept.take(b"all");
        let output = kept.output();
        assert_eq!((output.head.as_str(), output.tail.as_str(), output.cut), ("all", "", 0));
    }
}
