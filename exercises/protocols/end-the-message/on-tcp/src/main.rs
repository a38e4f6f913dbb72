//! Your answers to `converse-in-smtp` and `end-the-message` behind a socket: a mail server that prints
//! what it takes.
//!
//! ```text
//!   swaks ══ TCP ══ connection ── lines ─────── your Session     which reply, and when
//!                               └─ the rest ─── your Receiver    where the message ends
//! ```
//!
//! What is given here: `connection` cuts lines out of the stream, bounds them and every wait, and
//! sends the replies. Whatever is SMTP is yours.
//!
//! ```text
//! cargo run -q -p your-mail-server &           # wait for `listening on`
//! swaks --server 127.0.0.1:2525 --from ada@client.example --to bob@mail.example
//! ```

mod connection;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;

/// Connections at once; more are closed as they come.
const MOST_CONNECTIONS: usize = 16;

/// A mail server out of your answers: it prints what it takes.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2525")]
    listen: SocketAddr,
    /// The server's name, and the domain whose mail it takes.
    #[arg(long, default_value = "mail.example")]
    domain: String,
}

fn main() -> ExitCode {
    match serve(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("your-mail-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(options.listen).with_context(|| format!("binding {}", options.listen))?;
    println!("listening on {}", listener.local_addr()?);
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, peer)) = listener.accept() else {
            // Out of descriptors, say: the next moment may have one.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        let place = Place::take(&open);
        if place.is_none() {
            continue;
        }
        let domain = options.domain.clone();
        thread::spawn(move || {
            let _place = place;
            if let Err(error) = connection::converse(stream, &domain) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// One of the connections that there may be, given back when it is dropped, a panic included.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(open.clone());
        let before = open.fetch_add(1, Ordering::Relaxed);
        (before < MOST_CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
