//! Connections between two of our own, over a cable that does what it is told.

use std::time::Duration;

use anyhow::Result;
use tcp_ip::simulation::End;
use tcp_ip::tcp::{Flags, Header, State};

use super::Tour;
use crate::programs::laboratory::{Laboratory, iss, plain};

const DELAY: Duration = Duration::from_millis(20);

fn show(tour: &Tour, laboratory: &Laboratory) {
    for line in laboratory.lines() {
        tour.show(&line);
    }
}

pub(super) fn a_handshake_and_a_close(tour: &mut Tour) -> Result<()> {
    tour.section(
        "4. A handshake, five octets and a close",
        "Two of our connections, 20 ms apart, in virtual time. Numbers count from each end's SYN.",
    );
    let mut laboratory = Laboratory::new(DELAY, [plain(), plain()]);
    laboratory.connect(End::Client);
    laboratory.run_for(3 * DELAY)?;
    let taken = laboratory.act(End::Client, "sends 5 octets, shuts down", |client| {
        let taken = client.send(b"hello");
        client.shutdown();
        taken
    })?;
    laboratory.run_for(3 * DELAY)?;
    let mut heard = [0; 16];
    let count = laboratory.act(End::Server, "reads, shuts down", |server| {
        let count = server.receive(&mut heard);
        server.shutdown();
        count
    })?;
    laboratory.run_for(3 * DELAY)?;
    show(tour, &laboratory);
    tour.claim(taken == 5 && heard[..count] == *b"hello", "the server has read: hello");
    let [client, server] = [End::Client, End::Server].map(|end| laboratory.end(end).state());
    tour.claim(
        (client, server) == (State::TimeWait, State::Closed),
        "who ended first waits in TIME-WAIT; the other is done",
    );
    laboratory.run_for(Duration::from_secs(59))?;
    let waits = laboratory.end(End::Client).state() == State::TimeWait;
    laboratory.run_for(Duration::from_secs(2))?;
    let closed = laboratory.end(End::Client).state() == State::Closed;
    tour.claim(waits && closed, "60 s later, and not 59, it is done, too");
    Ok(())
}

pub(super) fn a_lost_segment(tour: &mut Tour) -> Result<()> {
    tour.section(
        "5. A lost segment",
        "Five segments; the second is lost. Nobody tells the sender, and it finds out all the same.",
    );
    let mut laboratory = Laboratory::connected(DELAY, [plain(), plain()])?;
    laboratory.lost_pieces[End::Client as usize] = vec![2];
    let octets: Vec<u8> = (0..5 * 1_460_u32).map(|at| (at % 251) as u8).collect();
    laboratory.act(End::Client, "", |client| client.send(&octets))?;
    laboratory.run_for(Duration::from_millis(150))?;
    show(tour, &laboratory);
    let mut heard = vec![0; octets.len()];
    let count = laboratory.act(End::Server, "", |server| server.receive(&mut heard))?;
    let counters = laboratory.end(End::Client).counters();
    tour.claim(
        count == octets.len() && heard == octets,
        &format!("all {count} octets are there, each once and in its place"),
    );
    tour.claim(
        counters.retransmitted == 1,
        "one segment was sent again: the one that was lost, and no other",
    );
    tour.claim(
        counters.timeouts == 0 && counters.fast_recoveries == 1,
        "no timer had to run out: what came behind it said that it was missing",
    );
    Ok(())
}

pub(super) fn a_stranger(tour: &mut Tour) -> Result<()> {
    tour.section(
        "6. A stranger",
        "Who knows addresses and ports, and no number, wants to end a connection with an RST.",
    );
    let mut laboratory = Laboratory::connected(DELAY, [plain(), plain()])?;
    let reset = |away: u32| Header {
        sequence: iss(End::Client) + 1 + away,
        flags: Flags::RST,
        ..Header::default()
    };
    for away in [0x4000_0000, 1_000] {
        laboratory.forge(End::Client, reset(away), "forged");
        laboratory.run_for(3 * DELAY)?;
    }
    let stands = laboratory.end(End::Server).state() == State::Established;
    laboratory.forge(End::Client, reset(0), "forged");
    laboratory.run_for(3 * DELAY)?;
    show(tour, &laboratory);
    tour.claim(stands, "far off it is ignored; in the window it is asked about, and nothing ends");
    let ended = laboratory.end(End::Server).state() == State::Closed;
    tour.claim(ended, "only the one right number of 4,294,967,296 ends it");
    Ok(())
}
