//! A web in which every name leads to a scripted server, and the answer that fetches from it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fetch_a_page::{Client, Error, Origin, Request, Response, Url};
use harness::{Check, Listener, Mistake, Outcome, Peer, Running};

/// Nobody is given up while a check looks on.
pub(crate) const AMPLE: Duration = Duration::from_secs(10);
/// Whoever is silent, or slow, is given up while a check looks on.
pub(crate) const SHORT: Duration = Duration::from_millis(60);
/// Many times as long as `SHORT`, and as whatever else a client does.
pub(crate) const SOON: Duration = Duration::from_secs(1);

pub(crate) const A: &str = "http://a.test:80";
pub(crate) const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

pub(crate) type Fetching = Running<Response, Error>;

/// Servers, and the client that knows the way to them.
pub(crate) struct Web<'a> {
    c: &'a Check,
    servers: BTreeMap<&'static str, Listener>,
    /// The origins to which it has connected, in order.
    connections: Arc<Mutex<Vec<String>>>,
    client: Arc<Mutex<Client>>,
}

impl<'a> Web<'a> {
    /// A server for each of these origins, and a client that has so much patience.
    pub(crate) fn new(c: &'a Check, origins: &[&'static str], patience: Duration) -> Outcome<Self> {
        let mut servers = BTreeMap::new();
        for origin in origins {
            let name =
                format!("server of {}", origin.trim_end_matches(":80").trim_end_matches(":443"));
            if !servers.contains_key(origin) {
                servers.insert(*origin, Listener::bind(c, &name)?);
            }
        }
        let connections = Arc::new(Mutex::new(Vec::new()));
        let addresses: BTreeMap<String, _> = servers
            .iter()
            .map(|(origin, server)| ((*origin).to_owned(), server.address()))
            .collect();
        let asked = connections.clone();
        let connect = move |origin: &Origin, within| {
            let scheme = if origin.https { "https" } else { "http" };
            let origin = format!("{scheme}://{}:{}", origin.host, origin.port);
            let address = addresses.get(&origin).copied();
            lock(&asked).push(origin);
            let address = address.ok_or(ErrorKind::ConnectionRefused)?;
            TcpStream::connect_timeout(&address, within)
        };
        let client = Client::new(Box::new(connect), patience);
        Ok(Self { c, servers, connections, client: Arc::new(Mutex::new(client)) })
    }

    /// One server, which reads this request and answers so. It stays until it is dropped.
    pub(crate) fn answering(
        c: &'a Check,
        request: &Request,
        answer: &[u8],
    ) -> Outcome<(Self, Fetching, Peer)> {
        let web = Self::new(c, &[A], AMPLE)?;
        let fetching = web.fetch(request);
        let mut server = web.asked(A, request)?;
        server.send(answer)?;
        Ok((web, fetching, server))
    }

    /// Calls the answer.
    pub(crate) fn fetch(&self, request: &Request) -> Fetching {
        let Request { method, url, .. } = request;
        let scheme = if url.origin.https { "https" } else { "http" };
        let how = format!("with {method} {scheme}://{}{}", url.origin.host, url.path);
        let (client, request) = (self.client.clone(), request.clone());
        self.c.call("fetch", &how, move || lock(&client).fetch(&request))
    }

    /// The answer's next connection to this origin.
    pub(crate) fn accept(&self, origin: &str) -> Outcome<Peer> {
        self.servers[origin].accept()
    }

    /// The same, and on it this request.
    pub(crate) fn asked(&self, origin: &str, request: &Request) -> Outcome<Peer> {
        let mut server = self.accept(origin)?;
        server.expect(&octets(request), None)?;
        Ok(server)
    }

    /// Fetches with `request` from a server that answers so and stays; returns that server.
    pub(crate) fn answered(&self, request: &Request, answer: &[u8]) -> Outcome<Peer> {
        let fetching = self.fetch(request);
        let mut server = self.asked(A, request)?;
        server.send(answer)?;
        self.returns(&fetching, 200, b"hello", None)?;
        Ok(server)
    }

    /// To which origins it has connected.
    pub(crate) fn connections(&self) -> Vec<String> {
        lock(&self.connections).clone()
    }

    /// Fails unless the answer returns this.
    pub(crate) fn returns(
        &self,
        fetching: &Fetching,
        status: u16,
        content: &[u8],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome<Response> {
        let c = self.c;
        c.want(format!("`fetch` returns {status}, with {} octets of content", content.len()));
        let mistake = mistake.into();
        let response = c.ok("your `fetch`", fetching.result()?, mistake)?;
        let got = response.status;
        c.ensure(got == status, mistake, || format!("your `fetch` returned the status {got}"))?;
        c.same_bytes(content, &response.content, mistake)?;
        Ok(response)
    }

    /// Fails unless the answer fails, soon, and so. If it succeeds, or waits, it is for this mistake.
    pub(crate) fn fails(
        &self,
        fetching: &Fetching,
        want: &Error,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let (c, mistake) = (self.c, mistake.into());
        c.want(format!("`fetch` returns Err({want:?})"));
        match fetching.returned(SOON) {
            Some(Err(error)) if error == *want => Ok(()),
            Some(Err(error)) => Err(c.fail(None, format!("your `fetch` returned Err({error:?})"))),
            Some(Ok(response)) => {
                let (status, length) = (response.status, response.content.len());
                let got =
                    format!("your `fetch` returned {status}, with {length} octets of content");
                Err(c.fail(mistake, got))
            }
            None if c.panicked() => Err(c.fail(None, "")),
            None => Err(c.fail(mistake, format!("your `fetch` has not returned after {SOON:?}"))),
        }
    }
}

/// `GET`, say, of a URL that is one.
pub(crate) fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: Url::parse(url).expect("the test knows what a URL is"),
        fields: vec![("Accept".to_owned(), "text/html".to_owned())],
        content: Vec::new(),
    }
}

pub(crate) fn get() -> Request {
    request("GET", "http://a.test/page")
}

/// With content, and a field that describes it.
pub(crate) fn with_content(method: &str, url: &str) -> Request {
    let mut request = request(method, url);
    request.fields.push(("Content-Type".to_owned(), "text/plain".to_owned()));
    request.content = b"100 to Bob".to_vec();
    request
}

pub(crate) fn octets(request: &Request) -> Vec<u8> {
    request.octets().expect("the test puts no line's end into a field")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
