//! `lookup`: asks a name server.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use protocols::dns::ask::Client;
use protocols::dns::resolver::{Answer, Config, Failure, Found, Random, Resolver};
use protocols::dns::{Name, Question, Rcode, Type};
use sockets::serving;
use sockets::wire::Wire;

/// Asks a name server, and prints the records that answer, one a line, as zone files have them:
/// `www.example.com. 300 IN A 192.0.2.1`. Aliases on the way come first.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 records were found; 3 there is no such name (NXDOMAIN); 4 the name has no such records; 5 the \
server failed (SERVFAIL, or another error); 6 the server refused (REFUSED); 1 nobody answered, or the answer \
cannot be used; 2 bad arguments.")]
pub(crate) struct Lookup {
    /// The name, taken to be absolute: `www.example.com`. With -x, an IP address.
    #[arg(value_name = "NAME")]
    name: String,
    /// What to ask for: A, AAAA, MX, TXT, …, ANY, or TYPE and a number.
    #[arg(value_name = "TYPE", value_parser = rtype)]
    rtype: Option<Type>,
    /// A server: `127.0.0.1`, `127.0.0.1:5353`, `[::1]:53`. Several are asked in turn. Without it:
    /// those of /etc/resolv.conf.
    #[arg(long, short, value_name = "ADDRESS", value_parser = server)]
    server: Vec<SocketAddr>,
    /// Which name has this address? Asks for PTR.
    #[arg(long, short = 'x')]
    reverse: bool,
    /// Print what the records say, and nothing else.
    #[arg(long)]
    short: bool,
    /// Over TCP from the beginning.
    #[arg(long)]
    tcp: bool,
    /// Do not ask the server to ask others.
    #[arg(long)]
    no_recursion: bool,
    /// Queries to each server.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=16))]
    tries: u32,
    /// How long the first query waits for its answer; each further one to that server twice as long.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = serving::duration)]
    wait: Duration,
    /// How long all of it may take.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = serving::duration)]
    timeout: Duration,
}

/// The system's list of servers, and how much of it is read.
const SERVERS: &str = "/etc/resolv.conf";
const LONGEST_LIST: u64 = 64 * 1024;

pub(crate) fn run(arguments: &Lookup, wire: &Wire) -> Result<ExitCode> {
    let question = match question(arguments) {
        Ok(question) => question,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let servers = match arguments.server.as_slice() {
        [] => system_servers()?,
        given => given.to_vec(),
    };
    let config = Config {
        attempt: arguments.wait,
        attempts: arguments.tries,
        total: arguments.timeout,
        tcp: arguments.tcp,
        recursion: !arguments.no_recursion,
        ..Config::new(servers)
    };
    // Without it nothing of this is safe, so there is no going on.
    let random: Random =
        Box::new(|octets| getrandom::fill(octets).expect("the system has random numbers"));
    let page = wire.page();
    let mut client = Client::new(Resolver::new(config, random), page.recorder.clone());
    let answered = client.resolve(question.clone());
    page.finish()?;
    tell(arguments, &question, answered)
}

fn question(arguments: &Lookup) -> Result<Question> {
    let text = &arguments.name;
    if !arguments.reverse {
        let name = text.parse().with_context(|| format!("{text:?} is no domain name"))?;
        return Ok(Question::new(name, arguments.rtype.unwrap_or(Type::A)));
    }
    let address: IpAddr = text.parse().with_context(|| format!("{text:?} is no IP address"))?;
    Ok(Question::new(reverse_name(address), arguments.rtype.unwrap_or(Type::PTR)))
}

/// The name under which an address's name stands (RFC 1035 §3.5, RFC 3596 §2.5).
fn reverse_name(address: IpAddr) -> Name {
    let text = match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(address) => {
            let octets = address.octets();
            let nibbles =
                octets.iter().rev().map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4));
            nibbles.collect::<String>() + "ip6.arpa."
        }
    };
    text.parse().expect("numbers and dots")
}

/// Prints what was found, or says why there is nothing.
fn tell(
    arguments: &Lookup,
    question: &Question,
    answered: Result<Answer, Failure>,
) -> Result<ExitCode> {
    let Answer { chain, name, found } = match answered {
        Ok(answer) => answer,
        Err(Failure::Rcode(server, rcode)) => {
            eprintln!("lookup: {question}: {}", Failure::Rcode(server, rcode));
            return Ok(ExitCode::from(if rcode == Rcode::REFUSED { 6 } else { 5 }));
        }
        Err(failure) => bail!("{question}: {failure}"),
    };
    let (records, code) = match found {
        Found::Records(records) => (records, 0),
        Found::NoName => {
            eprintln!("lookup: there is no name {name} (NXDOMAIN)");
            (Vec::new(), 3)
        }
        Found::NoData => {
            eprintln!("lookup: {name} has no records of type {} (NODATA)", question.qtype);
            (Vec::new(), 4)
        }
    };
    let mut text = String::new();
    for record in chain.iter().chain(&records) {
        text += &if arguments.short { record.data.to_string() } else { record.to_string() };
        text.push('\n');
    }
    io::stdout().lock().write_all(text.as_bytes()).context("printing")?;
    Ok(ExitCode::from(code))
}

fn rtype(text: &str) -> Result<Type, String> {
    match text.parse() {
        // What is no question, or none that has an answer on a stub's terms.
        Ok(Type::OPT | Type::TSIG | Type::TKEY | Type::AXFR | Type::IXFR | Type(0)) | Err(_) => {
            Err(format!("{text:?} is no type of records; A, AAAA, MX, TXT or TYPE257 is"))
        }
        Ok(rtype) => Ok(rtype),
    }
}

/// An address, with a port or without.
fn server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = |address: IpAddr| SocketAddr::new(address, 53);
    let address = text.parse().or_else(|_| bare.parse().map(with_port));
    match address {
        Ok(address) if address.port() != 0 => Ok(address),
        _ => Err("a server is an address, as 127.0.0.1, 127.0.0.1:5353 or [::1]:53".to_owned()),
    }
}

/// The `nameserver` lines of resolv.conf(5).
fn system_servers() -> Result<Vec<SocketAddr>> {
    let mut text = String::new();
    let file = File::open(SERVERS).with_context(|| format!("reading {SERVERS}; say --server"))?;
    file.take(LONGEST_LIST)
        .read_to_string(&mut text)
        .with_context(|| format!("reading {SERVERS}"))?;
    let lines = text.lines().filter_map(|line| line.strip_prefix("nameserver"));
    let servers: Vec<_> = lines.filter_map(|rest| server(rest.trim()).ok()).collect();
    if servers.is_empty() {
        bail!("{SERVERS} names no server; say --server");
    }
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_names() {
        assert_eq!(reverse_name([192, 0, 2, 1].into()).to_string(), "1.2.0.192.in-addr.arpa.");
        let name = reverse_name("2001:db8::567:89ab".parse().unwrap()).to_string();
        let expected = "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
        assert_eq!(name, expected);
    }

    #[test]
    fn servers_have_ports() {
        for (text, expected) in [
            ("127.0.0.1", "127.0.0.1:53"),
            ("127.0.0.1:5300", "127.0.0.1:5300"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5300", "[::1]:5300"),
        ] {
            assert_eq!(server(text).map(|address| address.to_string()), Ok(expected.to_owned()));
        }
        for wrong in ["", "localhost", "127.0.0.1:0", "127.0.0.1:65536", "[127.0.0.1"] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }
}
