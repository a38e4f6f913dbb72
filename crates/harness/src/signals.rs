//! Signals that arrive while the answer waits.
//!
//! A call that sleeps is woken by a signal, and fails with `EINTR` (signal(7), "Interruption of system
//! calls and library functions by signal handlers"); std says [`Interrupted`]. In a program it is a
//! profiler's signal, or a timer's. Here it is `SIGURG`, as in Go's runtime: by default it is ignored,
//! so that one too many harms nobody, and debuggers let it pass.
//!
//! [`Interrupted`]: std::io::ErrorKind::Interrupted

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A signal finds a thread asleep, wakes it, and finds it asleep again: so many times. A call that
/// has moved some bytes by the first returns their number; at the second it has none to tell.
const ROUNDS: usize = 3;
/// How long the threads may take to fall asleep. Nearly always it takes no time.
const PATIENCE: Duration = Duration::from_millis(100);
/// Between two looks whether they sleep.
const LOOK: Duration = Duration::from_micros(500);

/// The thread of one call into the answer, and those that it starts: they have its name.
///
/// *Seen on Linux*: a new thread has its parent's name, `/proc/self/task/*/comm` (proc(5)), and
/// std gives it another one only if [`thread::Builder::name`] was called. Such a thread is left alone.
#[derive(Debug)]
pub(crate) struct Threads {
    name: String,
}

impl Threads {
    pub(crate) fn new() -> Self {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        // Of a name the system keeps 15 bytes.
        Self { name: format!("answer {}", CALLS.fetch_add(1, Ordering::Relaxed)) }
    }

    /// Marks the calling thread, and those that it will start.
    pub(crate) fn mark(&self) {
        let _ = fs::write("/proc/thread-self/comm", &self.name); // Without it no signal comes.
    }

    /// Sends a signal to each of the threads that sleeps, three times over. `false`: this system
    /// has no way to, or the threads have ended.
    pub(crate) fn interrupt(&self) -> bool {
        if !system::catch() {
            return false;
        }
        let mut sent = false;
        for _ in 0..ROUNDS {
            for thread in self.asleep() {
                sent |= system::send(thread);
            }
        }
        sent
    }

    /// The threads that sleep, once all of them do, or have had time to.
    fn asleep(&self) -> Vec<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let threads = self.states();
            if threads.iter().all(|(_, sleeps)| *sleeps) || Instant::now() >= deadline {
                return threads.into_iter().filter(|(_, s)| *s).map(|(id, _)| id).collect();
            }
            thread::sleep(LOOK);
        }
    }

    /// Each thread's identifier, and whether it sleeps: proc_pid_stat(5), `PID (NAME) STATE …`.
    fn states(&self) -> Vec<(i32, bool)> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let ours = tasks.filter_map(|task| {
            let stat = fs::read_to_string(task.path().join("stat")).ok()?;
            let (id, rest) = stat.split_once(" (")?;
            let state = rest.strip_prefix(&self.name)?.strip_prefix(") ")?;
            Some((id.parse().ok()?, state.starts_with('S')))
        });
        ours.collect()
    }
}

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[allow(unsafe_code)] // The standard library neither catches signals nor sends them.
mod system {
    use std::ffi::c_int;
    use std::process;
    use std::sync::OnceLock;

    /// `<asm-generic/signal.h>`.
    const SIGURG: c_int = 23;
    const SIG_ERR: usize = usize::MAX;

    unsafe extern "C" {
        fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
        fn siginterrupt(number: c_int, interrupts: c_int) -> c_int;
        fn tgkill(process: c_int, thread: c_int, number: c_int) -> c_int;
    }

    extern "C" fn nothing(_: c_int) {}

    /// From the first call on, the signal interrupts what it finds: a handler without `SA_RESTART`
    /// (siginterrupt(3)).
    pub(super) fn catch() -> bool {
        static CAUGHT: OnceLock<bool> = OnceLock::new();
        *CAUGHT.get_or_init(|| {
            // SAFETY: the handler does nothing, so there is nothing that it may not do at any time.
            unsafe { signal(SIGURG, nothing) != SIG_ERR && siginterrupt(SIGURG, 1) == 0 }
        })
    }

    /// Sends the signal to a thread of this process, unless it has ended.
    pub(super) fn send(thread: c_int) -> bool {
        let Ok(process) = c_int::try_from(process::id()) else { return false };
        // SAFETY: no memory is passed. A thread of another process is never meant: tgkill(2).
        unsafe { tgkill(process, thread, SIGURG) == 0 }
    }
}

#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod system {
    pub(super) fn catch() -> bool {
        false
    }

    pub(super) fn send(_: i32) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, mpsc};

    use super::*;

    #[test]
    fn a_read_that_waits_is_interrupted_also_in_a_thread_of_the_thread() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let silent = TcpStream::connect(address).expect("listens");
        let (tell, told) = mpsc::channel();
        let threads = Threads::new();
        threads.mark();
        let read = |tell: mpsc::Sender<_>, mut stream: TcpStream| {
            move || {
                let _ = tell.send(stream.read(&mut [0]).map_err(|error| error.kind()));
            }
        };
        let second = read(tell.clone(), silent.try_clone().expect("a descriptor"));
        let mut first = read(tell, silent);
        thread::spawn(move || {
            thread::spawn(second);
            first();
        });
        Threads::new().mark(); // This one waits for them.
        let deadline = Instant::now() + Duration::from_secs(5);
        while threads.states().len() < 2 && Instant::now() < deadline {
            thread::yield_now();
        }
        assert!(threads.interrupt());
        for _ in 0..2 {
            let read = told.recv_timeout(Duration::from_secs(5));
            assert_eq!(read, Ok(Err(ErrorKind::Interrupted)));
        }
        assert!(!Threads::new().interrupt(), "nobody there");
    }

    #[test]
    fn std_asks_again_to_accept() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let threads = Arc::new(Threads::new());
        let marks = threads.clone();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            marks.mark();
            let _ = tell.send(None);
            let _ = tell.send(Some(listener.accept().map(drop).map_err(|error| error.kind())));
        });
        assert_eq!(told.recv(), Ok(None), "it has its name");
        assert!(threads.interrupt());
        let _client = TcpStream::connect(address).expect("listens");
        assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(Some(Ok(()))));
    }
}
