//! GET and HEAD: RFC 9110 §9.3.1, §9.3.2.

use std::borrow::Cow;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rustix::fs::{FileType, Stat, fstat};

use super::cache::Held;
use super::{ETAG, Exchange, State, Work, is_file, refuse, status_of};
use crate::http::coding::{AT_ONCE, Coding, Compressed, WORTH_IT, at_once, choose};
use crate::http::conditionals::{Verdict, judge, range_counts};
use crate::http::dates::imf_fixdate;
use crate::http::fields::Fields;
use crate::http::listing;
use crate::http::media::{self, Media};
use crate::http::ranges::{Selection, select};
use crate::http::reply::{Head, Reply, read_exact_at};
use crate::http::request::Request;
use crate::http::server::Want;
use crate::http::target::{Name, encode};

/// A file, and what is said of it.
struct Representation {
    source: Source,
    length: u64,
    state: State,
    media: Media,
    coding: Coding,
}

/// Where its octets are.
enum Source {
    File(Arc<File>),
    Held(Arc<Held>),
}

impl Exchange {
    pub(super) fn get(
        &mut self,
        request: &Request<'_>,
        name: &Name<'_>,
        query: Option<&[u8]>,
        reply: &mut Reply<'_>,
    ) -> Want {
        if !name.directory
            && let Some(held) = self.held(name)
        {
            return self.represent(request, Representation::held(held), reply);
        }
        let opened = self.site.jail.open(name.as_ref());
        let (file, stat) = match opened.and_then(|file| Ok((fstat(&file)?, file))) {
            Ok((stat, file)) => (file, stat),
            Err(error) => return refuse(status_of(&error), reply),
        };
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        match (is_directory, name.directory) {
            (true, true) => self.directory(request, name, reply),
            (true, false) => redirect(name, query, reply),
            // A file is not a directory; and what is neither (a FIFO, a device) is not served.
            (false, true) => refuse(404, reply),
            (false, false) if !is_file(&stat) => refuse(403, reply),
            (false, false) => self.file(request, name, file, &stat, reply),
        }
    }

    /// What is held of a name, if that leads to the same file still.
    fn held(&self, name: &Name<'_>) -> Option<Arc<Held>> {
        let held = self.site.cache.find(name.as_bytes())?;
        let stat = self.site.jail.look(name.as_ref()).ok()?;
        held.is(&stat).then_some(held)
    }

