//! What is lost, late or held back, and how it gets there all the same.

use std::time::Duration;

use anyhow::{Result, ensure};
use tcp_ip::simulation::End::{Client, Server};
use tcp_ip::tcp::{Config, Counters};

use super::Drawing;
use crate::programs::laboratory::{Laboratory, plain};

pub(super) const ALL: [Drawing; 10] = [
    ("in-order", in_order),
    ("fast-retransmit", fast_retransmit),
    ("without-sack", without_sack),
    ("reordered", reordered),
    ("lost-ack", lost_ack),
    ("timeout", timeout),
    ("zero-window", zero_window),
    ("nagle", nagle),
    ("one-write", one_write),
    ("no-delay", no_delay),
];

const DELAY: Duration = Duration::from_millis(20);
/// Octets of a segment that is full.
const FULL: usize = 1_460;

fn connected(config: &Config) -> Result<Laboratory> {
    let mut laboratory = Laboratory::connected(DELAY, [config.clone(), config.clone()])?;
    laboratory.pace = DELAY / 2;
    Ok(laboratory)
}

/// The client sends so many octets; the server must have just these after `time`.
fn transfer(laboratory: &mut Laboratory, octets: usize, time: Duration) -> Result<Counters> {
    let sent: Vec<u8> = (0..octets).map(|at| u8::try_from(at % 251).expect("below 251")).collect();
    laboratory.act(Client, "", |client| client.send(&sent))?;
    laboratory.run_for(time)?;
    // In place: who reads tells the client so, and that is not what the figure is about.
    let read = laboratory.end(Server).peek().concat();
    let lines = laboratory.lines().join("\n");
    ensure!(read == sent, "{} of {octets} octets were read:\n{lines}", read.len());
    Ok(laboratory.end(Client).counters())
}

fn in_order() -> Result<String> {
    let mut laboratory = connected(&plain())?;
    transfer(&mut laboratory, 3 * FULL, 12 * DELAY)?;
    let caption = "Three segments. One acknowledgment speaks for all before its number; the last one has waited for company.";
    Ok(laboratory.ladder("in-order", "Three segments and two acknowledgments", caption))
}

fn fast_retransmit() -> Result<String> {
    let mut laboratory = connected(&plain())?;
    laboratory.lost_pieces[Client as usize] = vec![2];
    let counters = transfer(&mut laboratory, 5 * FULL, 12 * DELAY)?;
    ensure!(counters.fast_recoveries == 1 && counters.timeouts == 0, "{counters:?}");
    ensure!(counters.retransmitted == 1, "{counters:?}");
    let caption = "The second segment is lost. What comes behind it is reported, and the third report is enough.";
    Ok(laboratory.ladder("fast-retransmit", "A loss, and a fast retransmit", caption))
}

fn without_sack() -> Result<String> {
    let mut laboratory = connected(&Config { sack: false, ..plain() })?;
    laboratory.lost_pieces[Client as usize] = vec![2];
    let counters = transfer(&mut laboratory, 6 * FULL, 12 * DELAY)?;
    ensure!(counters.fast_recoveries == 1 && counters.retransmitted == 1, "{counters:?}");
    let caption =
        "The same without SACK. The number is the same three times, and says no more than that.";
    Ok(laboratory.ladder("without-sack", "Three duplicate acknowledgments", caption))
}

fn reordered() -> Result<String> {
    let mut laboratory = connected(&plain())?;
    // Close together: what is late for more than a quarter of the round trip counts as lost.
    laboratory.pace = DELAY / 10;
    laboratory.late_pieces[Client as usize] = vec![2];
    let counters = transfer(&mut laboratory, 4 * FULL, 12 * DELAY)?;
    ensure!(counters.retransmitted == 0, "{counters:?}");
    let caption = "The second segment is late and not lost. Two reports are not three, it comes in time, and nothing is sent again.";
    Ok(laboratory.ladder("reordered", "A segment is overtaken", caption))
}

fn lost_ack() -> Result<String> {
    let mut laboratory = connected(&plain())?;
    laboratory.lost[Server as usize] = vec![1];
    let counters = transfer(&mut laboratory, 4 * FULL, 12 * DELAY)?;
    ensure!(counters.retransmitted == 0, "{counters:?}");
    let caption =
        "An acknowledgment is lost, and nobody minds: the next one says all that it said.";
    Ok(laboratory.ladder("lost-ack", "An acknowledgment is lost", caption))
}

