//! The answer's server at work, and what clients should get from it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use harness::{Check, Ending, Mistake, Outcome, Peer, Running};
use repair_the_server::{Limits, serve};

/// The longest head, in bytes.
pub(crate) const HEAD: usize = 1024;
/// Longer than any check: here no client is cut off.
pub(crate) const AMPLE: Duration = Duration::from_secs(10);
/// Clients are cut off while the check looks on.
pub(crate) const SHORT: Duration = Duration::from_millis(20);
/// The same for a client that sends a byte every [`PAUSE`].
pub(crate) const LONGER: Duration = Duration::from_millis(60);
/// Between two bytes of a client that is slow on purpose.
pub(crate) const PAUSE: Duration = Duration::from_millis(3);
/// Many times as long as a client that is served waits.
pub(crate) const SOON: Duration = Duration::from_millis(1_500);

pub(crate) const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) serve: Running<(), io::Error>,
}

/// Starts the answer's server.
pub(crate) fn start(c: &Check, workers: usize, patience: Duration) -> Outcome<Site> {
    Ok(start_on(c, c.listener()?, workers, patience))
}

/// Starts the answer's server for clients that have connected already. Where patience is short, this
/// is how a client's request is there in time, however busy the machine is.
pub(crate) fn start_on(
    c: &Check,
    (listener, address): (TcpListener, SocketAddr),
    workers: usize,
    patience: Duration,
) -> Site {
    let crew = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
    let how = format!("with {crew}, {HEAD} bytes of head, and {patience:?} of patience");
    let limits = Limits { workers, head: HEAD, patience };
    Site { address, serve: c.call("serve", &how, move || serve(listener, limits)) }
}

/// The whole reply with a status.
pub(crate) fn reply(status: &str) -> Vec<u8> {
    let allow = if status.starts_with("405") { "Allow: GET\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status}\r\n{allow}Connection: close\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\n\r\n{status}\n",
        status.len() + 1
    )
    .into_bytes()
}

impl Site {
    pub(crate) fn client(&self, c: &Check, name: &str) -> Outcome<Peer> {
        c.connect(name, self.address)
    }

    /// Fails unless a client that asks for `/` gets it, soon.
    pub(crate) fn serves(&self, c: &Check, name: &str) -> Outcome {
        c.want("a client that asks for / gets 200 OK, then end of stream");
        self.asks(c, name, GET, "200 OK")
    }

    /// Fails unless a client that sends `request` gets the reply with `status`, soon.
    pub(crate) fn asks(&self, c: &Check, name: &str, request: &[u8], status: &str) -> Outcome {
        let mut client = self.client(c, name)?;
        client.send(request)?;
        gets(c, name, &mut client, status, |_, _| None)
    }
}

/// Fails unless the client, called `name`, gets the reply with `status` and then end of stream, soon. `proof` is
/// given what came instead, and how it ended.
pub(crate) fn gets(
    c: &Check,
    name: &str,
    client: &mut Peer,
    status: &str,
    proof: impl FnOnce(&[u8], Ending) -> Option<&'static Mistake>,
) -> Outcome {
    let want = reply(status);
    let (got, ending) = client.receive_within(SOON, want.len() + 1);
    if got == want && ending == Ending::End {
        c.did(format!("the {name} received {status}, then end of stream"));
        return Ok(());
    }
    Err(client.differs(&want, &got, ending, proof(&got, ending)))
}
