//! A log that cannot stop a server.
//!
//! Standard error is often a pipe, and a pipe holds 64 KiB (`pipe(7)`). If whoever should read it
//! does not, the next line blocks the thread that writes it, and with it a client that has done
//! nothing. So the lines go through a queue of fixed length to a thread of their own; while the
//! queue is full they are counted and left out.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// Texts that may wait to be written.
const QUEUE: usize = 1024;

/// Writes lines without ever waiting. Clones write to the same place.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
    name: &'static str,
}

#[derive(Debug)]
struct Shared {
    /// `None` once the log has been closed.
    queue: RwLock<Option<SyncSender<String>>>,
    /// Texts that found the queue full, and have not been mentioned yet.
    left_out: AtomicUsize,
    written: std::sync::Mutex<Receiver<()>>,
}

impl Log {
    /// A log to `out`, such as `io::stderr()`. Each line begins with `name`.
    pub fn to(out: impl Write + Send + 'static, name: &'static str) -> Self {
        let (queue, lines) = mpsc::sync_channel(QUEUE);
        let (done, written) = mpsc::channel();
        let shared = Arc::new(Shared {
            queue: RwLock::new(Some(queue)),
            left_out: AtomicUsize::new(0),
            written: std::sync::Mutex::new(written),
        });
        let log = Self { shared, name };
        let writer = log.clone();
        thread::spawn(move || {
            writer.write(&lines, out);
            drop(done); // Tells `close` that all has been written.
        });
        log
    }

    /// Writes a line behind the log's name, or counts it where the queue is full.
    pub fn line(&self, line: impl Display) {
        self.text(format!("{}: {line}\n", self.name));
    }

    /// Writes a text as it is, or counts it where the queue is full.
    pub fn text(&self, text: String) {
        let queue = self.shared.queue.read().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().is_some_and(|queue| queue.try_send(text).is_ok());
        if !sent {
            self.shared.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends the log. Waits for what is in the queue to be written, at most for `wait`.
    pub fn close(&self, wait: Duration) {
        drop(self.shared.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let written = self.shared.written.lock().unwrap_or_else(PoisonError::into_inner);
        // Disconnected: the writer is through. Timeout: nobody reads, and it is no use to wait.
        let (Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) | Ok(())) =
            written.recv_timeout(wait);
    }

    /// Runs on the log's own thread. A text that cannot be written is lost: there is nobody to tell.
    fn write(&self, texts: &Receiver<String>, mut out: impl Write) {
        for text in texts {
            let _ = out.write_all(text.as_bytes());
            let left_out = self.shared.left_out.swap(0, Ordering::Relaxed);
            if left_out > 0 {
                let _ = writeln!(out, "{}: {left_out} left out, nobody read the log", self.name);
            }
        }
        let _: io::Result<()> = out.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_are_written_before_the_log_is_closed() {
        let page = Page::default();
        let log = Log::to(page.clone(), "test");
        log.line("one");
        log.line(2);
        log.close(Duration::from_secs(10));
        assert_eq!(*page.0.lock().unwrap(), b"test: one\ntest: 2\n");
    }

    #[test]
    fn a_log_that_nobody_reads_stops_nobody() {
        let (nobody_reads, out) = std::os::unix::net::UnixStream::pair().unwrap();
        let log = Log::to(out, "test");
        let line = "x".repeat(1000);
        for _ in 0..10 * QUEUE {
            log.line(&line); // Ten megabytes, into a socket that holds some hundred kilobytes.
        }
        log.close(Duration::from_millis(10));
        drop(nobody_reads);
        // That this line is reached is the claim: a log that waits would wait for ever.
    }
}
