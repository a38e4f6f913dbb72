//! Question and answer over UDP.
//!
//! UDP loses datagrams, delivers some twice, and lets them overtake each other (RFC 768 promises
//! nothing of the kind). A question may be lost, or its answer; and the answer to an earlier question
//! may come when the next one has been asked. So each question carries an id, which its answer
//! repeats; a question without an answer is asked again with the same id; each wait is longer than the
//! one before; and one deadline is over it all.
//!
//! ```text
//!  0       1       2                               10
//! ┌───────┬───────┬───────────────────────────────┬─────────────────────┐
//! │ kind  │version│ id: 8 octets, big-endian      │ payload: 0 to 1,200 │
//! └───────┴───────┴───────────────────────────────┴─────────────────────┘
//!   'Q' or 'A'  1
//!
//! client                              server
//!   │ ── Q 8f3a… "time?" ──────── ✗     │    lost
//!   │    wait 1 s                       │
//!   │ ── Q 8f3a… "time?" ─────────────▶ │    the same id: it is the same question
//!   │ ◀─────────── A 8f3a… "12:00" ──── │
//! ```
//!
//! Read: RFC 8085 §3.1.3 (how often to repeat a question), §3.2 (how large a datagram may be), §5.1
//! (ports and who may answer); `udp(7)`.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use std::{error, fmt};

use crate::deadlines::Deadline;
use crate::random;
use crate::udp::Datagrams;

/// What a question begins with.
pub const QUESTION: u8 = b'Q';
/// What an answer begins with.
pub const ANSWER: u8 = b'A';
/// The format's version.
pub const VERSION: u8 = 1;
/// Octets before the payload.
pub const HEADER: usize = 10;
/// Octets of payload at most. With the headers of IPv6 and UDP this stays below 1,280, the size that
/// every IPv6 link carries whole (RFC 8200 §5): a datagram in fragments is lost if any of them is.
pub const LARGEST: usize = 1200;

/// A question or an answer, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// [`QUESTION`] or [`ANSWER`].
    pub kind: u8,
    /// Chosen by who asks, repeated by who answers.
    pub id: u64,
    /// What is asked, or answered.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes a datagram apart; `None` if it is none of ours.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (header, payload) = datagram.split_first_chunk::<HEADER>()?;
        let &[kind, version, ref id @ ..] = header;
        let known = matches!(kind, QUESTION | ANSWER) && version == VERSION;
        (known && payload.len() <= LARGEST).then(|| Self {
            kind,
            id: u64::from_be_bytes(*id),
            payload,
        })
    }

    /// The datagram.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![self.kind, VERSION];
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes.extend_from_slice(self.payload);
        bytes
    }
}

/// How long to wait, and how often to ask again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Before the question is asked a second time; each wait after it is twice as long.
    pub first: Duration,
    /// For the answer, all attempts together.
    pub whole: Duration,
}

impl Default for Patience {
    /// A first wait of one second, which RFC 8085 §3.1.3 advises where the time to the peer and back is
    /// not known; and ten in all.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), whole: Duration::from_secs(10) }
    }
}

/// An answer, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was answered.
    pub payload: Vec<u8>,
    /// How often the question was sent.
    pub attempts: u32,
    /// Datagrams that came meanwhile and were no answer to this question.
    pub ignored: u32,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// The question has more than [`LARGEST`] octets: so many.
    TooLong(usize),
    /// None came in time.
    NoAnswer {
        /// How often the question was sent.
        attempts: u32,
        /// Datagrams that came, and were no answer to it.
        ignored: u32,
        /// Whether the other machine said that nobody listens there (ICMP port unreachable).
        refused: bool,
    },
    /// The socket failed.
    Socket(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(octets) => {
                write!(f, "a question of {octets} octets, where {LARGEST} are allowed")
            }
            Self::NoAnswer { attempts, ignored, refused } => {
                write!(f, "no answer to {attempts} attempts, {ignored} other datagrams ignored")?;
                f.write_str(if *refused { "; nobody listens there" } else { "" })
            }
            Self::Socket(error) => write!(f, "asking: {error}"),
        }
    }
}

impl error::Error for Error {}

