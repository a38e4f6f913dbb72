//! The tour: six things about servers, each shown on a live one and checked as it is shown.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use capture::Tap;
use client_server::load::Pace;
use client_server::output::HIGH_WATER;
use client_server::{
    Address, Blocking, Echo, EventLoop, Handle, Limits, Listener, Model, Service, Statistics,
};
use mio::{Events, Interest, Poll, Token};
use sockets::wire::{Page, Wire};

use super::stalling;

/// Runs it. `false`: something that it claims did not hold on this machine.
pub(crate) fn run(wire: &Wire) -> Result<bool> {
    let mut tour = Tour { held: true, page: wire.page() };
    tour.a_silent_client()?;
    tour.a_lost_edge()?;
    tour.a_busy_loop()?;
    tour.a_reader_that_does_not()?;
    tour.a_stop_under_load()?;
    tour.a_stall_that_hides()?;
    println!("\nNext: cargo run -p client-server -- echo    and, from another terminal,");
    println!("      cargo run -p client-server -- load --connect <the address that it prints>");
    tour.page.finish()?;
    Ok(tour.held)
}

struct Tour {
    held: bool,
    /// Where single questions are recorded, for `--trace`. What sends as fast as it can is not.
    page: Page,
}

impl Tour {
    fn section(&self, title: &str, what: &str) {
        println!("\n{title}\n{what}");
    }

    fn claim(&mut self, held: bool, what: &str) {
        self.page.draw();
        println!("  {} {what}", if held { "✓" } else { "✗ does not hold here:" });
        self.held &= held;
    }

    fn tapped(&self, stream: TcpStream) -> Tap<TcpStream> {
        Tap::connected(stream, "client", "server", &self.page.recorder)
    }

    fn a_silent_client(&mut self) -> Result<()> {
        self.section(
            "1. A client that says nothing",
            "One worker thread, and a client that connects and is silent. A second one asks.",
        );
        let limits = Limits::default();
        let service = |_: Option<IpAddr>| Echo::new(Duration::from_secs(60));
        let pool = Server::blocking(service, limits.clone(), Model::Pool { workers: 1, queue: 8 })?;
        let silent = pool.connect()?;
        let waited = ask(&mut self.tapped(pool.connect()?), Duration::from_millis(200))?;
        self.claim(waited.is_none(), "a pool of one: no answer within 200 ms");
        drop(silent);
        pool.stop()?;

        let one_loop = Server::event_loop(service, limits)?;
        let _silent = one_loop.connect()?;
        let took = ask(&mut self.tapped(one_loop.connect()?), Duration::from_secs(2))?;
        let micros = took.map_or(0, |took| took.as_micros());
        self.claim(took.is_some(), &format!("an event loop, one thread too: {micros} µs"));
        one_loop.stop()?;
        Ok(())
    }

    fn a_lost_edge(&mut self) -> Result<()> {
        self.section(
            "2. A lost edge",
            "mio reports readiness when it begins. 100,000 bytes arrive; one read takes 1,000.",
        );
        let (mut ours, mut peer) = pair()?;
        let mut poll = Poll::new()?;
        poll.registry().register(&mut ours, Token(0), Interest::READABLE)?;
        let mut events = Events::with_capacity(8);
        peer.write_all(&vec![b'x'; 100_000])?;
        poll.poll(&mut events, Some(Duration::from_secs(2)))?;
        self.claim(events.iter().any(mio::event::Event::is_readable), "an event: readable");
        let mut total = ours.read(&mut [0; 1_000])?;
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        self.claim(
            events.is_empty(),
            &format!("{total} bytes read, and no further event: the rest is stuck"),
        );
        let mut buffer = [0; 4_096];
        let ended = loop {
            match ours.read(&mut buffer) {
                Ok(count) => total += count,
                Err(error) => break error.kind(),
            }
        };
        let drained = total == 100_000 && ended == ErrorKind::WouldBlock;
        self.claim(drained, "read until WouldBlock: all 100,000 were there");
        Ok(())
    }

    fn a_busy_loop(&mut self) -> Result<()> {
        self.section(
            "3. A busy loop",
            "Nothing to send, nothing to read, for 50 ms. How often does the loop wake up?",
        );
        let mut wakes = [0; 2];
        for (always, wakes) in [false, true].into_iter().zip(&mut wakes) {
            let (mut ours, _peer) = pair()?;
            let mut poll = Poll::new()?;
            poll.registry().register(&mut ours, Token(0), Interest::READABLE)?;
            let mut events = Events::with_capacity(8);
            let end = Instant::now() + Duration::from_millis(50);
            while Instant::now() < end {
                if always {
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().reregister(&mut ours, Token(0), both)?;
                }
                poll.poll(&mut events, Some(end.saturating_duration_since(Instant::now())))?;
                *wakes += u32::from(!events.is_empty());
            }
        }
        let [asked, always] = wakes;
        self.claim(asked == 0, "asking to read only: it sleeps");
        self.claim(
            always > 100,
            &format!("asking to write each time: ≈ {always} times, for nothing"),
        );
        Ok(())
    }

