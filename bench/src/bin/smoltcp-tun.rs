//! smoltcp on a TUN device, with the kernel's TCP as its peer: what `tcp-ip serve-tun` is measured
//! beside. As its documentation shows it, with its own device, and buffers as large as ours.
//!
//!     smoltcp-tun tun0 10.77.0.2/24 serve 80 FILE                 that file, over HTTP/1.0
//!     smoltcp-tun tun0 10.77.0.2/24 fetch 10.77.0.1:8000 /file    fetches, and throws away

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd;

use anyhow::{Context, Result, bail};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Medium, TunTapInterface};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr};

/// Octets of the send and of the receive buffer: as `tcp_ip::tcp::Config` has them.
const BUFFER: usize = 4 << 20;

struct Host {
    device: TunTapInterface,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [device, address, "serve", port, file] => {
            Host::new(device, address)?.serve(port.parse()?, file)
        }
        [device, address, "fetch", server, path] => {
            Host::new(device, address)?.fetch(server.parse()?, path)
        }
        _ => bail!("smoltcp-tun DEVICE ADDRESS/BITS serve PORT FILE | fetch SERVER PATH"),
    }
}

impl Host {
    fn new(name: &str, address: &str) -> Result<Self> {
        let mut device = TunTapInterface::new(name, Medium::Ip).context("opening the device")?;
        let config = Config::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut device, Instant::now());
        let Ok(address) = address.parse::<IpCidr>() else { bail!("`{address}` is no address") };
        interface.update_ip_addrs(|addresses| {
            addresses.push(address).expect("room for one address");
        });
        let buffer = || SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_congestion_control(CongestionControl::Reno);
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Ok(Self { device, interface, sockets, handle })
    }

    /// Packets in, packets out; and then, unless something happened, waits.
    fn turn(&mut self, go_on: impl FnOnce(&mut Socket<'static>) -> bool) -> Result<()> {
        let now = Instant::now();
        self.interface.poll(now, &mut self.device, &mut self.sockets);
        let busy = go_on(self.sockets.get_mut(self.handle));
        if !busy {
            let delay = self.interface.poll_delay(now, &self.sockets);
            phy::wait(self.device.as_raw_fd(), delay).context("waiting")?;
        }
        Ok(())
    }

    fn serve(mut self, port: u16, path: &str) -> Result<()> {
        let mut file = File::open(path).context("opening the file")?;
        let length = usize::try_from(file.metadata()?.len())?;
        println!("listening on port {port}");
        std::io::stdout().flush()?;
        let (mut request, mut head, mut left) = (Vec::new(), Vec::new(), 0);
        loop {
            self.turn(|socket| {
                if !socket.is_open() {
                    socket.listen(port).expect("a closed socket");
                    request.clear();
                    return true;
                }
                let asked = socket.recv(|octets| {
                    request.extend_from_slice(octets);
                    (octets.len(), ())
                });
                if asked.is_ok() && request.ends_with(b"\r\n\r\n") {
                    head = format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n").into();
                    left = length;
                    request.clear();
                    file.rewind().expect("it is a file");
                }
                let sent = socket.send_slice(&head).unwrap_or(0);
                head.drain(..sent);
                let mut more = 0;
                while left > 0 && head.is_empty() && socket.can_send() {
                    more = socket
                        .send(|room| {
                            let most = room.len().min(left);
                            let count = file.read(&mut room[..most]).expect("it was opened");
                            (count, count)
                        })
                        .unwrap_or(0);
                    left -= more;
                    if left == 0 {
                        socket.close();
                    }
                }
                sent + more > 0
            })?;
        }
    }

    fn fetch(mut self, server: SocketAddrV4, path: &str) -> Result<()> {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        let connected = socket.connect(self.interface.context(), server, 49_152);
        connected.ok().context("connecting")?;
        let mut request = format!("GET {path} HTTP/1.0\r\n\r\n").into_bytes();
        let (mut received, mut over) = (0, false);
        while !over {
            self.turn(|socket| {
                let sent = socket.send_slice(&request).unwrap_or(0);
                request.drain(..sent);
                let mut more = 0;
                while let Ok(count @ 1..) = socket.recv(|octets| (octets.len(), octets.len())) {
                    more += count;
                }
                received += more;
                over = !socket.is_open() || (!socket.may_recv() && socket.may_send());
                sent + more > 0
            })?;
        }
        println!("fetched {received} octets, the answer's head among them");
        Ok(())
    }
}
