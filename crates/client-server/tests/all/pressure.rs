//! What `session.rs` promises where a peer sends or takes too much, or too slowly, under every shell.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use client_server::{Closed, Context, Limits, Next, Session, Time};

use crate::shell::{PATIENCE, Shell, echo, under, under_each_shell};

const SHELLS: [Shell; 3] = [Shell::Loop, Shell::Threads, Shell::Pool];
const LINE: &[u8] = b"a line\n";

/// Queues `size` bytes at a time, again whenever they were taken, and closes after `left` times.
struct Pieces {
    left: usize,
    size: usize,
}

impl Pieces {
    fn next(&mut self, cx: &mut Context<'_>) -> Next {
        let Some(left) = self.left.checked_sub(1) else { return Next::Close };
        self.left = left;
        cx.output.extend(&vec![b'x'; self.size]);
        Next::Continue
    }
}

impl Session for Pieces {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.next(cx)
    }

    fn received(&mut self, _: &[u8], _: &mut Context<'_>) -> Next {
        Next::Continue
    }

    fn flushed(&mut self, cx: &mut Context<'_>) -> Next {
        self.next(cx)
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

#[test]
fn a_session_with_much_to_say_goes_on_however_fast_it_is_taken() {
    for size in [70_000, 300_000] {
        let service = move |_: Option<IpAddr>| Pieces { left: 20, size };
        under_each_shell(&Limits::default(), service, |server| {
            let mut all = Vec::new();
            server.connect().read_to_end(&mut all).expect("all of it, and the end");
            assert_eq!(all.len(), 20 * size);
            server.stop();
        });
    }
}

#[test]
fn a_peer_that_reads_too_slowly_is_dropped() {
    let service = |_: Option<IpAddr>| Pieces { left: 1, size: 64 << 20 };
    // Whoever takes less than a gigabyte a second earns too little.
    let (write, write_rate) = (Duration::from_millis(300), 1 << 30);
    let limits = Limits { write, write_rate, ..Limits::default() };
    under_each_shell(&limits, service, |server| {
        let (mut slow, mut piece) = (server.connect(), vec![0; 64 * 1024]);
        let (_never, pause) = mpsc::channel::<()>();
        let begin = Instant::now();
        let mut taken = 0;
        while let Ok(count @ 1..) = slow.read(&mut piece) {
            taken += count;
            let _ = pause.recv_timeout(Duration::from_millis(5)); // Some 10 MB a second.
            assert!(begin.elapsed() < PATIENCE, "still served, after {taken} bytes");
        }
        assert!(taken < 64 << 20, "all was sent");
        assert_eq!(server.stop().stalled, 1);
    });
}

/// A session whose peer never lets its socket run dry: it holds both ends.
struct Flooded {
    peer: Arc<Mutex<TcpStream>>,
    /// When bytes came last, how often they have come since, and at the most at one time.
    now: Time,
    count: usize,
    most: Arc<AtomicUsize>,
    left: usize,
    ended: Sender<Closed>,
}

impl Session for Flooded {
    fn received(&mut self, _: &[u8], cx: &mut Context<'_>) -> Next {
        let mut peer = self.peer.lock().expect("no panic");
        while peer.write(&[b'x'; 64 * 1024]).is_ok() {}
        // The time is that of the loop's turn.
        self.count = if cx.now == self.now { self.count + 1 } else { 1 };
        self.now = cx.now;
        self.most.fetch_max(self.count, Ordering::Relaxed);
        let Some(left) = self.left.checked_sub(1) else { return Next::Abort };
        self.left = left;
        Next::Continue
    }

    fn closed(&mut self, how: Closed) {
        let _ = self.ended.send(how);
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

/// A listener's first client, who has sent something and does not wait.
fn flooding(address: std::net::SocketAddr, place: &Mutex<Option<Arc<Mutex<TcpStream>>>>) {
    let mut peer = TcpStream::connect(address).expect("a listener");
    peer.write_all(b"x").expect("room");
    peer.set_nonblocking(true).expect("an option");
    *place.lock().expect("no panic") = Some(Arc::new(Mutex::new(peer)));
}

#[test]
fn a_flood_gets_one_share_of_a_turn() {
    let (place, most) = (Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
    let (of_session, counted) = (place.clone(), most.clone());
    let (end, ended) = mpsc::channel();
    let service = move |_: Option<IpAddr>| Flooded {
        peer: of_session.lock().expect("no panic").clone().expect("connected before"),
        now: Time::ZERO,
        count: 0,
        most: counted.clone(),
        left: 1_000,
        ended: end.clone(),
    };
    let before = |address, _: &_| flooding(address, &place);
    under(Shell::Loop, &Limits::default(), service, before, |server, ()| {
        ended.recv_timeout(PATIENCE).expect("a thousand reads, and the end");
        server.stop();
        let most = most.load(Ordering::Relaxed);
        assert!(most <= 16, "{most} reads of one client in one turn");
    });
}

#[test]
fn a_flood_does_not_keep_a_server_from_stopping() {
    let (place, most) = (Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
    let (of_session, counted) = (place.clone(), most.clone());
    let (end, _ended) = mpsc::channel();
    let service = move |_: Option<IpAddr>| Flooded {
        peer: of_session.lock().expect("no panic").clone().expect("connected before"),
        now: Time::ZERO,
        count: 0,
        most: counted.clone(),
        left: usize::MAX,
        ended: end.clone(),
    };
    for shell in SHELLS {
        let before = |address, _: &_| flooding(address, &place);
        under(shell, &Limits::default(), service.clone(), before, |server, ()| {
            let begin = Instant::now();
            while most.swap(0, Ordering::Relaxed) == 0 {
                assert!(begin.elapsed() < PATIENCE, "nothing was read");
                thread::yield_now();
            }
            let (done, stopped) = mpsc::channel();
            thread::spawn(move || done.send(server.stop()));
            stopped.recv_timeout(PATIENCE).expect("it stops, whatever comes");
        });
    }
}

#[test]
fn all_who_stand_in_the_queue_at_a_stop_are_served() {
    const MANY: u64 = 600;
    for shell in SHELLS {
        let before = |address, handle: &client_server::Handle| {
            for _ in 0..MANY {
                let mut client = TcpStream::connect(address).expect("room in the queue");
                client.write_all(LINE).expect("room");
            }
            handle.stop();
        };
        under(shell, &Limits::default(), echo(PATIENCE), before, |server, ()| {
            let statistics = server.stop();
            // A pool's own queue is shorter: whom it refuses, it has accepted.
            let refused = if shell == Shell::Pool { statistics.refused } else { 0 };
            assert_eq!(statistics.accepted + refused, MANY);
        });
    }
}

#[test]
fn what_arrived_while_nobody_read_is_answered_before_the_server_stops() {
    under_each_shell(&Limits::default(), echo(PATIENCE), |server| {
        let mut client = server.connect();
        client.set_write_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        // What is still with the client's own system has not arrived: let that be little.
        let own = 16 * 1024;
        socket2::SockRef::from(&client).set_send_buffer_size(own).expect("an option");
        let mut sent = 0;
        // Until the server has stopped reading, and both systems' buffers are full.
        while let Ok(count) = client.write(&[b'x'; 64 * 1024]) {
            sent += count;
        }
        server.handle.stop();
        let begin = Instant::now();
        while TcpStream::connect(server.address).is_ok() {
            assert!(begin.elapsed() < PATIENCE, "it does not stop listening");
        }
        let mut back = Vec::new();
        client.read_to_end(&mut back).expect("the echo, and the end");
        // The system doubles what is asked for (socket(7), SO_SNDBUF).
        assert!(back.len() + 2 * own >= sent, "{} of {sent} bytes came back", back.len());
        drop(client);
        server.stop();
    });
}
