//! A folder, served: RFC 9110 §9, for the methods that a file has a meaning for.
//!
//! | file | what is in it |
//! |---|---|
//! | this file | which method, and what is at a path |
//! | `read.rs` | GET and HEAD: a file, a part of it, or that the client has it already |
//! | `write.rs` | PUT and DELETE |
//! | `cache.rs` | small files that were asked for before |

mod cache;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use client_server::Service;
use rustix::fs::{FileType, Stat};

use super::coding::Coding;
use super::conditionals::Validators;
use super::fields::Fields;
use super::reply::Reply;
use super::request::Request;
use super::server::{Handler, Http, Settings, Want};
use super::target::{Name, Target, Unnamed};
use crate::jail::Jail;

/// A folder that is served over HTTP. Clones serve the same.
#[derive(Debug, Clone)]
pub struct Files {
    site: Arc<Site>,
    settings: Arc<Settings>,
}

/// What is served.
#[derive(Debug)]
struct Site {
    jail: Jail,
    /// Whether PUT and DELETE are done.
    writable: bool,
    /// Whether a directory without an `index.html` shows what is in it.
    listings: bool,
    cache: cache::Cache,
}

impl Files {
    /// Serves what is beneath the directory `root`, to be read.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn new(root: &Path, settings: Settings) -> io::Result<Self> {
        let site = Site::new(Jail::new(root)?, false, true);
        Ok(Self { site: Arc::new(site), settings: Arc::new(settings) })
    }

    /// The same folder; whether it is written to, and whether directories are shown.
    #[must_use]
    pub fn with(self, writable: bool, listings: bool) -> Self {
        let jail = self.site.jail.clone();
        Self { site: Arc::new(Site::new(jail, writable, listings)), ..self }
    }
}

impl Site {
    fn new(jail: Jail, writable: bool, listings: bool) -> Self {
        Self { jail, writable, listings, cache: cache::Cache::default() }
    }
}

impl Service for Files {
    type Session = Http<Exchange>;

    fn session(&self, peer: Option<IpAddr>) -> Self::Session {
        Http::new(Exchange::new(self.site.clone()), self.settings.clone(), peer)
    }

    fn refusal(&self) -> &[u8] {
        super::server::REFUSAL
    }
}

/// What one connection is at.
#[derive(Debug)]
pub struct Exchange {
    site: Arc<Site>,
    work: Option<Box<Work>>,
}

/// What takes more than one call.
#[derive(Debug)]
enum Work {
    Upload(write::Upload),
    Compressed(super::coding::Compressed),
}

impl Exchange {
    fn new(site: Arc<Site>) -> Self {
        Self { site, work: None }
    }

    /// The methods that this server has for files.
    fn allowed(&self) -> &'static str {
        if self.site.writable { "GET, HEAD, OPTIONS, PUT, DELETE" } else { READING }
    }
}

/// The methods that a directory has, and everything where nothing may be written.
const READING: &str = "GET, HEAD, OPTIONS";

impl Handler for Exchange {
    fn wants(&self, request: &Request<'_>) -> bool {
        self.site.writable && request.method == b"PUT"
    }

    fn request(&mut self, request: &Request<'_>, reply: &mut Reply<'_>) -> Want {
        let Target::Path { path, query, .. } = request.target else {
            // `OPTIONS *`; there are no tunnels here.
            return match request.method {
                b"OPTIONS" => self.options(reply),
                _ => refuse(501, reply),
            };
        };
        let name = match request.method {
            b"GET" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE" | b"POST" => Name::decode(path),
            _ => return refuse(501, reply), // §9.1: a method that is not known to anything here.
        };
        let name = match name {
            Ok(name) => name,
            Err(Unnamed::TooLong | Unnamed::Slash) => return refuse(404, reply),
            Err(Unnamed::BadEscape | Unnamed::Nul | Unnamed::Dots) => return refuse(400, reply),
        };
        match request.method {
            b"GET" | b"HEAD" => self.get(request, &name, query, reply),
            b"PUT" if self.site.writable => self.put(request, &name, reply),
            b"DELETE" if self.site.writable => self.delete(request, &name, reply),
            b"OPTIONS" => self.options(reply),
            // §15.5.6: with the methods that there are.
            _ => not_allowed(self.allowed(), reply),
        }
    }

