//! How a data connection comes about: the client connects to us (`PASV`, `EPSV`), or we to it
//! (`PORT`, `EPRT`).
//!
//! Both let a third machine in, and both have been abused. A server that connects wherever it is told
//! is a stranger's means to reach machines that he cannot, with the server's name on it (RFC 2577
//! §2, the bounce attack). And a port that anybody may connect to can be taken before the client comes, with
//! the file that it asks for (§8). So both ends of a data connection are those of the control connection.

use std::net::{IpAddr, SocketAddr};

use client_server::Context;

use super::super::address::{self, Error};
use super::super::reply::say;
use super::FtpSession;

/// Ports below this one are those of well-known services, which nobody transfers a file to (RFC 2577 §3).
const FIRST_PORT: u16 = 1_024;

/// How far the data connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    None,
    /// We are to connect there, when there is something to transfer.
    Active(SocketAddr),
    /// The client is to connect to us. `stranger`: somebody else did.
    Passive {
        stranger: bool,
    },
    /// It is open.
    Open,
}

impl FtpSession {
    pub(super) fn port(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        match address::parse_port(argument) {
            Some(address) => self.be_active(address, cx),
            None => say(cx.output, 501, "A port is six numbers from 0 to 255."),
        }
    }

    pub(super) fn extended_port(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        match address::parse_eprt(argument) {
            Ok(address) => self.be_active(address, cx),
            Err(Error::Protocol) => {
                say(cx.output, 522, "Network protocol not supported, use (1,2)");
            }
            Err(Error::Malformed) => say(cx.output, 501, "An address is |1|127.0.0.1|50000|."),
        }
    }

    // ANCHOR: active
    fn be_active(&mut self, address: SocketAddr, cx: &mut Context<'_>) {
        if !self.may_ask(cx) {
            return;
        }
        if Some(address.ip().to_canonical()) != self.peer_ip() {
            say(cx.output, 501, "That is not your own address.");
        } else if address.port() < FIRST_PORT {
            say(cx.output, 504, "Not to a port below 1024.");
        } else {
            cx.drop_beside();
            self.data = Data::Active(address);
            say(cx.output, 200, "I shall connect there.");
        }
    }
    // ANCHOR_END: active

    pub(super) fn passive(&mut self, cx: &mut Context<'_>) {
        if !self.may_ask(cx) {
            return;
        }
        match self.listen(cx) {
            Some(SocketAddr::V4(address)) => {
                let numbers = address::write_port(*address.ip(), address.port());
                say(cx.output, 227, format_args!("Entering Passive Mode ({numbers})."));
            }
            // There is no room for such an address in the reply.
            Some(SocketAddr::V6(_)) => {
                self.close_data(cx);
                say(cx.output, 425, "Over IPv6 that takes EPSV.");
            }
            None => say(cx.output, 425, "No data connection can be had now."),
        }
    }

    /// RFC 2428 §3: an argument names the protocol, or is `ALL`.
    pub(super) fn extended_passive(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let argument = argument.trim_ascii();
        if argument.eq_ignore_ascii_case(b"ALL") {
            self.only_extended = true;
            say(cx.output, 200, "Nothing but EPSV from here on.");
            return;
        }
        let own = if self.local_ip().is_some_and(|ip| ip.is_ipv4()) { "1" } else { "2" };
        if !argument.iter().all(u8::is_ascii_digit) {
            say(cx.output, 501, "That is a number, ALL, or nothing.");
        } else if !argument.is_empty() && argument != own.as_bytes() {
            say(cx.output, 522, format_args!("Network protocol not supported, use ({own})"));
        } else if let Some(address) = self.listen(cx) {
            let port = address.port();
            say(cx.output, 229, format_args!("Entering Extended Passive Mode (|||{port}|)"));
        } else {
            say(cx.output, 425, "No data connection can be had now.");
        }
    }

    fn may_ask(&self, cx: &mut Context<'_>) -> bool {
        if self.only_extended {
            say(cx.output, 501, "You said EPSV ALL.");
        }
        !self.only_extended
    }

    fn listen(&mut self, cx: &mut Context<'_>) -> Option<SocketAddr> {
        self.close_data(cx);
        let address = cx.listen_beside(self.peer_ip()?).ok()?;
        self.data = Data::Passive { stranger: false };
        Some(address)
    }

    /// Somebody has connected to our port who is not the client. The client is told, once: it may
    /// want to ask why.
    pub(super) fn stranger_came(&mut self, cx: &mut Context<'_>) {
        if self.data == (Data::Passive { stranger: false }) {
            self.data = Data::Passive { stranger: true };
            say(cx.output, 425, "Somebody else connected to that port, and was turned away.");
        }
    }

    pub(super) fn close_data(&mut self, cx: &mut Context<'_>) {
        cx.drop_beside();
        self.data = Data::None;
    }

    fn peer_ip(&self) -> Option<IpAddr> {
        self.peer.map(|peer| peer.ip().to_canonical())
    }

    pub(super) fn local_ip(&self) -> Option<IpAddr> {
        self.local.map(|local| local.ip().to_canonical())
    }
}
