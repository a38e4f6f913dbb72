//! A minute of everything at once: no wake-up is lost, and none is for nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use client_server::load::{self, Outcome, Pace, Plan};

use super::{OURS, Options};
use crate::server::{Peer, Server};
use crate::table::{Report, Table};

pub(super) fn soak(report: &mut Report, peers: &[Peer<'_>], options: &Options) -> Result<()> {
    let peer = peers.iter().find(|peer| peer.name == OURS).context("our server")?;
    let server = Server::start(peer)?;
    let duration = Duration::from_secs(options.soak);
    eprintln!("soak: {} s", options.soak);
    let plan = |connections, size, pace| Plan {
        address: server.address.parse().expect("the address that it printed"),
        connections,
        size,
        duration,
        pace,
    };
    let loads = [
        plan(32, 64, Pace::Closed),
        plan(16, 1_000, Pace::Open { rate: 2_000.0 }),
        plan(4, 300_000, Pace::Open { rate: 40.0 }),
    ];
    let loads = loads.map(|plan| thread::spawn(move || load::run(&plan, &Arc::default())));
    let passing = {
        let address = server.address.clone();
        thread::spawn(move || come_and_go(&address, duration))
    };
    let mut total = (0, 0);
    for load in loads {
        let Outcome { sent, answered, wrong, lost, .. } = load.join().expect("no panic")?;
        ensure!(wrong == 0, "{wrong} wrong bytes");
        ensure!(lost == 0, "{lost} connections lost");
        total = (total.0 + sent, total.1 + answered);
    }
    let passed = passing.join().expect("no panic")?;
    report.claim(total.0 == total.1, format!("{} of {} messages answered", total.1, total.0));

    let before = server.cpu()?;
    thread::sleep(Duration::from_secs(1)); // What is measured is this second.
    let idle = (server.cpu()? - before).as_secs_f64() * 1e3;
    report.claim(idle <= 10.0, format!("{idle:.0} ms of CPU in the second after it"));

    let stopped = server.stop(Duration::from_secs(5))?;
    let count = |name| stopped.count(name);
    let (polls, events) = (count("polls")?, count("events")?);
    let (reads, writes) = (count("reads")?, count("writes")?);
    // A turn without an event is a timer's, or the rest of a drain.
    report.claim(
        polls <= events + events / 20,
        format!("{:.2} polls an event ({polls} for {events})", polls as f64 / events as f64),
    );
    report.tables.push(Table {
        title: format!("{} s of mixed load on one loop", options.soak),
        header: vec!["", "count"],
        rows: [
            ("messages answered", total.1),
            ("connections that came and went", passed),
            ("polls", polls),
            ("events", events),
            ("reads", reads),
            ("writes", writes),
        ]
        .map(|(what, count)| vec![what.to_owned(), count.to_string()])
        .to_vec(),
        bars: None,
    });
    Ok(())
}

/// Clients that end in every way: in order, at once, in the middle, and without reading.
fn come_and_go(address: &str, duration: Duration) -> Result<u64> {
    let begin = Instant::now();
    let mut passed = 0;
    let mut silent = Vec::new();
    while begin.elapsed() < duration {
        let mut stream = TcpStream::connect(address).context("a passing client")?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        passed += 1;
        match passed % 5 {
            0 => {} // Says nothing, and goes.
            1 => {
                stream.write_all(&[7; 1_000])?;
                stream.shutdown(Shutdown::Write)?;
                let mut back = Vec::new();
                stream.read_to_end(&mut back).context("a passing client's echo")?;
                ensure!(back == [7; 1_000], "{} of 1,000 bytes came back", back.len());
            }
            2 => stream.write_all(&[7; 10_000])?, // Goes with its echo unread: a reset.
            3 => {
                stream.write_all(b"half a")?;
                stream.shutdown(Shutdown::Both)?;
            }
            _ => {
                silent.push(stream);
                if silent.len() > 50 {
                    silent.clear();
                }
            }
        }
        // Sixteen thousand a minute: the ports of a machine are no more than that.
        thread::sleep(Duration::from_millis(4));
    }
    Ok(passed)
}
