//! The shell around the answer: it does what a client and two connections would do, and looks into the folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use harness::{Check, Mistake, Outcome, Report};
use transfer_files::{Action, Closed, Command, PIECE, Session, Type};

use crate::mistakes::{ABORT_WAITS, DONE, MANGLES, ONE_REPLY, OVERTAKES, PARTIAL, WHOLE};

/// A session in a folder of its own, which goes with it.
pub(crate) struct Shell<'a> {
    c: &'a Check,
    pub(crate) folder: PathBuf,
    session: Option<Session>,
}

impl<'a> Shell<'a> {
    /// A new session, and these files.
    pub(crate) fn new(c: &'a Check, files: &[(&str, &[u8])]) -> Outcome<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("transfer-files-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let made = fs::create_dir_all(&folder);
        let made = made.and_then(|()| {
            files.iter().try_for_each(|(name, octets)| fs::write(folder.join(name), octets))
        });
        made.map_err(|error| c.fail(None, format!("making a folder failed: {error}")))?;
        let told = |(name, octets): &(&str, &[u8])| format!("{name}, {}", sized(octets));
        let files: Vec<String> = files.iter().map(told).collect();
        let files = if files.is_empty() { "nothing".to_owned() } else { files.join("; ") };
        c.attempt(format!("made a session for a folder with {files}"));
        Ok(Self { c, session: Some(Session::new(folder.clone())), folder })
    }

    /// The same, and the client has said TYPE I.
    pub(crate) fn binary(c: &'a Check, files: &[(&str, &[u8])]) -> Outcome<Self> {
        let mut shell = Self::new(c, files)?;
        shell.says(Command::Type(Type::Image), &[Action::Reply(200)], None)?;
        Ok(shell)
    }

    /// Tells the session something; what it wants done is a step of its own.
    fn tell(&mut self, step: &str, event: impl FnOnce(&mut Session) -> Vec<Action>) -> Vec<Action> {
        self.c.did(step);
        let actions = self.session.as_mut().map(event).unwrap_or_default();
        if !actions.is_empty() {
            self.c.did(format!("your session: {}", shown(&actions)));
        }
        actions
    }

    /// Fails unless the session answers this command with these actions.
    pub(crate) fn says(
        &mut self,
        command: Command,
        want: &[Action],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let got = self.command(command);
        self.is(&got, want, mistake)
    }

    /// The client says this.
    pub(crate) fn command(&mut self, command: Command) -> Vec<Action> {
        self.tell(&format!("the client said {}", line(&command)), |s| s.command(command))
    }

    /// During a transfer, the client says `ABOR`. What waits, if anything, is `then` to be obeyed.
    pub(crate) fn aborts(&mut self, then: &[Action]) -> Outcome {
        let got = self.command(Command::Abort);
        let mistake = match got[..] {
            [] => Some(&ABORT_WAITS),
            [Action::Drop, Action::Reply(_)] | [Action::Reply(_)] => Some(&ONE_REPLY),
            _ => None,
        };
        let done = [Action::Drop, Action::Reply(426), Action::Reply(226)];
        self.is(&got, &[&done, then].concat(), mistake)
    }

    /// During a transfer, the client says what has to wait for its end.
    pub(crate) fn waits(&mut self, command: Command) -> Outcome {
        self.says(command, &[], &OVERTAKES)
    }

    pub(crate) fn is(
        &self,
        got: &[Action],
        want: &[Action],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.c.want(format!("your session: {}", shown(want)));
        self.c.ensure(got == want, mistake, || shown(got))
    }

    pub(crate) fn closed(&mut self, how: Closed) -> Vec<Action> {
        let step = match how {
            Closed::InOrder => "the data connection was closed in order",
            Closed::Lost => "the data connection was lost",
            Closed::NeverOpened => "nobody came for the data connection",
        };
        self.tell(step, |session| session.closed(how))
    }

    /// The data connection ends, and this is what the session is to do about it.
    pub(crate) fn closes(&mut self, how: Closed, want: &[Action]) -> Outcome {
        let got = self.closed(how);
        self.is(&got, want, None)
    }

    /// Retrieves a file. Fails unless its octets on the wire are these.
    pub(crate) fn retrieves(
        &mut self,
        name: &str,
        want: &[u8],
        differs: impl FnOnce(&[u8]) -> Option<&'static Mistake>,
    ) -> Outcome {
        let got = self.command(Command::Retrieve(name.to_owned()));
        self.sends(&got, want, differs)?;
        self.closes(Closed::InOrder, &[Action::Reply(226)])
    }

    /// `first` is what the session said to `RETR`. Takes what it sends, up to the end.
    pub(crate) fn sends(
        &mut self,
        first: &[Action],
        want: &[u8],
        differs: impl FnOnce(&[u8]) -> Option<&'static Mistake>,
    ) -> Outcome {
        self.c.want(format!("150, {} on the data connection, and its end", sized(want)));
        let [Action::Reply(150), first @ ..] = first else {
            return Err(self.c.fail(None, shown(first)));
        };
        let mut wire = self.taken(first)?;
        while !wire.finished {
            if wire.idle || wire.octets.len() > want.len() + 4 * PIECE {
                let count = wire.octets.len();
                return Err(self.c.fail(None, format!("{count} octets, and no end of them")));
            }
            let step = "the data connection has taken that, and so on";
            let actions = self.c.in_one_step(step, || Ok(self.tell("sent", Session::sent)))?;
            let more = self.taken(&actions)?;
            wire.octets.extend(more.octets);
            (wire.finished, wire.idle) = (more.finished, more.idle);
        }
        self.c.same_bytes(want, &wire.octets, differs(&wire.octets))
    }

