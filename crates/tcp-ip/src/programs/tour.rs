//! The tour: what the chapter claims of TCP, each claim checked as it is shown.

use anyhow::Result;
use tcp_ip::tcp::Seq;

/// Runs it. `false`: something that it claims did not hold on this machine.
pub(crate) fn run() -> Result<bool> {
    let mut tour = Tour { held: true };
    tour.numbers_wrap();
    Ok(tour.held)
}

struct Tour {
    held: bool,
}

impl Tour {
    fn section(&self, title: &str, what: &str) {
        println!("\n{title}\n{what}");
    }

    fn claim(&mut self, held: bool, what: &str) {
        println!("  {} {what}", if held { "✓" } else { "✗ does not hold here:" });
        self.held &= held;
    }

    fn numbers_wrap(&mut self) {
        self.section("1. Numbers that wrap", "After octet 4,294,967,295 comes octet 0.");
        let (last, next) = (Seq(u32::MAX), Seq(u32::MAX) + 1);
        self.claim(next == Seq(0), "the next number is 0");
        self.claim(last.before(next), "and the last one is before it");
    }
}
