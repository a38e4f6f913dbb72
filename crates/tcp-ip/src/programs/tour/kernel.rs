//! The one thing that is measured against the kernel's TCP, with the real clock.

use std::io::{IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::Tour;

/// How often each way is tried.
const ROUNDS: usize = 15;
const HEAD: &[u8] = b"len 5\n";
const BODY: &[u8] = b"hello";

/// How a request of two parts is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    TwoWrites,
    OneVectored,
    NoDelay,
}

pub(super) fn forty_milliseconds(tour: &mut Tour) -> Result<()> {
    tour.section(
        "9. 44 milliseconds, with the kernel's TCP on loopback",
        "A request of two parts, an answer, and so on: the median of 15 rounds.",
    );
    let slow = median(Way::TwoWrites)?;
    // Linux' delayed acknowledgment takes 40 ms at least; other systems' up to 200.
    tour.claim(
        slow > Duration::from_millis(20) || !cfg!(target_os = "linux"),
        &format!("write, write, read: {} ms", ms(slow)),
    );
    for (way, words) in [
        (Way::OneVectored, "one vectored write, read"),
        (Way::NoDelay, "write, write, read, with TCP_NODELAY"),
    ] {
        let quick = median(way)?;
        tour.claim(quick < Duration::from_millis(10), &format!("{words}: {} ms", ms(quick)));
    }
    Ok(())
}

fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

/// The median of how long a round takes.
fn median(way: Way) -> Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    }
    client.set_nodelay(way == Way::NoDelay)?;
    // Answers to requests that are there as a whole, as any server does.
    let serving = thread::spawn(move || -> std::io::Result<()> {
        let mut request = [0; HEAD.len() + BODY.len()];
        for _ in 0..ROUNDS {
            server.read_exact(&mut request)?;
            server.write_all(b"ok")?;
        }
        Ok(())
    });
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        ask(&mut client, way)?;
        client.read_exact(&mut [0; 2])?;
        rounds.push(begin.elapsed());
    }
    serving.join().map_err(|_| anyhow!("the server panicked"))??;
    rounds.sort();
    Ok(rounds[ROUNDS / 2])
}

fn ask(client: &mut TcpStream, way: Way) -> Result<()> {
    if way == Way::OneVectored {
        let written = client.write_vectored(&[IoSlice::new(HEAD), IoSlice::new(BODY)])?;
        ensure!(written == HEAD.len() + BODY.len(), "a full buffer, of eleven octets");
    } else {
        client.write_all(HEAD)?;
        client.write_all(BODY)?;
    }
    Ok(())
}