    /// What of these actions goes to the data connection: all of it, or something is wrong.
    fn taken(&self, actions: &[Action]) -> Outcome<Wire> {
        let mut wire = Wire { idle: true, ..Wire::default() };
        for action in actions {
            match action {
                Action::Send(octets) if !wire.finished => {
                    wire.octets.extend_from_slice(octets);
                    wire.idle = false;
                }
                Action::Finish if !wire.finished => wire.finished = true,
                Action::Reply(226 | 250) => return Err(self.c.fail(&DONE, shown(actions))),
                _ => return Err(self.c.fail(None, shown(actions))),
            }
        }
        if wire.octets.len() > 2 * PIECE {
            self.c.want(format!(
                "at most {PIECE} octets of the file, and the next when they are sent"
            ));
            return Err(self.c.fail(&WHOLE, shown(actions)));
        }
        Ok(wire)
    }

    /// Begins an upload: `150`.
    pub(crate) fn begins_to_store(&mut self, name: &str) -> Outcome {
        self.says(Command::Store(name.to_owned()), &[Action::Reply(150)], None)
    }

    /// Octets of an upload come.
    pub(crate) fn receives(&mut self, octets: &[u8]) -> Outcome {
        let step = format!("{} came on the data connection", sized(octets));
        let got = self.tell(&step, |session| session.received(octets));
        self.is(&got, &[], None)
    }

    /// The client's end of the data comes.
    pub(crate) fn ended(&mut self) -> Vec<Action> {
        self.tell("the client ended its half of the data connection", Session::ended)
    }

    /// The end of an upload comes, and is good.
    pub(crate) fn lands(&mut self) -> Outcome {
        let got = self.ended();
        let early = got.iter().any(|action| matches!(action, Action::Reply(226 | 250)));
        self.is(&got, &[Action::Finish], early.then_some(&DONE))?;
        self.closes(Closed::InOrder, &[Action::Reply(226)])
    }

    /// Stores a file that comes in these pieces.
    pub(crate) fn stores(&mut self, name: &str, pieces: &[&[u8]]) -> Outcome {
        self.begins_to_store(name)?;
        pieces.iter().try_for_each(|piece| self.receives(piece))?;
        self.lands()
    }

    /// Fails unless the file is there with these octets.
    pub(crate) fn has(
        &self,
        name: &str,
        want: &[u8],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.c.want(format!("{name} in the folder, {}", sized(want)));
        match fs::read(self.folder.join(name)) {
            Ok(octets) => self.c.same_bytes(want, &octets, mistake),
            Err(error) => Err(self.c.fail(mistake, format!("reading {name}: {error}"))),
        }
    }

    /// Fails unless these files are in the folder, and no other.
    pub(crate) fn holds(&self, want: &[&str]) -> Outcome {
        let told = |names: &[&str]| match names {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        };
        self.c.want(format!("in the folder: {}", told(want)));
        let names = self.names()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.c.ensure(names == want, &PARTIAL, || format!("in the folder: {}", told(&names)))
    }

    /// The names in the folder that a client can name.
    pub(crate) fn shows(&self, want: &[&str]) -> Outcome {
        let names = self.names()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let shown: Vec<&str> = names.into_iter().filter(|name| !name.starts_with('.')).collect();
        let rule = "while it is coming, a file is there under no name that a client can ask for";
        self.c.want(rule);
        self.c.ensure(shown == want, &PARTIAL, || format!("in the folder: {}", shown.join(", ")))
    }

    fn names(&self) -> Outcome<Vec<String>> {
        let entries = fs::read_dir(&self.folder).map_err(|error| self.trouble(&error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.trouble(&error))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn trouble(&self, error: &std::io::Error) -> Report {
        self.c.fail(None, format!("the folder: {error}"))
    }

    /// The control connection is lost, and the session with it.
    pub(crate) fn hangs_up(&mut self) {
        self.c.did("the control connection was lost: your session was dropped");
        self.session = None;
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        self.session = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[derive(Default)]
struct Wire {
    octets: Vec<u8>,
    finished: bool,
    idle: bool,
}

/// For a comparison: whether what crossed is what the other type would have sent.
pub(crate) fn mangled(other: &[u8]) -> impl FnOnce(&[u8]) -> Option<&'static Mistake> {
    move |got| (got == other).then_some(&MANGLES)
}

pub(crate) fn line(command: &Command) -> String {
    match command {
        Command::Type(Type::Ascii) => "TYPE A".to_owned(),
        Command::Type(Type::Image) => "TYPE I".to_owned(),
        Command::Restart(offset) => format!("REST {offset}"),
        Command::Retrieve(name) => format!("RETR {name}"),
        Command::Store(name) => format!("STOR {name}"),
        Command::Abort => "ABOR".to_owned(),
        Command::Other(line) => line.clone(),
    }
}

/// Actions as a report tells them: `reply 150, send 5 octets, finish`.
fn shown(actions: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::Reply(code) => format!("reply {code}"),
        Action::Send(octets) => format!("send {}", sized(octets)),
        Action::Finish => "finish".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Obey(line) => format!("obey {line}"),
    };
    match actions {
        [] => "nothing to do".to_owned(),
        actions => actions.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// `5 bytes, "hello"`, or their number alone.
fn sized(octets: &[u8]) -> String {
    match octets.len() {
        0 => "no octet".to_owned(),
        1..=40 => format!("\"{}\"", octets.escape_ascii()),
        count => format!("{count} octets"),
    }
}
