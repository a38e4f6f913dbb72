//! What happened, in words that need no knowledge of the wire.

use crate::bytes::{count, plain};
use crate::record::{Arrival, Direction, End, Event, Flow, Transport, What};

/// What an end is called: its name, else its address.
pub(crate) fn name(end: &End) -> String {
    let name = if end.name.is_empty() { &end.address } else { &end.name };
    if name.is_empty() { "?".to_owned() } else { plain(name) }
}

/// An end's name and address.
pub(crate) fn name_and_address(end: &End) -> String {
    if end.name.is_empty() || end.address.is_empty() {
        return name(end);
    }
    format!("{} {}", plain(&end.name), plain(&end.address))
}

pub(crate) fn transport(flow: &Flow) -> &'static str {
    match flow.transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
        Transport::Unix => "Unix stream",
    }
}

/// The names of who sent and who received an event.
pub(crate) fn ends(flow: &Flow, direction: Direction) -> (String, String) {
    match direction {
        Direction::Sent => (name(&flow.local), name(&flow.peer)),
        Direction::Received => (name(&flow.peer), name(&flow.local)),
    }
}

/// Whether something crossed the wire. Errors, timeouts and notes are of one end.
pub(crate) fn crossed(what: &What) -> bool {
    !matches!(what, What::Error(_) | What::Timeout | What::Note(_))
}

/// What happened: `7 bytes`, `FIN: client will send no more`.
pub(crate) fn event(flow: &Flow, event: &Event) -> String {
    let (sender, receiver) = ends(flow, event.direction);
    let local = name(&flow.local);
    let tcp = flow.transport == Transport::Tcp;
    let words = match (&event.what, event.direction) {
        (What::Opened, _) if flow.transport == Transport::Udp => {
            "opened (UDP sends nothing for it)".to_owned()
        }
        (What::Opened, Direction::Sent) => format!("opened: {sender} connected"),
        (What::Opened, Direction::Received) => format!("opened: {receiver} accepted"),
        (What::Data(data), _) if flow.transport == Transport::Udp && data.is_empty() => {
            "empty datagram".to_owned()
        }
        (What::Data(data), _) => count(data.len()),
        (What::Shutdown, _) if tcp => format!("FIN: {sender} will send no more"),
        (What::Shutdown, _) => format!("end: {sender} will send no more"),
        (What::Reset, _) if tcp => format!("RST: {sender} broke the connection off"),
        (What::Reset, _) => format!("reset: {sender} broke the connection off"),
        (What::Error(error), Direction::Sent) => {
            format!("error: {local} could not send: {}", plain(error))
        }
        (What::Error(error), Direction::Received) => {
            format!("error: {local} could not receive: {}", plain(error))
        }
        (What::Timeout, Direction::Sent) => {
            format!("timeout: {local} waited, and could send nothing more")
        }
        (What::Timeout, Direction::Received) => {
            format!("timeout: {local} waited, and nothing came")
        }
        (What::Note(note), _) => format!("{local}: {}", plain(note)),
    };
    if event.arrival == Arrival::Lost { words + " (lost on the way)" } else { words }
}
