//! smoltcp, with Reno unless another is asked for, and everything else as it comes: without timestamps,
//! so ours have none here either.

use std::cell::RefCell;

use ::tcp_ip::Instant;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer};
use smoltcp::time::Instant as Time;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::host::{Host, Packets};
use super::{BUFFER, BURST, MTU};

const PORT: u16 = 7;

pub(crate) struct Smol {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
}

/// The end of the cable, for the time of one call.
struct Device<'a> {
    input: &'a mut Packets,
    output: &'a mut Packets,
    spare: RefCell<Packets>,
}

struct Arrived<'a> {
    packet: Vec<u8>,
    spare: &'a RefCell<Packets>,
}

struct Sending<'a> {
    output: &'a mut Packets,
    spare: &'a RefCell<Packets>,
}

impl Host for Smol {
    fn pair() -> [Self; 2] {
        Self::pair_with(CongestionControl::Reno)
    }

    fn run(
        &mut self,
        now: Instant,
        input: &mut Packets,
        output: &mut Packets,
        spare: &mut Packets,
    ) {
        let lent = RefCell::new(std::mem::take(spare));
        let mut device = Device { input, output, spare: lent };
        self.interface.poll(time(now), &mut device, &mut self.sockets);
        *spare = device.spare.into_inner();
    }

    fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(time(now), &self.sockets)?;
        let nanoseconds = u64::try_from(at.total_micros()).unwrap_or(0) * 1_000;
        Some(Instant::from_nanos(nanoseconds).max(now))
    }

    fn send(&mut self, octets: &[u8]) -> usize {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        socket.send_slice(octets).unwrap_or(0)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> usize {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        socket.recv_slice(buffer).unwrap_or(0)
    }
}

impl Smol {
    /// A client that connects and a server that listens.
    pub(crate) fn pair_with(control: CongestionControl) -> [Self; 2] {
        let mut hosts = [1, 2].map(|last| Self::new(last, control));
        let [client, server] = &mut hosts;
        let socket = server.sockets.get_mut::<Socket<'_>>(server.handle);
        socket.listen(PORT).expect("a closed socket");
        let socket = client.sockets.get_mut::<Socket<'_>>(client.handle);
        let to = (IpAddress::v4(192, 0, 2, 2), PORT);
        socket.connect(client.interface.context(), to, 49_152).expect("a closed socket");
        hosts
    }

    fn new(last: u8, control: CongestionControl) -> Self {
        let (mut input, mut output) = <(Packets, Packets)>::default();
        let spare = RefCell::default();
        let mut device = Device { input: &mut input, output: &mut output, spare };
        let config = Config::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut device, Time::ZERO);
        interface.update_ip_addrs(|addresses| {
            let address = IpCidr::new(IpAddress::v4(192, 0, 2, last), 24);
            addresses.push(address).expect("room for one address");
        });
        let buffer = || SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_congestion_control(control);
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Self { interface, sockets, handle }
    }
}

impl phy::Device for Device<'_> {
    type RxToken<'t>
        = Arrived<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Sending<'t>
    where
        Self: 't;

    fn receive(&mut self, _now: Time) -> Option<(Arrived<'_>, Sending<'_>)> {
        let packet = self.input.pop_front()?;
        let spare = &self.spare;
        Some((Arrived { packet, spare }, Sending { output: self.output, spare }))
    }

    fn transmit(&mut self, _now: Time) -> Option<Sending<'_>> {
        let room = self.output.len() < BURST;
        room.then_some(Sending { output: self.output, spare: &self.spare })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

impl phy::RxToken for Arrived<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        let done = take(&self.packet);
        self.spare.borrow_mut().push_back(self.packet);
        done
    }
}

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut packet = self.spare.borrow_mut().pop_back().unwrap_or_default();
        // Only what is longer than what stood there before is zeroed.
        packet.resize(length, 0);
        let done = fill(&mut packet);
        self.output.push_back(packet);
        done
    }
}

fn time(now: Instant) -> Time {
    Time::from_micros(i64::try_from(now.as_nanos() / 1_000).unwrap_or(i64::MAX))
}
