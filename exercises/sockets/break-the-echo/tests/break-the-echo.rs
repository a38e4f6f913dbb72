//! Graded test of `break-the-echo`. The servers are in `servers/mod.rs`; do not look there before
//! you have caught them.

mod servers;

use std::fmt::Write as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use break_the_echo::judge;
use harness::{Check, Host, Mistake, Outcome, check_within};

use servers::{RIGHT, Server, WRONG};

const ONE_SHORT: Mistake = Mistake {
    name: "one-short-message",
    why: "one client sent one short message: hardly a server in the world fails at that",
    spec: "the task, and the list of what a right server does",
};
const ONE_CLIENT: Mistake = Mistake {
    name: "one-client-only",
    why: "your clients spoke one after another; what a server does wrong to two shows while both are there",
    spec: "the task: to any number of clients at the same time",
};
const NO_TIMEOUT: Mistake = Mistake {
    name: "no-timeout",
    why: "a wrong server may say nothing, and a client that waits without a bound waits for ever",
    spec: "std::net::TcpStream::set_read_timeout; socket(7), SO_RCVTIMEO",
};

/// How long `judge` is given for one server: the two seconds of the task, and one more, since the
/// machine may be busy.
const LIMIT: Duration = Duration::from_secs(3);

#[test]
fn a_plain_server_is_right() -> Outcome {
    check_within(LIMIT * 2, |c| accepts(c, &RIGHT[..1]))
}

#[test]
fn right_servers_have_habits() -> Outcome {
    check_within(LIMIT * 2, |c| accepts(c, &RIGHT))
}

#[test]
fn wrong_servers_are_caught() -> Outcome {
    check_within(LIMIT * 2, |c| {
        c.want("an error for each of them, within 2 s");
        let judged = judge_all(c, "wrong", &WRONG)?;
        let caught = judged.iter().filter(|judged| matches!(judged.found, Found::Fault(_))).count();
        let Some(first) = judged.iter().find(|judged| !matches!(judged.found, Found::Fault(_)))
        else {
            return Ok(());
        };
        first.host.show(c);
        let table = table(&judged, "ESCAPED", "caught");
        let got = format!("{caught} of {} wrong servers caught\n{table}", WRONG.len());
        Err(c.fail(mistake(&judged), got))
    })
}

#[test]
fn where_nobody_listens_is_no_server() -> Outcome {
    check_within(LIMIT * 2, |c| {
        let (listener, address) = c.listener()?;
        drop(listener);
        c.did("called `judge` with an address where nobody listens");
        c.want("an error");
        c.ensure(judge(address).is_err(), None, || "Ok(())".to_owned())
    })
}

/// What `judge` found out about a server.
enum Found {
    Right,
    Fault(String),
    /// It did not return in time.
    Nothing,
    Panic,
}

struct Judged {
    server: &'static Server,
    host: Host,
    found: Found,
}

/// Fails unless all of the servers, which are right, are accepted.
fn accepts(c: &Check, servers: &'static [Server]) -> Outcome {
    c.want("Ok(()) for each of them, within 2 s");
    let judged = judge_all(c, "right", servers)?;
    let Some(first) = judged.iter().find(|judged| !matches!(judged.found, Found::Right)) else {
        return Ok(());
    };
    first.host.show(c);
    Err(c.fail(None, table(&judged, "accepted", "ACCUSED")))
}

/// Starts the servers, and has all of them judged at the same time.
fn judge_all(c: &Check, kind: &str, servers: &'static [Server]) -> Outcome<Vec<Judged>> {
    match servers {
        [server] => c.did(format!("started the {} server, which is {kind}", server.alias)),
        _ => c.did(format!("started {} servers, which are {kind}", servers.len())),
    }
    c.did("called `judge` with the address of each, all at the same time");
    let mut verdicts = Vec::new();
    for server in servers {
        let host = Host::start(c, &format!("{} server", server.alias), server.serve)?;
        let (tell, told) = mpsc::channel();
        let address = host.address();
        c.spawn(move || tell.send(judge(address).map_err(|error| error.to_string())));
        verdicts.push((server, host, told));
    }
    let deadline = Instant::now() + LIMIT;
    let judged = verdicts.into_iter().map(|(server, host, told)| {
        let left = deadline.saturating_duration_since(Instant::now());
        let found = match told.recv_timeout(left) {
            Ok(Ok(())) => Found::Right,
            Ok(Err(reason)) => Found::Fault(reason),
            Err(RecvTimeoutError::Timeout) => Found::Nothing,
            Err(RecvTimeoutError::Disconnected) => Found::Panic,
        };
        Judged { server, host, found }
    });
    Ok(judged.collect())
}

/// A row for each server. `right` and `fault` are the words for what `judge` said of it.
fn table(judged: &[Judged], right: &str, fault: &str) -> String {
    let mut table = String::new();
    for Judged { server, host, found } in judged {
        let (word, about) = match found {
            Found::Right => (right, String::new()),
            Found::Fault(reason) => {
                (fault, format!("{:?}", reason.chars().take(60).collect::<String>()))
            }
            Found::Nothing => ("HUNG", "no verdict after 3 s".to_owned()),
            Found::Panic => ("PANIC", "`judge` panicked".to_owned()),
        };
        let _ = writeln!(table, "{}", format!("{word:<9} {:<11} {about}", server.alias).trim_end());
        if word == word.to_uppercase() {
            let _ = writeln!(table, "{:22}{}", "", server.clue);
            let _ = writeln!(table, "{:22}your `judge`: {}", "", host.conduct());
        }
    }
    table
}

/// What the wire of the servers that were not caught proves.
fn mistake(judged: &[Judged]) -> Option<&'static Mistake> {
    let wires = |which: fn(&Found) -> bool| {
        let them = judged.iter().filter(move |judged| which(&judged.found));
        them.map(|judged| (judged.server.alias, judged.host.conduct())).collect::<Vec<_>>()
    };
    let waits = wires(|found| matches!(found, Found::Nothing));
    if waits.iter().any(|(_, wire)| wire.connections > 0) {
        return Some(&NO_TIMEOUT);
    }
    let escaped = wires(|found| matches!(found, Found::Right));
    if escaped.iter().any(|(_, wire)| wire.connections == 0) {
        return None;
    }
    let short = escaped.iter().all(|(_, wire)| wire.connections == 1 && wire.most_bytes < 1_000);
    let mut two = escaped.iter().filter(|(server, _)| ["loyal", "confused"].contains(server));
    if !escaped.is_empty() && short {
        Some(&ONE_SHORT)
    } else {
        two.any(|(_, wire)| wire.at_once == 1).then_some(&ONE_CLIENT)
    }
}
