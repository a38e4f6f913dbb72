//! One client: lines to your `Session`, and what it wants done to both connections.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use client_server::output::LOW_WATER;
use client_server::{Beside, Closed, Context, Next, Session, Time};
use protocols::ftp::address::write_port;
use protocols::ftp::lines::{Lines, without_telnet};
use protocols::ftp::reply::{say, say_lines};
#[cfg(not(feature = "solution"))]
use transfer_files as answer;
#[cfg(feature = "solution")]
use transfer_files_solution as answer;

use answer::Action;

use crate::lines;

/// How long a client may be silent, and an upload between octets.
const IDLE: Duration = Duration::from_secs(300);
/// How long a data connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// Commands that may wait for the end of a transfer; past them nothing is read.
const WAITING: usize = 64;

/// How far the data connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    None,
    /// The client may connect.
    Listening,
    Open,
}

/// A client of your answer.
#[derive(Debug)]
pub(crate) struct FtpSession {
    answer: answer::Session,
    lines: Lines,
    /// Commands that had to wait.
    waiting: usize,
    data: Data,
    /// 150 was said, and what ends it was not.
    transfer: bool,
    /// Octets to send that have no connection yet.
    early: Vec<u8>,
    /// `Finish` was asked for.
    finish: bool,
    /// `Send` was asked for, and `sent` has not been said.
    sending: bool,
    /// `QUIT`, when its turn came.
    leaving: bool,
    peer: Option<SocketAddr>,
    deadline: Option<Time>,
}

impl FtpSession {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            answer: answer::Session::new(root),
            lines: Lines::default(),
            waiting: 0,
            data: Data::None,
            transfer: false,
            early: Vec::new(),
            finish: false,
            sending: false,
            leaving: false,
            peer: None,
            deadline: None,
        }
    }

    /// Does what your session wants done, and then what can be done for it at once.
    fn perform(&mut self, actions: Vec<Action>, cx: &mut Context<'_>) -> Next {
        let mut actions = actions;
        loop {
            for action in actions {
                self.act(action, cx);
            }
            self.deadline = Some(cx.now + self.patience());
            if self.leaving {
                return Next::Close;
            }
            if self.transfer && self.data == Data::None {
                // The client has asked for no data connection.
                self.transfer = false;
                self.early.clear();
                actions = self.answer.closed(answer::Closed::NeverOpened);
                continue;
            }
            let taken = cx.beside().is_some_and(|output| output.pending() <= LOW_WATER);
            if !(self.transfer && self.sending && taken) {
                return Next::Continue;
            }
            self.sending = false;
            actions = self.answer.sent();
        }
    }

    fn act(&mut self, action: Action, cx: &mut Context<'_>) {
        match action {
            Action::Reply(code) => {
                if code == 150 {
                    (self.transfer, self.finish, self.sending) = (true, false, false);
                }
                say(cx.output, code, lines::words(code));
            }
            Action::Send(octets) => {
                self.sending = true;
                match cx.beside() {
                    Some(output) => output.extend(&octets),
                    None => self.early.extend(octets),
                }
            }
            Action::Finish => {
                (self.finish, self.sending) = (true, false);
                if self.data == Data::Open {
                    cx.finish_beside();
                }
            }
            Action::Drop => self.drop_data(cx),
            Action::Obey(line) => self.obey(&line, cx),
        }
    }

    fn drop_data(&mut self, cx: &mut Context<'_>) {
        cx.drop_beside();
        self.early.clear();
        (self.data, self.transfer, self.sending) = (Data::None, false, false);
    }

    /// What a server says that has nothing to do with transfers.
    fn obey(&mut self, line: &str, cx: &mut Context<'_>) {
        let (verb, argument) = lines::split(line);
        match verb.as_str() {
            "USER" => say(cx.output, 331, "Any password, please."),
            "PASS" => say(cx.output, 230, "Come in."),
            "SYST" => say(cx.output, 215, "UNIX Type: L8"),
            "FEAT" => {
                say_lines(cx.output, 211, "Features:", ["EPSV", "REST STREAM", "SIZE"], "End");
            }
            "PWD" => say(cx.output, 257, "\"/\" is the only folder."),
            "CWD" if argument == "/" => say(cx.output, 250, "You are there."),
            "CWD" => say(cx.output, 550, "There is one folder, and this is it."),
            "NOOP" => say(cx.output, 200, "Still here."),
            "SIZE" => match self.size(argument) {
                Some(size) => say(cx.output, 213, size),
                None => say(cx.output, 550, "There is no such file."),
            },
            "EPSV" | "PASV" => self.listen(&verb, cx),
            "TYPE" => say(cx.output, 504, "Only TYPE A and TYPE I are offered."),
            "REST" => say(cx.output, 501, "That is no number."),
            "QUIT" => {
                say(cx.output, 221, "Goodbye.");
                self.leaving = true;
            }
            _ => say(cx.output, 502, "That is not offered here."),
        }
    }

    fn size(&self, name: &str) -> Option<u64> {
        let metadata = self.answer.path(name)?.metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Only the client itself may connect: RFC 2577 §8.
    fn listen(&mut self, verb: &str, cx: &mut Context<'_>) {
        self.drop_data(cx);
        let from = self.peer.map(|peer| peer.ip());
        let address = from.and_then(|from| cx.listen_beside(from).ok());
        self.data = if address.is_some() { Data::Listening } else { Data::None };
        match address {
            Some(address) if verb == "EPSV" => {
                let port = address.port();
                say(cx.output, 229, format_args!("Entering Extended Passive Mode (|||{port}|)"));
            }
            Some(SocketAddr::V4(address)) => {
                let numbers = write_port(*address.ip(), address.port());
                say(cx.output, 227, format_args!("Entering Passive Mode ({numbers})."));
            }
            _ => {
                self.drop_data(cx);
                say(cx.output, 425, "No data connection can be had now.");
            }
        }
    }

    /// The data connection is over.
    fn data_closed(&mut self, how: answer::Closed, cx: &mut Context<'_>) -> Next {
        self.drop_data(cx);
        self.waiting = 0;
        let actions = self.answer.closed(how);
        self.perform(actions, cx)
    }

    fn patience(&self) -> Duration {
        if self.transfer && self.data == Data::Listening { CONNECT } else { IDLE }
    }
}

