//! The tour: what the chapter claims of the packet and of TCP, each claim checked as it is shown.
//!
//! Where time is virtual, all follows from seeds, and the tour prints the same each time. Only its
//! last section has the kernel's TCP and the real clock.

mod connections;
mod kernel;
mod packets;
mod paths;

use anyhow::Result;

pub(crate) use packets::first_packet;

/// Runs it. `false`: something that it claims did not hold on this machine.
pub(crate) fn run() -> Result<bool> {
    let mut tour = Tour { held: true };
    packets::a_checksum(&mut tour)?;
    packets::a_packet_taken_apart(&mut tour)?;
    packets::a_route(&mut tour)?;
    connections::a_handshake_and_a_close(&mut tour)?;
    connections::a_lost_segment(&mut tour)?;
    connections::a_stranger(&mut tour)?;
    paths::a_bad_path(&mut tour)?;
    paths::reno_and_cubic(&mut tour)?;
    kernel::forty_milliseconds(&mut tour)?;
    println!("\nNext: cargo run -p tcp-ip -- simulate --loss 10% --delay 20ms --svg transfer.svg");
    println!("      cargo run -p tcp-ip -- inspect <a capture of yours, pcap or pcapng>");
    Ok(tour.held)
}

struct Tour {
    held: bool,
}

impl Tour {
    fn section(&self, title: &str, what: &str) {
        println!("\n{title}\n{what}");
    }

    /// What is shown and needs no check.
    fn show(&self, line: &str) {
        println!("    {line}");
    }

    fn claim(&mut self, held: bool, what: &str) {
        println!("  {} {what}", if held { "✓" } else { "✗ does not hold here:" });
        self.held &= held;
    }
}