    fn a_reader_that_does_not(&mut self) -> Result<()> {
        self.section(
            "4. A reader that does not read",
            "A client sends 64 MiB and never takes its echo.",
        );
        let limits = Limits { write: Duration::from_millis(500), ..Limits::default() };
        let service = |_: Option<IpAddr>| Echo::new(Duration::from_secs(60));
        let server = Server::event_loop(service, limits)?;
        let mut greedy = server.connect()?;
        let mut sent = 0;
        let piece = vec![0; 64 * 1024];
        while sent < 64 << 20 {
            match greedy.write(&piece) {
                Ok(count) => sent += count,
                Err(_) => break, // It was cut off.
            }
        }
        self.claim(
            sent < 64 << 20,
            &format!("≈ {} KiB went; then the server read no more", sent / 1024),
        );
        let took = ask(&mut self.tapped(server.connect()?), Duration::from_secs(2))?;
        self.claim(took.is_some(), "others are served meanwhile");
        let statistics = server.stop()?;
        let queued = statistics.bytes_in - statistics.bytes_out;
        let bound = HIGH_WATER + 2 * 64 * 1024;
        self.claim(
            queued <= bound,
            &format!("≈ {} KiB were queued in the server, and no more", queued / 1024),
        );
        self.claim(statistics.stalled == 1, "after 500 ms without progress it was dropped");
        Ok(())
    }

    fn a_stop_under_load(&mut self) -> Result<()> {
        self.section(
            "5. A stop under load",
            "32 clients ask as fast as they can; the server is told to stop.",
        );
        let service = |_: Option<IpAddr>| Echo::new(Duration::from_secs(60));
        let server = Server::event_loop(service, Limits::default())?;
        let clients: Vec<JoinHandle<Result<bool>>> = (0..32)
            .map(|_| {
                let mut stream = server.connect()?;
                Ok(thread::spawn(move || {
                    // Until the server ends the stream; a reset would be an error of `read`.
                    loop {
                        if stream.write_all(b"again").is_err() {
                            return Ok(true); // Its end had come, and ours crossed it.
                        }
                        let mut reply = [0; 5];
                        let mut got = 0;
                        while got < 5 {
                            match stream.read(&mut reply[got..])? {
                                0 => return Ok(got == 0),
                                count => got += count,
                            }
                        }
                    }
                }))
            })
            .collect::<Result<_>>()?;
        thread::sleep(Duration::from_millis(200));
        let begin = Instant::now();
        let statistics = server.stop()?;
        let took = begin.elapsed();
        let mut orderly = 0;
        for client in clients {
            let ended = client.join().map_err(|_| anyhow!("a client panicked"))?;
            orderly += u32::from(ended.unwrap_or(false));
        }
        self.claim(
            statistics.bytes_in == statistics.bytes_out,
            &format!("≈ {} bytes were received, and as many answered", statistics.bytes_in),
        );
        self.claim(orderly == 32, "32 of 32 clients saw end of stream: no reset, no half reply");
        self.claim(took < Duration::from_secs(3), &format!("it took {} ms", took.as_millis()));
        Ok(())
    }

    fn a_stall_that_hides(&mut self) -> Result<()> {
        self.section(
            "6. A stall that hides",
            "A server that does nothing for 300 ms, once. Two loads of a second look at it.",
        );
        let mut p99 = [Duration::ZERO; 2];
        for (pace, p99) in [Pace::Closed, Pace::Open { rate: 2_000.0 }].into_iter().zip(&mut p99) {
            *p99 = stalling::measure(pace)?.latency(99.0);
        }
        let [waits, due] = p99;
        self.claim(
            waits < Duration::from_millis(100),
            &format!(
                "each client waits for its answer: p99 {:.2} ms, as if nothing had been",
                ms(waits)
            ),
        );
        self.claim(
            due > Duration::from_millis(200),
            &format!("messages are due at fixed moments: p99 {:.0} ms, as people felt it", ms(due)),
        );
        Ok(())
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A server on a thread of its own.
struct Server {
    address: SocketAddr,
    handle: Handle,
    thread: JoinHandle<std::io::Result<Statistics>>,
}

impl Server {
    fn event_loop<F>(service: F, limits: Limits) -> Result<Self>
    where
        F: Service + Send + 'static,
        F::Session: Send,
    {
        let (listener, address) = listen()?;
        let server = EventLoop::new(vec![listener], service, limits)?;
        Ok(Self { address, handle: server.handle(), thread: thread::spawn(|| server.run()) })
    }

    fn blocking<F>(service: F, limits: Limits, model: Model) -> Result<Self>
    where
        F: Service + Send + Sync + 'static,
    {
        let (listener, address) = listen()?;
        let server = Blocking::new(vec![listener], service, limits, model)?;
        Ok(Self { address, handle: server.handle(), thread: thread::spawn(|| server.run()) })
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.address).context("connecting to our own server")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        Ok(stream)
    }

    fn stop(self) -> Result<Statistics> {
        self.handle.stop();
        let result = self.thread.join().map_err(|_| anyhow!("the server panicked"))?;
        result.context("serving")
    }
}

fn listen() -> Result<(Listener, SocketAddr)> {
    let listener = Listener::bind(&Address::Tcp("127.0.0.1:0".parse()?))?;
    match listener.address()? {
        Address::Tcp(address) => Ok((listener, address)),
        Address::Unix(_) => Err(anyhow!("asked for TCP")),
    }
}

/// Asks once. `None`: no answer within `limit`.
fn ask(stream: &mut Tap<TcpStream>, limit: Duration) -> Result<Option<Duration>> {
    let begin = Instant::now();
    stream.get_ref().set_read_timeout(Some(limit))?;
    stream.write_all(b"anybody there?")?;
    match stream.read_exact(&mut [0; 14]) {
        Ok(()) => Ok(Some(begin.elapsed())),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(None)
        }
        Err(error) => Err(error).context("asking our own server"),
    }
}

/// Two ends of a connection: one for a loop, one that blocks.
fn pair() -> Result<(mio::net::TcpStream, TcpStream)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let peer = TcpStream::connect(listener.local_addr()?)?;
    let (ours, _) = listener.accept()?;
    ours.set_nonblocking(true)?;
    Ok((mio::net::TcpStream::from_std(ours), peer))
}
