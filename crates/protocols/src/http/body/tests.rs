use super::*;

const LIMITS: Limits = Limits::strict(1 << 20);

/// A head's lengths: `length 5`, `coding chunked`.
fn lengths(fields: &[&str]) -> Result<Lengths, Error> {
    let mut lengths = Lengths::default();
    for field in fields {
        match field.split_once(' ').expect("a kind and a value") {
            ("length", value) => lengths.content_length(value.as_bytes())?,
            (_, value) => lengths.transfer_encoding(value.as_bytes()),
        }
    }
    Ok(lengths)
}

#[test]
fn a_request_says_in_one_way_how_long_it_is() {
    for (fields, framing) in [
        (&[][..], Ok(Framing::None)),
        (&["length 0"], Ok(Framing::Length(0))),
        (&["length 18446744073709551615"], Ok(Framing::Length(u64::MAX))),
        (&["length 5", "length 5"], Ok(Framing::Length(5))),
        (&["length 5, 5 ,05"], Ok(Framing::Length(5))),
        (&["length 5", "length 6"], Err(Error::TwoLengths)),
        (&["length 5,6"], Err(Error::TwoLengths)),
        (&["length +5"], Err(Error::BadLength)),
        (&["length -0"], Err(Error::BadLength)),
        (&["length 0x5"], Err(Error::BadLength)),
        (&["length 5 5"], Err(Error::BadLength)),
        (&["length 5,"], Err(Error::BadLength)),
        (&["length "], Err(Error::BadLength)),
        (&["length 18446744073709551621"], Err(Error::BadLength)),
        (&["coding chunked"], Ok(Framing::Chunked)),
        (&["coding  , cHunKed,"], Ok(Framing::Chunked)),
        (&["coding xchunked"], Err(Error::UnknownCoding)),
        (&["coding \"chunked\""], Err(Error::UnknownCoding)),
        (&["coding chunked;a=b"], Err(Error::UnknownCoding)),
        (&["coding identity"], Err(Error::UnknownCoding)),
        (&["coding gzip, chunked"], Err(Error::UnknownCoding)),
        (&["coding chunked, gzip"], Err(Error::NotChunkedLast)),
        (&["coding chunked", "coding identity"], Err(Error::NotChunkedLast)),
        (&["coding chunked, chunked"], Err(Error::UnknownCoding)),
        (&["coding "], Err(Error::UnknownCoding)),
        (&["coding ", "coding chunked"], Err(Error::UnknownCoding)),
        (&["length 5", "coding chunked"], Err(Error::LengthAndCoding)),
        (&["coding ", "length 5"], Err(Error::LengthAndCoding)),
    ] {
        assert_eq!(lengths(fields).and_then(|l| l.of_request(false)), framing, "{fields:?}");
    }
    let chunked = lengths(&["coding chunked"]).expect("right");
    assert_eq!(chunked.of_request(true), Err(Error::CodingInOldVersion));
    assert_eq!(lengths(&["length 5"]).and_then(|l| l.of_request(true)), Ok(Framing::Length(5)));
}

#[test]
fn a_response_may_end_with_its_connection() {
    for (fields, status, head, framing) in [
        (&[][..], 200, false, Ok(Framing::UntilClose)),
        (&["length 5"], 200, false, Ok(Framing::Length(5))),
        (&["length 5"], 200, true, Ok(Framing::None)),
        (&["coding chunked"], 200, true, Ok(Framing::None)),
        (&["length 5"], 304, false, Ok(Framing::None)),
        (&["length 5"], 204, false, Ok(Framing::None)),
        (&["coding chunked"], 101, false, Ok(Framing::None)),
        (&["coding chunked"], 200, false, Ok(Framing::Chunked)),
        (&["coding chunked", "length 5"], 200, false, Ok(Framing::Chunked)),
        (&["coding gzip"], 200, false, Err(Error::UnknownCoding)),
        (&["coding gzip, chunked"], 200, false, Err(Error::UnknownCoding)),
    ] {
        let lengths = lengths(fields).expect("right");
        assert_eq!(lengths.of_response(status, head, false), framing, "{fields:?} {status}");
    }
    assert!(lengths(&["coding chunked", "length 5"]).expect("right").is_ambiguous());
}

