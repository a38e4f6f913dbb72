//! Commands: a word, and for many of them an argument (RFC 959 §4.1).

/// What a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the command of its name; the table below says where it is specified"
)]
pub enum Verb {
    Abor,
    Acct,
    Allo,
    Appe,
    Auth,
    Cdup,
    Cwd,
    Dele,
    Eprt,
    Epsv,
    Feat,
    Help,
    List,
    Mdtm,
    Mfmt,
    Mkd,
    Mlsd,
    Mlst,
    Mode,
    Nlst,
    Noop,
    Opts,
    Pass,
    Pasv,
    Port,
    Pwd,
    Quit,
    Rein,
    Rest,
    Retr,
    Rmd,
    Rnfr,
    Rnto,
    Site,
    Size,
    Smnt,
    Stat,
    Stor,
    Stou,
    Stru,
    Syst,
    Type,
    User,
}

/// Whether a command has an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Argument {
    Never,
    Maybe,
    Always,
}

use Argument::{Always, Maybe, Never};

/// Each command, by its names; who asks for `HELP` is told those.
#[rustfmt::skip]
const COMMANDS: &[(&str, Verb, Argument)] = &[
    // RFC 959 §4.1.1: who one is, and where.
    ("USER", Verb::User, Always), ("PASS", Verb::Pass, Maybe), ("ACCT", Verb::Acct, Always),
    ("CWD", Verb::Cwd, Always), ("CDUP", Verb::Cdup, Never), ("SMNT", Verb::Smnt, Always),
    ("REIN", Verb::Rein, Never), ("QUIT", Verb::Quit, Never),
    // §4.1.2: how a file is transferred.
    ("PORT", Verb::Port, Always), ("PASV", Verb::Pasv, Never), ("TYPE", Verb::Type, Always),
    ("STRU", Verb::Stru, Always), ("MODE", Verb::Mode, Always),
    // §4.1.3: what is done.
    ("RETR", Verb::Retr, Always), ("STOR", Verb::Stor, Always), ("STOU", Verb::Stou, Maybe),
    ("APPE", Verb::Appe, Always), ("ALLO", Verb::Allo, Always), ("REST", Verb::Rest, Always),
    ("RNFR", Verb::Rnfr, Always), ("RNTO", Verb::Rnto, Always), ("ABOR", Verb::Abor, Never),
    ("DELE", Verb::Dele, Always), ("RMD", Verb::Rmd, Always), ("MKD", Verb::Mkd, Always),
    ("PWD", Verb::Pwd, Never), ("LIST", Verb::List, Maybe), ("NLST", Verb::Nlst, Maybe),
    ("SITE", Verb::Site, Always), ("SYST", Verb::Syst, Never), ("STAT", Verb::Stat, Maybe),
    ("HELP", Verb::Help, Maybe), ("NOOP", Verb::Noop, Never),
    // RFC 2228 §3: refused in this chapter.
    ("AUTH", Verb::Auth, Always),
    // RFC 2389: what a server can do beyond that.
    ("FEAT", Verb::Feat, Never), ("OPTS", Verb::Opts, Always),
    // RFC 2428: addresses of any length.
    ("EPRT", Verb::Eprt, Always), ("EPSV", Verb::Epsv, Maybe),
    // RFC 3659: listings for programs; and MFMT, which never became an RFC and which clients use.
    ("SIZE", Verb::Size, Always), ("MDTM", Verb::Mdtm, Always), ("MFMT", Verb::Mfmt, Always),
    ("MLST", Verb::Mlst, Maybe), ("MLSD", Verb::Mlsd, Maybe),
    // RFC 1123 §4.1.3.1: names that old clients have for the same.
    ("XCWD", Verb::Cwd, Always), ("XCUP", Verb::Cdup, Never), ("XMKD", Verb::Mkd, Always),
    ("XRMD", Verb::Rmd, Always), ("XPWD", Verb::Pwd, Never),
];

/// Why a line is no command that can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// There is no such command: 500.
    Unknown,
    /// Its argument is missing, or it has one and must not: 501.
    Argument,
}

/// The command of a line, and its argument, empty where there is none.
///
/// # Errors
///
/// Which of the two replies the client gets.
pub fn parse(line: &[u8]) -> Result<(Verb, &[u8]), Error> {
    let (word, argument) = match line.iter().position(|&byte| byte == b' ') {
        None => (line, &[][..]),
        // What follows the one space belongs to a name, further spaces included.
        Some(space) => (&line[..space], &line[space + 1..]),
    };
    let named = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let found = COMMANDS.iter().find(|(name, ..)| named(name));
    let &(_, verb, takes) = found.ok_or(Error::Unknown)?;
    match takes {
        Never if !argument.trim_ascii().is_empty() => Err(Error::Argument),
        Always if argument.is_empty() => Err(Error::Argument),
        // NUL and the like are in no name and no number.
        _ if argument.contains(&0) => Err(Error::Argument),
        _ => Ok((verb, argument)),
    }
}

/// The names of all commands.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(name, ..)| *name)
}

impl Verb {
    /// Whether who has not logged in may ask it.
    pub fn is_for_all(self) -> bool {
        use Verb::{Auth, Feat, Help, Noop, Opts, Pass, Quit, Rein, Syst, User};
        matches!(self, User | Pass | Rein | Quit | Auth | Feat | Help | Noop | Opts | Syst)
    }

    /// Whether it changes something in the served folder.
    pub fn writes(self) -> bool {
        use Verb::{Appe, Dele, Mfmt, Mkd, Rmd, Rnfr, Rnto, Stor, Stou};
        matches!(self, Stor | Stou | Appe | Dele | Rmd | Mkd | Rnfr | Rnto | Mfmt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_word_and_the_rest_its_argument() {
        assert_eq!(parse(b"retr a  b "), Ok((Verb::Retr, &b"a  b "[..])));
        assert_eq!(parse(b"XpWd"), Ok((Verb::Pwd, &b""[..])));
        assert_eq!(parse(b"LIST"), Ok((Verb::List, &b""[..])));
        assert_eq!(parse(b"NOOP "), Ok((Verb::Noop, &b""[..])));
        assert_eq!(parse(b"RETR"), Err(Error::Argument));
        assert_eq!(parse(b"RETR "), Err(Error::Argument));
        assert_eq!(parse(b"QUIT now"), Err(Error::Argument));
        assert_eq!(parse(b"RETR a\0b"), Err(Error::Argument));
        for line in ["", " RETR a", "RETRA a", "RET", "GET / HTTP/1.1", "\u{e9}"] {
            assert_eq!(parse(line.as_bytes()), Err(Error::Unknown), "{line}");
        }
    }
}
