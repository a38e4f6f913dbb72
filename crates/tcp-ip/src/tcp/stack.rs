//! Many connections on one host: packets in, packets out.
//!
//! ```text
//!   packet(now, …) ──►┌───────────────────────────┐◄── listen, accept, connect
//!   on_timeout(now) ─►│ Stack                     │◄─► connection(handle)
//!                     │  addresses, ports ──► one │──► deadline()
//!                     └───────────────────────────┘──► poll(now, out) until it gives none
//! ```
//!
//! It answers pings, refuses what goes to closed ports, and finds for each segment the connection
//! whose addresses and ports it has; see `arrives`. It has no device: where packets come from
//! and go to is its driver's affair.

mod arrives;
mod places;
mod timetable;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::connection::{Connection, Setup};
use super::isn::IsnGenerator;
use super::listener::Listener;
use super::segment::Segment;
use super::{Config, State, header};
use crate::Instant;
use crate::ip::fragment::{Limits, Reassembler};
use crate::ip::{Protocol, Pseudo, v4, v6};

use arrives::AnswerLimit;
use places::Place;
use timetable::Timetable;

/// The first of the ports that [`Stack::connect`] chooses from, and how many there are
/// (RFC 6335 §6).
const EPHEMERAL: u16 = 49_152;
const EPHEMERAL_COUNT: u32 = 16_384;

/// A host.
#[derive(Debug)]
pub struct Stack {
    addresses: Vec<IpAddr>,
    /// The longest packet that the link takes.
    mtu: usize,
    config: Arc<Config>,
    isn: IsnGenerator,
    places: Vec<Place>,
    /// Places that nobody has.
    free: Vec<u32>,
    /// Where the connection of two sockets is.
    by_sockets: HashMap<Sockets, u32>,
    /// Where the last segment went: the next one mostly goes there, too, and need not be looked up.
    latest: u32,
    listeners: HashMap<u16, Listener>,
    /// Connections that may have something to send.
    ready: VecDeque<u32>,
    timetable: Timetable,
    /// Packets that answer others and belong to no connection.
    answers: VecDeque<Vec<u8>>,
    answer_limit: AnswerLimit,
    fragments: Reassembler,
    /// The number of the last packet that we have cut.
    identification: u32,
    /// How many ports were tried for connections of ours.
    connected: u32,
}

/// Which connection. One that was [released](Stack::release) means nothing any more, and never
/// another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle {
    place: u32,
    generation: u32,
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sockets {
    /// Ours.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

/// Why a [`Stack`] cannot do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackError {
    /// The host has no address of the peer's version of IP.
    NoAddress,
    /// All ports are taken.
    NoPort,
    /// Somebody listens at the port already.
    InUse(u16),
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("no address of the peer's version of IP"),
            Self::NoPort => f.write_str("all ports are taken"),
            Self::InUse(port) => write!(f, "port {port} is in use"),
        }
    }
}

impl std::error::Error for StackError {}

impl Stack {
    /// A host with these addresses, on a link that takes packets of `mtu` octets.
    pub fn new(addresses: &[IpAddr], mtu: usize, config: Config) -> Self {
        Self::with_isn(addresses, mtu, config, IsnGenerator::new())
    }

    /// The same, with initial sequence numbers from `isn`: for simulations that must be the same
    /// each time.
    pub fn with_isn(addresses: &[IpAddr], mtu: usize, config: Config, isn: IsnGenerator) -> Self {
        Self {
            addresses: addresses.to_vec(),
            mtu: mtu.min(usize::from(u16::MAX)),
            config: Arc::new(config),
            isn,
            places: Vec::new(),
            free: Vec::new(),
            by_sockets: HashMap::new(),
            latest: 0,
            listeners: HashMap::new(),
            ready: VecDeque::new(),
            timetable: Timetable::default(),
            answers: VecDeque::new(),
            answer_limit: AnswerLimit::default(),
            fragments: Reassembler::new(Limits::default()),
            identification: 0,
            connected: 0,
        }
    }

    /// Its addresses.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Listens at a port, of all addresses. At most `backlog` connections wait to be accepted.
    ///
    /// # Errors
    ///
    /// [`StackError::InUse`].
    pub fn listen(&mut self, port: u16, backlog: usize) -> Result<(), StackError> {
        if self.listeners.contains_key(&port) {
            return Err(StackError::InUse(port));
        }
        self.listeners.insert(port, Listener::new(backlog));
        Ok(())
    }

    /// Listens no longer. Connections that nobody has accepted are aborted.
    pub fn unlisten(&mut self, port: u16) {
        let Some(listener) = self.listeners.remove(&port) else { return };
        for handle in listener.waiting() {
            if let Some(occupant) = self.occupant_mut(handle) {
                occupant.listener = None;
                occupant.connection.abort();
            }
            self.make_ready(handle.place);
        }
    }

    /// A connection that has come to a port, if there is one.
    pub fn accept(&mut self, port: u16) -> Option<Handle> {
        let handle = self.listeners.get_mut(&port)?.accept()?;
        let occupant = self.occupant_mut(handle)?;
        occupant.listener = None;
        occupant.owned = true;
        Some(handle)
    }

    /// Begins a connection.
    ///
    /// # Errors
    ///
    /// [`StackError::NoAddress`] and [`StackError::NoPort`].
    pub fn connect(&mut self, now: Instant, remote: SocketAddr) -> Result<Handle, StackError> {
        let same_version = |address: &&IpAddr| address.is_ipv4() == remote.is_ipv4();
        let address = self.addresses.iter().find(same_version).ok_or(StackError::NoAddress)?;
        let sockets = self.free_sockets(*address, remote)?;
        let setup = self.setup(now, sockets);
        let connection = Connection::connect(now, self.config.clone(), setup);
        let handle = self.insert(connection, sockets, None);
        self.make_ready(handle.place);
        Ok(handle)
    }

