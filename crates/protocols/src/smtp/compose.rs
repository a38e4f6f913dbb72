//! A message of text and files (RFC 5322, and MIME by the crate `mail-builder`).
//!
//! What is written is ASCII, whatever goes in: text that is not, is quoted-printable or base64. So
//! no server needs to offer 8BITMIME for it. The exception is an address that is not ASCII itself, which
//! stands in the header as it is, and needs SMTPUTF8.

use std::fmt;
use std::time::SystemTime;

use mail_builder::MessageBuilder;

use super::address::Mailbox;
use super::data::with_crlf;
use super::trace::{Date, since_epoch};

/// What a message is made of.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// Who writes it.
    pub from: &'a Mailbox,
    /// Whom it names as recipients.
    pub to: &'a [Mailbox],
    /// What it is about.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// Files, each with its name.
    pub files: &'a [(String, Vec<u8>)],
    /// When.
    pub now: SystemTime,
}

/// Why there is no message.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// CR, LF or NUL where a header field would be: with them somebody writes fields of his own (CWE-93).
    Control(&'static str),
    /// The system has no random bytes for the Message-ID.
    Random,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control(what) => {
                write!(f, "there is a line end or another control character in the {what}")
            }
            Self::Random => f.write_str("the system has no random bytes for the Message-ID"),
        }
    }
}

impl std::error::Error for Error {}

/// The message, with CR LF at the end of each line.
///
/// # Errors
///
/// [`Error`].
pub fn compose(parts: &Parts<'_>) -> Result<Vec<u8>, Error> {
    if parts.subject.contains(char::is_control) {
        return Err(Error::Control("subject"));
    }
    if parts.files.iter().any(|(name, _)| name.contains(char::is_control)) {
        return Err(Error::Control("name of a file"));
    }
    let to: Vec<&str> = parts.to.iter().map(Mailbox::as_str).collect();
    let mut message = MessageBuilder::new()
        .message_id(message_id(parts.from)?)
        .date(since_epoch(parts.now).as_secs())
        .from(parts.from.as_str())
        .to(to)
        .subject(parts.subject)
        .text_body(parts.text);
    for (name, content) in parts.files {
        message = message.attachment("application/octet-stream", name.as_str(), content.as_slice());
    }
    // Into memory, which does not fail.
    Ok(with_crlf(&message.write_to_vec().unwrap_or_default()))
}

/// A message as somebody has written it, with CR LF at the end of each line, and with the two fields that a client
/// may add where they are missing (RFC 6409 §8.2, §8.3): so that a copy can be known for one.
///
/// # Errors
///
/// [`Error::Random`].
pub fn complete(message: &[u8], from: Option<&Mailbox>, now: SystemTime) -> Result<Vec<u8>, Error> {
    let message = with_crlf(message);
    let mut fields = String::new();
    if !has_field(&message, b"date") {
        fields += &format!("Date: {}\r\n", Date(now));
    }
    if !has_field(&message, b"message-id") {
        let random = random()?;
        let domain = from.map_or("localhost", |from| id_domain(from));
        fields += &format!("Message-ID: <{random}@{domain}>\r\n");
    }
    Ok([fields.into_bytes(), message].concat())
}

/// Whether the header has a field of this name, given in lower case.
fn has_field(message: &[u8], name: &[u8]) -> bool {
    let lines = message.split(|&octet| octet == b'\n').map(<[u8]>::trim_ascii_end);
    lines.take_while(|line| !line.is_empty()).any(|line| {
        let found =
            line.iter().position(|&octet| octet == b':').map(|at| line[..at].trim_ascii_end());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// One that nobody else has: it stays with the message however often it is sent (RFC 5322 §3.6.4).
fn message_id(from: &Mailbox) -> Result<String, Error> {
    Ok(format!("{}@{}", random()?, id_domain(from)))
}

fn id_domain(from: &Mailbox) -> &str {
    if from.domain().is_ascii() { from.domain() } else { "localhost" }
}

/// 128 random bits, in hex.
pub(super) fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, text: &str, files: &[(String, Vec<u8>)]) -> Result<String, Error> {
        let from = Mailbox::parse("a@x.example").expect("an address");
        let to = [Mailbox::parse("b@y.example").expect("an address")];
        let now = SystemTime::UNIX_EPOCH;
        let parts = Parts { from: &from, to: &to, subject, text, files, now };
        Ok(String::from_utf8(compose(&parts)?).expect("ASCII"))
    }

    #[test]
    fn ascii_stays_as_it_is_and_the_rest_becomes_ascii() {
        let plain = message("hello", ".\r\n.a\r\nb", &[]).expect("a message");
        assert!(plain.ends_with("\r\n\r\n.\r\n.a\r\nb\r\n"), "{plain}");
        assert!(plain.contains("\r\nSubject: hello\r\n"), "{plain}");
        let coded = message("grüße", "schöne €", &[("ä.bin".into(), vec![0, 255, 13, 10])])
            .expect("a message");
        assert!(coded.is_ascii(), "{coded}");
        assert!(coded.contains("multipart/mixed"), "{coded}");
        assert!(coded.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }

    #[test]
    fn nobody_writes_fields_of_his_own() {
        assert_eq!(message("a\r\nBcc: evil@z", "", &[]), Err(Error::Control("subject")));
        let files = [("a\nX: y".to_owned(), vec![])];
        assert_eq!(message("a", "", &files), Err(Error::Control("name of a file")));
    }

    #[test]
    fn a_message_is_completed_once() {
        let now = SystemTime::UNIX_EPOCH;
        let once = complete(b"Subject: a\n\nDate: in the body\n", None, now).expect("a message");
        let text = String::from_utf8(once.clone()).expect("ASCII");
        assert!(
            text.starts_with("Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <"),
            "{text}"
        );
        assert_eq!(complete(&once, None, now), Ok(once));
    }
}
