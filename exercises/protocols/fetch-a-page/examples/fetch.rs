//! Fetches pages with your answer, one after the other, and writes them to standard output.
//!
//!     cargo run -p fetch-a-page --features example --example fetch -- [--post TEXT] [--header 'Name: value'] URL...

use std::io::{self, ErrorKind, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, process};

use fetch_a_page::{Client, Fields, Origin, Request, Url};

fn main() -> ExitCode {
    let mut client = Client::new(Box::new(connect), Duration::from_secs(10));
    let (mut fields, mut content): (Fields, _) = (Vec::new(), Vec::new());
    let mut arguments = env::args().skip(1);
    let mut failed = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--post" => content = arguments.next().unwrap_or_else(|| usage()).into_bytes(),
            "--header" => {
                let field = arguments.next().unwrap_or_else(|| usage());
                let Some((name, value)) = field.split_once(": ") else { usage() };
                fields.push((name.to_owned(), value.to_owned()));
            }
            url => {
                let url = Url::parse(url).unwrap_or_else(|| usage());
                let method = if content.is_empty() { "GET" } else { "POST" }.to_owned();
                let request =
                    Request { method, url, fields: fields.clone(), content: content.clone() };
                failed |= show(&mut client, &request).is_err();
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn usage() -> ! {
    eprintln!("fetch [--post TEXT] [--header 'Name: value'] URL...");
    process::exit(2);
}

/// Fetches once. The content goes to standard output, and what is to be said to standard error.
fn show(client: &mut Client, request: &Request) -> Result<(), ()> {
    match client.fetch(request) {
        Ok(response) => {
            eprintln!("{}, {} octets", response.status, response.content.len());
            io::stdout().write_all(&response.content).map_err(drop)
        }
        Err(error) => {
            eprintln!("no answer: {error:?}");
            Err(())
        }
    }
}

/// Tries the addresses that the name has, for so long in all.
fn connect(origin: &Origin, within: Duration) -> io::Result<TcpStream> {
    if origin.https {
        return Err(io::Error::new(ErrorKind::Unsupported, "TLS comes with chapter 6"));
    }
    let addresses: Vec<_> = (origin.host.as_str(), origin.port).to_socket_addrs()?.collect();
    eprintln!("connecting to {}:{}", origin.host, origin.port);
    let each = within / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = ErrorKind::NotFound.into();
    for address in addresses {
        match TcpStream::connect_timeout(&address, each) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
