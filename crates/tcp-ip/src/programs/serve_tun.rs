//! `serve-tun`: this chapter's TCP with the kernel's as its peer, over a TUN device.

mod guests;
mod host;
mod weather;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use sockets::serving;
use tcp_ip::ip::route::Interface;
use tcp_ip::savefile::Writer;
use tcp_ip::service::{Files, Target};
use tcp_ip::tcp::{Config, Stack};
use tcp_ip::tun::{self, Tun};

use guests::{Guests, Offer};
use host::Host;
use weather::Weather;

/// Answers pings and TCP connections at an address behind a TUN device, with this chapter's TCP (Linux).
///
/// It makes the device, or attaches to a standing one. The kernel's end of it must have an address and
/// be up: `ip addr add 10.77.0.1/24 dev tun0 && ip link set tun0 up`, or `--kernel 10.77.0.1`, which
/// runs that. Without root, run it all in a namespace of your own: `unshare -rn`.
#[derive(Debug, Args)]
pub(crate) struct ServeTun {
    /// The device's name; it is made if there is none.
    #[arg(long, value_name = "NAME", default_value = "tun0", value_parser = device)]
    device: String,
    /// Our address, and how long its prefix is.
    #[arg(long, value_name = "ADDRESS/BITS", default_value = "10.77.0.2/24")]
    address: Interface,
    /// Give the kernel's end this address and bring the device up, with ip(8).
    #[arg(long, value_name = "ADDRESS")]
    kernel: Option<IpAddr>,
    /// Serve the files of this folder over HTTP/1.0.
    #[arg(long, value_name = "DIR")]
    http: Option<PathBuf>,
    /// At which port the files are served.
    #[arg(long, value_name = "PORT", default_value = "80")]
    http_port: u16,
    /// Echo whatever comes to this port.
    #[arg(long, value_name = "PORT")]
    echo: Option<u16>,
    /// Fetch this over HTTP/1.0, and then end: `http://10.77.0.1:8000/file`.
    #[arg(long, value_name = "URL", requires = "output")]
    fetch: Option<Target>,
    /// Where what was fetched goes.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The longest packet that we send, in octets: the device's MTU.
    #[arg(long, value_name = "OCTETS", default_value = "1500", value_parser = clap::value_parser!(u16).range(68..=65_535))]
    mtu: u16,
    /// Save what crosses the device, for `inspect`, Wireshark and tshark (pcap).
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// After SIGINT or SIGTERM: finish what is in flight for so long.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = serving::duration)]
    drain: Duration,
    #[command(flatten)]
    weather: weather::Arguments,
}

/// Reads a device's name.
fn device(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no name of an interface, such as tun0");
    tun::is_name(text).then(|| text.to_owned()).ok_or_else(wrong)
}

pub(crate) fn run(arguments: &ServeTun) -> Result<ExitCode> {
    let offers = offers(arguments)?;
    let tun = Tun::open(&arguments.device)
        .with_context(|| format!("opening the TUN device {}", arguments.device))?;
    if let Some(kernel) = arguments.kernel {
        configure(&arguments.device, kernel, arguments.address.prefix.length())?;
    }
    let Interface { address, .. } = arguments.address;
    let mut stack = Stack::new(&[address], usize::from(arguments.mtu), Config::default());
    for offer in &offers {
        stack.listen(offer.port, guests::BACKLOG).context("listening")?;
    }
    let record = arguments.pcap.as_ref().map(|path| -> Result<_> {
        let file = File::create(path).with_context(|| format!("making {}", path.display()))?;
        Ok(Writer::new(BufWriter::new(file))?)
    });
    let (stop, stopped) = UnixStream::pair().context("making the signals' socket pair")?;
    // The loop waits for the signals itself, so they need no thread: each writes an octet.
    pipe::register(SIGTERM, stop.try_clone()?).context("registering for SIGTERM")?;
    pipe::register(SIGINT, stop).context("registering for SIGINT")?;
    let weather = Weather::new(&arguments.weather);
    let ports: Vec<u16> = offers.iter().map(|offer| offer.port).collect();
    let guests = Guests::new(offers);
    let mut host = Host::new(tun, stack, guests, weather, record.transpose()?);
    if let (Some(target), Some(path)) = (&arguments.fetch, &arguments.output) {
        let file = File::create(path).with_context(|| format!("making {}", path.display()))?;
        host.fetch(target, file)?;
    }
    // The first port, if there is one: a fetch has none.
    match ports.first() {
        Some(port) => serving::announce(SocketAddr::new(address, *port))?,
        None => serving::announce(address)?,
    }
    hint(arguments);
    let fetched = host.run(&stopped, arguments.drain)?;
    eprintln!("stopped: {}", host.report());
    Ok(if fetched { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn offers(arguments: &ServeTun) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    if let Some(folder) = &arguments.http {
        let files =
            Files::below(folder).with_context(|| format!("serving {}", folder.display()))?;
        offers.push(Offer::files(arguments.http_port, files));
    }
    if let Some(port) = arguments.echo {
        offers.push(Offer::echo(port));
    }
    if offers.iter().any(|offer| offer.port == 0) {
        bail!("port 0 is no port: nobody here would choose one");
    }
    Ok(offers)
}

/// Gives the kernel's end an address, and brings the device up.
fn configure(device: &str, address: IpAddr, bits: u8) -> Result<()> {
    let address = format!("{address}/{bits}");
    let commands: [&[&str]; 2] =
        [&["addr", "replace", &address, "dev", device], &["link", "set", device, "up"]];
    for command in commands {
        let words = format!("ip {}", command.join(" "));
        let output = Command::new("ip").args(command).output();
        let output = output.with_context(|| format!("running `{words}`"))?;
        if !output.status.success() {
            bail!("`{words}`: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
    }
    Ok(())
}

/// Says what is left to do, and what is there: for people.
fn hint(arguments: &ServeTun) {
    let ServeTun { device, address: Interface { address, prefix }, .. } = arguments;
    let mut text = String::new();
    if arguments.kernel.is_none() {
        text += &format!(
            "if {device} has no address yet:\n    \
             ip addr add …/{} dev {device} && ip link set {device} up\n",
            prefix.length()
        );
    }
    if arguments.http.is_some() {
        text += &format!("files: curl http://{address}:{}/…\n", arguments.http_port);
    }
    if let Some(port) = arguments.echo {
        text += &format!("echo: nc {address} {port}\n");
    }
    // Nobody has to read it.
    let _ = io::stderr().write_all(text.as_bytes());
}
