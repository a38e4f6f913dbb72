//! Paths that are bad, and paths that are long.

use std::time::{Duration, Instant as Clock};

use anyhow::Result;
use tcp_ip::link::Conditions;
use tcp_ip::simulation::{Outcome, Plan, Report, Transfer};
use tcp_ip::tcp::Config;
use tcp_ip::tcp::congestion::Algorithm;

use super::Tour;

pub(super) fn a_bad_path(tour: &mut Tour) -> Result<()> {
    tour.section(
        "7. A bad path",
        "1 MB over a link that loses 10 % of all packets, 20 ms long, both ways. Seed 7.",
    );
    let bad = Conditions { loss: 0.1, delay: Duration::from_millis(20), ..Conditions::default() };
    let plan = Plan { seed: 7, conditions: [bad.clone(), bad], ..Plan::default() };
    let begin = Clock::now();
    let report = Transfer::new(&plan).run();
    let took = begin.elapsed();
    let [up, down] = report.links;
    let [client, _] = report.counters;
    tour.show(&format!("{} packets there, {} of them lost", up.sent, up.lost));
    tour.show(&format!("{} packets back, {} of them lost", down.sent, down.lost));
    tour.show(&format!(
        "{} segments sent again; {} times found by what came behind, {} by the timer",
        client.retransmitted, client.fast_recoveries, client.timeouts
    ));
    tour.claim(
        report.outcome == Outcome::Complete,
        "the server has read 1,000,000 octets, and each is the right one",
    );
    let needless = u64::from(client.retransmitted).saturating_sub(up.lost);
    tour.claim(
        needless * 10 <= client.retransmitted.into(),
        &format!("sent again without need: {needless}, fewer than one in ten"),
    );
    tour.claim(
        took < report.took,
        &format!(
            "{:.1} s of network time, computed in ≈ {} ms",
            report.took.as_secs_f64(),
            took.as_millis()
        ),
    );
    let again = Transfer::new(&plan).run();
    let same =
        (again.took, again.counters, again.links) == (report.took, report.counters, report.links);
    tour.claim(same, "once more with the same seed: the same, packet for packet");
    Ok(())
}

pub(super) fn reno_and_cubic(tour: &mut Tour) -> Result<()> {
    tour.section(
        "8. Reno and CUBIC",
        "How fast may one send? Both take a step back when a packet is lost. Then they differ.",
    );
    let short = path(20, 10, 0.01, 3_000_000);
    let [reno, cubic] = both(&short);
    tour.show(&format!("20 ms, 1 % lost:       Reno {reno:>5.1} Mbit/s, CUBIC {cubic:>5.1}"));
    let likeness = cubic / reno;
    tour.claim(
        (0.8..2.0).contains(&likeness),
        "on a short path CUBIC takes what Reno takes, or little more",
    );
    let long = path(400, 20, 0.001, 20_000_000);
    let [reno, cubic] = both(&long);
    tour.show(&format!("400 ms, 0.1 % lost:    Reno {reno:>5.1} Mbit/s, CUBIC {cubic:>5.1}"));
    tour.claim(
        cubic > 1.5 * reno,
        "on a long one it is far quicker: it counts time, not round trips",
    );
    Ok(())
}

/// A path with this round trip in milliseconds, and this rate in Mbit/s.
fn path(round_trip: u64, rate: u64, loss: f64, octets: usize) -> Plan {
    let delay = Duration::from_millis(round_trip / 2);
    let there = Conditions {
        loss,
        delay,
        rate: Some(rate * 1_000_000),
        queue: usize::try_from(rate * 1_000 / 8 * round_trip).unwrap_or(usize::MAX),
        ..Conditions::default()
    };
    let back = Conditions { delay, ..Conditions::default() };
    Plan { seed: 1, octets, conditions: [there, back], ..Plan::default() }
}

/// What both reach, in Mbit/s.
fn both(plan: &Plan) -> [f64; 2] {
    [Algorithm::Reno, Algorithm::Cubic].map(|congestion| {
        let config = Config { congestion, ..Config::default() };
        let plan = Plan { configs: [config.clone(), config], ..plan.clone() };
        let report: Report = Transfer::new(&plan).run();
        report.goodput(plan.octets) * 8.0 / 1e6
    })
}
