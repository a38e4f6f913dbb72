//! A server that answers any request with the content that it got, as it comes.

use super::body::Framing;
use super::fields::Fields;
use super::reply::Reply;
use super::request::Request;
use super::server::{Handler, Want};
use super::target::Target;

/// The methods that are known here: what content means to each is the same.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Sends content back while it comes, framed as it was: with a length, in chunks, or not at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo {
    /// The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4).
    trailers: bool,
}

impl Handler for Echo {
    fn request(&mut self, request: &Request<'_>, reply: &mut Reply<'_>) -> Want {
        if !METHODS.split(", ").any(|method| method.as_bytes() == request.method) {
            reply.status(501);
            return Want::Nothing;
        }
        let options = request.method == b"OPTIONS" || request.target == Target::Asterisk;
        self.trailers = request.fields.has("TE", "trailers");
        if request.framing != Framing::None {
            reply.receive();
        }
        let head = reply.head(200).field_if("Allow", options.then_some(METHODS));
        let head = match request.framing {
            Framing::None => head,
            _ => head.field_if("Content-Type", request.fields.first("Content-Type")),
        };
        match request.framing {
            Framing::None | Framing::UntilClose => {
                head.length(0);
                return Want::Nothing;
            }
            Framing::Length(length) => head.length(length),
            Framing::Chunked => head.chunked(),
        }
        Want::Body
    }

    fn content(&mut self, part: &[u8], reply: &mut Reply<'_>) -> Want {
        reply.content(part);
        Want::Body
    }

    fn end(&mut self, trailers: Fields<'_>, reply: &mut Reply<'_>) -> Want {
        reply.finish(if self.trailers { trailers } else { Fields::default() });
        Want::Nothing
    }

    fn more(&mut self, _reply: &mut Reply<'_>) -> Want {
        Want::Nothing
    }

    fn broken(&mut self) {}
}