    /// Its `index.html`, or a page that shows what is in it.
    fn directory(&mut self, request: &Request<'_>, name: &Name<'_>, reply: &mut Reply<'_>) -> Want {
        let index = name.join("index.html");
        if let Ok(file) = self.site.jail.open(index.as_ref())
            && let Ok(stat) = fstat(&file)
            && is_file(&stat)
        {
            return self.file(request, &index, file, &stat, reply);
        }
        if !self.site.listings {
            return refuse(403, reply);
        }
        let entries = match self.site.jail.list(name.as_ref(), listing::MOST + 1) {
            Ok(entries) => entries,
            Err(error) => return refuse(status_of(&error), reply),
        };
        let mut path = b"/".to_vec();
        path.extend_from_slice(name.as_bytes());
        if path.len() > 1 {
            path.push(b'/');
        }
        let page = listing::page(&path, entries);
        reply
            .head(200)
            .field("Content-Type", "text/html; charset=utf-8")
            .field("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            .length(page.len() as u64);
        reply.content(page.as_bytes());
        Want::Nothing
    }

    fn file(
        &mut self,
        request: &Request<'_>,
        name: &Name<'_>,
        file: File,
        stat: &Stat,
        reply: &mut Reply<'_>,
    ) -> Want {
        let media = media::of(name.as_bytes());
        if let Some(held) = self.site.cache.hold(name.as_bytes(), &file, media, reply.second()) {
            return self.represent(request, Representation::held(held), reply);
        }
        let length = u64::try_from(stat.st_size).unwrap_or(0);
        let (source, state) = (Source::File(Arc::new(file)), State::new(stat));
        let this = Representation { source, length, state, media, coding: Coding::Identity };
        self.represent(request, this, reply)
    }

    /// Answers with what the request selects of a file.
    fn represent(
        &mut self,
        request: &Request<'_>,
        mut this: Representation,
        reply: &mut Reply<'_>,
    ) -> Want {
        if !request.selective {
            return this.whole(reply);
        }
        let (length, media) = (this.length, this.media);
        let fields = request.fields;
        // Parts are asked for with GET alone (§14.2), and they are parts of the file as it is: of a
        // compressed form that is made anew each time, no part would fit another.
        let range = fields.first("Range").filter(|_| request.method == b"GET");
        let one_go = length <= AT_ONCE || reply.may_chunk();
        let worth_it = media.compressible && length >= WORTH_IT && range.is_none() && one_go;
        match choose(fields, worth_it) {
            Some(coding) => this.coding = coding,
            None => return refuse(406, reply),
        }
        let validators = this.state.of_reader(this.coding);
        match judge(fields, true, Some(&validators), reply.second()) {
            Verdict::Perform => {}
            Verdict::Failed => return refuse(412, reply),
            Verdict::NotModified => return this.not_modified(reply),
        }
        if this.coding == Coding::Gzip {
            return self.gzip(this, reply);
        }
        match range.filter(|_| range_counts(fields, &validators, reply.second())) {
            None => this.whole(reply),
            Some(range) => this.selected(range, reply),
        }
    }

    /// Sends a file compressed: what is small in one go, else piece by piece.
    fn gzip(&mut self, mut this: Representation, reply: &mut Reply<'_>) -> Want {
        if this.length <= AT_ONCE {
            let Ok(content) = this.content() else { return refuse(500, reply) };
            let content = at_once(&content);
            this.head(200, reply).length(content.len() as u64);
            reply.content(&content);
            return Want::Nothing;
        }
        if reply.is_head_only() {
            // §9.3.2: what would have to be worked out may be left out.
            this.head(200, reply).no_content();
            return Want::Nothing;
        }
        let pieces = match &this.source {
            Source::File(file) => Compressed::new(file.clone(), this.length),
            Source::Held(_) => None, // It is small.
        };
        let Some(pieces) = pieces else {
            this.coding = Coding::Identity; // All compressors are busy.
            return this.whole(reply);
        };
        this.head(200, reply).chunked();
        self.work = Some(Box::new(Work::Compressed(pieces)));
        Want::More
    }

    /// Goes on with what is compressed piece by piece.
    pub(super) fn compress(&mut self, reply: &mut Reply<'_>) -> Want {
        let Some(Work::Compressed(pieces)) = self.work.as_deref_mut() else {
            return Want::Nothing;
        };
        match pieces.next(|octets| reply.content(octets)) {
            Ok(true) => return Want::More,
            Ok(false) => reply.finish(Fields::default()),
            // What was promised cannot be sent: without the last chunk the client knows.
            Err(_) => reply.give_up(),
        }
        self.work = None;
        Want::Nothing
    }
}

impl Representation {
    fn held(held: Arc<Held>) -> Self {
        let (length, state, media) = (held.content.len() as u64, held.state, held.media);
        Self { source: Source::Held(held), length, state, media, coding: Coding::Identity }
    }

    /// All of its octets, of a small one.
    fn content(&self) -> io::Result<Cow<'_, [u8]>> {
        match &self.source {
            Source::Held(held) => Ok(Cow::Borrowed(&held.content)),
            Source::File(file) => {
                let length = usize::try_from(self.length).map_err(io::Error::other)?;
                let mut content = vec![0; length];
                read_exact_at(file, &mut content, 0)?;
                Ok(Cow::Owned(content))
            }
        }
    }

    /// The head of an answer with all or part of it.
    fn head<'r>(&self, status: u16, reply: &'r mut Reply<'_>) -> Head<'r> {
        let head = self.described(reply.second(), reply.head(status));
        head.field("Content-Type", self.media.name)
    }

