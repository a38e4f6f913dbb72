//! The access log: a line for each request, in the form that every tool reads.
//!
//! ```text
//!   127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET /index.html HTTP/1.1" 200 1024
//! ```
//!
//! It is off the servers' way: lines are put into a buffer, and a thread writes it out, many lines
//! at once. Where nobody reads the other end of a pipe, the buffer fills, and lines are counted and
//! left out; a server never waits for its log.

use std::fmt::Write as _;
use std::io::Write;
use std::mem;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::dates::imf_fixdate;

/// Octets that may wait to be written.
const MOST: usize = 1 << 20;
/// How long lines are gathered before they are written: a write and a wake for all of them.
const GATHER: Duration = Duration::from_millis(20);

/// Writes lines without ever waiting. Clones write to the same place.
#[derive(Debug, Clone)]
pub struct AccessLog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    page: Mutex<Page>,
    /// There is something to write, or nothing more will come.
    written_to: Condvar,
    /// All is written.
    done: Condvar,
}

#[derive(Debug, Default)]
struct Page {
    lines: Vec<u8>,
    left_out: u64,
    closed: bool,
    done: bool,
}

impl AccessLog {
    /// A log to `out`: standard error, or a file.
    pub fn to(out: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let log = Self { shared: shared.clone() };
        thread::spawn(move || shared.write_out(out));
        log
    }

    /// Puts down one request: who asked, when (see [`dates`](super::dates)), its first line, and the status and
    /// length of its answer.
    pub fn write(&self, peer: Option<IpAddr>, second: u64, line: &[u8], status: u16, sent: u64) {
        let mut page = self.shared.page();
        if page.lines.len() > MOST {
            page.left_out += 1;
            return;
        }
        let was_empty = page.lines.is_empty();
        format(&mut page.lines, peer, second, line, status, sent);
        drop(page);
        if was_empty {
            self.shared.written_to.notify_one();
        }
    }

    /// Ends the log. Waits for what there is to be written, at most for `wait`.
    pub fn close(&self, wait: Duration) {
        let mut page = self.shared.page();
        page.closed = true;
        self.shared.written_to.notify_one();
        let waited = self.shared.done.wait_timeout_while(page, wait, |page| !page.done);
        drop(waited);
    }
}

impl Shared {
    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on the log's own thread. What cannot be written is lost: there is nobody to tell.
    fn write_out(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let nothing = |page: &mut Page| page.lines.is_empty() && !page.closed;
            let page = self.written_to.wait_while(self.page(), nothing);
            let closed = page.unwrap_or_else(PoisonError::into_inner).closed;
            if !closed {
                thread::sleep(GATHER);
            }
            let mut page = self.page();
            mem::swap(&mut lines, &mut page.lines);
            let left_out = mem::take(&mut page.left_out);
            drop(page);
            let _ = out.write_all(&lines);
            if left_out > 0 {
                let _ = writeln!(out, "{left_out} requests left out, nobody read the log");
            }
            let _ = out.flush();
            lines.clear();
            if closed {
                self.page().done = true;
                self.done.notify_all();
                return;
            }
        }
    }
}

/// One line. What a client has chosen is escaped: it could else write lines of its own, or speak to
/// the terminal that shows them.
fn format(
    lines: &mut Vec<u8>,
    peer: Option<IpAddr>,
    second: u64,
    line: &[u8],
    status: u16,
    sent: u64,
) {
    let mut who = String::new();
    match peer {
        Some(peer) => write!(who, "{peer}").expect("a string takes all"),
        None => who.push('-'),
    }
    let date = imf_fixdate(second);
    lines.extend_from_slice(who.as_bytes());
    lines.extend_from_slice(b" - - [");
    // "Sun, 06 Nov 1994 08:49:37 GMT" with its parts in another order.
    for part in
        [&date[5..7], b"/", &date[8..11], b"/", &date[12..16], b":", &date[17..25], b" +0000] \""]
    {
        lines.extend_from_slice(part);
    }
    if line.is_empty() {
        lines.push(b'-');
    }
    for octet in line {
        match octet {
            b'"' | b'\\' => lines.extend([b'\\', *octet]),
            b' '..=b'~' => lines.push(*octet),
            _ => write!(lines, "\\x{octet:02x}").expect("a vector takes all"),
        }
    }
    writeln!(lines, "\" {status} {sent}").expect("a vector takes all");
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Sender};

    use super::*;

    struct Pipe(Sender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_request_is_a_line() {
        let (pipe, pages) = mpsc::channel();
        let log = AccessLog::to(Pipe(pipe));
        let peer = Some(IpAddr::from([127, 0, 0, 1]));
        log.write(peer, 784_111_777, b"GET /a\"\x1b[31m\n HTTP/1.1", 200, 1024);
        log.write(None, 784_111_777, b"", 400, 0);
        log.close(Duration::from_secs(10));
        assert_eq!(
            pages.iter().flatten().collect::<Vec<_>>().escape_ascii().to_string(),
            r#"127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET /a\"\x1b[31m\x0a HTTP/1.1" 200 1024
- - - [06/Nov/1994:08:49:37 +0000] "-" 400 0
"#
            .escape_default()
            .to_string()
        );
    }

    #[test]
    fn a_log_that_nobody_reads_stops_nobody() {
        let (nobody_reads, out) = std::os::unix::net::UnixStream::pair().expect("two ends");
        let log = AccessLog::to(out);
        let line = [b'x'; 1_000];
        for _ in 0..10_000 {
            log.write(None, 0, &line, 200, 0); // Ten megabytes, into a mebibyte.
        }
        assert!(log.shared.page().lines.len() < 2 * MOST);
        log.close(Duration::from_millis(10));
        drop(nobody_reads);
    }
}
