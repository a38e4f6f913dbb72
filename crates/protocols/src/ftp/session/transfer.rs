//! What crosses the data connection: files out and in, and listings.
//!
//! ```text
//!   RETR ──► 150 ──► waits for the data connection ──► sends ──► closed in order ──► 226
//!   STOR ──► 150 ──► waits ─────────────────────────► receives ─► end ─► lands ─► closed ──► 226
//!                      │                                 │
//!                      └─ nobody came: 425               └─ lost: 426;  ABOR: 426 and 226
//! ```
//!
//! `226` is said when the data connection is closed, and not before: a client may take it for leave to
//! begin the next one (RFC 959 §5.2).

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use client_server::output::LOW_WATER;
use client_server::{Beside, Closed, Context, Output};

use super::super::listing::Listing;
use super::super::reply::say;
use super::super::text::ToWire;
use super::super::upload::Upload;
use super::super::work::Work;
use super::files::{code, words};
use super::{Data, FtpSession};

/// Octets of a text that are read at once.
const PIECE: usize = 32 * 1024;
/// How long a disk may take for what it was asked, before the client is told that it failed.
const DISK: std::time::Duration = std::time::Duration::from_secs(120);

/// A transfer, from its command to its last reply.
#[derive(Debug)]
pub(super) struct Transfer {
    job: Job,
    /// The data connection is open, and the transfer has begun.
    begun: bool,
}

#[derive(Debug)]
pub(super) enum Job {
    /// A file, or the rest of one, as it is.
    Send {
        file: Arc<File>,
        offset: u64,
        length: u64,
    },
    /// The same with CRLF at its lines' ends.
    SendText {
        file: Arc<File>,
        offset: u64,
        lines: ToWire,
    },
    List(Listing),
    Store(Store),
}

/// An upload, and what has to happen to it on another thread.
#[derive(Debug)]
pub(super) struct Store {
    /// `None`: it has landed.
    pub(super) upload: Option<Upload>,
    pub(super) work: Option<Work>,
    /// The client has sent all of it.
    pub(super) complete: bool,
}

impl Transfer {
    pub(super) fn is_upload(&self) -> bool {
        matches!(self.job, Job::Store(_))
    }

    /// Whether it has use for octets now.
    pub(super) fn takes(&self) -> bool {
        match &self.job {
            Job::Store(store) => self.begun && store.work.is_none(),
            _ => self.begun, // Nothing should come; its end may.
        }
    }

    /// For `STAT`.
    pub(super) fn status(&self) -> String {
        match &self.job {
            _ if !self.begun => "Waiting for the data connection.".to_owned(),
            Job::Store(Store { upload: Some(upload), .. }) => {
                format!("Receiving: {} octets so far.", upload.received())
            }
            Job::Store(_) => "Received.".to_owned(),
            _ => "Sending.".to_owned(),
        }
    }
}

impl FtpSession {
    /// Says that it begins, and waits for the data connection or goes on with it.
    pub(super) fn begin(&mut self, job: Job, words: &str, cx: &mut Context<'_>) {
        match self.data {
            // The port that RFC 959 §3.2 takes for granted is one that no client listens on.
            Data::None => return say(cx.output, 425, "PASV, EPSV, PORT or EPRT comes first."),
            Data::Active(address) => {
                if cx.connect_beside(self.local_ip(), address).is_err() {
                    self.data = Data::None;
                    return say(cx.output, 425, "No data connection can be had now.");
                }
            }
            Data::Passive { .. } | Data::Open => {}
        }
        let kind = if self.text { "ASCII" } else { "BINARY" };
        if let Some(file) = words.strip_prefix("FILE: ") {
            say(cx.output, 150, format_args!("FILE: {file}"));
        } else {
            say(cx.output, 150, format_args!("Opening {kind} mode data connection for {words}."));
        }
        self.transfer = Some(Transfer { job, begun: false });
        self.deadline = Some(cx.now + self.settings.connect);
        if self.data == Data::Open {
            self.start(cx);
        }
    }

    /// The data connection is open, and there is something to do with it.
    fn start(&mut self, cx: &mut Context<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        transfer.begun = true;
        // A peer that takes nothing is the shell's to notice.
        self.deadline = None;
        match &mut transfer.job {
            Job::Send { file, offset, length } => {
                if let Some(output) = cx.beside() {
                    output.extend_from_file(file.clone(), *offset, *length);
                }
                cx.finish_beside();
            }
            Job::SendText { .. } | Job::List(_) => self.send_more(cx),
            Job::Store(store) => {
                let wait = if store.work.is_some() { DISK } else { self.settings.idle };
                self.deadline = Some(cx.now + wait);
            }
        }
    }

    fn send_more(&mut self, cx: &mut Context<'_>) {
        let (Some(transfer), Some(output)) = (&mut self.transfer, cx.beside()) else { return };
        let sent = match &mut transfer.job {
            Job::SendText { file, offset, lines } => send_text(file, offset, lines, output),
            Job::List(listing) => Ok(listing.write(output)),
            Job::Send { .. } | Job::Store(_) => return,
        };
        match sent {
            Ok(false) => {}
            Ok(true) => cx.finish_beside(),
            Err(error) => self.fail(451, words(&error), cx),
        }
    }

