//! What an FTP server serves, and to whom.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use client_server::Service;

use super::session::FtpSession;
use crate::jail::Jail;

/// What a server serves, to whom, and how long it waits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The served folder.
    pub jail: Jail,
    /// Who may log in.
    pub users: Users,
    /// Whether clients may change anything.
    pub writable: bool,
    /// Whether an upload is on the disk, and not only with the system, before it is acknowledged.
    pub sync: bool,
    /// How long a client may be silent between commands, and an upload between octets.
    pub idle: Duration,
    /// How long a data connection may take to come about.
    pub connect: Duration,
    /// How long the answer to a wrong password takes: the second one takes twice as long.
    pub delay: Duration,
    /// Seconds since 1970: listings say which files are recent.
    pub wall: fn() -> i64,
}

/// Who may log in.
#[derive(Debug, Clone, Default)]
pub struct Users {
    /// Everybody, as `anonymous` or `ftp`, with any password (RFC 1635).
    pub anonymous: bool,
    /// A name and its password.
    pub user: Option<(String, Vec<u8>)>,
}

impl Users {
    /// Whether this name needs no password.
    pub(super) fn is_anonymous(&self, name: &[u8]) -> bool {
        let public = [&b"anonymous"[..], b"ftp"];
        self.anonymous && public.iter().any(|one| name.eq_ignore_ascii_case(one))
    }

    /// Whether they may come in. It takes as long for a name that there is not: what there is, is not
    /// to be guessed from the time (RFC 2577 §7).
    pub(super) fn admit(&self, name: &[u8], password: &[u8]) -> bool {
        if self.is_anonymous(name) {
            return true;
        }
        let Some((user, secret)) = &self.user else { return false };
        let right = same(password, secret);
        name == user.as_bytes() && right
    }
}

/// Whether two are equal, in a time that does not tell where they differ.
fn same(given: &[u8], secret: &[u8]) -> bool {
    let differ = given.len() != secret.len();
    let bits = given.iter().zip(secret.iter().chain(std::iter::repeat(&0)));
    bits.fold(u8::from(differ), |all, (a, b)| all | (a ^ b)) == 0
}

impl Settings {
    /// A server of this folder for everybody, that changes nothing.
    pub fn new(jail: Jail) -> Self {
        Self {
            jail,
            users: Users { anonymous: true, user: None },
            writable: false,
            sync: false,
            idle: Duration::from_secs(300),
            connect: Duration::from_secs(30),
            delay: Duration::from_secs(1),
            wall,
        }
    }
}

fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// The service: a session for each client.
#[derive(Debug, Clone)]
pub struct FtpServer(Arc<Settings>);

impl FtpServer {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(settings))
    }
}

impl Service for FtpServer {
    type Session = FtpSession;

    fn session(&self, _: Option<IpAddr>) -> FtpSession {
        FtpSession::new(self.0.clone())
    }

    fn refusal(&self) -> &[u8] {
        b"421 Too many clients; come back later.\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_known_does_not_come_in() {
        let user = Some(("ada".to_owned(), b"secret".to_vec()));
        let users = Users { anonymous: false, user };
        assert!(users.admit(b"ada", b"secret"));
        for (name, password) in [
            ("ada", "secre"),
            ("ada", "secrets"),
            ("ada", ""),
            ("ada", "Secret"),
            ("eve", "secret"),
            ("anonymous", "x"),
            ("ada", "secret\0"),
        ] {
            assert!(!users.admit(name.as_bytes(), password.as_bytes()), "{name} {password}");
        }
        let users = Users { anonymous: true, user: None };
        assert!(users.admit(b"Anonymous", b"") && users.admit(b"ftp", b"me@example.org"));
        assert!(!users.admit(b"ada", b""));
    }
}
