//! Transfers over cables of all kinds of badness: each completes, every octet right, or an end says
//! that it failed; none stalls.

use tcp_ip::simulation::{Outcome, Plan, Transfer};

const TRANSFERS: u64 = 10_000;

#[test]
fn ten_thousand_transfers_over_bad_cables_all_end() {
    let base = std::env::var("COURSE_SEED").ok().map_or(0, |text| {
        let hex = text.strip_prefix("0x");
        hex.map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16)).expect("a number")
    });
    let (mut complete, mut failed) = (0, 0);
    for seed in base..base + TRANSFERS {
        let report = Transfer::new(&Plan::any(seed)).run();
        match report.outcome {
            Outcome::Complete => complete += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Wrong | Outcome::Stalled => panic!(
                "seed {seed}: {}\nsee it: cargo run -p tcp-ip -- simulate --any --seed {seed}",
                report.outcome
            ),
        }
    }
    println!("{complete} complete, {failed} failed and said so");
    // Timeouts in a row until the user timeout are rare even on the worst of these cables.
    assert!(failed * 100 < TRANSFERS, "{failed} of {TRANSFERS} failed");
}
