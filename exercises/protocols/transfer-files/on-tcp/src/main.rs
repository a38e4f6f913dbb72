//! Your answer to `transfer-files` as an FTP server, for curl and lftp.
//!
//! ```text
//!   curl ── control connection ── session ──── your Session
//!        ── data connection ─────  │  │        what crosses, and what is said about it
//!                                  │  └ logging in, ports, SIZE, and what is not offered
//!                                  └ client-server: the loop and both sockets
//! ```
//!
//! ```text
//! cargo run -p your-ftp-server -- --root /tmp/your-ftp --listen 127.0.0.1:2121
//! curl -T Cargo.lock ftp://127.0.0.1:2121/
//! ```

mod lines;
mod session;

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use client_server::Service;
use client_server::serve::Serve;
use sockets::wire::Wire;

use session::FtpSession;

/// Your answer to `transfer-files` as an FTP server: everybody may read and write the files of one folder.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    serve: Serve,
    /// The folder
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    #[command(flatten)]
    wire: Wire,
}

#[derive(Debug, Clone)]
struct Server {
    root: PathBuf,
}

impl Service for Server {
    type Session = FtpSession;

    fn session(&self, _: Option<IpAddr>) -> FtpSession {
        FtpSession::new(self.root.clone())
    }

    fn refusal(&self) -> &[u8] {
        b"421 Too many clients; come back later.\r\n"
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("your-ftp-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let Arguments { serve, root, wire } = arguments;
    ensure!(root.is_dir(), "{} is not a folder", root.display());
    serve.offer("your-ftp-server", &wire, Server { root })
}
