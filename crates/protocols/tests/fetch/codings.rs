//! gzip and others.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::{Case, answer, play, play_cut};

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(octets).and_then(|()| encoder.finish()).expect("memory")
}

fn coded(name: &'static str, codings: &str, body: &[u8]) -> Case {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    answer(name, [head.as_bytes(), body].concat())
}

#[test]
fn codings_are_undone() {
    let whole = gzip(b"hello");
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let zlib = zlib.write_all(b"hello").and_then(|()| zlib.finish()).expect("memory");
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    let raw = raw.write_all(b"hello").and_then(|()| raw.finish()).expect("memory");
    let chunked: Vec<u8> = whole
        .chunks(7)
        .flat_map(|part| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())
        .collect();
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    play(&[
        coded("gzip", "gzip", &whole).gives("hello"),
        coded("GZIP", "GZIP", &whole).gives("hello"),
        coded("x-gzip", "x-gzip", &whole).gives("hello"),
        coded("gzip twice", "gzip, gzip", &gzip(&whole)).gives("hello"),
        coded("two members", "gzip", &[whole.clone(), gzip(b", you")].concat()).gives("hello, you"),
        coded("padding behind it", "gzip", &[&whole[..], &[0; 100]].concat()).gives("hello"),
        coded("deflate", "deflate", &zlib).gives("hello"),
        coded("deflate without zlib's head", "deflate", &raw).gives("hello"),
        coded("identity", "identity", b"hello").gives("hello"),
        coded("an empty field", "", b"hello").gives("hello"),
        coded("nothing at all", "gzip", b"").gives(""),
        coded("nothing, packed", "gzip", &gzip(b"")).gives(""),
        coded("HEAD", "gzip", b"").with("{}/a --head"),
        answer("in chunks", [&head[..], &chunked, b"0\r\n\r\n"].concat()).gives("hello"),
        coded("left as it came", "gzip", &whole).with("{}/a --raw").gives(&whole),
        coded("an unknown coding", "br", b"hello").gives("hello").says("br"),
        coded("gzip over an unknown one", "br, gzip", &whole).gives("hello").says("br"),
    ]);
}

#[test]
fn what_is_damaged_is_a_failure() {
    let whole = gzip(b"hello");
    let changed = |at: usize| {
        let mut octets = whole.clone();
        octets[at] ^= 0xff;
        octets
    };
    play(&[
        coded("a wrong check sum", "gzip", &changed(whole.len() - 8)).fails("gzip"),
        coded("a wrong length", "gzip", &changed(whole.len() - 1)).fails("gzip"),
        coded("a wrong code", "gzip", &changed(10)).fails("gzip"),
        coded("not gzip at all", "gzip", b"hello").fails("gzip"),
        coded("gzip said twice, done once", "gzip, gzip", &whole).fails("gzip"),
        coded("no end", "gzip", &whole[..whole.len() - 9]).fails("in the middle"),
        coded("no check sum", "gzip", &whole[..whole.len() - 8]).fails("gzip"),
        coded("half a check sum", "gzip", &whole[..whole.len() - 3]).fails("gzip"),
        coded("half a head", "gzip", &whole[..5]).fails("in the middle"),
        coded("five codings", "gzip,gzip,gzip,gzip,gzip", b"").fails("codings"),
    ]);
}

#[test]
fn bombs_do_not_go_off() {
    let small = gzip(&vec![0; 1 << 20]);
    let large = gzip(&gzip(&vec![0; 200 << 20]));
    let hidden = coded("200 MiB in 600 octets", "gzip, gzip", &large).fails("larger");
    play_cut(
        &[
            coded("a limit", "gzip", &small).with("{}/a --max-size 100k").fails("larger"),
            hidden.with("{}/a --output /dev/null"),
        ],
        &[usize::MAX],
    );
}
