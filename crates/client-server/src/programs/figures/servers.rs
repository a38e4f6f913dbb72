//! What clients see of the chapter's own event loop when they are difficult, or it is told to stop.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use capture::{Direction, FlowId, Recorder, Tap, What};
use client_server::output::HIGH_WATER;
use client_server::{
    Address, Closed, Context, Echo, EventLoop, Limits, Listener, Next, Session, Time,
};

use super::{PATIENCE, drawn, notes, recorder};

fn listen() -> Result<(Listener, SocketAddr)> {
    let listener = Listener::bind(&Address::Tcp("127.0.0.1:0".parse()?))?;
    match listener.address()? {
        Address::Tcp(address) => Ok((listener, address)),
        Address::Unix(_) => Err(anyhow!("asked for TCP")),
    }
}

fn connect(address: SocketAddr, name: &str, recorder: &Recorder) -> Result<Tap<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(Tap::connected(stream, name, "server", recorder))
}

/// An echo that notes how it was ended.
struct Noted {
    echo: Echo,
    recorder: Recorder,
    notes: FlowId,
}

impl Session for Noted {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.echo.opened(cx)
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.echo.received(bytes, cx)
    }

    fn closed(&mut self, how: Closed) {
        if how == Closed::Stalled {
            let words = format!("{} KiB wait to be sent: dropped", HIGH_WATER / 1024);
            self.recorder.push(self.notes, Direction::Sent, What::Note(words));
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.echo.deadline()
    }
}

/// A client that sends and never reads.
pub(super) fn slow_reader() -> Result<String> {
    let recorder = recorder();
    let (listener, address) = listen()?;
    let mut client = connect(address, "client", &recorder)?;
    let notes = notes(&recorder, "client");
    let noting = recorder.clone();
    let service = move |_: Option<IpAddr>| Noted {
        echo: Echo::new(Duration::from_secs(60)),
        recorder: noting.clone(),
        notes,
    };
    // Long enough for the client to notice first that it cannot write.
    let limits = Limits { write: Duration::from_secs(2), ..Limits::default() };
    let server = EventLoop::new(vec![listener], service, limits)?;
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());

    client.get_ref().set_write_timeout(Some(Duration::from_millis(400)))?;
    let piece = vec![b'x'; 256 * 1024];
    while client.write(&piece).is_ok() {}
    let until = Instant::now() + PATIENCE;
    let ended = loop {
        match client.get_mut().write(&piece) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => break error.kind(),
            _ => ensure!(Instant::now() < until, "nobody cut it off"),
        }
    };
    ensure!(ended == ErrorKind::ConnectionReset, "it ended with {ended:?}");
    client.note(Direction::Received, What::Reset);
    handle.stop();
    let statistics = serving.join().map_err(|_| anyhow!("the server panicked"))??;
    ensure!(statistics.stalled == 1 && statistics.bytes_in - statistics.bytes_out > HIGH_WATER);
    let labels = [(1, "megabytes, and it reads none back")];
    let caption = "A reader that does not read. With 256 KiB of its echo unsent the server stops \
                   reading, the client's own writes come to a stand, and after the time limit it is \
                   dropped.";
    Ok(drawn("slow-reader", &recorder, &labels, caption))
}

/// A slow request: it is answered when `stage` allows, and however long that takes.
struct Slow {
    stage: Arc<AtomicU32>,
    asked: bool,
    deadline: Option<Time>,
}

/// Bits of the stage that the drained shutdown has come to.
const IDLE_OPENED: u32 = 1;
const ASKED: u32 = 2;
const MAY_ANSWER: u32 = 4;

impl Session for Slow {
    fn opened(&mut self, _: &mut Context<'_>) -> Next {
        // The asking client connects first, and the idle one when it has asked.
        if self.stage.load(Ordering::SeqCst) & ASKED != 0 {
            self.stage.fetch_or(IDLE_OPENED, Ordering::SeqCst);
        }
        Next::Continue
    }

    fn received(&mut self, _: &[u8], cx: &mut Context<'_>) -> Next {
        self.asked = true;
        self.deadline = Some(cx.now);
        self.stage.fetch_or(ASKED, Ordering::SeqCst);
        Next::Continue
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        if self.stage.load(Ordering::SeqCst) & MAY_ANSWER == 0 {
            self.deadline = Some(cx.now + Duration::from_millis(2));
            return Next::Continue;
        }
        cx.output.extend(b"42");
        Next::Close
    }

    fn draining(&mut self, _: &mut Context<'_>) -> Next {
        if self.asked { Next::Continue } else { Next::Close }
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }
}

/// Told to stop, with one request in flight and one client silent.
pub(super) fn drain() -> Result<String> {
    let recorder = recorder();
    let (listener, address) = listen()?;
    let stage = Arc::new(AtomicU32::new(0));
    let shared = stage.clone();
    let service =
        move |_: Option<IpAddr>| Slow { stage: shared.clone(), asked: false, deadline: None };
    let limits = Limits { drain: PATIENCE, ..Limits::default() };
    let server = EventLoop::new(vec![listener], service, limits)?;
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());
    let reached = |bit: u32| -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while stage.load(Ordering::SeqCst) & bit == 0 {
            ensure!(Instant::now() < until, "stage {bit} was not reached");
            thread::yield_now();
        }
        Ok(())
    };

    let mut asking = connect(address, "asking", &recorder)?;
    asking.write_all(b"6 x 7?")?;
    reached(ASKED)?;
    let mut idle = connect(address, "idle", &recorder)?;
    reached(IDLE_OPENED)?;
    let notes = notes(&recorder, "asking");
    let note = |flow, words: &str| recorder.push(flow, Direction::Sent, What::Note(words.into()));
    note(notes, "told to stop");
    handle.stop();
    ensure!(idle.read(&mut [0])? == 0);
    idle.shutdown(Shutdown::Write)?;
    let again = TcpStream::connect(address);
    ensure!(again.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused));
    note(idle.flow(), "connect: refused");
    stage.fetch_or(MAY_ANSWER, Ordering::SeqCst);
    let mut answer = Vec::new();
    asking.read_to_end(&mut answer)?;
    ensure!(answer == b"42");
    asking.shutdown(Shutdown::Write)?;
    serving.join().map_err(|_| anyhow!("the server panicked"))??;
    note(notes, "it ends");
    let caption = "A drained shutdown. Who has asked gets the answer; who is silent gets a FIN; who \
                   comes now is refused. When all are gone, the server ends.";
    Ok(drawn("drain", &recorder, &[], caption))
}