/// Reads a body from pieces of `step` octets: the content, what is left behind it, its trailers.
fn read(
    framing: Framing,
    limits: Limits,
    bytes: &[u8],
    step: usize,
) -> Result<(Vec<u8>, usize, Vec<u8>), Error> {
    let mut body = Body::new(framing, limits)?;
    let (mut content, mut used) = (Vec::new(), 0);
    for mut piece in bytes.chunks(step) {
        let length = piece.len();
        while let Some(part) = body.next(&mut piece)? {
            assert!(!part.is_empty());
            content.extend_from_slice(part);
        }
        used += length - piece.len();
        assert!(piece.is_empty() || body.is_complete(), "what is no content is used up");
        if body.is_complete() {
            break;
        }
    }
    assert_eq!(body.came(), content.len() as u64);
    body.ended()?;
    let trailers = body.trailers().iter().flat_map(|(n, v)| [n, b"=", v, b";"].concat());
    Ok((content, bytes.len() - used, trailers.collect()))
}

/// The same for pieces of every size.
fn read_all(
    framing: Framing,
    limits: Limits,
    bytes: &[u8],
) -> Result<(Vec<u8>, usize, Vec<u8>), Error> {
    let whole = read(framing, limits, bytes, bytes.len().max(1));
    for step in 1..bytes.len() {
        assert_eq!(read(framing, limits, bytes, step), whole, "{step}: {}", bytes.escape_ascii());
    }
    whole
}

#[test]
fn what_follows_a_body_is_left() {
    let two = |framing| read_all(framing, LIMITS, b"helloGET");
    assert_eq!(two(Framing::Length(5)), Ok((b"hello".to_vec(), 3, vec![])));
    assert_eq!(two(Framing::Length(8)), Ok((b"helloGET".to_vec(), 0, vec![])));
    assert_eq!(two(Framing::UntilClose), Ok((b"helloGET".to_vec(), 0, vec![])));
    assert_eq!(two(Framing::Length(9)), Err(Error::Incomplete));
    assert_eq!(read(Framing::None, LIMITS, b"GET", 3), Ok((vec![], 3, vec![])));
}