/// A socket for questions to `server`.
///
/// `connect(2)` sends nothing over UDP. It makes the system drop datagrams from any other address, and
/// report an ICMP error as the error of a later call (`udp(7)`): both are what one who asks wants.
///
/// # Errors
///
/// The system's.
pub fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    Ok(socket)
}

/// Asks by a socket that is [connected](connect) to the server, again if need be, until the answer is there or the patience is at its end.
///
/// # Errors
///
/// [`Error`] says which.
pub fn ask(socket: &impl Datagrams, payload: &[u8], patience: Patience) -> Result<Answer, Error> {
    if payload.len() > LARGEST {
        return Err(Error::TooLong(payload.len()));
    }
    let question = Message { kind: QUESTION, id: random::id(), payload };
    let datagram = question.to_bytes();
    let deadline = Deadline::after(patience.whole);
    let mut wait = patience.first;
    let (mut ignored, mut refused) = (0, false);
    let mut attempts = 0;
    while !deadline.passed() {
        attempts += 1;
        match socket.send(&datagram) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => refused = true,
            Err(error) => return Err(Error::Socket(error)),
        }
        let until = Deadline::after(wait).min(deadline);
        if let Some(payload) = listen(socket, question.id, until, &mut ignored, &mut refused)? {
            return Ok(Answer { payload, attempts, ignored });
        }
        // Twice as long: if the network is full, asking ever faster keeps it so.
        wait = wait.saturating_mul(2);
    }
    Err(Error::NoAnswer { attempts, ignored, refused })
}

/// Waits for the answer to `id`; `None` where it has not come by `until`.
fn listen(
    socket: &impl Datagrams,
    id: u64,
    until: Deadline,
    ignored: &mut u32,
    refused: &mut bool,
) -> Result<Option<Vec<u8>>, Error> {
    // One octet more than the largest message: a datagram that fills it is too long, and parsing
    // refuses it. In a buffer of the exact size it would be cut, and look right.
    let mut buffer = [0; HEADER + LARGEST + 1];
    // A peer that floods us is bounded by the time.
    while let Ok(wait) = until.remaining() {
        match socket.receive(&mut buffer, wait) {
            Ok(count) => match Message::parse(&buffer[..count]) {
                Some(Message { kind: ANSWER, id: given, payload }) if given == id => {
                    return Ok(Some(payload.to_vec()));
                }
                // The answer to an earlier question, most likely: late, not wrong.
                _ => *ignored = ignored.saturating_add(1),
            },
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                // Nobody listens there now. Somebody may when we ask again; until then, wait: ICMP
                // can be forged, and a server that restarts is back soon.
                ErrorKind::ConnectionRefused => *refused = true,
                _ => return Err(Error::Socket(error)),
            },
        }
    }
    Ok(None)
}

