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
    // Here is room for what has to survive from one call to the next.
}

impl Connection {
    /// A connection on which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether more is to be read: not while [`MOST_WAITING`] requests wait, and not behind the last.
    pub fn wants(&self) -> bool {
        todo!("false while enough requests wait, and when there will be no more")
    }

    /// Takes what came: any number of octets, cut anywhere.
    pub fn received(&mut self, octets: &[u8]) {
        let _ = octets; // Yours to use; then this line can go.
        todo!("keep it, if there is a use for it")
    }

    /// The client sends no more. What it has asked for is still answered.
    pub fn ended(&mut self) {
        todo!("remember it")
    }

    /// The next request that is to be answered, as soon as its head is there. It is called again until
    /// it returns `None`.
    pub fn next_request(&mut self) -> Option<Request> {
        todo!("find the next head, behind the body of the one before")
    }

    /// Answers a request that was handed out, each once and in any order. The status is one that comes
    /// with content: not 1xx, 204 or 304.
    pub fn answer(&mut self, number: u64, status: u16, content: &[u8]) {
        let _ = (number, status, content); // Yours to use; then this line can go.
        todo!("let it wait for its turn")
    }

    /// What is to be sent now. Each octet is returned once.
    pub fn to_send(&mut self) -> Vec<u8> {
        todo!("all replies whose turn it is")
    }

    /// Whether the connection is to be closed. This is asked when `next_request` has returned `None`, and all
    /// that was to be sent is.
    pub fn closes(&self) -> bool {
        todo!("true behind the last reply")
    }
}

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
