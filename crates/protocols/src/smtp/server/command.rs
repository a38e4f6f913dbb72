//! Each command, and what it is answered (RFC 5321 §4.1.1, §4.3.2).

use std::io::Write as _;

use client_server::{Context, Next};

use super::{Ending, Mail, Smtp};
use crate::smtp::address::{self, Path};
use crate::smtp::command::{Command, Error, LONGEST_COMMAND, LONGEST_MAIL, MailParameters};
use crate::smtp::store::Store;
use crate::smtp::trace;

impl<S: Store> Smtp<S> {
    /// A line, up to its LF and without that.
    pub(super) fn line(&mut self, line: &[u8], cx: &mut Context<'_>) -> Next {
        let Some(line) = line.strip_suffix(b"\r") else {
            // RFC 5321 §2.3.8: only CR LF ends a line. Whoever sends LF alone does not speak SMTP,
            // or hopes that we read what he sends in another way than somebody before us: what
            // follows is not read at all.
            self.say(cx, "500 5.5.2", "Lines end with CR LF; this one ends with LF alone");
            return Next::Close;
        };
        // RFC 5321 §4.5.3.1.4: with its CR LF.
        let longest = if is_mail(line) { LONGEST_MAIL } else { LONGEST_COMMAND };
        if std::mem::take(&mut self.discarding) || line.len() + 2 > longest {
            return self.refuse(cx, "500 5.5.2", "The line is too long");
        }
        match Command::parse(line) {
            Ok(command) => self.command(command, cx),
            Err(error) => self.misunderstood(error, cx),
        }
    }

    fn command(&mut self, command: Command<'_>, cx: &mut Context<'_>) -> Next {
        match command {
            Command::Helo(name) => self.hello(name, false, cx),
            Command::Ehlo(name) => self.hello(name, true, cx),
            Command::Mail(sender, parameters) => return self.mail(sender, parameters, cx),
            Command::Rcpt(recipient) => return self.rcpt(recipient, cx),
            Command::Data => return self.data(cx),
            Command::Rset => {
                self.mail = None;
                self.say(cx, "250 2.0.0", "Forgotten");
            }
            Command::Noop => self.say(cx, "250 2.0.0", "Nothing done"),
            // RFC 5321 §7.3: who may be asked tells spammers whom to write to.
            Command::Vrfy(_) => self.say(cx, "252 2.5.2", "Send some mail, and it will be seen"),
            Command::Help => self.say(
                cx,
                "214 2.0.0",
                "EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP; see RFC 5321",
            ),
            Command::Quit => {
                let _ = write!(cx.output, "221 2.0.0 {} closes\r\n", self.config.name);
                return Next::Close;
            }
        }
        self.end_if_due(cx)
    }

    /// RFC 5321 §4.1.4: EHLO in the middle is RSET, too.
    fn hello(&mut self, name: &str, extended: bool, cx: &mut Context<'_>) {
        self.client = trace::origin(name, self.peer);
        self.extended = extended;
        self.mail = None;
        if extended {
            self.offer(cx);
        } else {
            let _ = write!(cx.output, "250 {}\r\n", self.config.name);
        }
    }

    fn mail(&mut self, sender: Path, parameters: MailParameters, cx: &mut Context<'_>) -> Next {
        if self.client.is_empty() {
            return self.refuse(cx, "503 5.5.1", "EHLO or HELO comes first");
        }
        if self.mail.is_some() {
            return self.refuse(cx, "503 5.5.1", "MAIL was said already");
        }
        // RFC 5321 §3.3: parameters belong to extensions that were negotiated, which EHLO does.
        if !self.extended && parameters != MailParameters::default() {
            return self.refuse(cx, "555 5.5.4", "Parameters need EHLO");
        }
        if sender.needs_utf8() && !parameters.utf8 {
            return self.refuse(cx, "550 5.6.7", "This address needs SMTPUTF8");
        }
        // RFC 1870 §6.1: what is announced to be too large need not be sent.
        if parameters.size.is_some_and(|size| size > self.config.size) {
            return self.refuse(cx, "552 5.3.4", "The message is too large");
        }
        let utf8 = parameters.utf8;
        self.mail = Some(Mail { sender, utf8, recipients: Vec::new(), refused: false });
        self.say(cx, "250 2.1.0", "Sender ok");
        self.end_if_due(cx)
    }

