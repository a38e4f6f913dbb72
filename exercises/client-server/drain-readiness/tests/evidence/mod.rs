//! What a socket that was left proves about the answer.

use std::io::ErrorKind;
use std::time::Duration;

use drain_readiness::{LISTENER, PAUSE};
use harness::{Check, Mistake, Report};

use crate::kernel::{Reply, Socket};
use crate::mistakes::{ABORTED, LOST_EDGE, LOST_END, ONE_ACCEPT, SHORTAGE};

/// The failure that something was left which no event will tell of. What the socket said last
/// proves why.
pub(crate) fn left(c: &Check, socket: &Socket) -> Report {
    let unread = socket.unread();
    let what = match unread {
        0 if socket.token == Some(LISTENER) => {
            format!("{} in its queue", connections(socket.queue.len()))
        }
        0 => "its end unread".to_owned(),
        _ => format!("{unread} bytes in its buffer"),
    };
    let last = match socket.last {
        None => "it was never asked".to_owned(),
        Some(Reply::Some { .. }) if socket.token == Some(LISTENER) => {
            "its last `accept` gave a connection".to_owned()
        }
        Some(Reply::Some { .. }) => "its last `read` gave bytes".to_owned(),
        Some(Reply::End) => "its last `read` said Ok(0)".to_owned(),
        Some(Reply::Failed(_)) if is_short(socket) => "its last `accept` said EMFILE".to_owned(),
        Some(Reply::Failed(kind)) => format!("the last call said Err({kind:?})"),
    };
    let got = format!("{} is left with {what}, and `poll` sleeps; {last}", socket.name);
    c.fail(why_left(socket), got)
}

fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

/// Whether something is there that the answer has to take.
pub(crate) fn waits(socket: &Socket) -> bool {
    !socket.closed && !socket.queue.is_empty() && socket.last != Some(Reply::End)
}

/// Whether its last word was that there is no descriptor. (Rust has no stable kind for that.)
fn is_short(socket: &Socket) -> bool {
    why_left(socket).is_some_and(|mistake| mistake.name == SHORTAGE.name)
}

fn why_left(socket: &Socket) -> Option<&'static Mistake> {
    let listener = socket.token == Some(LISTENER);
    match socket.last? {
        Reply::Some { .. } if listener => Some(&ONE_ACCEPT),
        Reply::Some { .. } if socket.unread() > 0 => Some(&LOST_EDGE),
        Reply::Some { .. } => Some(&LOST_END),
        Reply::Failed(ErrorKind::ConnectionAborted) if listener => Some(&ABORTED),
        Reply::Failed(ErrorKind::WouldBlock | ErrorKind::Interrupted) | Reply::End => None,
        Reply::Failed(_) => listener.then_some(&SHORTAGE),
    }
}

/// How long `poll` may sleep, as a report says it.
pub(crate) fn shown(timeout: Option<Duration>) -> String {
    match timeout {
        None => "None: `poll` sleeps until an event comes".to_owned(),
        Some(PAUSE) => "Some(PAUSE)".to_owned(),
        Some(timeout) => format!("Some({timeout:?})"),
    }
}
