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
//! begin the next one (RFC 959 §3.2).

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use client_server::output::LOW_WATER;
use client_server::{Beside, Closed, Context, Output};

use super::super::listing::{Listing, Style, entries};
use super::super::path::{FtpPath, matches};
use super::super::reply::say;
use super::super::text::ToWire;
use super::super::upload::Upload;
use super::super::work::Work;
use super::files::{code, words};
use super::{Data, FtpSession};
use crate::jail::Entry;

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
enum Job {
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
struct Store {
    /// `None`: it has landed.
    upload: Option<Upload>,
    work: Option<Work>,
    /// The client has sent all of it.
    complete: bool,
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
    pub(super) fn retrieve(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let offset = std::mem::take(&mut self.restart);
        let Some(path) = self.path(name, cx) else { return self.close_data(cx) };
        let opened = self.settings.jail.open(path.in_jail()).and_then(|file| {
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            }
            if !metadata.is_file() {
                return Err(ErrorKind::InvalidInput.into()); // A FIFO or a device has no end.
            }
            Ok((Arc::new(file), metadata.len()))
        });
        let (file, size) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.cannot(&error, cx),
        };
        let Some(length) = size.checked_sub(offset) else {
            say(cx.output, 554, "It ends before that.");
            return self.close_data(cx);
        };
        if self.text {
            self.begin(Job::SendText { file, offset, lines: ToWire::default() }, "it", cx);
        } else {
            let words = format!("it ({length} bytes)");
            self.begin(Job::Send { file, offset, length }, &words, cx);
        }
    }

    pub(super) fn store(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let offset = std::mem::take(&mut self.restart);
        let Some(path) = self.path(name, cx) else { return self.close_data(cx) };
        let before = (offset > 0).then_some(offset);
        self.receive(&path, before, "it", cx);
    }

    pub(super) fn append(&mut self, name: &[u8], cx: &mut Context<'_>) {
        self.restart = 0;
        let Some(path) = self.path(name, cx) else { return self.close_data(cx) };
        let before = self.settings.jail.stat(path.in_jail()).ok();
        let before = before.map(|stat| super::super::listing::size(&stat)).filter(|size| *size > 0);
        self.receive(&path, before, "it", cx);
    }

    /// `STOU`: under a name that nothing has; RFC 1123 §4.1.2.9 says how it is told.
    pub(super) fn store_unique(&mut self, cx: &mut Context<'_>) {
        self.restart = 0;
        let taken = |path: &FtpPath| self.settings.jail.stat(path.in_jail()).is_ok();
        let now = (self.settings.wall)();
        let names = (0..1_000).map(|number| format!("upload-{now}-{number}"));
        let mut paths = names.filter_map(|name| self.directory.join(name.as_bytes()));
        match paths.find(|path| !taken(path)) {
            Some(path) => {
                let name = String::from_utf8_lossy(path.name()).into_owned();
                self.receive(&path, None, &format!("FILE: {name}"), cx);
            }
            None => say(cx.output, 450, "No free name was found."),
        }
    }

    /// Begins to receive what will be `path`, behind the first `before` octets of what that is now.
    fn receive(&mut self, path: &FtpPath, before: Option<u64>, words: &str, cx: &mut Context<'_>) {
        let jail = &self.settings.jail;
        if path.is_root() || jail.stat(path.in_jail()).is_ok_and(|stat| !is_file(&stat)) {
            say(cx.output, 553, "That is no file.");
            return self.close_data(cx);
        }
        let begun = Upload::begin(jail, path.in_jail(), self.text).and_then(|upload| {
            let Some(before) = before else { return Ok((upload, None)) };
            let old = jail.open(path.in_jail())?;
            if old.metadata()?.len() < before {
                return Err(ErrorKind::InvalidInput.into());
            }
            // That may be a gigabyte, and others wait for this thread.
            let new = upload.file();
            let work = Work::begin(cx.wake(), move || copy(&old, &new, before))?;
            Ok((upload, Some(work)))
        });
        match begun {
            Ok((upload, work)) => {
                let store = Store { upload: Some(upload), work, complete: false };
                self.begin(Job::Store(store), words, cx);
            }
            Err(error) => self.cannot(&error, cx),
        }
    }

    pub(super) fn list(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let Some((entries, _)) = self.listed(argument, cx) else { return self.close_data(cx) };
        let style = Style::Long { now: (self.settings.wall)() };
        self.begin(Job::List(Listing::new(entries, style)), "the listing", cx);
    }

    pub(super) fn list_names(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let Some((entries, before)) = self.listed(argument, cx) else { return self.close_data(cx) };
        self.begin(Job::List(Listing::new(entries, Style::Names { before })), "the names", cx);
    }

    /// RFC 3659 §7.2: of a directory, and nothing else.
    pub(super) fn list_facts(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let Some(path) = self.path(argument, cx) else { return self.close_data(cx) };
        let jail = &self.settings.jail;
        match jail.stat(path.in_jail()) {
            Ok(stat) if is_file(&stat) => {
                say(cx.output, 501, "That is no directory.");
                self.close_data(cx);
            }
            Err(error) => self.cannot(&error, cx),
            Ok(_) => match entries(jail, &path) {
                Ok(entries) => {
                    let (wanted, writable) = (self.wanted, self.settings.writable);
                    let style = Style::Facts { wanted, writable };
                    self.begin(Job::List(Listing::new(entries, style)), "the listing", cx);
                }
                Err(error) => self.cannot(&error, cx),
            },
        }
    }

    /// The entries that an argument of `LIST` or `NLST` means, and what stands before their names to
    /// make arguments of them. Else says why there are none.
    pub(super) fn listed(
        &self,
        argument: &[u8],
        cx: &mut Context<'_>,
    ) -> Option<(Vec<Entry>, Vec<u8>)> {
        // Many clients send the switches of ls, which this form has anyway.
        let mut name = argument;
        while name.starts_with(b"-") {
            let end = name.iter().position(|&byte| byte == b' ');
            name = end.map_or(&[][..], |end| name[end..].trim_ascii_start());
        }
        let path = self.path(name, cx)?;
        let jail = &self.settings.jail;
        let found = match jail.stat(path.in_jail()) {
            Ok(stat) if super::super::listing::is_directory(&stat) => {
                let slash = if name.is_empty() || name.ends_with(b"/") { "" } else { "/" };
                let before = [name, slash.as_bytes()].concat();
                entries(jail, &path).map(|entries| (entries, before))
            }
            Ok(stat) => {
                let before = name[..name.len() - last(name).len()].to_vec();
                let name = std::os::unix::ffi::OsStrExt::from_bytes(path.name());
                let name: &std::ffi::OsStr = name;
                Ok((vec![Entry { name: name.to_owned(), stat }], before))
            }
            Err(error) if last(name).iter().any(|byte| b"*?".contains(byte)) => {
                let (before, pattern) = name.split_at(name.len() - last(name).len());
                let folder = self.path(before, cx)?;
                let hidden = pattern.starts_with(b".");
                entries(jail, &folder).map_err(|_| error).map(|mut entries| {
                    entries.retain(|entry| {
                        let name = entry.name.as_encoded_bytes();
                        matches(pattern, name) && (hidden || !name.starts_with(b"."))
                    });
                    (entries, before.to_vec())
                })
            }
            Err(error) => Err(error),
        };
        found.map_err(|error| say(cx.output, code(&error), words(&error))).ok()
    }

    /// A transfer cannot even begin; and whoever has connected for it waits for nothing.
    fn cannot(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        say(cx.output, code(error), words(error));
        self.close_data(cx);
    }

    fn begin(&mut self, job: Job, words: &str, cx: &mut Context<'_>) {
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

    pub(super) fn set_type(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        match argument.to_ascii_uppercase().as_slice() {
            b"A" | b"A N" => self.text = true,
            b"I" | b"L 8" | b"L8" => self.text = false,
            _ => return say(cx.output, 504, "Only TYPE A and TYPE I are offered."),
        }
        let kind = if self.text { "ASCII" } else { "binary" };
        say(cx.output, 200, format_args!("The type is {kind}."));
    }

    /// RFC 3659 §5.3. The offset is one of the file, so it means little where octets are added on the way.
    pub(super) fn set_restart(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let digits = argument.iter().all(u8::is_ascii_digit);
        let offset = str::from_utf8(argument).ok().and_then(|text| text.parse::<u64>().ok());
        match offset.filter(|_| digits) {
            None => say(cx.output, 501, "That is no number."),
            Some(1..) if self.text => say(cx.output, 504, "Only in TYPE I."),
            Some(offset) => {
                self.restart = offset;
                say(cx.output, 350, format_args!("From {offset} on, then."));
            }
        }
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

/// Copies the first octets of a file to the beginning of another.
fn copy(mut old: &File, mut new: &File, count: u64) -> io::Result<()> {
    let copied = io::copy(&mut io::Read::take(&mut old, count), &mut new)?;
    if copied == count { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

fn is_file(stat: &rustix::fs::Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
}

/// What follows the last slash.
fn last(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}
