//! Who one is: `USER`, `PASS`, `REIN` (RFC 959 §4.1.1), and how often one may guess (RFC 2577 §5).

use client_server::{Context, Next};

use super::super::listing::Wanted;
use super::super::path::FtpPath;
use super::super::reply::say;
use super::{Data, FtpSession};

/// Wrong passwords that a session may try; after the last it is closed.
const ATTEMPTS: u32 = 3;

/// How far somebody is with logging in.
#[derive(Debug, Default)]
pub(super) struct Login {
    state: State,
    failures: u32,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Nobody,
    /// The name was said.
    Named(Vec<u8>),
    /// The password was wrong, and the answer takes its time.
    Delayed,
    In,
}

impl Login {
    pub(super) fn is_in(&self) -> bool {
        matches!(self.state, State::In)
    }

    pub(super) fn is_delayed(&self) -> bool {
        matches!(self.state, State::Delayed)
    }
}

impl FtpSession {
    /// The answer is the same for every name: it does not tell which there are (RFC 2577 §7).
    pub(super) fn user(&mut self, name: &[u8], cx: &mut Context<'_>) {
        if self.settings.users.is_anonymous(name) {
            say(
                cx.output,
                331,
                "Anybody may come in; your e-mail address as the password, please.",
            );
        } else {
            say(cx.output, 331, "And the password, please.");
        }
        self.login.state = State::Named(name.to_vec());
    }

    pub(super) fn password(&mut self, password: &[u8], cx: &mut Context<'_>) {
        let name = match std::mem::take(&mut self.login.state) {
            State::Named(name) => name,
            state => {
                self.login.state = state;
                say(cx.output, 503, "USER comes first.");
                return;
            }
        };
        if self.settings.users.admit(&name, password) {
            self.login.state = State::In;
            say(cx.output, 230, "Come in.");
        } else {
            self.login.failures += 1;
            self.login.state = State::Delayed;
            self.deadline = Some(cx.now + self.settings.delay * self.login.failures);
        }
    }

    /// The time of a wrong answer is over.
    pub(super) fn refuse_login(&mut self, cx: &mut Context<'_>) -> Next {
        self.login.state = State::Nobody;
        if self.login.failures >= ATTEMPTS {
            say(cx.output, 421, "That was wrong too often.");
            return Next::Close;
        }
        say(cx.output, 530, "That is not right.");
        Next::Continue
    }

    /// As at the beginning; but for the passwords that were wrong.
    pub(super) fn reinitialize(&mut self, cx: &mut Context<'_>) {
        cx.drop_beside();
        self.login.state = State::Nobody;
        self.directory = FtpPath::root();
        (self.restart, self.rename_from, self.text) = (0, None, true);
        (self.wanted, self.only_extended, self.data) = (Wanted::all(), false, Data::None);
        say(cx.output, 220, "FTP server ready.");
    }
}
