//! A closed loop of queries: each answer lets the next one out.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// How long a datagram may take; then it is taken for lost, and as many are sent anew.
const PATIENCE: Duration = Duration::from_millis(200);

/// Queries for the zone's names, in an order that no cache foresees.
#[derive(Debug)]
pub(super) struct Load {
    queries: Vec<Vec<u8>>,
    outstanding: usize,
}

/// What a run did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) answered: u64,
    pub(super) lost: u64,
    pub(super) took: Duration,
}

impl Load {
    pub(super) fn new(names: usize, outstanding: usize) -> Self {
        // 7,919 is prime to the number of names, so each is asked for once in a round.
        let queries = (0..names).map(|index| query(index * 7_919 % names)).collect();
        Self { queries, outstanding }
    }

    pub(super) fn run(&self, port: u16, duration: Duration) -> Result<Done> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut queries = self.queries.iter().cycle();
        let mut done = Done::default();
        let mut waiting = 0;
        let mut buffer = [0; 2_048];
        let begin = Instant::now();
        while begin.elapsed() < duration {
            while waiting < self.outstanding {
                socket.send(queries.next().expect("a cycle has no end"))?;
                waiting += 1;
            }
            match socket.recv(&mut buffer) {
                Ok(count) => {
                    // NOERROR, AA, and one answer: no server is fast by saying less.
                    ensure!(
                        count >= 45 && buffer[3] & 0xf == 0,
                        "no answer: {:x?}",
                        &buffer[..count]
                    );
                    ensure!(buffer[2] & 0x84 == 0x84 && buffer[7] == 1, "not the answer");
                    done.answered += 1;
                    waiting -= 1;
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    done.lost += waiting as u64;
                    waiting = 0;
                }
                Err(error) => return Err(error.into()),
            }
        }
        done.took = begin.elapsed();
        Ok(done)
    }
}

/// `h<index>.example.com. IN A`, with an id of its own.
fn query(index: usize) -> Vec<u8> {
    let label = format!("h{index}");
    let id = u16::try_from(index).unwrap_or(0).to_be_bytes();
    let mut query = [&id[..], b"\x01\0\0\x01\0\0\0\0\0\0"].concat();
    query.push(u8::try_from(label.len()).expect("a short label"));
    query.extend(label.as_bytes());
    query.extend(b"\x07example\x03com\0\0\x01\0\x01");
    query
}
