//! A server under each of the shells, to be tested by its clients.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use client_server::{
    Address, Blocking, Echo, EventLoop, Handle, Limits, Listener, Model, Service, Statistics,
};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs on a thread of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    pub(crate) thread: JoinHandle<io::Result<Statistics>>,
}

impl Server {
    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(self) -> Statistics {
        self.handle.stop();
        self.thread.join().expect("no panic").expect("no error")
    }

    /// A client, whose every wait is bounded.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }
}

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shell {
    Loop,
    Threads,
    Pool,
}

/// Runs `test` with a server under each shell.
pub(crate) fn under_each_shell<F>(limits: &Limits, service: F, test: impl Fn(Server))
where
    F: Service + Clone + Send + Sync + 'static,
    F::Session: Send,
{
    for shell in [Shell::Loop, Shell::Threads, Shell::Pool] {
        under(shell, limits, service.clone(), |_, _| (), |server, ()| test(server));
    }
}

/// Runs `test` with a server under `shell`. What `before` does is done while it listens already and
/// does not accept yet.
pub(crate) fn under<F, T>(
    shell: Shell,
    limits: &Limits,
    service: F,
    before: impl FnOnce(SocketAddr, &Handle) -> T,
    test: impl FnOnce(Server, T),
) where
    F: Service + Clone + Send + Sync + 'static,
    F::Session: Send,
{
    println!("under {shell:?}");
    let any = Address::Tcp("127.0.0.1:0".parse().expect("an address"));
    let listener = Listener::bind(&any).expect("a free port");
    let Ok(Address::Tcp(address)) = listener.address() else { panic!("no TCP address") };
    let (listeners, limits) = (vec![listener], limits.clone());
    let model = match shell {
        Shell::Loop => {
            let server = EventLoop::new(listeners, service, limits).expect("a loop");
            let handle = server.handle();
            let done = before(address, &handle);
            let thread = thread::spawn(move || server.run());
            return test(Server { address, handle, thread }, done);
        }
        Shell::Threads => Model::Threads,
        Shell::Pool => Model::Pool { workers: 8, queue: 8 },
    };
    let server = Blocking::new(listeners, service, limits, model).expect("a server");
    let handle = server.handle();
    let done = before(address, &handle);
    let thread = thread::spawn(move || server.run());
    test(Server { address, handle, thread }, done);
}

pub(crate) fn echo(idle: Duration) -> impl Service<Session = Echo> + Clone + Send + Sync {
    move |_: Option<IpAddr>| Echo::new(idle)
}