fn timeout() -> Result<String> {
    // With timestamps, so that the handshake has measured the round trip.
    let mut laboratory = connected(&Config::default())?;
    laboratory.lost_pieces[Client as usize] = vec![1, 2];
    let counters = transfer(&mut laboratory, 100, Duration::from_secs(2))?;
    ensure!(counters.timeouts == 2 && counters.fast_recoveries == 0, "{counters:?}");
    let caption = "The only segment is lost, and then its repetition. Nothing comes behind it, so only the clock can tell; the second wait is twice the first.";
    Ok(laboratory.ladder("timeout", "A loss that only the timer finds", caption))
}

fn zero_window() -> Result<String> {
    let config = Config { receive_buffer: 2 * FULL, window_scaling: false, ..plain() };
    let mut laboratory = connected(&config)?;
    laboratory.shows_windows = true;
    laboratory.act(Client, "", |client| client.send(&[b'x'; 3 * FULL]))?;
    laboratory.run_for(Duration::from_millis(900))?;
    ensure!(laboratory.end(Client).counters().probes >= 1, "a probe");
    let mut read = vec![0; 4 * FULL];
    laboratory.act(Server, "reads everything", |server| server.receive(&mut read))?;
    laboratory.run_for(12 * DELAY)?;
    ensure!(laboratory.end(Server).readable() == FULL, "the rest came");
    ensure!(laboratory.end(Client).counters().timeouts == 0, "a closed window is no loss");
    let caption = "The server has room for two segments and does not read. The client asks now and then whether that has changed, with one octet.";
    Ok(laboratory.ladder("zero-window", "A closed window, and probes", caption))
}

/// A request in two writes, a server that answers when it has all of it; how long it took.
fn request(laboratory: &mut Laboratory, writes: &[&[u8]]) -> Result<Duration> {
    let begin = laboratory.now;
    for octets in writes {
        let words = format!("writes {} octets", octets.len());
        laboratory.act(Client, &words, |client| client.send(octets))?;
    }
    let expected: usize = writes.iter().map(|octets| octets.len()).sum();
    for _ in 0..1_000 {
        if laboratory.end(Server).readable() == expected {
            laboratory.act(Server, "answers", |server| {
                server.consume(expected);
                server.send(b"ok")
            })?;
        }
        if laboratory.end(Client).readable() == 2 {
            return Ok(laboratory.now - begin);
        }
        laboratory.run_for(Duration::from_micros(100))?;
    }
    anyhow::bail!("no answer came")
}

/// A path as short as a rack.
fn near(config: &Config) -> Result<Laboratory> {
    Laboratory::connected(Duration::from_millis(1), [config.clone(), config.clone()])
}

fn nagle() -> Result<String> {
    let mut laboratory = near(&plain())?;
    let took = request(&mut laboratory, &[b"len 5\n", b"hello"])?;
    ensure!(took >= Duration::from_millis(40), "it took {took:?}");
    let caption = "Write, write, read. The client waits for an acknowledgment before it sends a second small segment; the server waits for company before it sends one.";
    Ok(laboratory.ladder(
        "nagle",
        "Nagle and the delayed acknowledgment wait for each other",
        caption,
    ))
}

fn one_write() -> Result<String> {
    let mut laboratory = near(&plain())?;
    let took = request(&mut laboratory, &[b"len 5\nhello"])?;
    ensure!(took < Duration::from_millis(3), "it took {took:?}");
    let caption = "One write: one segment, and the answer carries its acknowledgment.";
    Ok(laboratory.ladder("one-write", "The same in one write", caption))
}

fn no_delay() -> Result<String> {
    let mut laboratory = near(&Config { nagle: false, ..plain() })?;
    let took = request(&mut laboratory, &[b"len 5\n", b"hello"])?;
    ensure!(took < Duration::from_millis(3), "it took {took:?}");
    let caption = "Without Nagle: as quick, with a segment more.";
    Ok(laboratory.ladder("no-delay", "The same without Nagle's algorithm", caption))
}
