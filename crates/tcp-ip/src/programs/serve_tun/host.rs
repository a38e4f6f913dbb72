//! The loop between the device and the stack.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tcp_ip::Instant;
use tcp_ip::savefile::Writer;
use tcp_ip::service::Target;
use tcp_ip::tcp::Stack;
use tcp_ip::tun::Tun;

use super::guests::Guests;
use super::weather::Weather;

/// Packets that are taken from the device before ours are sent, and the other way round: who sends
/// a whole window without reading lets acknowledgments pile up.
const TURN: usize = 64;
/// The longest wait: so that nothing that was overlooked can stop us for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Octets of the longest IP packet.
const LONGEST_PACKET: usize = 65_535;

/// A host: the device, the stack behind it, and who it serves.
pub(super) struct Host {
    tun: Tun,
    stack: Stack,
    guests: Guests,
    weather: Option<Weather>,
    record: Option<Writer<BufWriter<File>>>,
    started: (Clock, Duration),
    received: u64,
    sent: u64,
    /// The packet that is being received, and the one that is being sent: kept for their memory.
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// What the device did not take: it was down or full, or saw no packet in it.
    refused: u64,
}

/// What a wait ended with.
struct Ready {
    packets: bool,
    stopped: bool,
}

impl Host {
    pub(super) fn new(
        tun: Tun,
        stack: Stack,
        guests: Guests,
        weather: Option<Weather>,
        record: Option<Writer<BufWriter<File>>>,
    ) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started = (Clock::now(), since_1970);
        let (inbox, outbox) = (vec![0; LONGEST_PACKET], Vec::new());
        let (received, sent, refused) = (0, 0, 0);
        Self {
            tun,
            stack,
            guests,
            weather,
            record,
            started,
            received,
            sent,
            inbox,
            outbox,
            refused,
        }
    }

    fn now(&self) -> Instant {
        Instant::new(self.started.0.elapsed())
    }

    /// Begins to fetch something. [`run`](Self::run) ends when that does.
    pub(super) fn fetch(&mut self, target: &Target, file: File) -> Result<()> {
        let now = self.now();
        self.guests.fetch(now, &mut self.stack, target, file)
    }

    /// Serves until there is something on `stopped`, and then finishes for as long as `drain`; or
    /// until what was to be fetched is there. False if it is not.
    pub(super) fn run(&mut self, stopped: &UnixStream, drain: Duration) -> Result<bool> {
        let mut last: Option<Instant> = None;
        let mut more = false;
        loop {
            let ready = self.wait(last, more, stopped)?;
            let now = self.now();
            more = ready.packets && self.receive(now)?;
            self.pass_on(now);
            self.stack.on_timeout(now);
            self.guests.serve(now, &mut self.stack);
            more |= self.send(now)?;
            if ready.stopped {
                if last.is_some() {
                    break; // A second signal: somebody means it.
                }
                let _ = (&*stopped).read(&mut [0]);
                self.guests.close_the_door(&mut self.stack);
                last = Some(now + drain);
            }
            if self.guests.fetched.is_some() {
                last = last.or(Some(now + drain));
            }
            // Done: nobody is there any more, and what we said to them has arrived; or it is late.
            let Some(last) = last else { continue };
            if now >= last || self.guests.have_left(&self.stack) {
                break;
            }
        }
        if let Some(record) = &mut self.record {
            record.flush().context("writing the capture")?;
        }
        self.guests.outcome()
    }

    /// Takes packets from the device; whether there may be more.
    fn receive(&mut self, now: Instant) -> Result<bool> {
        let mut taken = 0;
        while taken < TURN {
            let length = match self.tun.receive(&mut self.inbox) {
                Ok(length) => length,
                Err(error) if is_transient(&error) => break,
                Err(error) => return Err(error).context("reading from the device"),
            };
            taken += 1;
            self.received += 1;
            let packet = &self.inbox[..length];
            record(&mut self.record, self.started, packet)?;
            match &mut self.weather {
                Some(weather) => weather.inbound(now, packet),
                None => self.stack.packet(now, packet),
            }
        }
        Ok(taken == TURN)
    }

    /// Gives the stack what has come through a bad cable.
    fn pass_on(&mut self, now: Instant) {
        let Some(weather) = &mut self.weather else { return };
        while let Some(packet) = weather.arrived(now) {
            self.stack.packet(now, &packet);
        }
    }

    /// Gives packets to the device; whether there may be more.
    fn send(&mut self, now: Instant) -> Result<bool> {
        let mut out = std::mem::take(&mut self.outbox);
        let mut given = 0;
        while given < TURN && self.stack.poll(now, &mut out) {
            given += 1;
            match &mut self.weather {
                Some(weather) => weather.outbound(now, &out),
                None => self.deliver(&out)?,
            }
            out.clear();
        }
        while let Some(packet) = self.weather.as_mut().and_then(|weather| weather.departed(now)) {
            self.deliver(&packet)?;
        }
        self.outbox = out;
        Ok(given == TURN)
    }

    fn deliver(&mut self, packet: &[u8]) -> Result<()> {
        record(&mut self.record, self.started, packet)?;
        self.sent += 1;
        match self.tun.send(packet) {
            Ok(()) => Ok(()),
            // As a cable does that is not plugged in, or a kernel that sees no packet in what the
            // cable has changed. TCP will send it again.
            Err(error) if is_transient(&error) || error.kind() == ErrorKind::InvalidInput => {
                self.refused += 1;
                Ok(())
            }
            Err(error) => Err(error).context("writing to the device"),
        }
    }

    /// Waits for a packet, a signal, or the next deadline; for nothing, if there is more to do.
    fn wait(&self, last: Option<Instant>, more: bool, stopped: &UnixStream) -> Result<Ready> {
        let weather = self.weather.as_ref().and_then(Weather::deadline);
        let deadlines = [self.stack.deadline(), self.guests.deadline(), weather, last];
        let next = deadlines.into_iter().flatten().min();
        let wait = next.map_or(LONGEST_WAIT, |at| at.since(self.now()).min(LONGEST_WAIT));
        let wait = if more { Duration::ZERO } else { wait };
        let timeout = Timespec::try_from(wait).context("a wait of a second")?;
        let mut descriptors =
            [PollFd::new(&self.tun, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting for packets"),
        }
        let [tun, stopped] = descriptors.map(|descriptor| descriptor.revents());
        // While the interface is down, poll says at once that there is an error.
        if tun.contains(PollFlags::ERR) {
            std::thread::sleep(wait.min(Duration::from_millis(20)));
        }
        Ok(Ready { packets: !tun.is_empty(), stopped: !stopped.is_empty() })
    }

    /// What happened, in a line.
    pub(super) fn report(&self) -> String {
        let served = self.guests.served();
        let Self { received, sent, refused, .. } = self;
        let mut text = format!("{served} connections, {received} packets in, {sent} out");
        if *refused > 0 {
            text += &format!(", {refused} that the device did not take");
        }
        if let Some(weather) = &self.weather {
            text += &format!("\n{}", weather.report());
        }
        text
    }
}

/// Errors that pass: there is nothing to read, the interface is down, or its queue is full.
fn is_transient(error: &io::Error) -> bool {
    let down_or_full = [Errno::IO, Errno::NOBUFS, Errno::NOMEM, Errno::INTR];
    error.kind() == ErrorKind::WouldBlock
        || Errno::from_io_error(error).is_some_and(|errno| down_or_full.contains(&errno))
}

fn record(
    record: &mut Option<Writer<BufWriter<File>>>,
    (clock, since_1970): (Clock, Duration),
    packet: &[u8],
) -> Result<()> {
    let Some(record) = record else { return Ok(()) };
    record.packet(since_1970 + clock.elapsed(), packet).context("writing the capture")
}
