//! The control connection of FTP as a client sees it: replies in, commands out (RFC 959 §4.2, §5.3).
//!
//! ```text
//!  226 Transfer complete. CR LF      a reply of one line: the code, a space, words for people
//!
//!  230-Welcome. CR LF                a reply of several: the code, a hyphen …
//!  226 users are here. CR LF         … lines that may look like anything …
//!  230 Logged in. CR LF              … and one with the same code and a space, which is the last
//!
//!  … FF F1 …                         in between, anywhere: a Telnet command (RFC 854)
//! ```

/// Octets of a reply at most: all its lines with their ends, without what is Telnet.
pub const LONGEST_REPLY: usize = 64 * 1024;

/// IAC, "interpret as command": with this octet every Telnet command begins (RFC 854).
pub const IAC: u8 = 0xff;
/// The first of the four Telnet commands of three octets: WILL, WON'T, DO and DON'T.
pub const WILL: u8 = 0xfb;
/// The last of them.
pub const DONT: u8 = 0xfe;

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 100 to 599.
    pub code: u16,
    /// The words of each line, without its end. The code and what follows it are left out of the first
    /// line and of the last; a line between is whole.
    pub lines: Vec<Vec<u8>>,
}

/// Why what a server says is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A first line does not begin with a code, and a space or a hyphen behind it.
    Malformed,
    /// It is longer than [`LONGEST_REPLY`].
    TooLong,
}

/// Makes replies out of the octets of a control connection.
#[derive(Debug, Default)]
pub struct Replies {
    // Here is room for what has to survive from one call to the next.
}

impl Replies {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what came next on the connection: any number of octets, cut anywhere.
    pub fn push(&mut self, octets: &[u8]) {
        let _ = octets; // Yours to use; then this line can go.
        todo!("take what is Telnet out, and keep the rest line by line")
    }

    /// The next reply, if a whole one has come.
    ///
    /// # Errors
    ///
    /// What is wrong with the reply whose turn it is. From then on every call returns it again: nobody
    /// knows where the next reply would begin.
    pub fn take(&mut self) -> Result<Option<Reply>, Error> {
        todo!("the replies that are whole, in their order; then the error, if there was one")
    }
}

/// The line of a command, ready to be sent: the verb, a space and the argument if there is one, CR LF.
/// In the argument, IAC is doubled.
///
/// `None`: the argument holds a CR, an LF or a NUL. It would be more than one command.
pub fn command(verb: &str, argument: &[u8]) -> Option<Vec<u8>> {
    let _ = (verb, argument); // Yours to use; then this line can go.
    todo!("refuse what would end the line, and double what would begin a Telnet command")
}
