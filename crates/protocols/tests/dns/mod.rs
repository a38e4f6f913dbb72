//! Our server under each shell, and servers that do as a script says.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use capture::Recorder;
use client_server::{Blocking, EventLoop, Limits, Listener, Model};
use protocols::dns::ask::Client;
use protocols::dns::resolver::{Config, Resolver};
use protocols::dns::server::Server;
use protocols::dns::tcp::Connection;
use protocols::dns::udp::{self, Worker};
use protocols::dns::{Question, Type, Zone, Zones};

/// The longest wait for anything that is to happen.
pub(crate) const WAIT: Duration = Duration::from_secs(10);
/// What the servers here give a connection.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);

const ZONE: &str = "\
$ORIGIN example.com.
$TTL 3600
@    SOA ns1 admin 1 7200 900 1209600 300
@    NS  ns1
@    A   10.0.0.1
ns1  A   192.0.2.53
www  A   192.0.2.1
";

pub(crate) fn question(name: &str) -> Question {
    Question::new(name.parse().expect(name), Type::A)
}

/// A client of these servers that is not very patient.
pub(crate) fn client(servers: &[SocketAddr]) -> Client {
    with(Config {
        attempt: Duration::from_millis(300),
        attempts: 2,
        ..Config::new(servers.to_vec())
    })
}

pub(crate) fn tcp_client(server: SocketAddr) -> Client {
    with(Config {
        tcp: true,
        attempts: 1,
        total: Duration::from_secs(1),
        ..Config::new(vec![server])
    })
}

pub(crate) fn with(config: Config) -> Client {
    let random = Box::new(|octets: &mut [u8]| getrandom::fill(octets).expect("random octets"));
    Client::new(Resolver::new(config, random), Recorder::new())
}

/// A server of ours, with UDP and TCP on one port.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Box<dyn Fn()>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn under_each_shell() -> Vec<Self> {
        let models = [None, Some(Model::Threads), Some(Model::Pool { workers: 4, queue: 64 })];
        models.into_iter().map(Self::new).collect()
    }

    pub(crate) fn new(model: Option<Model>) -> Self {
        let zone = Zone::parse(ZONE, None).expect("a zone");
        let zones: Arc<Zones> = Arc::new([zone].into_iter().collect());
        let (listener, socket) = pair();
        let address = socket.local_addr().expect("an address");
        let done = Arc::new(AtomicBool::new(false));
        let server = Server::new(zones.clone());
        let worker = Worker::new(socket, server, done.clone(), None).expect("a worker");
        let udp = thread::spawn(|| assert!(worker.run().is_ok()));
        let service =
            move |_: Option<IpAddr>| Connection::new(zones.clone()).patient(PATIENCE, PATIENCE);
        let (handle, tcp) = match model {
            None => {
                let shell =
                    EventLoop::new(vec![listener], service, Limits::default()).expect("a loop");
                (shell.handle(), thread::spawn(|| assert!(shell.run().is_ok())))
            }
            Some(model) => {
                let shell = Blocking::new(vec![listener], service, Limits::default(), model);
                let shell = shell.expect("a server");
                (shell.handle(), thread::spawn(|| assert!(shell.run().is_ok())))
            }
        };
        let stop = Box::new(move || {
            done.store(true, Ordering::Relaxed);
            handle.stop();
        });
        Self { address, stop, threads: vec![udp, tcp] }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect_timeout(&self.address, WAIT).expect("connected");
        stream.set_read_timeout(Some(WAIT)).expect("a timeout");
        stream.set_write_timeout(Some(WAIT)).expect("a timeout");
        stream
    }

    pub(crate) fn stop(self) {
        (self.stop)();
        for thread in self.threads {
            thread.join().expect("no panic");
        }
    }
}

/// A listener and a UDP socket on one port.
fn pair() -> (Listener, UdpSocket) {
    for _ in 0..16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        if let Ok(mut sockets) = udp::bind(address, 1) {
            return (Listener::Tcp(listener), sockets.remove(0));
        }
    }
    panic!("no port is free for both");
}

/// A server that does what a script says, for one client.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    /// Queries that came.
    pub(crate) asked: Arc<std::sync::atomic::AtomicUsize>,
}

impl Scripted {
    /// Sends what `script` makes of each datagram, each piece in one.
    pub(crate) fn udp(script: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        Self::on(socket, script)
    }

    pub(crate) fn on(
        socket: UdpSocket,
        script: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Self {
        let address = socket.local_addr().expect("an address");
        let asked = Arc::<std::sync::atomic::AtomicUsize>::default();
        let count = asked.clone();
        socket.set_read_timeout(Some(WAIT)).expect("a timeout");
        // It ends when nobody has asked for a while, or with the test.
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::SeqCst);
                for datagram in script(&buffer[..length]) {
                    let _ = socket.send_to(&datagram, peer);
                }
            }
        });
        Self { address, asked }
    }

    /// Sends what `script` makes of each message, with its length in front, in pieces of so many octets.
    pub(crate) fn tcp(piece: usize, script: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        Self::on_listener(listener, piece, script)
    }

    pub(crate) fn on_listener(
        listener: TcpListener,
        piece: usize,
        script: impl Fn(&[u8]) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let asked = Arc::<std::sync::atomic::AtomicUsize>::default();
        let count = asked.clone();
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.set_read_timeout(Some(WAIT));
                let mut length = [0; 2];
                if stream.read_exact(&mut length).is_err() {
                    continue;
                }
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                if stream.read_exact(&mut query).is_err() {
                    continue;
                }
                let message = script(&query);
                let length = u16::try_from(message.len()).expect("short").to_be_bytes();
                for piece in [&length[..], &message].concat().chunks(piece) {
                    if stream.write_all(piece).is_err() {
                        break;
                    }
                }
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
