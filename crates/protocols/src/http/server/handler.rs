//! Who answers requests.

use crate::http::fields::Fields;
use crate::http::reply::Reply;
use crate::http::request::Request;

/// What a handler wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Want {
    /// Nothing: the answer is complete. (Where content is unread then, the connection ends with the answer.)
    Nothing,
    /// The content of the request, for which it has called [`Reply::receive`].
    Body,
    /// To go on with the answer, in [`Handler::more`], when there is room.
    More,
}

/// Answers the requests of one connection, one after another.
///
/// For each there is one call of [`request`](Self::request). If that wants the body there follow calls of
/// [`content`](Self::content) and one of [`end`](Self::end), or, where the body does not come to its
/// end, of [`broken`](Self::broken).
pub trait Handler {
    /// Whether a request's content has a meaning here. If not, what there is of it is read before
    /// [`request`](Self::request) is called, so long as it is little.
    fn wants(&self, request: &Request<'_>) -> bool;

    /// A request's head has come.
    fn request(&mut self, request: &Request<'_>, reply: &mut Reply<'_>) -> Want;

    /// A part of its content has come. `Want::Body`: go on. `Want::Nothing`: it is answered already,
    /// and the connection ends with that.
    fn content(&mut self, part: &[u8], reply: &mut Reply<'_>) -> Want;

    /// All of its content has come, and the fields behind it. Not `Want::Body`.
    fn end(&mut self, trailers: Fields<'_>, reply: &mut Reply<'_>) -> Want;

    /// There is room for more of the answer.
    fn more(&mut self, reply: &mut Reply<'_>) -> Want;

    /// What is in progress is not completed.
    fn broken(&mut self);
}