    /// A free port, from one on that a stranger does not know: an offset that is secret and each
    /// destination's own, plus a counter (RFC 6056 §3.3.3).
    fn free_sockets(&mut self, local: IpAddr, remote: SocketAddr) -> Result<Sockets, StackError> {
        let offset = self.isn.clock(SocketAddr::new(local, 0), remote);
        for _ in 0..EPHEMERAL_COUNT {
            let turn = offset.wrapping_add(self.connected) % EPHEMERAL_COUNT;
            self.connected = self.connected.wrapping_add(1);
            let port = EPHEMERAL + u16::try_from(turn).expect("fewer than 2^16");
            let sockets = Sockets { local: SocketAddr::new(local, port), remote };
            if !self.by_sockets.contains_key(&sockets) && !self.listeners.contains_key(&port) {
                return Ok(sockets);
            }
        }
        Err(StackError::NoPort)
    }

    fn setup(&self, now: Instant, Sockets { local, remote }: Sockets) -> Setup {
        let ip = if local.is_ipv4() { v4::HEADER } else { v6::HEADER };
        // RFC 6691: what the link takes, less the two headers without options.
        let mss = self.mtu.saturating_sub(ip + header::HEADER);
        Setup {
            local: local.port(),
            remote: remote.port(),
            iss: self.isn.isn(now, local, remote),
            clock: self.isn.clock(local, remote),
            mss: u16::try_from(mss).unwrap_or(u16::MAX),
        }
    }

    /// A connection, to look at.
    pub fn connection(&self, handle: Handle) -> Option<&Connection> {
        self.occupant(handle).map(|occupant| &occupant.connection)
    }

    /// A connection, to use. What it then has to say goes out with the next [`poll`](Self::poll).
    pub fn connection_mut(&mut self, handle: Handle) -> Option<&mut Connection> {
        self.occupant(handle)?;
        self.make_ready(handle.place);
        self.occupant_mut(handle).map(|occupant| &mut occupant.connection)
    }

    /// The ends of a connection.
    pub fn sockets(&self, handle: Handle) -> Option<Sockets> {
        self.occupant(handle).map(|occupant| occupant.sockets)
    }

    /// The application is done with a connection: it is [closed](Connection::close), and forgotten
    /// once that is through.
    pub fn release(&mut self, handle: Handle) {
        let Some(occupant) = self.occupant_mut(handle) else { return };
        occupant.owned = false;
        occupant.connection.close();
        self.make_ready(handle.place);
    }

    /// How many connections there are, those in TIME-WAIT included.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When [`on_timeout`](Self::on_timeout) should be called, or earlier than that would be needed.
    pub fn deadline(&self) -> Option<Instant> {
        self.timetable.earliest().into_iter().chain(self.fragments.deadline()).min()
    }

    /// Does what is due.
    pub fn on_timeout(&mut self, now: Instant) {
        while let Some(place) = self.timetable.due(now) {
            if let Some(occupant) = &mut self.places[place as usize].occupant {
                occupant.connection.on_timeout(now);
                self.make_ready(place);
            }
        }
        self.expire_fragments(now);
    }

    /// Appends the next packet that should go out to `out`; false if there is none.
    pub fn poll(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if let Some(answer) = self.answers.pop_front() {
            out.extend_from_slice(&answer);
            return true;
        }
        while let Some(place) = self.ready.pop_front() {
            let Some(occupant) = &mut self.places[place as usize].occupant else { continue };
            let sockets = occupant.sockets;
            if let Some(segment) = occupant.connection.poll_transmit(now) {
                emit(&sockets, &segment, out);
                // Whoever has more to say says it after the others.
                self.ready.push_back(place);
                return true;
            }
            occupant.queued = false;
            self.settle(place);
        }
        false
    }

    /// A connection has said all that it has to say, for now.
    fn settle(&mut self, place: u32) {
        let Some(occupant) = &self.places[place as usize].occupant else { return };
        if occupant.connection.state() != State::Closed {
            self.timetable.set(place, occupant.connection.deadline());
            return;
        }
        // Its sockets are free at once; what was received can still be read.
        let (sockets, listener, owned) = (occupant.sockets, occupant.listener, occupant.owned);
        if self.by_sockets.get(&sockets) == Some(&place) {
            self.by_sockets.remove(&sockets);
        }
        if !owned {
            let generation = self.places[place as usize].generation;
            if let Some(listener) = listener.and_then(|port| self.listeners.get_mut(&port)) {
                listener.forget(Handle { place, generation });
            }
            self.vacate(place);
        }
    }
}

impl Handle {
    #[cfg(test)]
    pub(crate) fn for_tests(place: u32) -> Self {
        Self { place, generation: 0 }
    }
}

/// Appends a segment in its packet.
fn emit(sockets: &Sockets, segment: &Segment<'_>, out: &mut Vec<u8>) {
    let (local, remote) = (sockets.local.ip(), sockets.remote.ip());
    let Some(pseudo) = Pseudo::between(local, remote) else { return };
    let length = segment.header.length() + segment.payload_length();
    match pseudo {
        Pseudo::V4 { source, destination } => {
            // DF is set: that is how the path's MTU is found (RFC 1191).
            v4::Header::new(source, destination, Protocol::TCP).emit_header(length, out);
        }
        Pseudo::V6 { source, destination } => {
            v6::Header::new(source, destination, Protocol::TCP).emit_header(length, out);
        }
    }
    segment.header.emit(&pseudo, &segment.payload, out);
}
