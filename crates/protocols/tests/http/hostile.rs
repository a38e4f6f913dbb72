//! `tests/hostile/http.json`: every case, whole and an octet at a time, under every shell.

use std::net::Shutdown;
use std::time::Duration;

use protocols::http::server::Settings;
use serde_json::Value;

use crate::shell::{Answer, Folder, SHELLS, Server, echo, read_answers, send};

/// What a case says, where it is for a server.
struct Case {
    id: String,
    input: Vec<u8>,
    /// The client ends its half behind the input.
    ends: bool,
    /// It waits for the deadline: the input is not a whole head.
    waits: bool,
    answers: Vec<String>,
}

fn cases() -> Vec<Case> {
    let text = include_str!("../hostile/http.json");
    let all: Vec<Value> = serde_json::from_str(text).expect("JSON");
    let of_servers = |case: &&Value| case["answers"].is_array();
    all.iter().filter(of_servers).map(Case::read).collect()
}

impl Case {
    fn read(case: &Value) -> Self {
        let string = |value: &Value| value.as_str().expect("a string").to_owned();
        let mut input = unescaped(&string(&case["input"]));
        for expand in case["expand"].as_array().into_iter().flatten() {
            let count = usize::try_from(expand["count"].as_u64().expect("a count")).expect("small");
            let unit = unescaped(&string(&expand["unit"])).repeat(count);
            let marker = string(&expand["marker"]).into_bytes();
            let at = input.windows(marker.len()).position(|part| part == marker).expect("a marker");
            input.splice(at..at + marker.len(), unit);
        }
        let steps = case["steps"].as_array();
        Self {
            id: string(&case["id"]),
            input,
            ends: steps.is_some_and(|steps| steps.iter().any(|step| step["shutdown"] == "write")),
            waits: case["outcome"] == "timeout",
            answers: case["answers"].as_array().expect("some").iter().map(string).collect(),
        }
    }

    /// Plays it once.
    fn play(&self, server: &Server, slowly: bool) -> Vec<Answer> {
        let mut stream = server.connect();
        // Of what is very long, the last part octet by octet.
        let quick = if slowly { self.input.len().saturating_sub(10_000) } else { self.input.len() };
        send(&mut stream, &self.input[..quick], false);
        send(&mut stream, &self.input[quick..], true);
        if self.ends {
            let _ = stream.shutdown(Shutdown::Write);
        }
        read_answers(&mut stream)
    }

    /// Whether one of the ways to answer fits.
    fn allows(&self, answers: &[Answer]) -> bool {
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        let success = |status: &u16| (200..300).contains(status);
        self.answers.iter().any(|allowed| match allowed.as_str() {
            "close" | "408" if statuses.is_empty() => true,
            "2xx" | "2xx-with-SP" | "2xx-then-close" => {
                statuses.len() == 1 && success(&statuses[0])
            }
            "2xx,2xx" => statuses.len() == 2 && statuses.iter().all(success),
            status => statuses.len() == 1 && status.parse() == Ok(statuses[0]),
        })
    }
}

/// The octets that a string with escapes stands for.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut octets, mut rest) = (Vec::new(), text.as_bytes());
    while let [octet, after @ ..] = rest {
        rest = after;
        if *octet != b'\\' {
            octets.push(*octet);
            continue;
        }
        let (octet, after) = match after {
            [b'r', after @ ..] => (b'\r', after),
            [b'n', after @ ..] => (b'\n', after),
            [b't', after @ ..] => (b'\t', after),
            [b'\\', after @ ..] => (b'\\', after),
            [b'x', high, low, after @ ..] => {
                let digits = [*high, *low];
                let digits = str::from_utf8(&digits).expect("ASCII");
                (u8::from_str_radix(digits, 16).expect("hex"), after)
            }
            other => panic!("no escape: {}", other.escape_ascii()),
        };
        octets.push(octet);
        rest = after;
    }
    octets
}

/// A slow head is cut off soon, so that the test is over soon.
fn settings() -> Settings {
    Settings { head: Duration::from_millis(700), ..Settings::default() }
}

fn play_all(server: &Server, is_meant: impl Fn(&Case) -> bool) {
    let cases: Vec<Case> = cases().into_iter().filter(is_meant).collect();
    assert!(cases.len() > 25, "{} cases", cases.len());
    for case in &cases {
        for slowly in [false, true] {
            let answers = case.play(server, slowly);
            let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            assert!(case.allows(&answers), "{}: {statuses:?}, not {:?}", case.id, case.answers);
            let leaked =
                answers.iter().any(|answer| answer.content.windows(5).any(|part| part == b"root:"));
            assert!(!leaked, "{}", case.id);
            assert!(!case.waits || slowly || statuses == [408], "{}", case.id);
        }
    }
}

#[test]
fn a_server_of_files_withstands_every_case() {
    let folder = Folder::new();
    for shell in SHELLS {
        let server = Server::start(shell, folder.files(settings()));
        play_all(&server, |_| true);
        assert_eq!(server.stop().panicked, 0);
    }
}

#[test]
fn a_server_that_echoes_withstands_every_case() {
    for shell in SHELLS {
        let server = Server::start(shell, echo(settings()));
        // To it no path means anything.
        play_all(&server, |case| !case.id.starts_with("http-path"));
        assert_eq!(server.stop().panicked, 0);
    }
}
