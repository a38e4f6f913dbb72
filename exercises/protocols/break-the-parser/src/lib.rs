//! Tells a strict parser of HTTP requests from lenient ones.

/// `Ok(())`: the parser is right. Else what it did wrong, in a sentence.
pub type Verdict = Result<(), String>;

/// What a parser read in a stream of octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The requests, one after another.
    pub requests: Vec<Request>,
    /// And then?
    pub end: End,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the last request.
    Clean,
    /// In the middle of one: more would have to come.
    Partial,
    /// With something that is no request: the answer is 400, and what follows is not looked at.
    Refused,
}

/// A request, as a parser read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: Vec<u8>,
    /// Such as `/index.html`.
    pub target: Vec<u8>,
    /// Names and values of the fields, in order.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The octets of the body, without what frames them.
    pub body: Vec<u8>,
}

/// Shows streams to `parse`, as many as it takes, and says whether it is right. A parser is shown a
/// whole stream at once, and remembers nothing of the streams before it.
///
/// What a right parser reads, what it refuses and what it may choose is in the exercise's README.
pub fn judge(parse: &dyn Fn(&[u8]) -> Reading) -> Verdict {
    let _ = parse; // Yours to use; then this line can go.
    todo!("which streams would a lenient parser read in another way?")
}
