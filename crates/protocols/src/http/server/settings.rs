//! What a server's connections have in common.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::http::access_log::AccessLog;
use crate::http::dates;
use crate::http::reply::Exchange;
use crate::http::request::Request;

/// Limits, the clock and the log.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a connection may be silent before a request…
    pub idle: Duration,
    /// …how long a head may take, from its first octet to its last…
    pub head: Duration,
    /// …and how long a body, at the beginning and after each octet: one that comes earns more.
    pub body: Duration,
    /// Octets of a body that earn a second.
    pub body_rate: u32,
    /// Octets of the largest content.
    pub content: u64,
    /// Requests that one connection may make.
    pub requests: u32,
    /// The wall clock, for Date: sessions have none.
    pub wall: fn() -> SystemTime,
    /// Where each request is written down.
    pub log: Option<AccessLog>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(75),
            head: Duration::from_secs(20),
            body: Duration::from_secs(30),
            body_rate: 1_024,
            content: 1 << 30,
            requests: 1_000_000,
            wall: SystemTime::now,
            log: None,
        }
    }
}

impl Settings {
    /// The second that it is.
    pub(super) fn second(&self) -> u64 {
        dates::second((self.wall)())
    }

    /// The time that so many octets of a body earn it.
    pub(super) fn earned(&self, octets: usize) -> Duration {
        Duration::from_secs(1).mul_f64(octets as f64 / f64::from(self.body_rate.max(1)))
    }

    /// The request line, where it will be written down.
    pub(super) fn line(&self, request: &Request<'_>) -> Vec<u8> {
        if self.log.is_some() { request.line.to_vec() } else { Vec::new() }
    }

    /// Writes down a request and its answer.
    pub(super) fn log(&self, peer: Option<IpAddr>, exchange: &Exchange) {
        if let Some(log) = &self.log {
            log.write(peer, self.second(), &exchange.line, exchange.status, exchange.sent);
        }
    }
}
