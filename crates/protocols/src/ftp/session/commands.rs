//! The commands that begin a transfer: what is to cross the data connection, and whether it can.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use client_server::Context;

use super::super::listing::{self, Listing, Style, entries};
use super::super::path::{FtpPath, matches};
use super::super::reply::say;
use super::super::text::ToWire;
use super::super::upload::Upload;
use super::super::work::Work;
use super::FtpSession;
use super::files::{code, words};
use super::transfer::{Job, Store};
use crate::jail::Entry;

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
        let before = before.map(|stat| listing::size(&stat)).filter(|size| *size > 0);
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
            Ok(stat) if listing::is_directory(&stat) => {
                let slash = if name.is_empty() || name.ends_with(b"/") { "" } else { "/" };
                let before = [name, slash.as_bytes()].concat();
                entries(jail, &path).map(|entries| (entries, before))
            }
            Ok(stat) => {
                let before = name[..name.len() - last(name).len()].to_vec();
                let name = OsStr::from_bytes(path.name()).to_owned();
                Ok((vec![Entry { name, stat }], before))
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
