//! Names: where one is, what is there, and changing it (RFC 959 §4.1.3, RFC 3659).

use std::io::{self, ErrorKind};

use client_server::Context;
use rustix::fs::{FileType, Mode, Stat, Timespec, Timestamps, UTIME_OMIT};

use super::super::calendar::Moment;
use super::super::listing::{self, facts};
use super::super::path::FtpPath;
use super::super::reply::{say, say_octets};
use super::super::upload::is_temporary;
use super::FtpSession;

/// Octets of a file whose size as text is counted: it must be read for that, and others wait.
const MOST_COUNTED: u64 = 1 << 20;

/// What went wrong, in the words of a reply. The system's own would tell about the machine.
pub(super) fn words(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "There is no such file or directory.",
        ErrorKind::PermissionDenied => "That is not permitted.",
        ErrorKind::AlreadyExists => "That exists already.",
        ErrorKind::NotADirectory => "That is no directory.",
        ErrorKind::IsADirectory => "That is a directory.",
        ErrorKind::DirectoryNotEmpty => "That directory is not empty.",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "There is no room for that.",
        ErrorKind::InvalidFilename => "That name is too long.",
        _ => "That cannot be done.",
    }
}

/// The reply for a failure: some pass, most do not.
pub(super) fn code(error: &io::Error) -> u16 {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => 452,
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::OutOfMemory => 450,
        _ => 550,
    }
}

impl FtpSession {
    /// What a name means here; else says why it means nothing.
    pub(super) fn path(&self, name: &[u8], cx: &mut Context<'_>) -> Option<FtpPath> {
        let path = self.directory.join(name);
        match &path {
            None => say(cx.output, 553, "That cannot be a name."),
            Some(path) if path.as_bytes().split(|&byte| byte == b'/').any(is_temporary) => {
                say(cx.output, 550, "There is no such file or directory.");
                return None;
            }
            Some(_) => {}
        }
        path
    }

    /// Does something with what a name means, or says why it cannot be done.
    fn with<T>(
        &self,
        name: &[u8],
        cx: &mut Context<'_>,
        f: impl FnOnce(&FtpPath) -> io::Result<T>,
    ) -> Option<(FtpPath, T)> {
        let path = self.path(name, cx)?;
        match f(&path) {
            Ok(done) => Some((path, done)),
            Err(error) => {
                say(cx.output, code(&error), words(&error));
                None
            }
        }
    }

    fn stat(&self, path: &FtpPath) -> io::Result<Stat> {
        self.settings.jail.stat(path.in_jail())
    }

