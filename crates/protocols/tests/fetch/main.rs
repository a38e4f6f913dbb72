//! `fetch` against servers that say right things in odd ways, and wrong things in every way.
//!
//! Each case is a script for each connection, the arguments, and what must come of it: the exit code,
//! the body on standard output, words on standard error. Every case is played with the answers
//! whole, and cut after every octet.

mod bodies;
mod codings;
mod connections;
mod downloads;
mod heads;
mod hostile;
mod redirects;
mod server;
mod uploads;
mod waits;

use std::process::{Command, Output, Stdio};

use server::{Server, Step};

/// One case.
pub(crate) struct Case {
    name: &'static str,
    /// `{}` stands for the server's URL, without a path.
    arguments: Vec<String>,
    scripts: Vec<Vec<Step>>,
    code: i32,
    stdout: Option<Vec<u8>>,
    stderr: &'static str,
    /// How each request begins, where that is looked at.
    requests: Option<Vec<&'static str>>,
}

/// A GET of `/a`, answered by `octets`; then the server ends.
pub(crate) fn answer(name: &'static str, octets: impl AsRef<[u8]>) -> Case {
    script(name, vec![vec![Step::Request, Step::Send(octets.as_ref().to_vec())]])
}

/// A GET of `/a`, and these connections.
pub(crate) fn script(name: &'static str, scripts: Vec<Vec<Step>>) -> Case {
    let arguments = vec!["{}/a".to_owned()];
    Case { name, arguments, scripts, code: 0, stdout: None, stderr: "", requests: None }
}

impl Case {
    /// It succeeds, and this is the body.
    pub(crate) fn gives(mut self, body: impl AsRef<[u8]>) -> Self {
        (self.code, self.stdout) = (0, Some(body.as_ref().to_vec()));
        self
    }

    /// It fails, and says this.
    pub(crate) fn fails(mut self, words: &'static str) -> Self {
        (self.code, self.stderr) = (1, words);
        self
    }

    /// It succeeds, and says this.
    pub(crate) fn says(mut self, words: &'static str) -> Self {
        self.stderr = words;
        self
    }

    /// Whatever was printed before.
    pub(crate) fn printing(mut self, body: impl AsRef<[u8]>) -> Self {
        self.stdout = Some(body.as_ref().to_vec());
        self
    }

    /// With these arguments, in place of `{}/a`.
    pub(crate) fn with(mut self, arguments: &str) -> Self {
        self.arguments = arguments.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// The requests begin so, and there is no other.
    pub(crate) fn asked(mut self, requests: &[&'static str]) -> Self {
        self.requests = Some(requests.to_vec());
        self
    }

    fn play(&self, cut: usize) -> Result<(), String> {
        let server = Server::start(self.scripts.clone(), cut);
        let base = format!("http://{}", server.address);
        let arguments = self.arguments.iter().map(|argument| argument.replace("{}", &base));
        let output = fetch(arguments);
        let (stdout, stderr) =
            (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
        let mut wrong = Vec::new();
        if output.status.code() != Some(self.code) {
            wrong.push(format!("{:?}, and not exit code {}", output.status, self.code));
        }
        if self.stdout.as_ref().is_some_and(|want| *want != stdout) {
            wrong.push(format!("printed `{}`", stdout[..stdout.len().min(200)].escape_ascii()));
        }
        if !stderr.contains(self.stderr) {
            wrong.push(format!("no {:?} on standard error", self.stderr));
        }
        if let Some(want) = &self.requests {
            let requests = server.requests();
            let same = requests.len() == want.len();
            if !same || !requests.iter().zip(want).all(|(is, want)| is.starts_with(want)) {
                wrong.push(format!("requests {requests:?}, and not {want:?}"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(format!("{} (cut {cut}): {}\n    {stderr}", self.name, wrong.join("; ")))
    }
}

/// Runs `fetch` to its end.
pub(crate) fn fetch(arguments: impl IntoIterator<Item = String>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_protocols"));
    command.arg("fetch").args(arguments).stdin(Stdio::null());
    command.output().expect("the program")
}

/// Plays all cases, whole and octet by octet, and says all that is wrong.
pub(crate) fn play(cases: &[Case]) {
    play_cut(cases, &[usize::MAX, 1]);
}

/// The same with other cuts.
pub(crate) fn play_cut(cases: &[Case], cuts: &[usize]) {
    let all = cases.iter().flat_map(|case| cuts.iter().map(move |cut| case.play(*cut)));
    let wrong: Vec<_> = all.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