impl Session for FtpSession {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.peer = cx.peer();
        self.deadline = Some(cx.now + IDLE);
        say(cx.output, 220, "Your FTP server is ready.");
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.lines.push(bytes);
        while let Some(line) = self.lines.take() {
            let Ok(line) = line else {
                say(cx.output, 500, "That line is too long.");
                continue;
            };
            let (line, answer) = without_telnet(&line);
            cx.output.extend(&answer);
            let actions = self.answer.command(lines::parse(&line));
            self.waiting = if actions.is_empty() { self.waiting + 1 } else { 0 };
            if self.perform(actions, cx) == Next::Close {
                return Next::Close;
            }
        }
        Next::Continue
    }

    fn beside(&mut self, event: Beside<'_>, cx: &mut Context<'_>) -> Next {
        let actions = match event {
            Beside::Opened(_) => {
                self.data = Data::Open;
                if let Some(output) = cx.beside() {
                    output.extend(&std::mem::take(&mut self.early));
                }
                if self.transfer && self.finish {
                    cx.finish_beside();
                }
                Vec::new()
            }
            Beside::Refused(_) | Beside::Flushed => Vec::new(),
            Beside::Received(octets) => self.answer.received(octets),
            Beside::Ended => self.answer.ended(),
            Beside::Closed(_) if !self.transfer => {
                self.data = Data::None;
                Vec::new()
            }
            Beside::Closed(Closed::InOrder) => {
                return self.data_closed(answer::Closed::InOrder, cx);
            }
            Beside::Closed(_) => return self.data_closed(answer::Closed::Lost, cx),
        };
        self.perform(actions, cx)
    }

    fn takes(&self) -> bool {
        self.waiting < WAITING
    }

    fn takes_beside(&self) -> bool {
        self.transfer
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        match (self.transfer, self.data) {
            (true, Data::Open) => self.data_closed(answer::Closed::Lost, cx),
            (true, _) => self.data_closed(answer::Closed::NeverOpened, cx),
            (false, _) => {
                say(cx.output, 421, "Nothing was said for too long.");
                Next::Close
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }
}
