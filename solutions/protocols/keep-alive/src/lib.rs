//! The server's side of a connection on which requests follow one another: RFC 9112 §9.
//!
//! ```text
//!   client ──►  GET /a …  GET /b …  POST /c … body  GET /d …     as they come, cut anywhere
//!                  0         1         2               3         numbers of the requests
//!                  ready third, second, first, fourth            answers, in any order
//!   client ◄──  reply 0   reply 1   reply 2         reply 3      in the order of the requests
//! ```
//!
//! There is no socket in here. Whoever has it hands over what came, answers the requests that
//! [`next_request`](Connection::next_request) hands out, and sends what there is to send.
// answer:

use std::collections::VecDeque;
use std::mem;
// end answer

/// Octets of a request's head at most.
pub const LONGEST_HEAD: usize = 8 * 1024;
/// Octets of a body that are read for the connection's sake. Where there are more, it ends.
pub const MOST_UNREAD: u64 = 64 * 1024;
/// Requests at most that are handed out, and whose replies are not among what is to be sent.
pub const MOST_WAITING: usize = 16;

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The first request of a connection is number 0.
    pub number: u64,
    /// Such as `GET`.
    pub method: String,
    /// Such as `/index.html`.
    pub target: String,
}

/// One connection.
#[derive(Debug, Default)]
pub struct Connection {
    // answer: // Here is room for what has to survive from one call to the next.
    /// What came and is not used yet.
    held: Vec<u8>,
    /// Octets of the last request's body that are to be thrown away.
    unread: u64,
    /// The number of the first that waits.
    first: u64,
    /// The requests whose replies are not in `out`, in their order.
    waiting: VecDeque<Waiting>,
    /// What is to be sent.
    out: Vec<u8>,
    /// No request is taken any more.
    last: bool,
    /// The client has ended.
    ended: bool,
    // end answer
}
// answer:

/// A request that waits for its answer, or for the answers to those before it.
#[derive(Debug)]
struct Waiting {
    is_head: bool,
    /// What its reply says of the connection.
    connection: Option<&'static str>,
    answer: Option<(u16, Vec<u8>)>,
}
// end answer

impl Connection {
    /// A connection on which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether more is to be read: not while [`MOST_WAITING`] requests wait, and not behind the last.
    pub fn wants(&self) -> bool {
        // answer: todo!("false while enough requests wait, and when there will be no more")
        !self.last && !self.ended && self.waiting.len() < MOST_WAITING
        // end answer
    }

    /// Takes what came: any number of octets, cut anywhere.
    pub fn received(&mut self, octets: &[u8]) {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("keep it, if there is a use for it")
        if !self.last {
            self.held.extend_from_slice(octets);
        }
        // end answer
    }

    /// The client sends no more. What it has asked for is still answered.
    pub fn ended(&mut self) {
        // answer: todo!("remember it")
        self.ended = true;
        // end answer
    }

    /// The next request that is to be answered, as soon as its head is there. It is called again until
    /// it returns `None`.
    pub fn next_request(&mut self) -> Option<Request> {
        // answer: todo!("find the next head, behind the body of the one before")
        if self.last || self.waiting.len() == MOST_WAITING {
            return None;
        }
        let here = usize::try_from(self.unread).map_or(self.held.len(), |n| n.min(self.held.len()));
        self.held.drain(..here);
        self.unread -= here as u64;
        match head(&self.held) {
            Ok(Some((head, octets))) => {
                self.held.drain(..octets);
                self.unread = head.length;
                Some(self.take(head))
            }
            Ok(None) => {
                self.last = self.ended; // What is held is no request, and will be none.
                None
            }
            Err(status) => {
                self.wait(false, Some("close"), Some((status, Vec::new())));
                None
            }
        }
        // end answer
    }

    /// Answers a request that was handed out, each once and in any order. The status is one that comes
    /// with content: not 1xx, 204 or 304.
    pub fn answer(&mut self, number: u64, status: u16, content: &[u8]) {
        // answer: let _ = (number, status, content); // Yours to use; then this line can go.
        // answer: todo!("let it wait for its turn")
        let index = usize::try_from(number - self.first).expect("it was handed out");
        self.waiting[index].answer = Some((status, content.to_vec()));
        self.write();
        // end answer
    }

    /// What is to be sent now. Each octet is returned once.
    pub fn to_send(&mut self) -> Vec<u8> {
        // answer: todo!("all replies whose turn it is")
        mem::take(&mut self.out)
        // end answer
    }

    /// Whether the connection is to be closed. This is asked when `next_request` has returned `None`, and all
    /// that was to be sent is.
    pub fn closes(&self) -> bool {
        // answer: todo!("true behind the last reply")
        self.last && self.waiting.is_empty() && self.out.is_empty()
        // end answer
    }
    // answer:

    /// Hands a request out.
    fn take(&mut self, head: Head) -> Request {
        let number = self.first + self.waiting.len() as u64;
        let says = |option: &str| options(&head).any(|one| one.eq_ignore_ascii_case(option));
        // RFC 9112 §9.3, in its order.
        let persists = !says("close") && (head.minor > 0 || says("keep-alive"));
        let connection = match head.minor {
            // §9.3: a body that is not read would be taken for the next request.
            _ if !persists || head.length > MOST_UNREAD => Some("close"),
            // Whoever sends 1.0 does not know that a connection stays, unless it is told.
            0 => Some("keep-alive"),
            _ => None,
        };
        self.wait(head.method == "HEAD", connection, None);
        Request { number, method: head.method, target: head.target }
    }

    fn wait(
        &mut self,
        is_head: bool,
        connection: Option<&'static str>,
        answer: Option<(u16, Vec<u8>)>,
    ) {
        self.waiting.push_back(Waiting { is_head, connection, answer });
        if connection == Some("close") {
            // §9.6: what comes behind it is not to be processed.
            (self.last, self.held) = (true, Vec::new());
        }
        self.write();
    }

    /// Writes the replies whose turn has come.
    fn write(&mut self) {
        while let Some(Waiting { is_head, connection, answer: Some((status, content)) }) =
            self.waiting.front()
        {
            self.out.extend(reply_head(*status, content.len(), *connection));
            if !is_head {
                self.out.extend(content);
            }
            self.waiting.pop_front();
            self.first += 1;
        }
    }
    // end answer
}
// answer:

/// The members of all Connection fields: RFC 9110 §7.6.1.
fn options(head: &Head) -> impl Iterator<Item = &str> {
    let fields = head.fields.iter().filter(|(name, _)| name == "connection");
    fields.flat_map(|(_, value)| value.split(',')).map(|option| option.trim_matches([' ', '\t']))
}
// end answer

/// The head of a request, as [`head`] has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Such as `GET`.
    pub method: String,
    /// Such as `/index.html`.
    pub target: String,
    /// The 1 of `HTTP/1.1`.
    pub minor: u8,
    /// All fields: the name in lower case, and the value without the white space around it.
    pub fields: Vec<(String, String)>,
    /// Octets of the body.
    pub length: u64,
}

/// Given: reads the head that `octets` begin with. Returns it, and how many octets it has; `None`: its
/// end has not come.
///
/// This is so much of `parse-requests` and `frame-the-body` as is needed here. A real server does not
/// look at the same octets again with every piece, and knows chunks.
///
/// # Errors
///
/// The status of the refusal.
pub fn head(octets: &[u8]) -> Result<Option<(Head, usize)>, u16> {
    let start = if octets.starts_with(b"\r\n") { 2 } else { 0 };
    let within = &octets[start..octets.len().min(LONGEST_HEAD)];
    let Some(end) = within.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if octets.len() < LONGEST_HEAD { Ok(None) } else { Err(431) };
    };
    let text = str::from_utf8(&within[..end]).map_err(|_| 400_u16)?;
    let mut lines = text.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = words[..] else { return Err(400) };
    let minor = match version {
        "HTTP/1.1" => 1,
        "HTTP/1.0" => 0,
        _ => return Err(505),
    };
    let fields = lines.map(field).collect::<Option<Vec<_>>>().ok_or(400_u16)?;
    let values = |name: &str| -> Vec<&str> {
        fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_str()).collect()
    };
    let length = match (&values("content-length")[..], &values("transfer-encoding")[..]) {
        ([], []) => 0,
        ([digits], []) if digits.bytes().all(|octet| octet.is_ascii_digit()) => {
            digits.parse().map_err(|_| 400_u16)?
        }
        ([], _) => return Err(501),
        _ => return Err(400),
    };
    if values("host").len() != 1 && (minor, values("host").len()) != (0, 0) {
        return Err(400);
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    Ok(Some((Head { method, target, minor, fields, length }, start + end + 4)))
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let right = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic());
    let text = value.bytes().all(|octet| octet == b'\t' || !octet.is_ascii_control());
    (right && text).then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
}

/// Given: the head of a reply. `connection` is the value of its Connection field, if it has one. The content
/// comes behind it, if there is any.
pub fn reply_head(status: u16, length: usize, connection: Option<&str>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} \r\nContent-Length: {length}\r\n");
    if let Some(option) = connection {
        head += &format!("Connection: {option}\r\n");
    }
    (head + "\r\n").into_bytes()
}
