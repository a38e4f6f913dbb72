//! The addresses of data connections, as they are written on the control connection.
//!
//! ```text
//!   PORT 127,0,0,1,200,10          h1,h2,h3,h4,p1,p2; the port is p1 × 256 + p2      RFC 959 §4.1.2
//!   227 Entering Passive Mode (127,0,0,1,200,10).                                    RFC 959 §4.2.1
//!   EPRT |2|::1|51210|             any delimiter, 1 for IPv4, 2 for IPv6             RFC 2428 §2
//!   229 Entering Extended Passive Mode (|||51210|)                                   RFC 2428 §3
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Why an `EPRT` cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// It is not of the form that it must have.
    Malformed,
    /// The network protocol is neither 1 nor 2.
    Protocol,
}

/// Reads the six numbers of `PORT`, each of one octet.
pub fn parse_port(text: &[u8]) -> Option<SocketAddr> {
    let text = str::from_utf8(text).ok()?.trim_matches(' ');
    let mut numbers = [0_u8; 6];
    let mut parts = text.split(',');
    for number in &mut numbers {
        *number = octet(parts.next()?)?;
    }
    if parts.next().is_some() {
        return None;
    }
    let [a, b, c, d, high, low] = numbers;
    Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
}

/// Digits alone; `parse` would take a sign as well.
fn octet(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Writes them.
pub fn write_port(address: Ipv4Addr, port: u16) -> String {
    let ([a, b, c, d], [high, low]) = (address.octets(), port.to_be_bytes());
    format!("{a},{b},{c},{d},{high},{low}")
}

/// Reads the argument of `EPRT`.
///
/// # Errors
///
/// Which of the two things is wrong with it: they have replies of their own.
pub fn parse_eprt(text: &[u8]) -> Result<SocketAddr, Error> {
    let text = str::from_utf8(text).map_err(|_| Error::Malformed)?;
    let delimiter = text.chars().next().ok_or(Error::Malformed)?;
    // RFC 2428 §2: a delimiter is one of the ASCII characters 33 to 126.
    if !delimiter.is_ascii_graphic() {
        return Err(Error::Malformed);
    }
    let parts: Vec<&str> = text.splitn(6, delimiter).collect();
    let ["", protocol, address, port, ""] = parts[..] else { return Err(Error::Malformed) };
    let address: IpAddr = match protocol {
        "1" => address.parse::<Ipv4Addr>().map_err(|_| Error::Malformed)?.into(),
        "2" => address.parse::<Ipv6Addr>().map_err(|_| Error::Malformed)?.into(),
        _ if !protocol.is_empty() && protocol.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err(Error::Protocol);
        }
        _ => return Err(Error::Malformed),
    };
    Ok(SocketAddr::new(address, parse_number(port).ok_or(Error::Malformed)?))
}

fn parse_number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Writes the argument of `EPRT`.
pub fn write_eprt(address: SocketAddr) -> String {
    let protocol = if address.is_ipv4() { 1 } else { 2 };
    format!("|{protocol}|{}|{}|", address.ip(), address.port())
}

/// Reads the numbers in the text of a `227`: wherever they are, since servers put them in brackets
/// or not (RFC 1123 §4.1.2.6).
pub fn parse_passive(text: &[u8]) -> Option<SocketAddr> {
    let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b',';
    text.split(|byte| !digits(byte)).find_map(parse_port)
}

/// Reads the port in the text of a `229`.
pub fn parse_extended(text: &[u8]) -> Option<u16> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text[open..].iter().position(|&byte| byte == b')')? + open;
    let inside = str::from_utf8(&text[open + 1..close]).ok()?;
    let delimiter = inside.chars().next().filter(char::is_ascii_graphic)?;
    let parts: Vec<&str> = inside.splitn(6, delimiter).collect();
    match parts[..] {
        // The protocol and the address may be named, and are those of the control connection.
        ["", _, _, port, ""] => parse_number(port).filter(|port| *port != 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_of_a_port_is_one_octet() {
        let address = parse_port(b"127,0,0,1,200,10");
        assert_eq!(address, Some(SocketAddr::from(([127, 0, 0, 1], 51_210))));
        assert_eq!(write_port(Ipv4Addr::LOCALHOST, 51_210), "127,0,0,1,200,10");
        let wrong = "127,0,0,1,256,1|127,0,0,1,1|127,0,0,1,1,2,3||127,0,0,+1,1,2|127,0,0,,1,2|a,b,c,d,e,f|127.0.0.1,1,2|-1,0,0,1,1,1";
        for text in wrong.split('|') {
            assert_eq!(parse_port(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_extended_port_names_its_protocol() {
        assert_eq!(parse_eprt(b"|2|::1|51210|"), Ok("[::1]:51210".parse().expect("an address")));
        assert_eq!(parse_eprt(b"!1!127.0.0.1!1!"), Ok(SocketAddr::from(([127, 0, 0, 1], 1))));
        assert_eq!(parse_eprt(b"|9|127.0.0.1|50000|"), Err(Error::Protocol));
        let wrong = [
            "",
            "|",
            "|1|::1|50000|",
            "|2|127.0.0.1|50000|",
            "|1|127.0.0.1|65536|",
            "|1|127.0.0.1|1",
            "|1|127.0.0.1|1|x",
            "|x|127.0.0.1|1|",
            "|1|127.0.0.1|+1|",
            " 1 127.0.0.1 1 ",
            "||127.0.0.1|1|",
        ];
        for text in wrong {
            assert_eq!(parse_eprt(text.as_bytes()), Err(Error::Malformed), "{text}");
        }
        for text in ["[::1]:1", "127.0.0.1:65535"] {
            let address: SocketAddr = text.parse().expect("an address");
            assert_eq!(parse_eprt(write_eprt(address).as_bytes()), Ok(address));
        }
    }

    #[test]
    fn a_client_finds_the_port_in_what_servers_say() {
        let expected = Some(SocketAddr::from(([127, 0, 0, 1], 51_210)));
        for text in [
            "Entering Passive Mode (127,0,0,1,200,10)",
            "Entering Passive Mode (127,0,0,1,200,10).",
            "=127,0,0,1,200,10",
            "Passive, 127,0,0,1,200,10 it is",
        ] {
            assert_eq!(parse_passive(text.as_bytes()), expected, "{text}");
        }
        for text in ["", "(1,2,3)", "(300,0,0,1,1,1)"] {
            assert_eq!(parse_passive(text.as_bytes()), None, "{text}");
        }
        for text in [
            "Entering Extended Passive Mode (|||51210|)",
            "(!!!51210!)",
            "x (|1|127.0.0.1|51210|) y",
        ] {
            assert_eq!(parse_extended(text.as_bytes()), Some(51_210), "{text}");
        }
        for text in ["", "(", "()", "(|||)", "(||||)", "(|||0|)", "(|||65536|)", "(||51210|)"] {
            assert_eq!(parse_extended(text.as_bytes()), None, "{text}");
        }
    }
}
