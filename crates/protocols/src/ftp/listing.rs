//! What a directory's entries look like: for people, as names alone, and for programs.
//!
//! ```text
//!   LIST   -rw-r--r--   1 ftp      ftp          1234 Nov 22 17:10 notes.txt      as `ls -l` has it
//!   NLST   notes.txt                                                             RFC 1123 §4.1.2.7
//!   MLSD   type=file;size=1234;modify=20261122171000;perm=r; notes.txt           RFC 3659 §7
//! ```
//!
//! RFC 959 leaves the form of `LIST` to the system, and so every client guesses; what all of them can
//! read is the form of `ls -l`. Times are UTC. A name with a control character in it could say
//! anything, a line that names another file included, so it is left out everywhere.

use std::io::Write as _;
use std::vec;

use client_server::Output;
use rustix::fs::{FileType, Stat};

use super::calendar::Moment;
use super::path::FtpPath;
use super::upload::is_temporary;
use crate::jail::{Entry, Jail};

/// Entries of a directory that are listed.
pub const MOST: usize = 100_000;
/// Half a year: files older than that are listed with their year and without the time of day.
const RECENT: i64 = 182 * 86_400;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How entries are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// `LIST`. The time decides which files are recent.
    Long {
        /// Seconds since 1970.
        now: i64,
    },
    /// `NLST`, with what stands before each name, so that it can be used as an argument.
    Names {
        /// Empty, or a directory's name and `/`.
        before: Vec<u8>,
    },
    /// `MLSD`.
    Facts {
        /// Those that the client wants.
        wanted: Wanted,
        /// Whether it may change anything.
        writable: bool,
    },
}

/// A listing under way.
#[derive(Debug)]
pub struct Listing {
    entries: vec::IntoIter<Entry>,
    style: Style,
}

impl Listing {
    /// Of these entries, by their names.
    pub fn new(mut entries: Vec<Entry>, style: Style) -> Self {
        entries.retain(|entry| is_listable(entry.name.as_encoded_bytes()));
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self { entries: entries.into_iter(), style }
    }

    /// Queues some more of it. Whether that was all.
    pub fn write(&mut self, output: &mut Output) -> bool {
        while output.pending() <= client_server::output::LOW_WATER {
            let Some(entry) = self.entries.next() else { return true };
            let name = entry.name.as_encoded_bytes();
            match &self.style {
                Style::Long { now } => long(output, name, &entry.stat, *now),
                Style::Names { before } => {
                    output.extend(before);
                    output.extend(name);
                }
                Style::Facts { wanted, writable } => {
                    facts(output, &entry.stat, *wanted, *writable);
                    output.extend(b" ");
                    output.extend(name);
                }
            }
            output.extend(b"\r\n");
        }
        false
    }
}

/// What is in a directory, with what a name may be.
///
/// # Errors
///
/// The jail's.
pub fn entries(jail: &Jail, path: &FtpPath) -> std::io::Result<Vec<Entry>> {
    jail.list(path.in_jail(), MOST)
}

/// Whether a name can be said in a line, and is not that of an upload that is not whole.
pub fn is_listable(name: &[u8]) -> bool {
    !is_temporary(name) && !name.iter().any(u8::is_ascii_control)
}

/// Seconds since 1970 at which the contents were changed.
pub fn modified(stat: &Stat) -> i64 {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_possible_wrap,
        reason = "systems differ in its type"
    )]
    let seconds = stat.st_mtime as i64;
    seconds
}

/// Octets of a file.
pub fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Whether it is a directory.
pub fn is_directory(stat: &Stat) -> bool {
    kind(stat) == FileType::Directory
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// A line of `ls -l`, but for its end. Owner and group are not the client's business.
fn long(output: &mut Output, name: &[u8], stat: &Stat, now: i64) {
    let mut mode = *b"-rwxrwxrwx";
    match kind(stat) {
        FileType::Directory => mode[0] = b'd',
        FileType::Fifo => mode[0] = b'p',
        FileType::Socket => mode[0] = b's',
        FileType::CharacterDevice => mode[0] = b'c',
        FileType::BlockDevice => mode[0] = b'b',
        _ => {}
    }
    for (bit, letter) in mode[1..].iter_mut().enumerate() {
        if stat.st_mode & (0o400 >> bit) == 0 {
            *letter = b'-';
        }
    }
    let mode = String::from_utf8_lossy(&mode);
    let (links, size, modified) = (stat.st_nlink, size(stat), modified(stat));
    let Moment { year, month, day, hour, minute, .. } = Moment::of(modified);
    let month = MONTHS[usize::from(month) - 1];
    let _ = write!(output, "{mode} {links:>3} ftp      ftp      {size:>12} {month} {day:>2} ");
    let _ = if (now - RECENT..=now + 86_400).contains(&modified) {
        write!(output, "{hour:02}:{minute:02} ")
    } else {
        write!(output, "{year:>5} ")
    };
    output.extend(name);
}

/// Which facts a client wants (`OPTS MLST`, RFC 3659 §7.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted(u8);

/// The facts that there are, in the order in which they are written.
const FACTS: [&str; 6] = ["type", "size", "modify", "perm", "unique", "UNIX.mode"];

impl Wanted {
    /// All of them.
    pub fn all() -> Self {
        Self(0b11_1111)
    }

    /// Those in a list, `type;size;`; what is unknown in it is not wanted.
    pub fn parse(text: &[u8]) -> Self {
        let named = |fact: &str| {
            text.split(|&byte| byte == b';').any(|one| one.eq_ignore_ascii_case(fact.as_bytes()))
        };
        let bits = FACTS.iter().enumerate().filter(|(_, fact)| named(fact));
        Self(bits.fold(0, |bits, (index, _)| bits | 1 << index))
    }

    fn has(self, index: usize) -> bool {
        self.0 & 1 << index != 0
    }

    /// `type;size;`.
    pub fn names(self) -> String {
        let wanted = FACTS.iter().enumerate().filter(|(index, _)| self.has(*index));
        wanted.map(|(_, fact)| format!("{fact};")).collect()
    }

    /// As `FEAT` says it: all that there are, with a star after those that are wanted.
    pub fn feature(self) -> String {
        let star = |index| if self.has(index) { "*" } else { "" };
        FACTS.iter().enumerate().map(|(index, fact)| format!("{fact}{};", star(index))).collect()
    }
}

/// The facts of an entry, each with a semicolon behind it.
pub fn facts(output: &mut Output, stat: &Stat, wanted: Wanted, writable: bool) {
    let directory = is_directory(stat);
    let mut fact = |index: usize, value: std::fmt::Arguments<'_>| {
        if wanted.has(index) {
            let _ = write!(output, "{}={value};", FACTS[index]);
        }
    };
    fact(
        0,
        format_args!(
            "{}",
            match kind(stat) {
                FileType::Directory => "dir",
                FileType::RegularFile => "file",
                _ => "OS.unix=special",
            }
        ),
    );
    if !directory {
        fact(1, format_args!("{}", size(stat)));
    }
    fact(2, format_args!("{}", Moment::of(modified(stat))));
    // RFC 3659 §7.5.5: what the client can do with it, as far as this server decides.
    fact(
        3,
        format_args!(
            "{}",
            match (directory, writable) {
                (true, false) => "el",
                (true, true) => "cdeflmp",
                (false, false) => "r",
                (false, true) => "adfrw",
            }
        ),
    );
    fact(4, format_args!("{:x}g{:x}", stat.st_dev, stat.st_ino));
    fact(5, format_args!("{:04o}", stat.st_mode & 0o7777));
}
