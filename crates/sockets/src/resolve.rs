//! From a name to addresses.
//!
//! `getaddrinfo(3)` answers, and where it looks is the machine's business: `/etc/nsswitch.conf` says in
//! which order the files, mDNS and DNS are asked. It answers with *several* addresses, in the order in
//! which to try them (RFC 6724), IPv6 among them. So a client tries each in turn, and a program that
//! takes the first and drops the rest fails where the first is the one that does not work.
//!
//! ```text
//! "localhost:80" ──▶ host "localhost", port 80 ──▶ getaddrinfo ──▶ [::1]:80, 127.0.0.1:80
//! "[::1]:80"     ──▶ an address already: nobody is asked
//! ```
//!
//! It blocks for as long as it likes: a name server that does not answer costs 5 s an attempt, for
//! each server, twice (`resolv.conf(5)`), and there is no argument for a deadline. The only way to bound
//! it with blocking calls is to let another thread wait. When the deadline passes we go on, and that
//! thread stays until the system lets it go: it cannot be cancelled. So their number is bounded too.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use std::{error, fmt, io, thread};

/// Lookups under way at once, those whose caller has gone included.
pub const AT_ONCE: usize = 16;
/// Octets of the longest name (RFC 1035 §2.3.4 allows 255 on the wire, which is 253 in text).
pub const LONGEST_NAME: usize = 253;

/// A host, perhaps with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name or an address; of an IPv6 address what stands between the brackets.
    pub host: String,
    /// The port, where there is one.
    pub port: Option<u16>,
}

/// Why there is no address.
#[derive(Debug)]
pub enum Error {
    /// What was written is no host with or without a port, and why.
    Syntax(&'static str),
    /// The system knows no address; its words.
    NotFound(io::Error),
    /// No answer within the deadline.
    TimedOut(Duration),
    /// As many lookups as there may be wait for an answer already.
    Busy,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => f.write_str(why),
            Self::NotFound(error) => write!(f, "no address: {error}"),
            Self::TimedOut(wait) => write!(f, "no answer within {wait:?}"),
            Self::Busy => write!(f, "{AT_ONCE} lookups wait for an answer already"),
        }
    }
}

impl error::Error for Error {}

impl Target {
    /// Reads `example.org`, `example.org:80`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
    ///
    /// An address of IPv6 has colons of its own, hence the brackets before a port (RFC 3986 §3.2.2).
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or(Error::Syntax("`[` without `]`"))?;
            let port = match port.strip_prefix(':') {
                Some(port) => Some(port),
                None if port.is_empty() => None,
                None => return Err(Error::Syntax("after `]` comes nothing, or `:` and a port")),
            };
            (host, port)
        } else {
            match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                // Two colons: an address of IPv6 without brackets, and so without a port.
                _ => (text, None),
            }
        };
        let digits = |text: &&str| text.bytes().all(|octet| octet.is_ascii_digit());
        let port = match port {
            None => None,
            Some(text) => Some(
                Some(text)
                    .filter(digits)
                    .and_then(|text| text.parse().ok())
                    .ok_or(Error::Syntax("a port is a number from 0 to 65535"))?,
            ),
        };
        if host.is_empty() {
            return Err(Error::Syntax("an empty name"));
        }
        if host.len() > LONGEST_NAME {
            return Err(Error::Syntax("a name of more than 253 octets"));
        }
        if host.bytes().any(|octet| octet <= b' ' || octet == 0x7f) {
            return Err(Error::Syntax("a name with a space or a control character"));
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// The address that the host is, if it is one: then nobody needs to be asked.
    pub fn numeric(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The target's addresses in the order in which to try them, each once; with port 0 where the target
    /// has none.
    ///
    /// ```
    /// use sockets::resolve::Target;
    /// use std::time::Duration;
    ///
    /// let addresses = Target::parse("[::1]:80")?.resolve(Duration::from_secs(5))?;
    /// assert_eq!(addresses, ["[::1]:80".parse().expect("an address")]);
    /// # Ok::<(), sockets::resolve::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// All but [`Error::Syntax`].
    pub fn resolve(&self, wait: Duration) -> Result<Vec<SocketAddr>, Error> {
        let port = self.port.unwrap_or(0);
        if let Some(address) = self.numeric() {
            return Ok(vec![(address, port).into()]);
        }
        let host = self.host.clone();
        let addresses = within(wait, move || (host, port).to_socket_addrs())?;
        let mut each_once = Vec::new();
        for address in addresses.map_err(Error::NotFound)? {
            if !each_once.contains(&address) {
                each_once.push(address);
            }
        }
        Ok(each_once)
    }
}

/// Runs `lookup` on a thread of its own, and waits for it no longer than `wait`.
// ANCHOR: within
fn within<T: Send + 'static>(
    wait: Duration,
    lookup: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    if UNDER_WAY.fetch_add(1, Ordering::SeqCst) >= AT_ONCE {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        return Err(Error::Busy);
    }
    let (answer, waiting) = mpsc::channel();
    thread::spawn(move || {
        // Nobody may be waiting any more; then the answer comes too late.
        let _ = answer.send(lookup());
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    });
    waiting.recv_timeout(wait).map_err(|_| Error::TimedOut(wait))
}
// ANCHOR_END: within