    fn rcpt(&mut self, recipient: Path, cx: &mut Context<'_>) -> Next {
        let Some(mail) = &mut self.mail else {
            return self.refuse(cx, "503 5.5.1", "MAIL comes first");
        };
        mail.refused = true;
        if recipient.needs_utf8() && !mail.utf8 {
            // RFC 6531 §3.5.
            return self.refuse(cx, "553 5.6.7", "This address needs SMTPUTF8");
        }
        if !is_ours(&self.config.domains, &recipient) {
            return self.refuse(cx, "550 5.7.1", "Mail for this domain is not taken here");
        }
        // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in a second transaction.
        if mail.recipients.len() >= self.config.recipients {
            self.say(cx, "452 4.5.3", "Too many recipients");
            return self.end_if_due(cx);
        }
        mail.refused = false;
        mail.recipients.push(recipient);
        self.say(cx, "250 2.1.5", "Recipient ok");
        self.end_if_due(cx)
    }

    fn data(&mut self, cx: &mut Context<'_>) -> Next {
        match &self.mail {
            None => return self.refuse(cx, "503 5.5.1", "MAIL comes first"),
            Some(mail) if mail.recipients.is_empty() && mail.refused => {
                return self.refuse(cx, "554 5.5.1", "No valid recipients");
            }
            Some(mail) if mail.recipients.is_empty() => {
                return self.refuse(cx, "503 5.5.1", "RCPT comes first");
            }
            Some(_) => {}
        }
        if self.ending == Ending::Draining {
            return self.end_if_due(cx);
        }
        self.begin_data(cx);
        cx.output.extend(b"354 Go on, and end with a dot alone on a line\r\n");
        Next::Continue
    }

    fn misunderstood(&mut self, error: Error, cx: &mut Context<'_>) -> Next {
        match error {
            Error::Foreign => {
                self.say(cx, "421 4.7.0", "This is SMTP");
                Next::Close
            }
            Error::Unrecognized => self.refuse(cx, "500 5.5.2", "No such command"),
            Error::NotImplemented => self.refuse(cx, "502 5.5.1", "This command is not offered"),
            Error::Arguments => self.refuse(cx, "501 5.5.4", "Wrong arguments"),
            Error::Parameter => self.refuse(cx, "555 5.5.4", "A parameter that is not offered"),
            Error::Address(error) => {
                if let Some(mail) = &mut self.mail {
                    mail.refused = true;
                }
                self.refuse(cx, "501 5.1.3", why(error))
            }
        }
    }
}

/// Whether the line begins as MAIL does, which may be longer than others.
fn is_mail(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"MAIL "))
}

fn is_ours(domains: &[String], recipient: &Path) -> bool {
    match recipient {
        Path::Mailbox(mailbox) => {
            domains.is_empty()
                || domains.iter().any(|domain| domain.eq_ignore_ascii_case(mailbox.domain()))
        }
        // RFC 5321 §4.5.1: mail for postmaster is always taken.
        Path::Postmaster => true,
        Path::Null => false,
    }
}

/// A reply's text. It repeats nothing of what the client has sent.
fn why(error: address::Error) -> &'static str {
    match error {
        address::Error::TooLong => "The address is too long",
        address::Error::Brackets => "The address must stand in angle brackets",
        address::Error::LocalPart => "What stands before the @ is no local part",
        address::Error::Domain => "What stands after the @ is no domain",
        address::Error::Utf8 => "The address is not UTF-8",
    }
}