    pub(super) fn change_directory(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let Some((path, stat)) = self.with(name, cx, |path| self.stat(path)) else { return };
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let words = [b"Now in ", &path.quoted()[..], b"."].concat();
            say_octets(cx.output, 250, &words);
            self.directory = path;
        } else {
            say(cx.output, 550, "That is no directory.");
        }
    }

    pub(super) fn print_directory(&mut self, cx: &mut Context<'_>) {
        let words = [&self.directory.quoted()[..], b" is where you are."].concat();
        say_octets(cx.output, 257, &words);
    }

    pub(super) fn make_directory(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let make = |path: &FtpPath| self.settings.jail.create_directory(path.in_jail());
        if let Some((path, ())) = self.with(name, cx, make) {
            let words = [&path.quoted()[..], b" was made."].concat();
            say_octets(cx.output, 257, &words);
        }
    }

    pub(super) fn remove_directory(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let remove = |path: &FtpPath| self.settings.jail.remove_directory(path.in_jail());
        if self.with(name, cx, remove).is_some() {
            say(cx.output, 250, "It is removed.");
        }
    }

    pub(super) fn delete(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let remove = |path: &FtpPath| self.settings.jail.remove_file(path.in_jail());
        if self.with(name, cx, remove).is_some() {
            say(cx.output, 250, "It is deleted.");
        }
    }

    pub(super) fn rename_from(&mut self, name: &[u8], cx: &mut Context<'_>) {
        self.rename_from = None;
        if let Some((path, _)) = self.with(name, cx, |path| self.stat(path)) {
            if path.is_root() {
                return say(cx.output, 550, "The root has no other name.");
            }
            self.rename_from = Some(path);
            say(cx.output, 350, "And to what name?");
        }
    }

    pub(super) fn rename_to(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let Some(from) = self.rename_from.take() else {
            return say(cx.output, 503, "RNFR comes first.");
        };
        let rename = |to: &FtpPath| self.settings.jail.rename(from.in_jail(), to.in_jail());
        if self.with(name, cx, rename).is_some() {
            say(cx.output, 250, "It is renamed.");
        }
    }

    /// RFC 3659 §4: as many octets as a transfer of the present type would have.
    pub(super) fn size(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let Some((path, stat)) = self.with(name, cx, |path| self.stat(path)) else { return };
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return say(cx.output, 550, "That is no file.");
        }
        let size = listing::size(&stat);
        if !self.text {
            return say(cx.output, 213, size);
        }
        match self.size_as_text(&path, size) {
            Some(size) => say(cx.output, 213, size),
            None => say(cx.output, 550, "Its size as text is not known; try TYPE I."),
        }
    }

    fn size_as_text(&self, path: &FtpPath, size: u64) -> Option<u64> {
        if size > MOST_COUNTED {
            return None;
        }
        let file = self.settings.jail.open(path.in_jail()).ok()?;
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file, MOST_COUNTED), &mut bytes).ok()?;
        let mut count = 0;
        super::super::text::ToWire::default().push(&bytes, |wire| count += wire.len() as u64);
        Some(count)
    }

    pub(super) fn modification_time(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let Some((_, stat)) = self.with(name, cx, |path| self.stat(path)) else { return };
        if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            say(cx.output, 213, Moment::of(listing::modified(&stat)));
        } else {
            say(cx.output, 550, "That is no file.");
        }
    }

    /// `MFMT 20261122171000 name`: as clients that mirror a tree have it.
    pub(super) fn set_modification_time(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let mut words = argument.splitn(2, |&byte| byte == b' ');
        let moment = words.next().and_then(Moment::parse);
        let (Some(moment), Some(name)) = (moment, words.next()) else {
            return say(cx.output, 501, "That is a time, YYYYMMDDhhmmss, and a name.");
        };
        let set = |path: &FtpPath| {
            let file = self.settings.jail.open(path.in_jail())?;
            let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
            let last_access = time(0, UTIME_OMIT);
            let last_modification = time(moment.seconds(), 0);
            Ok(rustix::fs::futimens(file, &Timestamps { last_access, last_modification })?)
        };
        if let Some((path, ())) = self.with(name, cx, set) {
            let words = [format!("Modify={moment}; ").as_bytes(), path.as_bytes()].concat();
            say_octets(cx.output, 213, &words);
        }
    }

    /// `MLST`: one entry's facts, over the control connection (RFC 3659 §7).
    pub(super) fn facts_of(&mut self, name: &[u8], cx: &mut Context<'_>) {
        let Some((path, stat)) = self.with(name, cx, |path| self.stat(path)) else { return };
        cx.output.extend(b"250-Listing:\r\n ");
        facts(cx.output, &stat, self.wanted, self.settings.writable);
        cx.output.extend(b" ");
        cx.output.extend(path.as_bytes());
        cx.output.extend(b"\r\n250 End\r\n");
    }

    /// `SITE CHMOD 644 name`: the one that clients use.
    pub(super) fn site(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let mut words = argument.splitn(3, |&byte| byte == b' ');
        let word = words.next().unwrap_or_default();
        if word.eq_ignore_ascii_case(b"HELP") {
            return say(cx.output, 214, "CHMOD is known.");
        }
        if !word.eq_ignore_ascii_case(b"CHMOD") {
            return say(cx.output, 504, "Only SITE CHMOD is offered.");
        }
        if !self.settings.writable {
            return say(cx.output, 550, "Nothing can be changed here.");
        }
        let mode = words.next().and_then(|mode| str::from_utf8(mode).ok());
        let mode =
            mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()).filter(|mode| *mode <= 0o777);
        let (Some(mode), Some(name)) = (mode, words.next()) else {
            return say(cx.output, 501, "That is a mode, 000 to 777, and a name.");
        };
        let set = |path: &FtpPath| {
            let file = self.settings.jail.open(path.in_jail())?;
            Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?)
        };
        if self.with(name, cx, set).is_some() {
            say(cx.output, 200, "Its mode is changed.");
        }
    }
}
