use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(octets).expect("memory");
    encoder.finish().expect("memory")
}

/// Decodes a body that comes in pieces of `piece` octets.
fn decode(codings: &str, body: &[u8], piece: usize) -> Result<Vec<u8>, CodingError> {
    let mut decoder = Decoder::new(codings, Limit::Ratio, Vec::new())?;
    for octets in body.chunks(piece) {
        decoder.write(octets)?;
    }
    decoder.finish()
}

fn text() -> Vec<u8> {
    (0..3_000_u32).flat_map(|number| format!("line {number}\n").into_bytes()).collect()
}

#[test]
fn each_coding_is_undone_however_the_body_was_cut() {
    let text = text();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&text).expect("memory");
    let zlib = zlib.finish().expect("memory");
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(&text).expect("memory");
    let raw = raw.finish().expect("memory");
    let (head, tail) = text.split_at(text.len() / 2);
    let members = [gzip(head), gzip(tail)].concat();
    let padded = [gzip(&text), vec![0; 300]].concat();
    for piece in [1, 7, 1_000, usize::MAX] {
        for (codings, body) in [
            ("", &text),
            ("identity", &text),
            ("gzip", &gzip(&text)),
            ("X-GZIP", &gzip(&text)),
            ("gzip, gzip", &gzip(&gzip(&text))),
            ("deflate", &zlib),
            ("deflate", &raw),
            ("deflate ,gzip", &gzip(&zlib)),
            ("gzip", &members),
            ("gzip", &padded),
        ] {
            let decoded = decode(codings, body, piece);
            assert!(matches!(&decoded, Ok(d) if *d == text), "{codings} by {piece}: {decoded:?}");
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_an_error_wherever_it_does() {
    let whole = gzip(b"some text, some text, some text");
    for length in 1..whole.len() {
        for piece in [1, usize::MAX] {
            let decoded = decode("gzip", &whole[..length], piece);
            assert!(decoded.is_err(), "{length} of {}: {decoded:?}", whole.len());
        }
    }
    assert_eq!(decode("gzip", b"", 1).expect("an empty body"), b"");
}

#[test]
fn a_wrong_check_sum_is_an_error() {
    let whole = gzip(b"some text, some text, some text");
    for at in whole.len() - 8..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 1;
        assert!(matches!(decode("gzip", &wrong, 5), Err(CodingError::Corrupt(..))), "octet {at}");
    }
    assert!(matches!(decode("gzip", b"plain text", 5), Err(CodingError::Corrupt(..))));
}

#[test]
fn a_bomb_is_refused_before_it_has_gone_off() {
    let mut output = 0_u64;
    struct Count<'a>(&'a mut u64);
    impl Write for Count<'_> {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            *self.0 += octets.len() as u64;
            Ok(octets.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let bomb = gzip(&gzip(&vec![0; 100 << 20]));
    assert!(bomb.len() < 2_000, "{}", bomb.len());
    let mut decoder = Decoder::new("gzip, gzip", Limit::Ratio, Count(&mut output)).expect("two");
    let failed = decoder.write(&bomb);
    assert!(matches!(failed, Err(CodingError::TooLarge(_))), "{failed:?}");
    assert!(output <= HARMLESS);

    let mut decoder = Decoder::new("gzip", Limit::Octets(999), Vec::new()).expect("one");
    assert!(matches!(decoder.write(&gzip(&[0; 1_000])), Err(CodingError::TooLarge(_))));
    assert!(matches!(
        decode("gzip,gzip,gzip,gzip,gzip", b"", 1),
        Err(CodingError::TooManyLayers(5))
    ));
}

#[test]
fn a_bomb_of_nothing_is_refused_too() {
    let members = gzip(b"").repeat(1_002);
    assert!(matches!(decode("gzip", &members, 4_096), Err(CodingError::Corrupt(..))));
    assert_eq!(decode("gzip", &members[..20 * 1_000], 4_096).expect("few members"), b"");
}

#[test]
fn an_unknown_coding_stays_and_is_named() {
    let mut decoder = Decoder::new("br, gzip", Limit::Ratio, Vec::new()).expect("two codings");
    decoder.write(&gzip(b"brotli")).expect("gzip");
    assert_eq!(decoder.left(), ["br"]);
    assert_eq!(decoder.finish().expect("gzip"), b"brotli");
    // What is under an unknown coding cannot be reached.
    let decoder = Decoder::new("gzip, br", Limit::Ratio, Vec::new()).expect("two codings");
    assert_eq!(decoder.left(), ["gzip", "br"]);
}
