//! PUT and DELETE: RFC 9110 §9.3.4, §9.3.5.

use std::io::{ErrorKind, Write};

use super::{Exchange, READING, State, Work, is_file, not_allowed, refuse, status_of};
use crate::http::body::Framing;
use crate::http::coding::Coding;
use crate::http::conditionals::{Verdict, judge};
use crate::http::fields::is;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::server::Want;
use crate::http::target::Name;
use crate::jail::Draft;

/// A file that comes.
#[derive(Debug)]
pub(super) struct Upload {
    draft: Draft,
    /// There was something of this name when the request began.
    replaces: bool,
    /// The client wants nothing to be replaced, whatever happened since.
    only_new: bool,
}

impl Exchange {
    pub(super) fn put(
        &mut self,
        request: &Request<'_>,
        name: &Name<'_>,
        reply: &mut Reply<'_>,
    ) -> Want {
        let fields = request.fields;
        if name.directory {
            return not_allowed(READING, reply);
        }
        // §14.5: a part that were taken for the whole would destroy the rest.
        if fields.first("Content-Range").is_some() {
            return refuse(400, reply);
        }
        // It would be served later without its coding.
        if fields.list("Content-Encoding").any(|coding| !is(coding, "identity")) {
            reply.status_with(415, |head| head.field("Accept-Encoding", "identity"));
            return Want::Nothing;
        }
        let current = match self.current(name) {
            Ok(current) => current,
            Err(status) => return refuse(status, reply),
        };
        let there = current.as_ref().map(State::of_writer);
        if judge(fields, false, there.as_ref(), reply.second()) != Verdict::Perform {
            return refuse(412, reply);
        }
        let draft = match self.site.jail.draft(name.as_ref()) {
            Ok(draft) => draft,
            // §15.5.10: the client can mend it, by making the directory first.
            Err(error) if error.kind() == ErrorKind::NotFound => return refuse(409, reply),
            Err(error) => return refuse(status_of(&error), reply),
        };
        let only_new = fields.first("If-None-Match") == Some(b"*");
        let upload = Upload { draft, replaces: current.is_some(), only_new };
        self.work = Some(Box::new(Work::Upload(upload)));
        reply.receive();
        // An empty file, said in the shortest way.
        if request.framing == Framing::None { self.upload_ended(reply) } else { Want::Body }
    }

    pub(super) fn uploaded(&mut self, part: &[u8], reply: &mut Reply<'_>) -> Want {
        let Some(Work::Upload(upload)) = self.work.as_deref_mut() else {
            return refuse(500, reply);
        };
        match upload.draft.write_all(part) {
            Ok(()) => Want::Body,
            Err(error) => {
                self.work = None;
                reply.give_up();
                refuse(status_of(&error), reply)
            }
        }
    }

    /// All has come, so now it gets its name.
    pub(super) fn upload_ended(&mut self, reply: &mut Reply<'_>) -> Want {
        let Some(Work::Upload(upload)) = self.work.take().map(|work| *work) else {
            return refuse(500, reply);
        };
        let Upload { draft, replaces, only_new } = upload;
        let landed = match draft.file().try_clone() {
            Ok(file) => (if only_new { draft.land_new() } else { draft.land() }).map(|()| file),
            Err(error) => Err(error),
        };
        // The name is a change to the file, too: only now is its state what it will be.
        let state = landed.and_then(|file| Ok(State::new(&rustix::fs::fstat(file)?)));
        match state {
            Ok(state) => {
                let head = reply.head(if replaces { 204 } else { 201 });
                let head = head.field("ETag", state.etag(Coding::Identity));
                if replaces {
                    head.no_content();
                } else {
                    head.length(0);
                }
                Want::Nothing
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refuse(412, reply),
            Err(error) if error.kind() == ErrorKind::IsADirectory => refuse(409, reply),
            Err(error) => refuse(status_of(&error), reply),
        }
    }

    pub(super) fn delete(
        &mut self,
        request: &Request<'_>,
        name: &Name<'_>,
        reply: &mut Reply<'_>,
    ) -> Want {
        if name.directory {
            return not_allowed(READING, reply);
        }
        let current = match self.current(name) {
            Ok(Some(current)) => current,
            Ok(None) => return refuse(404, reply),
            Err(status) => return refuse(status, reply),
        };
        if judge(request.fields, false, Some(&current.of_writer()), reply.second())
            != Verdict::Perform
        {
            return refuse(412, reply);
        }
        match self.site.jail.remove_file(name.as_ref()) {
            Ok(()) => {
                reply.head(204).no_content();
                Want::Nothing
            }
            Err(error) => refuse(status_of(&error), reply),
        }
    }

    /// The state of the file that has this name, or the status that says why it cannot be written.
    fn current(&self, name: &Name<'_>) -> Result<Option<State>, u16> {
        match self.site.jail.stat(name.as_ref()) {
            Ok(stat) if is_file(&stat) => Ok(Some(State::new(&stat))),
            Ok(_) => Err(409), // A directory is not a file's to replace, nor is anything stranger.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotADirectory => Err(409),
            Err(error) => Err(status_of(&error)),
        }
    }
}
