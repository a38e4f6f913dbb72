//! What our side of the cable does to packets: nothing, unless it is asked to.

use std::time::Duration;

use clap::Args;
use sockets::serving;
use tcp_ip::Instant;
use tcp_ip::link::{Conditions, Counts, Link};

use crate::programs::quantity;

/// How bad the cable is, in both directions.
#[derive(Debug, Args)]
#[command(next_help_heading = "The cable")]
pub(super) struct Arguments {
    /// How many packets are lost: `5%`.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    loss: f64,
    /// How many are overtaken.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    reorder: f64,
    /// How many arrive twice.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    duplicate: f64,
    /// How many have an octet changed.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    corrupt: f64,
    /// How long the way takes, in one direction: `20ms`.
    #[arg(long, value_name = "TIME", value_parser = serving::duration)]
    delay: Option<Duration>,
    /// How much it carries: `10Mbit`, in bits a second. Without it, any amount.
    #[arg(long, value_name = "RATE", value_parser = quantity::rate)]
    rate: Option<u64>,
    /// How many octets wait for a cable with a rate; what comes beyond is dropped.
    #[arg(long, value_name = "SIZE", default_value = "64KB", value_parser = quantity::size)]
    queue: usize,
    /// What the accidents follow from.
    #[arg(long, value_name = "N", default_value = "1", value_parser = quantity::seed)]
    seed: u64,
}

/// The two directions of a bad cable.
#[derive(Debug)]
pub(super) struct Weather {
    /// To us, and from us.
    links: [Link; 2],
}

impl Weather {
    /// None, if the cable is good: then packets need not be copied.
    pub(super) fn new(arguments: &Arguments) -> Option<Self> {
        let conditions = Conditions {
            loss: arguments.loss,
            reorder: arguments.reorder,
            duplicate: arguments.duplicate,
            corrupt: arguments.corrupt,
            delay: arguments.delay.unwrap_or_default(),
            rate: arguments.rate,
            queue: if arguments.rate.is_some() { arguments.queue } else { usize::MAX },
            ..Conditions::default()
        };
        let seed = arguments.seed;
        (conditions != Conditions::default()).then(|| Self {
            links: [Link::new(conditions.clone(), seed), Link::new(conditions, !seed)],
        })
    }

    /// A packet for us sets out.
    pub(super) fn inbound(&mut self, now: Instant, packet: &[u8]) {
        self.links[0].send(now, packet);
    }

    /// A packet of ours sets out.
    pub(super) fn outbound(&mut self, now: Instant, packet: &[u8]) {
        self.links[1].send(now, packet);
    }

    /// One that has arrived here.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.links[0].receive(now)
    }

    /// One that has arrived at the device.
    pub(super) fn departed(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.links[1].receive(now)
    }

    /// When the next one arrives, on either side.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.links.iter().filter_map(Link::next_arrival).min()
    }

    /// What has become of the packets, in words.
    pub(super) fn report(&self) -> String {
        let words = |counts: Counts| {
            let Counts { sent, lost, dropped, duplicated, corrupted, reordered } = counts;
            format!(
                "of {sent}: {lost} lost, {dropped} dropped, {duplicated} doubled, \
                 {corrupted} changed, {reordered} overtaken"
            )
        };
        let [to_us, from_us] = [&self.links[0], &self.links[1]].map(|link| words(link.counts()));
        format!("to us, {to_us}\nfrom us, {from_us}")
    }
}
