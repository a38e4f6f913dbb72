//! The server's side of one client: lines in, replies out, and a data connection beside.
//!
//! | to read | about |
//! |---|---|
//! | this file | whose turn it is, and which deadline counts |
//! | `session/login.rs` | who one is |
//! | `session/data.rs` | how a data connection comes about |
//! | `session/commands.rs` | what is to cross it, and whether it can |
//! | `session/transfer.rs` | how it does |
//! | `session/files.rs` | names: where one is, what is there, and changing it |
//! | `session/about.rs` | what a server says of itself |

mod about;
mod commands;
mod data;
mod files;
mod login;
mod transfer;

use std::net::SocketAddr;
use std::sync::Arc;

use client_server::{Beside, Closed, Context, Next, Session, Time};

use super::command::{self, Verb};
use super::lines::{Lines, TooLong, without_telnet};
use super::listing::Wanted;
use super::path::FtpPath;
use super::reply::say;
use super::server::Settings;

use data::Data;
use login::Login;
use transfer::Transfer;

/// Octets of commands that may wait for their turn; past them nothing is read.
const WAITING: usize = 8 * 1024;

/// One client's session.
#[derive(Debug)]
pub struct FtpSession {
    settings: Arc<Settings>,
    lines: Lines,
    login: Login,
    /// Where the client is.
    directory: FtpPath,
    /// `RNFR`'s argument, between it and `RNTO`.
    rename_from: Option<FtpPath>,
    /// `REST`'s, until the next transfer.
    restart: u64,
    /// `TYPE A`, which every session begins with (RFC 959 §3.1.1.1).
    text: bool,
    /// Which facts `MLSD` and `MLST` name.
    wanted: Wanted,
    /// `EPSV ALL` was said: no other command may ask for a data connection (RFC 2428 §3).
    only_extended: bool,
    data: Data,
    transfer: Option<Transfer>,
    /// The peer has ended its half of the control connection.
    ended: bool,
    /// The server stops.
    draining: bool,
    /// The control connection's addresses; `None` over a Unix-domain socket.
    local: Option<SocketAddr>,
    peer: Option<SocketAddr>,
    deadline: Option<Time>,
}

impl FtpSession {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            lines: Lines::default(),
            login: Login::default(),
            directory: FtpPath::root(),
            rename_from: None,
            restart: 0,
            text: true,
            wanted: Wanted::all(),
            only_extended: false,
            data: Data::None,
            transfer: None,
            ended: false,
            draining: false,
            local: None,
            peer: None,
            deadline: None,
        }
    }

    /// Follows the commands that have come, as far as it is their turn. During a transfer that is
    /// `ABOR` and `STAT` alone; the others wait for its end.
    fn go_on(&mut self, cx: &mut Context<'_>) -> Next {
        while !self.login.is_delayed() {
            let line = if self.transfer.is_some() {
                self.lines.take_if(is_urgent).map(Ok)
            } else {
                self.lines.take()
            };
            let next = match line {
                None => break,
                // RFC 959 §4.2.1: 500 includes a line that is too long.
                Some(Err(TooLong)) => {
                    say(cx.output, 500, "That line is too long.");
                    Next::Continue
                }
                Some(Ok(line)) => self.obey(&line, cx),
            };
            if next != Next::Continue {
                return next;
            }
            self.wait_for_commands(cx.now);
        }
        if self.transfer.is_none() && !self.login.is_delayed() {
            if self.draining {
                say(cx.output, 421, "This server is being stopped.");
                return Next::Close;
            }
            if self.ended {
                return Next::Close;
            }
        }
        Next::Continue
    }

    fn obey(&mut self, line: &[u8], cx: &mut Context<'_>) -> Next {
        let (line, answer) = without_telnet(line);
        cx.output.extend(&answer);
        if line.is_empty() {
            return Next::Continue; // An empty line asks for nothing.
        }
        let (verb, argument) = match command::parse(&line) {
            Ok(command) => command,
            Err(command::Error::Unknown) => {
                say(cx.output, 500, "There is no such command.");
                return Next::Continue;
            }
            Err(command::Error::Argument) => {
                say(cx.output, 501, "Not with that argument.");
                return Next::Continue;
            }
        };
        // RFC 959 §4.1.3: RNTO comes at once after RNFR.
        if verb != Verb::Rnto {
            self.rename_from = None;
        }
        if !self.login.is_in() && !verb.is_for_all() {
            say(cx.output, 530, "Log in with USER and PASS first.");
        } else if verb.writes() && !self.settings.writable {
            say(cx.output, 550, "Nothing can be changed here.");
        } else {
            return self.follow(verb, argument, cx);
        }
        self.restart = 0;
        Next::Continue
    }

    #[rustfmt::skip]
    fn follow(&mut self, verb: Verb, argument: &[u8], cx: &mut Context<'_>) -> Next {
        match verb {
            Verb::User => self.user(argument, cx),
            Verb::Pass => self.password(argument, cx),
            Verb::Rein => self.reinitialize(cx),
            Verb::Quit => {
                say(cx.output, 221, "Goodbye.");
                return Next::Close;
            }
            Verb::Acct | Verb::Allo => say(cx.output, 202, "There is no need for that here."),
            Verb::Noop => say(cx.output, 200, "Still here."),

            Verb::Port => self.port(argument, cx),
            Verb::Eprt => self.extended_port(argument, cx),
            Verb::Pasv => self.passive(cx),
            Verb::Epsv => self.extended_passive(argument, cx),
            Verb::Type => self.set_type(argument, cx),
            Verb::Mode => one_of(argument, b"S", "MODE", cx),
            Verb::Stru => one_of(argument, b"F", "STRU", cx),
            Verb::Rest => self.set_restart(argument, cx),

            Verb::Retr => self.retrieve(argument, cx),
            Verb::Stor => self.store(argument, cx),
            Verb::Appe => self.append(argument, cx),
            Verb::Stou => self.store_unique(cx),
            Verb::List => self.list(argument, cx),
            Verb::Nlst => self.list_names(argument, cx),
            Verb::Mlsd => self.list_facts(argument, cx),
            Verb::Abor => self.abort(cx),

            Verb::Cwd => self.change_directory(argument, cx),
            Verb::Cdup => self.change_directory(b"..", cx),
            Verb::Pwd => self.print_directory(cx),
            Verb::Mkd => self.make_directory(argument, cx),
            Verb::Rmd => self.remove_directory(argument, cx),
            Verb::Dele => self.delete(argument, cx),
            Verb::Rnfr => self.rename_from(argument, cx),
            Verb::Rnto => self.rename_to(argument, cx),
            Verb::Size => self.size(argument, cx),
            Verb::Mdtm => self.modification_time(argument, cx),
            Verb::Mfmt => self.set_modification_time(argument, cx),
            Verb::Mlst => self.facts_of(argument, cx),
            Verb::Site => self.site(argument, cx),

            Verb::Stat => self.status(argument, cx),
            Verb::Syst => say(cx.output, 215, "UNIX Type: L8"),
            Verb::Help => about::help(cx),
            Verb::Feat => self.features(cx),
            Verb::Opts => self.options(argument, cx),
            Verb::Auth | Verb::Smnt => say(cx.output, 502, "That is not offered here."),
        }
        Next::Continue
    }

    /// The next command has so long to come.
    fn wait_for_commands(&mut self, now: Time) {
        if self.transfer.is_none() && !self.login.is_delayed() {
            self.deadline = Some(now + self.settings.idle);
        }
    }
}