    pub(super) fn data_event(&mut self, event: Beside<'_>, cx: &mut Context<'_>) {
        match event {
            Beside::Opened(_) => {
                self.data = Data::Open;
                self.start(cx);
            }
            Beside::Refused(_) => self.stranger_came(cx),
            Beside::Received(bytes) => self.receive_octets(bytes, cx),
            Beside::Ended => self.data_ended(cx),
            Beside::Flushed => self.send_more(cx),
            Beside::Closed(how) => self.data_closed(how, cx),
        }
    }

    fn receive_octets(&mut self, bytes: &[u8], cx: &mut Context<'_>) {
        let Some(Transfer { job: Job::Store(store), .. }) = &mut self.transfer else { return };
        self.deadline = Some(cx.now + self.settings.idle);
        if let Some(upload) = &mut store.upload
            && let Err(error) = upload.write(bytes)
        {
            let code = if code(&error) == 452 { 452 } else { 451 };
            self.fail(code, words(&error), cx);
        }
    }

    /// The end of the data is the end of the file (RFC 959 §3.4.1).
    fn data_ended(&mut self, cx: &mut Context<'_>) {
        let Some(Transfer { job: Job::Store(store), .. }) = &mut self.transfer else { return };
        let Some(upload) = &mut store.upload else { return };
        store.complete = true;
        let finished = upload.finish();
        let file = upload.file();
        match finished {
            Err(error) => self.fail(451, words(&error), cx),
            Ok(()) if self.settings.sync => match Work::begin(cx.wake(), move || file.sync_all()) {
                Ok(work) => {
                    store.work = Some(work);
                    self.deadline = Some(cx.now + DISK);
                }
                Err(error) => self.fail(451, words(&error), cx),
            },
            Ok(()) => self.land(cx),
        }
    }

    fn land(&mut self, cx: &mut Context<'_>) {
        let Some(Transfer { job: Job::Store(store), .. }) = &mut self.transfer else { return };
        match store.upload.take().map(Upload::land) {
            Some(Err(error)) => self.fail(451, words(&error), cx),
            _ => cx.finish_beside(),
        }
    }

    /// A thread has done what it was asked.
    pub(super) fn work_done(&mut self, cx: &mut Context<'_>) {
        let Some(Transfer { job: Job::Store(store), begun }) = &mut self.transfer else { return };
        let Some(result) = store.work.as_ref().and_then(Work::result) else { return };
        store.work = None;
        if *begun {
            self.deadline = Some(cx.now + self.settings.idle);
        }
        match (result, store.complete) {
            (Err(error), _) => self.fail(451, words(&error), cx),
            (Ok(()), true) => self.land(cx),
            (Ok(()), false) => {}
        }
    }

    fn data_closed(&mut self, how: Closed, cx: &mut Context<'_>) {
        self.data = Data::None;
        let Some(transfer) = self.transfer.take() else { return };
        let landed = matches!(&transfer.job, Job::Store(Store { upload: None, .. }));
        match how {
            Closed::InOrder => say(cx.output, 226, "That is all."),
            // What became of the connection after it has landed changes nothing.
            _ if landed => say(cx.output, 226, "That is all."),
            Closed::NotConnected(_) => say(cx.output, 425, "Nobody answers there."),
            Closed::Stalled => say(cx.output, 426, "Nothing was taken for too long."),
            // The file has become shorter than it was.
            Closed::Lost(ErrorKind::WriteZero) => say(cx.output, 451, "The file has changed."),
            _ => say(cx.output, 426, "The data connection was lost."),
        }
    }

    /// The transfer has waited too long, for the connection, for octets, or for the disk.
    pub(super) fn transfer_expired(&mut self, cx: &mut Context<'_>) {
        match &self.transfer {
            Some(Transfer { begun: false, .. }) => self.fail(425, "Nobody came.", cx),
            Some(Transfer { job: Job::Store(Store { work: Some(_), .. }), .. }) => {
                self.fail(451, "The disk takes too long.", cx);
            }
            _ => self.fail(426, "Nothing came for too long.", cx),
        }
    }

    pub(super) fn abort(&mut self, cx: &mut Context<'_>) {
        if self.transfer.is_some() {
            self.fail(426, "As you wish.", cx);
        } else {
            self.close_data(cx);
        }
        say(cx.output, 226, "Nothing is under way.");
    }

    /// Ends the transfer, with what has come of it.
    fn fail(&mut self, code: u16, words: &str, cx: &mut Context<'_>) {
        self.transfer = None;
        self.close_data(cx);
        say(cx.output, code, words);
    }
}

/// Queues some more of a text. Whether that was all.
fn send_text(
    file: &File,
    offset: &mut u64,
    lines: &mut ToWire,
    output: &mut Output,
) -> io::Result<bool> {
    let mut piece = vec![0; PIECE];
    while output.pending() <= LOW_WATER {
        match file.read_at(&mut piece, *offset) {
            Ok(0) => return Ok(true),
            Ok(count) => {
                *offset += count as u64;
                lines.push(&piece[..count], |wire| output.extend(wire));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