    fn content(&mut self, part: &[u8], reply: &mut Reply<'_>) -> Want {
        self.uploaded(part, reply)
    }

    fn end(&mut self, _trailers: Fields<'_>, reply: &mut Reply<'_>) -> Want {
        self.upload_ended(reply)
    }

    fn more(&mut self, reply: &mut Reply<'_>) -> Want {
        self.compress(reply)
    }

    fn broken(&mut self) {
        self.work = None;
    }
}

impl Exchange {
    fn options(&self, reply: &mut Reply<'_>) -> Want {
        reply.head(200).field("Allow", self.allowed()).length(0);
        Want::Nothing
    }
}

fn refuse(status: u16, reply: &mut Reply<'_>) -> Want {
    reply.status(status);
    Want::Nothing
}

fn not_allowed(methods: &str, reply: &mut Reply<'_>) -> Want {
    reply.status_with(405, |head| head.field("Allow", methods));
    Want::Nothing
}

/// The status that tells why something could not be opened.
fn status_of(error: &io::Error) -> u16 {
    use rustix::io::Errno;
    match (error.kind(), Errno::from_io_error(error)) {
        (ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput, _) => 404,
        // No name of that length is there; nor is one that is a link to itself, or nothing's end.
        (_, Some(Errno::NAMETOOLONG | Errno::LOOP | Errno::NXIO)) => 404,
        (ErrorKind::PermissionDenied, _) => 403,
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => 507,
        (_, Some(Errno::MFILE | Errno::NFILE)) => 503,
        _ => 500,
    }
}

/// Whether it is a file, and not a directory or something stranger.
fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy)]
struct State {
    /// The tags of the file as it is, and compressed: two representations, two tags (§8.8.3.3).
    etags: [[u8; ETAG]; 2],
    modified: u64,
}

/// Octets of a tag: sixteen digits and a letter, in quotes.
const ETAG: usize = 19;

impl State {
    /// The tag is made of all that changes when a file does, or is replaced by another: its number,
    /// size and times. It is a hash, since these are not for strangers.
    ///
    /// It is as strong as the clock of the file system is fine: two changes within one tick, a few
    /// milliseconds, that leave the size as it was, look like one. (Since Linux 6.13 a
    /// time that was looked at is not given again, where the file system takes part.)
    fn new(stat: &Stat) -> Self {
        let times = (stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec);
        let all = (stat.st_dev, stat.st_ino, stat.st_size, times);
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(all);
        let mut etag = [b'"'; ETAG];
        for (octet, nibble) in
            etag[1..17].iter_mut().zip(hash.to_be_bytes().iter().flat_map(|o| [o >> 4, o & 15]))
        {
            *octet = b"0123456789abcdef"[usize::from(nibble)];
        }
        let coded = |letter| {
            let mut etag = etag;
            etag[17] = letter;
            etag
        };
        let modified = u64::try_from(stat.st_mtime).unwrap_or(0);
        Self { etags: [coded(b'i'), coded(b'z')], modified }
    }

    /// The tag of the file in this coding.
    fn etag(&self, coding: Coding) -> &[u8] {
        match coding {
            Coding::Identity => &self.etags[0],
            Coding::Gzip => &self.etags[1],
        }
    }

    /// For a client that reads it in this coding.
    fn of_reader(&self, coding: Coding) -> Validators<'_> {
        Validators { etag: self.etag(coding), other: None, modified: self.modified }
    }

    /// For a client that changes it, and may have read it in either.
    fn of_writer(&self) -> Validators<'_> {
        Validators { other: Some(self.etag(Coding::Gzip)), ..self.of_reader(Coding::Identity) }
    }
}
