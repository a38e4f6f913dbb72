//! `resolve NAME`: a name's addresses, and where they come from.

use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use sockets::resolve::{Target, in_hosts_file, kind};
use sockets::serving;
use sockets::wire::Wire;

/// Asks the system for a name's addresses, in the order in which to try them, and shows what this
/// machine's own files say.
///
/// getaddrinfo(3) has no deadline: the lookup runs on a thread of its own, which is left behind when
/// the time is over.
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// A name or an address, with a port or without: localhost, example.org:80, [::1]:80.
    #[arg(value_name = "NAME", value_parser = target)]
    target: Target,
    /// Wait so long for the answer.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = serving::duration)]
    deadline: Duration,
}

fn target(text: &str) -> Result<Target, sockets::resolve::Error> {
    Target::parse(text)
}

pub(crate) fn run(arguments: &Resolve, wire: &Wire) -> Result<()> {
    wire.nothing("the sockets of a lookup are getaddrinfo's")?;
    let target = &arguments.target;
    let mut text = String::new();
    if target.numeric().is_some() {
        text += "an address already: nobody needs to be asked\n";
    } else {
        text += &files(&target.host);
    }
    let began = Instant::now();
    let result = target.resolve(arguments.deadline);
    let took = began.elapsed().as_secs_f64() * 1000.0;
    if target.numeric().is_none() {
        text += &format!("getaddrinfo         {took:.1} ms\n");
    }
    for address in result.as_deref().unwrap_or_default() {
        let ip = address.ip();
        let shown = match target.port {
            Some(_) => address.to_string(),
            None => ip.to_string(),
        };
        text += &format!("  {shown:40} {}\n", kind(ip));
    }
    if let Ok([first]) = result.as_deref()
        && target.numeric().is_none()
        && looks_like_a_number(&target.host)
    {
        let (host, ip) = (&target.host, first.ip());
        text +=
            &format!("`{host}` is {ip} to getaddrinfo (inet_aton(3)), and no address to Rust\n");
    }
    io::stdout().lock().write_all(text.as_bytes()).context("printing")?;
    result.map(drop).with_context(|| format!("resolving {}", target.host))
}

/// What the machine's files say of the name, and in which order they and others are asked.
fn files(name: &str) -> String {
    let mut text = String::new();
    match fs::read_to_string("/etc/hosts") {
        Ok(hosts) => {
            let entries = in_hosts_file(&hosts, name);
            if entries.is_empty() {
                text += "/etc/hosts          does not have it\n";
            }
            for entry in entries {
                text += &format!("/etc/hosts          line {}: {}\n", entry.line, entry.address);
            }
        }
        Err(error) => text += &format!("/etc/hosts          {error}\n"),
    }
    let order = fs::read_to_string("/etc/nsswitch.conf").ok().and_then(|file| {
        file.lines().find_map(|line| Some(line.strip_prefix("hosts:")?.trim().to_owned()))
    });
    if let Some(order) = order {
        text += &format!("/etc/nsswitch.conf  hosts: {}\n", order.escape_debug());
    }
    text
}

fn looks_like_a_number(host: &str) -> bool {
    host.starts_with(|c: char| c.is_ascii_digit())
        && host.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | 'x' | 'X'))
}