/// A line of `/etc/hosts` that has the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the file, from 1.
    pub line: usize,
    /// Its address.
    pub address: IpAddr,
}

/// The lines of a hosts file that have `name`, in their order (`hosts(5)`). Names are compared without
/// regard to case, as RFC 4343 has it for DNS.
pub fn in_hosts_file(text: &str, name: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('#').next().unwrap_or("").split_ascii_whitespace();
        let address = columns.next().and_then(|column| column.parse().ok());
        if let Some(address) = address
            && columns.any(|column| column.eq_ignore_ascii_case(name))
        {
            entries.push(Entry { line: number + 1, address });
        }
    }
    entries
}

/// What kind of address it is, in words.
pub fn kind(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => "IPv4, this machine (RFC 1122 §3.2.1.3)",
        IpAddr::V4(v4) if v4.is_unspecified() => "IPv4, none or any",
        IpAddr::V4(v4) if v4.is_private() => "IPv4, private (RFC 1918)",
        IpAddr::V4(v4) if v4.is_link_local() => "IPv4, this link (RFC 3927)",
        IpAddr::V4(v4) if v4.is_multicast() => "IPv4, a multicast group",
        IpAddr::V4(v4) if v4.is_documentation() => "IPv4, for documentation (RFC 5737)",
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(v6) if v6.is_loopback() => "IPv6, this machine (RFC 4291 §2.5.3)",
        IpAddr::V6(v6) if v6.is_unspecified() => "IPv6, none or any",
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => "IPv6, for an IPv4 address",
        IpAddr::V6(v6) if v6.is_unicast_link_local() => "IPv6, this link (RFC 4291 §2.5.6)",
        IpAddr::V6(v6) if v6.is_unique_local() => "IPv6, private (RFC 4193)",
        IpAddr::V6(v6) if v6.is_multicast() => "IPv6, a multicast group",
        IpAddr::V6(_) => "IPv6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(20);

    fn parse(text: &str) -> Option<(String, Option<u16>)> {
        Target::parse(text).ok().map(|target| (target.host, target.port))
    }

    #[test]
    fn hosts_ports_and_brackets_are_told_apart() {
        let target = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(parse("localhost"), target("localhost", None));
        assert_eq!(parse("localhost:80"), target("localhost", Some(80)));
        assert_eq!(parse("192.0.2.1:0"), target("192.0.2.1", Some(0)));
        assert_eq!(parse("2001:db8::1"), target("2001:db8::1", None));
        assert_eq!(parse("[2001:db8::1]"), target("2001:db8::1", None));
        assert_eq!(parse("[2001:db8::1]:80"), target("2001:db8::1", Some(80)));
        let long = "x".repeat(LONGEST_NAME + 1);
        for wrong in
            ["", ":80", "a:", "a:http", "a:65536", "a:+1", "[::1", "[::1]80", "a b", "a\0", &long]
        {
            assert!(parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_is_its_own() {
        for (text, want) in [("127.0.0.1", "127.0.0.1:0"), ("[::1]:7", "[::1]:7")] {
            let addresses = Target::parse(text).unwrap().resolve(WAIT).unwrap();
            assert_eq!(addresses, [want.parse().unwrap()]);
        }
    }

    #[test]
    fn localhost_is_this_machine() {
        let addresses = Target::parse("localhost:80").unwrap().resolve(WAIT).unwrap();
        assert!(!addresses.is_empty());
        for address in addresses {
            assert!(address.ip().is_loopback() && address.port() == 80, "{address}");
        }
    }

    #[test]
    fn getaddrinfo_reads_numbers_that_the_standard_library_does_not() {
        // Seen with glibc: inet_aton(3) takes 127.1 for 127.0.0.1. Whoever checks an address by its
        // text and then connects by name has checked another one.
        let target = Target::parse("127.1").unwrap();
        assert_eq!(target.numeric(), None);
        if let Ok(addresses) = target.resolve(WAIT) {
            assert_eq!(addresses, ["127.0.0.1:0".parse().unwrap()]);
        }
    }

    #[test]
    fn a_lookup_that_never_ends_is_left_behind() {
        let (_keep, never) = mpsc::channel::<()>();
        let result = within(Duration::from_millis(20), move || never.recv());
        assert!(matches!(result, Err(Error::TimedOut(_))));
    }

    #[test]
    fn the_hosts_file_is_read_line_by_line() {
        let text =
            "# comment\n127.0.0.1 localhost vm\n::1\tLOCALHOST # own\nbad localhost\n10.0.0.1 x";
        let entries = in_hosts_file(text, "localhost");
        let lines: Vec<_> = entries.iter().map(|e| (e.line, e.address.to_string())).collect();
        assert_eq!(lines, [(2, "127.0.0.1".into()), (3, "::1".into())]);
        assert_eq!(in_hosts_file(text, "comment"), []);
        assert_eq!(in_hosts_file(text, "127.0.0.1"), []);
    }
}
