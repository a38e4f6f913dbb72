use super::*;

/// Reads a head whole, and one octet at a time; both must say the same. Gives what is left, too.
fn read(octets: &[u8]) -> Result<Option<(ResponseHead, usize)>, HeadError> {
    let mut input = octets;
    let whole = HeadReader::default().read(&mut input).map(|h| h.map(|head| (head, input.len())));
    let (mut reader, mut slowly) = (HeadReader::default(), Ok(None));
    for (at, octet) in octets.iter().enumerate() {
        match reader.read(&mut &[*octet][..]) {
            Ok(None) => {}
            Ok(Some(head)) => {
                slowly = Ok(Some((head, octets.len() - at - 1)));
                break;
            }
            Err(error) => {
                slowly = Err(error);
                break;
            }
        }
    }
    match (&whole, &slowly) {
        // How much of the line has come when it is refused depends on the pieces.
        (Err(one), Err(other)) => {
            assert_eq!(std::mem::discriminant(one), std::mem::discriminant(other));
        }
        _ => assert_eq!(whole, slowly, "{}", octets.escape_ascii()),
    }
    whole
}

fn head(octets: &[u8]) -> ResponseHead {
    match read(octets) {
        Ok(Some((head, 0))) => head,
        other => panic!("{}: {other:?}", octets.escape_ascii()),
    }
}

#[test]
fn a_head_is_a_status_line_and_fields() {
    let octets =
        b"HTTP/1.1 404 Not Found\r\nServer: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nbody";
    let (head, left) = read(octets).expect("a head").expect("whole");
    assert_eq!((head.minor, head.status, head.reason.as_str(), left), (1, 404, "Not Found", 4));
    assert_eq!(head.text("server").as_deref(), Some("x"));
    assert_eq!(head.combined("set-cookie"), "a, b");
    assert_eq!(head.to_string().lines().count(), 4);
    for end in 0..octets.len() - 4 {
        assert_eq!(read(&octets[..end]), Ok(None), "{end}");
    }
}

#[test]
fn what_old_servers_are_known_for_is_understood() {
    assert_eq!(head(b"HTTP/1.1 200\r\n\r\n").reason, "");
    assert_eq!(head(b"HTTP/1.1 200 \r\n\r\n").reason, "");
    assert_eq!(head(b"HTTP/1.0 200 OK\nA: 1\nB: 2\n\n").text("b").as_deref(), Some("2"));
    assert_eq!(head(b"HTTP/1.1 200 OK\r\nA: 1\r\n  2\r\n\t3\r\n\r\n").fields().all("a").count(), 1);
    let folded = head(b"HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\nB: 3\r\n\r\n");
    let value = folded.text("a").expect("a field");
    assert_eq!(value.split_whitespace().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(folded.text("b").as_deref(), Some("3"));
    assert_eq!(head(b"HTTP/1.9 299 Fine \xc3\xa9\r\n\r\n").minor, 9);
    assert_eq!(head(b"HTTP/1.1 999 ?\r\n\r\n").status, 999);
}

#[test]
fn what_is_no_head_is_refused() {
    for wrong in [
        &b"http/1.1 200 OK\r\n\r\n"[..],
        b"HTTP 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"<html>",
        b"\0\0\0",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.10 200 OK\r\n\r\n",
        b"HTTP/11 200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1\t200 OK\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 200 O\rK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: o\0ne\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: o\rne\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        assert!(read(wrong).is_err(), "{}", wrong.escape_ascii());
    }
}

#[test]
fn a_head_has_limits() {
    let line = |length| [b"HTTP/1.1 200 ".to_vec(), vec![b'x'; length]].concat();
    assert_eq!(read(&line(10_000)), Err(HeadError::TooLong));
    assert!(read(&[line(8_000), b"\r\n\r\n".to_vec()].concat()).is_ok());
    let mut huge = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
    huge.resize(200_000, b'x');
    assert_eq!(read(&huge), Err(HeadError::Fields(fields::Error::TooLong)));
    let many = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: 1\r\n".repeat(1_001)].concat();
    assert_eq!(read(&many), Err(HeadError::Fields(fields::Error::TooMany)));
}

#[test]
fn a_connection_persists_unless_somebody_says_otherwise() {
    for (octets, persists) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n"[..], true),
        (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n", false),
        (b"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\n\r\n", false),
        (b"HTTP/1.0 200 OK\r\n\r\n", false),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", true),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n\r\n", false),
    ] {
        assert_eq!(head(octets).persists(), persists, "{}", octets.escape_ascii());
    }
}
