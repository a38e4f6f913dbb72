//! What a loop sees of one socket when its own part is done wrong: three small loops, by hand.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use mio::Interest;

use super::{Pair, drawn};

/// One read for each event, and then no event.
pub(super) fn lost_edge() -> Result<String> {
    let mut pair = Pair::new()?;
    pair.client.write_all(&[b'x'; 10_000])?;
    pair.arrived(10_000)?;
    pair.polls(Some("readable"))?;
    let count = pair.server.read(&mut [0; 1_000])?;
    ensure!(count == 1_000, "read {count} bytes");
    pair.note("read: 1,000 bytes, and back to poll");
    pair.polls(None)?;
    pair.client_waits_in_vain()?;
    let caption = "The lost edge. 9,000 bytes lie in the server's socket. Nothing will ever say so: \
                   the client waits for its answer, and the server for an event.";
    Ok(drawn("lost-edge", &pair.recorder, &[], caption))
}

/// Asking to write with nothing to write.
pub(super) fn busy_loop() -> Result<String> {
    let mut pair = Pair::new()?;
    let both = Interest::READABLE | Interest::WRITABLE;
    pair.note("asks to read and to write");
    for _ in 0..3 {
        pair.interest(both)?;
        pair.polls(Some("writable"))?;
    }
    let mut more = 0;
    let end = Instant::now() + Duration::from_millis(50);
    while Instant::now() < end {
        pair.interest(both)?;
        ensure!(pair.poll(Duration::ZERO)? == Some("writable"));
        more += 1;
    }
    pair.note(format!("≈ {more} more such polls in 50 ms"));
    pair.note("asks to read only");
    pair.interest(Interest::READABLE)?;
    pair.polls(None)?;
    pair.client.write_all(b"hello")?;
    pair.polls(Some("readable"))?;
    let caption = "The busy loop, and its cure. A socket can nearly always be written to; who asks \
                   for that without need is told so without end.";
    Ok(drawn("busy-loop", &pair.recorder, &[], caption))
}

/// A rest that nobody asked to be allowed to write.
pub(super) fn stall() -> Result<String> {
    let mut pair = Pair::new()?;
    pair.client.write_all(b"all of it, please")?;
    pair.polls(Some("readable"))?;
    let asked = pair.server.read(&mut [0; 1_024])?;
    ensure!(asked == 17, "read {asked} bytes");
    let answer = vec![b'x'; 32 << 20];
    let taken = write_until_would_block(&mut pair, &answer)?;
    ensure!(taken < answer.len(), "the buffers took it all");
    pair.note("write: a part; the rest is queued");
    read_on_client(&mut pair, taken)?;
    pair.polls(None)?;
    pair.client_waits_in_vain()?;
    pair.note("asks to read and to write");
    pair.interest(Interest::READABLE | Interest::WRITABLE)?;
    pair.polls(Some("writable"))?;
    let mut sent = taken;
    while sent < answer.len() {
        let count = write_until_would_block(&mut pair, &answer[sent..])?;
        read_on_client(&mut pair, count)?;
        sent += count;
    }
    let labels =
        [(1, "a request"), (4, "what the buffers could hold"), (9, "the rest of the answer")];
    let caption = "The stall, and its cure. The server could not write all of its answer, and did \
                   not ask to be told when it can go on. Then it asks.";
    Ok(drawn("stall", &pair.recorder, &labels, caption))
}

/// Writes as the server, without waiting; how much the system took.
fn write_until_would_block(pair: &mut Pair, bytes: &[u8]) -> Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match pair.server.write(&bytes[taken..]) {
            Ok(count) => taken += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(taken)
}

fn read_on_client(pair: &mut Pair, count: usize) -> Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut left = count;
    while left > 0 {
        let room = left.min(buffer.len());
        match pair.client.read(&mut buffer[..room])? {
            0 => anyhow::bail!("the server has gone"),
            count => left -= count,
        }
    }
    Ok(())
}
