//! Graded test of `break-the-parser`. The parsers are in `parsers/mod.rs`; do not look there before
//! you have caught them.

mod parsers;

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::time::Duration;

use break_the_parser::{End, Verdict, judge};
use harness::{Check, Mistake, Outcome, check_within};

use parsers::{LENIENT, LIBERAL, Parser, RIGHT, STERN};

const ONLY_WELL_FORMED: Mistake = Mistake {
    name: "only-well-formed",
    why: "each stream was one that every parser is made for; what a lenient one does differently shows where a strict one refuses",
    spec: "RFC 9112 §2.2, §3, §5.1, §5.2, §6.3, §7.1: what is to be refused",
};
const ONLY_HEADS: Mistake = Mistake {
    name: "only-heads",
    why: "no stream had a body; where a request ends, and the next one begins, is said by Content-Length and Transfer-Encoding",
    spec: "RFC 9112 §6.3, §11.2: request smuggling",
};
const ONLY_MALFORMED: Mistake = Mistake {
    name: "only-malformed",
    why: "each stream was one to refuse, and a parser that refuses everything does that, too",
    spec: "the task, and the list of what a right parser reads",
};

/// Ample: a parser takes some microseconds for a stream, on a machine that has time for it.
const LIMIT: Duration = Duration::from_secs(4);

#[test]
fn a_strict_parser_is_right() -> Outcome {
    check_within(LIMIT, |c| accepts(c, &RIGHT[..1]))
}

#[test]
fn right_parsers_have_habits() -> Outcome {
    check_within(LIMIT, |c| accepts(c, &RIGHT))
}

#[test]
fn lenient_parsers_are_caught() -> Outcome {
    check_within(LIMIT, |c| catches(c, "which are lenient", &LENIENT))
}

#[test]
fn a_parser_that_refuses_too_much_is_caught() -> Outcome {
    check_within(LIMIT, |c| catches(c, "which refuses what is right", &STERN))
}

/// What `judge` said of a parser, and what it showed to it.
struct Judged {
    parser: &'static Parser,
    verdict: Verdict,
    shown: Shown,
}

/// What streams a parser was shown.
#[derive(Debug, Clone, Copy, Default)]
struct Shown {
    streams: usize,
    /// So many of them has a right parser to refuse, whatever liberties it takes.
    malformed: usize,
    /// So many say something about a body.
    bodies: usize,
}

impl Shown {
    fn add(self, stream: &[u8]) -> Self {
        let lower = stream.to_ascii_lowercase();
        let has = |name: &[u8]| lower.windows(name.len()).any(|window| window == name);
        Self {
            streams: self.streams + 1,
            malformed: self.malformed + usize::from(LIBERAL.read(stream).end == End::Refused),
            bodies: self.bodies + usize::from(has(b"content-length") || has(b"transfer-encoding")),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { streams, malformed, bodies } = self;
        let plural = if *streams == 1 { "" } else { "s" };
        write!(f, "{streams} stream{plural}, {malformed} of them malformed, {bodies} with a body")
    }
}

/// Has parsers judged, one after another.
fn judge_all(c: &Check, what: &str, parsers: &'static [Parser]) -> Vec<Judged> {
    let count = parsers.len();
    c.did(match parsers {
        [one] => format!("called `judge` with the {} parser, {what}", one.alias),
        _ => format!("called `judge` with {count} parsers, {what}"),
    });
    let judged = parsers.iter().map(|parser| {
        let shown = Cell::new(Shown::default());
        let verdict = judge(&|stream| {
            shown.set(shown.get().add(stream));
            parser.rules.read(stream)
        });
        Judged { parser, verdict, shown: shown.get() }
    });
    judged.collect()
}

/// Fails unless all of the parsers, which are right, are accepted.
fn accepts(c: &Check, parsers: &'static [Parser]) -> Outcome {
    c.want("Ok(()) for each of them");
    let what = if parsers.len() == 1 { "which is right" } else { "which are right" };
    let judged = judge_all(c, what, parsers);
    let accused = judged.iter().any(|judged| judged.verdict.is_err());
    c.ensure(!accused, None, || table(&judged, "accepted", "ACCUSED"))
}

/// Fails unless all of the parsers, which are wrong, are caught.
fn catches(c: &Check, what: &str, parsers: &'static [Parser]) -> Outcome {
    c.want("an error for each of them");
    let judged = judge_all(c, what, parsers);
    let escaped: Vec<&Judged> = judged.iter().filter(|judged| judged.verdict.is_ok()).collect();
    let caught = parsers.len() - escaped.len();
    c.ensure(escaped.is_empty(), mistake(&escaped), || {
        format!("{caught} of {} caught\n{}", parsers.len(), table(&judged, "ESCAPED", "caught"))
    })
}

/// A row for each parser. `right` and `fault` are the words for what `judge` said of it.
fn table(judged: &[Judged], right: &str, fault: &str) -> String {
    let mut table = String::new();
    for Judged { parser, verdict, shown } in judged {
        let (word, about) = match verdict {
            Ok(()) => (right, String::new()),
            Err(reason) => (fault, format!("\"{}\"", reason.chars().take(60).collect::<String>())),
        };
        let _ = writeln!(table, "{}", format!("{word:<9} {:<11} {about}", parser.alias).trim_end());
        if word == word.to_uppercase() {
            let _ = writeln!(table, "{:22}{}", "", parser.clue);
            let _ = writeln!(table, "{:22}your `judge` showed it {shown}", "");
        }
    }
    table
}

/// What those prove who escaped, by what they were shown.
fn mistake(escaped: &[&Judged]) -> Option<&'static Mistake> {
    let all = |holds: fn(&Shown) -> bool| escaped.iter().all(|judged| holds(&judged.shown));
    if escaped.is_empty() || all(|shown| shown.streams == 0) {
        None
    } else if all(|shown| shown.malformed == 0) {
        Some(&ONLY_WELL_FORMED)
    } else if all(|shown| shown.bodies == 0) {
        Some(&ONLY_HEADS)
    } else if all(|shown| shown.malformed == shown.streams) {
        Some(&ONLY_MALFORMED)
    } else {
        None
    }
}
