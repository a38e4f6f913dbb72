//! A server that answers any request with the content that it got, as it comes.

use super::body::Framing;
use super::fields::Fields;
use super::reply::Reply;
use super::request::Request;
use super::server::{Handler, Want};
use super::target::Target;

/// The methods that are known here: what content means to each is the same.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// So much content is waited for before the answer begins: what turns out to be broken by then is
/// refused, and not left unanswered half-way.
const BEFORE: usize = 16 * 1024;
/// A buffer that grew past this is given back once it is empty.
const KEEP: usize = 1024;

/// Sends content back while it comes, framed as it was: with a length, in chunks, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Echo {
    /// The request's, while its answer has not begun.
    framing: Option<Framing>,
    content_type: Vec<u8>,
    /// Content that has come before that.
    held: Vec<u8>,
    /// The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4).
    trailers: bool,
}

impl Echo {
    /// Begins the answer with what was held.
    fn begin(&mut self, reply: &mut Reply<'_>) {
        let Some(framing) = self.framing.take() else { return };
        let content_type = (!self.content_type.is_empty()).then_some(&self.content_type);
        let head = reply.head(200).field_if("Content-Type", content_type);
        match framing {
            Framing::Length(length) => head.length(length),
            Framing::Chunked => head.chunked(),
            Framing::None | Framing::UntilClose => head.length(0),
        }
        reply.content(&self.held);
        self.empty();
    }

    fn empty(&mut self) {
        for buffer in [&mut self.held, &mut self.content_type] {
            buffer.clear();
            buffer.shrink_to(KEEP);
        }
    }
}

impl Handler for Echo {
    fn wants(&self, request: &Request<'_>) -> bool {
        METHODS.split(", ").any(|method| method.as_bytes() == request.method)
    }

    fn request(&mut self, request: &Request<'_>, reply: &mut Reply<'_>) -> Want {
        if !self.wants(request) {
            reply.status(501);
            return Want::Nothing;
        }
        if request.framing == Framing::None {
            let options = request.method == b"OPTIONS" || request.target == Target::Asterisk;
            reply.head(200).field_if("Allow", options.then_some(METHODS)).length(0);
            return Want::Nothing;
        }
        self.trailers = request.fields.has("TE", "trailers");
        self.framing = Some(request.framing);
        let content_type = request.fields.first("Content-Type").unwrap_or_default();
        self.content_type.extend_from_slice(content_type);
        reply.receive();
        Want::Body
    }

    fn content(&mut self, part: &[u8], reply: &mut Reply<'_>) -> Want {
        if self.framing.is_some() && self.held.len() + part.len() <= BEFORE {
            self.held.extend_from_slice(part);
        } else {
            self.begin(reply);
            reply.content(part);
        }
        Want::Body
    }

    fn end(&mut self, trailers: Fields<'_>, reply: &mut Reply<'_>) -> Want {
        self.begin(reply);
        reply.finish(if self.trailers { trailers } else { Fields::default() });
        Want::Nothing
    }

    fn more(&mut self, _reply: &mut Reply<'_>) -> Want {
        Want::Nothing
    }

    fn broken(&mut self) {
        self.framing = None;
        self.empty();
    }
}