    /// What 304 says as well: §15.4.5.
    fn described<'r>(&self, second: u64, head: Head<'r>) -> Head<'r> {
        // §8.8.2.1: a date in the future would be one that the next change may have, too.
        let modified = imf_fixdate(self.state.modified.min(second));
        let mut lines =
            *b"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"0123456789abcdefi\"\r\n";
        lines[15..44].copy_from_slice(&modified);
        lines[52..52 + ETAG].copy_from_slice(self.state.etag(self.coding));
        let head = head.lines(&lines);
        let head =
            if self.media.compressible { head.lines(b"Vary: Accept-Encoding\r\n") } else { head };
        match self.coding {
            Coding::Identity => head.lines(b"Accept-Ranges: bytes\r\n"),
            Coding::Gzip => head.lines(b"Content-Encoding: gzip\r\n"),
        }
    }

    fn not_modified(&self, reply: &mut Reply<'_>) -> Want {
        let second = reply.second();
        self.described(second, reply.head(304)).no_content();
        Want::Nothing
    }

    /// All of it, as it is.
    fn whole(&self, reply: &mut Reply<'_>) -> Want {
        self.head(200, reply).length(self.length);
        self.part(0..self.length, reply)
    }

    /// What a Range field selects.
    fn selected(&self, range: &[u8], reply: &mut Reply<'_>) -> Want {
        match select(range, self.length) {
            Selection::Whole => self.whole(reply),
            Selection::Nothing => {
                let all = format!("bytes */{}", self.length);
                reply.status_with(416, |head| head.field("Content-Range", all));
                Want::Nothing
            }
            Selection::One(range) => {
                let head = self.head(206, reply);
                head.field("Content-Range", self.range(&range)).length(range.end - range.start);
                self.part(range, reply)
            }
            Selection::Several(ranges) => self.several(&ranges, reply),
        }
    }

    fn range(&self, range: &Range<u64>) -> String {
        format!("bytes {}-{}/{}", range.start, range.end - 1, self.length)
    }

    /// Several parts in one answer: multipart/byteranges, RFC 9110 §14.6.
    fn several(&self, ranges: &[Range<u64>], reply: &mut Reply<'_>) -> Want {
        let boundary = boundary(self.state.etag(self.coding));
        let first = |range: &Range<u64>| {
            let (media, range) = (self.media.name, self.range(range));
            format!("\r\n--{boundary}\r\nContent-Type: {media}\r\nContent-Range: {range}\r\n\r\n")
        };
        let last = format!("\r\n--{boundary}--\r\n");
        let heads: Vec<String> = ranges.iter().map(first).collect();
        let of_heads: usize = heads.iter().map(String::len).sum();
        let of_parts: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        let head = self.described(reply.second(), reply.head(206));
        head.field("Content-Type", format!("multipart/byteranges; boundary={boundary}"))
            .length((of_heads + last.len()) as u64 + of_parts);
        for (head, range) in heads.iter().zip(ranges) {
            reply.content(head.as_bytes());
            let _ = self.part(range.clone(), reply);
        }
        reply.content(last.as_bytes());
        Want::Nothing
    }

    /// Queues a part of the file. If it cannot be read the connection ends short of what was promised.
    fn part(&self, range: Range<u64>, reply: &mut Reply<'_>) -> Want {
        match &self.source {
            Source::File(file) => {
                if reply.file(file, range.start, range.end - range.start).is_err() {
                    reply.give_up();
                }
            }
            Source::Held(held) => {
                let at = |octet| usize::try_from(octet).expect("within what is held");
                reply.content(&held.content[at(range.start)..at(range.end)]);
            }
        }
        Want::Nothing
    }
}

/// What stands between parts: nothing that a file's author could have put into it, since it is made of
/// what this process alone knows.
fn boundary(etag: &[u8]) -> String {
    static SECRET: OnceLock<RandomState> = OnceLock::new();
    format!("{:016x}", SECRET.get_or_init(RandomState::new).hash_one(etag))
}

/// RFC 9110 §15.4.2: what is in a directory is named relative to its name with a slash.
///
/// The path is written anew from the name, so that it begins with one `/`: two would begin a host.
fn redirect(name: &Name<'_>, query: Option<&[u8]>, reply: &mut Reply<'_>) -> Want {
    let mut location = b"/".to_vec();
    encode(name.as_bytes(), &mut location);
    location.push(b'/');
    if let Some(query) = query {
        location.push(b'?');
        location.extend_from_slice(query);
    }
    reply.status_with(301, |head| head.field("Location", location));
    Want::Nothing
}