#[test]
fn chunks_are_taken_apart() {
    for (bytes, content, left, trailers) in [
        (&b"0\r\n\r\n"[..], &b""[..], 0, &b""[..]),
        (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET", b"hello world", 3, b""),
        (b"00005;a=b;c=\"d;\xc3\xa9\"\r\nhello\r\n000\r\n\r\n", b"hello", 0, b""),
        (b"5 ;\ta \r\nhello\r\n0;x\r\n\r\n", b"hello", 0, b""),
        (b"aB\r\n0123456789\r\n", b"", 0, b"cut"),
        (
            b"A\r\n0123456789\r\n0\r\nX: y\r\nDigest: z \r\n\r\n!",
            b"0123456789",
            1,
            b"X=y;Digest=z;",
        ),
    ] {
        let read = read_all(Framing::Chunked, LIMITS, bytes);
        if trailers == b"cut" {
            assert_eq!(read, Err(Error::Incomplete));
        } else {
            assert_eq!(read, Ok((content.to_vec(), left, trailers.to_vec())));
        }
    }
}

#[test]
fn chunks_that_are_none_are_refused() {
    for (bytes, error) in [
        (&b"0x5\r\nhello\r\n"[..], Error::BadChunkSize),
        (b"\r\nhello\r\n", Error::BadChunkSize),
        (b"-5\r\nhello\r\n", Error::BadChunkSize),
        (b" 5\r\nhello\r\n", Error::BadChunkSize),
        (b";a\r\nhello\r\n", Error::BadChunkSize),
        (b"5_0\r\nhello\r\n", Error::BadChunkSize),
        (b"10000000000000005\r\nhello\r\n", Error::BadChunkSize),
        (b"fffffffffffffffff\r\nhello\r\n", Error::BadChunkSize),
        (b"ffffffffffffffff\r\nhello\r\n", Error::TooLarge),
        (b"5\nhello\r\n0\r\n\r\n", Error::BadChunkSize),
        (b"5;a\nhello\r\n0\r\n\r\n", Error::BadExtension(b'\n')),
        (b"5;a\rb\r\nhello\r\n", Error::BadExtension(b'b')),
        (b"5;a\0b\r\nhello\r\n", Error::BadExtension(0)),
        (b"5 \r\nhello\r\n0\r\n\r\n", Error::BadExtension(b'\r')),
        (b"5 5\r\nhello\r\n0\r\n\r\n", Error::BadExtension(b'5')),
        (b"5\r\r\nhello\r\n0\r\n\r\n", Error::BadExtension(b'\r')),
        (b"5\r\nhelloX\r\n0\r\n\r\n", Error::ChunkNotEnded),
        (b"5\r\nhello\n0\r\n\r\n", Error::ChunkNotEnded),
        (b"5\r\nhello\rX0\r\n\r\n", Error::ChunkNotEnded),
        (b"5\r\nhel", Error::Incomplete),
        (b"5\r\nhello\r\n0\r\n", Error::Incomplete),
        (b"0\r\nX : y\r\n\r\n", Error::Trailers(fields::Error::Name(Some(b' ')))),
        (b"0\r\nX: y\n\r\n", Error::Trailers(fields::Error::LoneLf)),
        (b"0\r\n\n", Error::Trailers(fields::Error::LoneLf)),
    ] {
        assert_eq!(
            read_all(Framing::Chunked, LIMITS, bytes),
            Err(error),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn a_client_forgives_old_servers() {
    let limits = Limits::lenient(100);
    let read = read_all(Framing::Chunked, limits, b"5  \r\nhello\r\n1\r\n!\r\n0\r\nX: y\n\n");
    assert_eq!(read, Ok((b"hello!".to_vec(), 0, b"X=y;".to_vec())));
    // A lone LF may end a line of a head or of trailers (§2.2), and no chunk: there it is where two
    // programs see two sizes.
    for wrong in
        [&b"5\nhello\r\n0\r\n\r\n"[..], b"5\r\nhello\n0\r\n\r\n", b"5;a\nhello\r\n0\r\n\r\n"]
    {
        assert!(read_all(Framing::Chunked, limits, wrong).is_err(), "{}", wrong.escape_ascii());
    }
}

#[test]
fn a_body_has_limits() {
    let limits = Limits { extensions: 10, ..Limits::strict(10) };
    let read = |framing, bytes: &[u8]| read_all(framing, limits, bytes).map(|_| ());
    assert_eq!(read(Framing::Length(10), b"0123456789"), Ok(()));
    assert_eq!(read(Framing::Length(11), b""), Err(Error::TooLarge));
    assert_eq!(read(Framing::UntilClose, b"0123456789."), Err(Error::TooLarge));
    assert_eq!(read(Framing::Chunked, b"a\r\n0123456789\r\n0\r\n\r\n"), Ok(()));
    assert_eq!(read(Framing::Chunked, b"a\r\n0123456789\r\n1\r\n.\r\n"), Err(Error::TooLarge));
    assert_eq!(read(Framing::Chunked, b"1;2345\r\n.\r\n0;2345\r\n\r\n"), Ok(()));
    let long = read(Framing::Chunked, b"1;2345\r\n.\r\n0;23456\r\n\r\n");
    assert_eq!(long, Err(Error::TooManyExtensions));
    let zeros = [&[b'0'; 27][..], b"\r\n\r\n"].concat();
    assert_eq!(read(Framing::Chunked, &zeros), Err(Error::TooManyExtensions));
    let trailers = [b"0\r\nX: ", &[b'x'; 16 * 1024][..]].concat();
    let read = super::tests::read(Framing::Chunked, limits, &trailers, trailers.len());
    assert_eq!(read, Err(Error::Trailers(fields::Error::TooLong)));
}

#[test]
fn what_is_written_is_read_again() {
    let mut out = Vec::new();
    chunk(&mut out, b"hello").expect("room");
    chunk(&mut out, b"").expect("room");
    chunk(&mut out, &[b'x'; 300]).expect("room");
    last_chunk(&mut out, [(&b"X"[..], &b"y z"[..])]).expect("room");
    let (content, left, trailers) = read(Framing::Chunked, LIMITS, &out, 7).expect("right");
    assert_eq!((content.len(), left, &trailers[..]), (305, 0, &b"X=y z;"[..]));
    for (name, value) in [(&b"X"[..], &b"y\r\nZ: a"[..]), (b"X: y\r\nZ", b"a"), (b"", b"a")] {
        let before = out.clone();
        let _ = last_chunk(&mut out, [(name, value)]).expect_err("not a field");
        assert_eq!(out, before);
    }
}