/// Receives a datagram and, if it is a question, answers it. Says whether it was.
///
/// It answers nothing else, answers above all: two who answer answers never stop.
///
/// # Errors
///
/// The system's, which may be about an earlier answer (`udp(7)`); and `InvalidInput` for an answer of
/// more than [`LARGEST`] octets, which is not sent at all rather than cut.
pub fn answer_one(socket: &UdpSocket, answer: impl FnOnce(&[u8]) -> Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; HEADER + LARGEST + 1];
    let (count, peer) = socket.recv_from(&mut buffer)?;
    let Some(Message { kind: QUESTION, id, payload }) = Message::parse(&buffer[..count]) else {
        return Ok(false);
    };
    let payload = answer(payload);
    if payload.len() > LARGEST {
        let what = format!("an answer of {} octets, where {LARGEST} are allowed", payload.len());
        return Err(io::Error::new(ErrorKind::InvalidInput, what));
    }
    let answer = Message { kind: ANSWER, id, payload: &payload };
    socket.send_to(&answer.to_bytes(), peer)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const QUICK: Patience =
        Patience { first: Duration::from_millis(20), whole: Duration::from_secs(10) };

    fn server() -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    /// Asks a server that treats its datagrams as `behave` does.
    fn ask_one_that(
        patience: Patience,
        behave: impl FnOnce(&UdpSocket) + Send,
    ) -> Result<Answer, Error> {
        let server = server();
        let client = connect(server.local_addr().unwrap()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| behave(&server));
            ask(&client, b"time?", patience)
        })
    }

    fn receive(server: &UdpSocket) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 2000];
        let (count, peer) = server.recv_from(&mut buffer).unwrap();
        buffer.truncate(count);
        (buffer, peer)
    }

    fn answer_to(question: &[u8]) -> Vec<u8> {
        let id = Message::parse(question).unwrap().id;
        Message { kind: ANSWER, id, payload: b"12:00" }.to_bytes()
    }

    #[test]
    fn messages_survive_the_wire_and_nothing_else_parses() {
        let message = Message { kind: QUESTION, id: u64::MAX - 1, payload: b"x" };
        let bytes = message.to_bytes();
        assert_eq!(Message::parse(&bytes), Some(message));
        assert_eq!(Message::parse(&bytes[..HEADER - 1]), None);
        for (octet, value) in [(0, b'X'), (1, 2)] {
            let mut wrong = bytes.clone();
            wrong[octet] = value;
            assert_eq!(Message::parse(&wrong), None);
        }
        assert_eq!(Message::parse(&vec![QUESTION; HEADER + LARGEST + 1]), None);
    }

    #[test]
    fn a_question_is_answered() {
        let answer = ask_one_that(Patience::default(), |server| {
            assert!(answer_one(server, |question| [b"re: ", question].concat()).unwrap());
        });
        assert_eq!(
            answer.unwrap(),
            Answer { payload: b"re: time?".into(), attempts: 1, ignored: 0 }
        );
    }

    #[test]
    fn a_lost_question_is_asked_again_with_the_same_id() {
        let answer = ask_one_that(QUICK, |server| {
            let (lost, _) = receive(server);
            let (again, peer) = receive(server);
            assert_eq!(lost, again);
            server.send_to(&answer_to(&again), peer).unwrap();
        });
        let answer = answer.unwrap();
        assert_eq!(answer.payload, b"12:00");
        assert!(answer.attempts >= 2);
    }

    #[test]
    fn only_the_answer_to_this_question_from_the_one_who_was_asked_counts() {
        let answer = ask_one_that(QUICK, |server| {
            let (question, peer) = receive(server);
            let late = Message { kind: ANSWER, id: 7, payload: b"yesterday" }.to_bytes();
            let too_long = [answer_to(&question), vec![b'x'; LARGEST]].concat();
            let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
            stranger.send_to(&answer_to(&question), peer).unwrap();
            for datagram in [&late, &question, &too_long, &Vec::new(), &answer_to(&question)] {
                server.send_to(datagram, peer).unwrap();
            }
        });
        let answer = answer.unwrap();
        assert_eq!((&answer.payload[..], answer.ignored), (&b"12:00"[..], 4));
    }

    #[test]
    fn each_wait_is_longer_than_the_one_before() {
        let patience =
            Patience { first: Duration::from_millis(20), whole: Duration::from_millis(300) };
        // 20 + 40 + 80 + 160 ms: the deadline falls into the fourth wait.
        match ask_one_that(patience, |_| {}) {
            Err(Error::NoAnswer { attempts, .. }) => {
                assert!((2..=4).contains(&attempts), "{attempts}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_port_where_nobody_listens_is_said_to_be_one() {
        let nobody = server().local_addr().unwrap();
        let patience = Patience { first: QUICK.first, whole: Duration::from_millis(100) };
        let error = ask(&connect(nobody).unwrap(), b"", patience).unwrap_err();
        assert!(matches!(error, Error::NoAnswer { refused: true, .. }), "{error}");
    }

    #[test]
    fn answers_are_not_answered() {
        let server = server();
        let client = connect(server.local_addr().unwrap()).unwrap();
        client.send(&Message { kind: ANSWER, id: 1, payload: b"" }.to_bytes()).unwrap();
        assert!(!answer_one(&server, |_| panic!("not a question")).unwrap());
    }

    #[test]
    fn too_much_to_ask_is_said_at_once() {
        let client = connect(server().local_addr().unwrap()).unwrap();
        let error = ask(&client, &[0; LARGEST + 1], QUICK).unwrap_err();
        assert!(matches!(error, Error::TooLong(1201)), "{error}");
    }
}
