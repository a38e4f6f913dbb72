//! Your answer to `two-stacks-talk` behind a TUN device: curl asks, the kernel's TCP carries, and yours
//! answers (Linux).
//!
//! ```text
//!   curl ── kernel's TCP ── tun0 ══ envelope ── server ──── your Stack
//!                                   IP, ports   SYN, RST    octets in order, once each; FIN
//! ```
//!
//! The exercise begins with a connection that stands, and has no addresses. So two things are given
//! here: `envelope` puts your packets into IP packets and takes the kernel's out of theirs; `server`
//! does the handshake, and writes the file into your `Stack` once somebody has asked. Everything
//! between that is yours: the numbers, the window, the timer, the checksum, the end.
//!
//! ```text
//! cargo build -p your-stack
//! unshare -rn bash                             # a network of your own; leave it with `exit`
//! cargo run -q -p your-stack -- Cargo.lock &   # wait for `listening on`
//! curl http://10.77.0.2/ | cmp - Cargo.lock
//! ```

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod envelope;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    match host::run(&clap::Parser::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("your-stack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("your-stack: it needs Linux, which has TUN devices and network namespaces");
    ExitCode::FAILURE
}
