//! How connections begin and end, and who may end them.

use std::time::Duration;

use anyhow::{Result, ensure};
use tcp_ip::simulation::End::{Client, Server};
use tcp_ip::tcp::{Failure, Flags, Header, Seq, State};

use super::Drawing;
use crate::programs::laboratory::{Laboratory, iss, plain};

pub(super) const ALL: [Drawing; 9] = [
    ("handshake", handshake),
    ("close", close),
    ("simultaneous-open", simultaneous_open),
    ("simultaneous-close", simultaneous_close),
    ("lost-syn", lost_syn),
    ("refused", refused),
    ("aborted", aborted),
    ("old-syn", old_syn),
    ("forged-resets", forged_resets),
];

const DELAY: Duration = Duration::from_millis(20);
const WHILE: Duration = Duration::from_millis(100);

fn laboratory() -> Laboratory {
    Laboratory::new(DELAY, [plain(), plain()])
}

fn connected() -> Result<Laboratory> {
    Laboratory::connected(DELAY, [plain(), plain()])
}

fn in_states(laboratory: &Laboratory, client: State, server: State) -> Result<()> {
    let states = [Client, Server].map(|end| laboratory.end(end).state());
    ensure!(states == [client, server], "the states are {states:?}");
    Ok(())
}

fn handshake() -> Result<String> {
    let mut laboratory = laboratory();
    laboratory.note(Server, "LISTEN");
    laboratory.connect(Client);
    laboratory.run_for(WHILE)?;
    in_states(&laboratory, State::Established, State::Established)?;
    let caption =
        "The handshake. Each end tells where its numbers begin, and hears that it was understood.";
    Ok(laboratory.ladder("handshake", "Three segments open a connection", caption))
}

fn close() -> Result<String> {
    let mut laboratory = connected()?;
    laboratory.act(Client, "shutdown", tcp_ip::tcp::Connection::shutdown)?;
    laboratory.run_for(WHILE)?;
    laboratory.act(Server, "sends 5 octets, shutdown", |server| {
        server.send(b"adieu");
        server.shutdown();
    })?;
    laboratory.run_for(WHILE)?;
    in_states(&laboratory, State::TimeWait, State::Closed)?;
    laboratory.run_for(Duration::from_secs(61))?;
    in_states(&laboratory, State::Closed, State::Closed)?;
    let caption = "A close. The client has ended its direction; the server sends for as long as it likes, and then ends its own. Who ended first waits.";
    Ok(laboratory.ladder("close", "Each direction ends by itself", caption))
}

fn simultaneous_open() -> Result<String> {
    let mut laboratory = laboratory();
    laboratory.connect(Client);
    laboratory.connect(Server);
    laboratory.run_for(WHILE)?;
    in_states(&laboratory, State::Established, State::Established)?;
    let caption = "Both have asked at once, and nobody listens. It is one connection and not two.";
    Ok(laboratory.ladder("simultaneous-open", "Two SYNs cross", caption))
}

fn simultaneous_close() -> Result<String> {
    let mut laboratory = connected()?;
    laboratory.act(Client, "shutdown", tcp_ip::tcp::Connection::shutdown)?;
    laboratory.act(Server, "shutdown", tcp_ip::tcp::Connection::shutdown)?;
    laboratory.run_for(WHILE)?;
    in_states(&laboratory, State::TimeWait, State::TimeWait)?;
    let caption = "Both ended first: two FINs cross, and both ends wait.";
    Ok(laboratory.ladder("simultaneous-close", "Two FINs cross", caption))
}

fn lost_syn() -> Result<String> {
    let mut laboratory = laboratory();
    laboratory.lost[Client as usize] = vec![1, 2];
    laboratory.connect(Client);
    laboratory.run_for(Duration::from_secs(4))?;
    in_states(&laboratory, State::Established, State::Established)?;
    ensure!(laboratory.end(Client).counters().timeouts == 2, "two timeouts");
    let caption = "Two SYNs are lost. Nothing is known of the path yet, so the first wait is a second, and the next one two.";
    Ok(laboratory.ladder("lost-syn", "A SYN that is sent three times", caption))
}

fn refused() -> Result<String> {
    let mut laboratory = laboratory();
    laboratory.listen(Server, false);
    laboratory.connect(Client);
    laboratory.run_for(WHILE)?;
    ensure!(laboratory.end(Client).failure() == Some(Failure::Refused), "it was refused");
    let caption = "Nobody listens. The RST acknowledges the SYN, or it would not be believed.";
    Ok(laboratory.ladder("refused", "A connection is refused", caption))
}

fn aborted() -> Result<String> {
    let mut laboratory = connected()?;
    laboratory.act(Client, "sends 10 octets", |client| client.send(b"a question"))?;
    laboratory.run_for(WHILE)?;
    laboratory.act(Server, "close, with 10 octets unread", tcp_ip::tcp::Connection::close)?;
    laboratory.run_for(WHILE)?;
    ensure!(laboratory.end(Client).failure() == Some(Failure::Reset), "it was reset");
    let caption =
        "The server closes and has not read everything. It says so: what was sent is lost.";
    Ok(laboratory.ladder("aborted", "A close that loses octets", caption))
}

/// RFC 9293 §3.5, figure 9.
fn old_syn() -> Result<String> {
    let mut laboratory = laboratory();
    // It arrives while the client asks for another connection, with numbers of its own.
    let syn = Header {
        sequence: iss(Client) - 90_000,
        flags: Flags::SYN,
        window: 65_535,
        ..Header::default()
    };
    laboratory.forge(Client, Header { sequence: syn.sequence, ..syn }, "old");
    laboratory.connect(Client);
    laboratory.run_for(WHILE)?;
    ensure!(laboratory.end(Server).state() == State::Closed, "the old one is over");
    let caption = "A SYN from before, late by minutes. The server cannot know that it is old; the client can, and says so.";
    Ok(laboratory.ladder("old-syn", "An old SYN arrives", caption))
}

fn forged_resets() -> Result<String> {
    let mut laboratory = connected()?;
    for (away, words) in [(0x4000_0000, "outside"), (1_000, "inside"), (0, "exact")] {
        let sequence: Seq = iss(Client) + 1 + away;
        let header = Header { sequence, flags: Flags::RST, ..Header::default() };
        laboratory.forge(Client, header, words);
        laboratory.run_for(2 * DELAY + DELAY / 2)?;
        let stands = laboratory.end(Server).state() == State::Established;
        ensure!(stands == (away != 0), "an RST {away} away");
    }
    let caption = "Three RSTs that somebody else sends in the client's name. Outside the window: ignored. Inside: asked about. The exact number: believed.";
    Ok(laboratory.ladder("forged-resets", "Which RST is believed", caption))
}