/// Whether a line is to be seen to during a transfer: `ABOR`, and `STAT` for how it fares.
fn is_urgent(line: &[u8]) -> bool {
    let (line, _) = without_telnet(line);
    matches!(command::parse(&line), Ok((Verb::Abor, _)) | Ok((Verb::Stat, b"")))
}

/// For a choice of which only one is offered, as every server does by now.
fn one_of(argument: &[u8], offered: &[u8], name: &str, cx: &mut Context<'_>) {
    if argument.eq_ignore_ascii_case(offered) {
        say(cx.output, 200, format_args!("{name} is that."));
    } else {
        say(cx.output, 504, format_args!("Only {name} {} is offered.", offered.escape_ascii()));
    }
}

impl Session for FtpSession {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        (self.local, self.peer) = (cx.local(), cx.peer());
        self.wait_for_commands(cx.now);
        // The first reply names no program and no version: those who want to know it are mostly those
        // who should not.
        say(cx.output, 220, "FTP server ready.");
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.lines.push(bytes);
        self.go_on(cx)
    }

    /// The client has closed the control connection. One that is in the middle of an upload has
    /// probably died: the end of its data, which comes soon, is not the end of its file.
    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        self.ended = true;
        if self.transfer.as_ref().is_some_and(Transfer::is_upload) {
            return Next::Close;
        }
        self.go_on(cx)
    }

    fn beside(&mut self, event: Beside<'_>, cx: &mut Context<'_>) -> Next {
        self.data_event(event, cx);
        self.wait_for_commands(cx.now);
        self.go_on(cx)
    }

    fn woken(&mut self, cx: &mut Context<'_>) -> Next {
        self.work_done(cx);
        self.wait_for_commands(cx.now);
        self.go_on(cx)
    }

    fn takes(&self) -> bool {
        !self.login.is_delayed() && self.lines.pending() < WAITING
    }

    fn takes_beside(&self) -> bool {
        self.transfer.as_ref().is_some_and(Transfer::takes)
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        if self.login.is_delayed() {
            if self.refuse_login(cx) == Next::Close {
                return Next::Close;
            }
        } else if self.transfer.is_some() {
            self.transfer_expired(cx);
        } else {
            say(cx.output, 421, "Nothing was said for too long.");
            return Next::Close;
        }
        self.wait_for_commands(cx.now);
        self.go_on(cx)
    }

    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        self.draining = true;
        self.go_on(cx)
    }

    fn closed(&mut self, _: Closed) {
        self.transfer = None; // An upload that is not whole leaves nothing.
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }
}
