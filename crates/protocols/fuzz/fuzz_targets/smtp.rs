#![no_main]

//! Commands, addresses, replies and the end of a message of SMTP; and a whole session that is told the octets.

use std::sync::OnceLock;
use std::time::Duration;

use capture::dissect::{Dissector, tiles};
use client_server::{Context, Next, Output, Service, Session};
use libfuzzer_sys::fuzz_target;
use protocols::smtp::address::{Mailbox, Path};
use protocols::smtp::command::Command;
use protocols::smtp::data::{Decoder, END, Hops, stuff, with_crlf};
use protocols::smtp::dissect;
use protocols::smtp::reply::Replies;
use protocols::smtp::server::{Config, Server};
use protocols::smtp::store::Memory;

fuzz_target!(|octets: &[u8]| {
    let (&cut, octets) = octets.split_first().unwrap_or((&0, &[]));
    let cut = usize::from(cut) + 1;
    address(octets);
    let _ = Command::parse(octets);
    assert_eq!(replies(octets, cut), replies(octets, 1));
    message(octets, cut);
    assert_eq!(tiles(&dissect::Commands.dissect(octets).expect("fields"), octets.len()), Ok(()));
    if let Ok(fields) = dissect::Replies.dissect(octets) {
        assert_eq!(tiles(&fields, octets.len()), Ok(()));
    }
    assert_eq!(session(octets, cut), session(octets, usize::MAX));
});

/// Whatever is an address can stand in a command, and is read there as the same.
fn address(octets: &[u8]) {
    let Some(mailbox) = str::from_utf8(octets).ok().and_then(|text| Mailbox::parse(text).ok())
    else {
        return;
    };
    assert!(!mailbox.as_str().contains(|c: char| c.is_control()));
    let command = format!("RCPT TO:<{mailbox}>");
    assert_eq!(Command::parse(command.as_bytes()), Ok(Command::Rcpt(Path::Mailbox(mailbox))));
}

fn replies(octets: &[u8], cut: usize) -> (Vec<u16>, bool) {
    let (mut replies, mut codes) = (Replies::default(), Vec::new());
    for piece in octets.chunks(cut) {
        replies.push(piece);
        loop {
            match replies.next_reply() {
                Ok(Some(reply)) => codes.push(reply.code),
                Ok(None) => break,
                Err(_) => return (codes, true),
            }
        }
    }
    (codes, false)
}

/// A message arrives as it was sent, and ends where it was ended; and any octets at all end only
/// behind CR LF . CR LF.
fn message(octets: &[u8], cut: usize) {
    let mut wire = stuff(octets);
    wire.extend_from_slice(END);
    let (text, end) = decode(&wire, cut);
    assert_eq!(end, Some(wire.len()));
    assert_eq!(with_crlf(&text), with_crlf(octets));
    let (_, end) = decode(octets, cut);
    let behind = [b"\r\n", octets].concat();
    let first = behind.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| at + 3);
    assert_eq!(end, first);
    let (mut whole, mut pieces) = (Hops::default(), Hops::default());
    whole.look(&text);
    text.chunks(cut).for_each(|piece| pieces.look(piece));
    assert_eq!(whole.count(), pieces.count());
}

fn decode(wire: &[u8], cut: usize) -> (Vec<u8>, Option<usize>) {
    let (mut decoder, mut text, mut at) = (Decoder::default(), Vec::new(), 0);
    for piece in wire.chunks(cut) {
        if let Some(end) = decoder.decode(piece, |piece| text.extend_from_slice(piece)) {
            return (text, Some(at + end));
        }
        at += piece.len();
    }
    (text, None)
}

/// Whatever is said to it, however it is cut, it answers the same.
fn session(octets: &[u8], cut: usize) -> (u64, bool) {
    static SERVER: OnceLock<Server<Memory>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::new(Config::default(), Memory::default()));
    let (mut session, mut output) = (server.session(None), Output::new());
    let mut cx = Context::new(Duration::ZERO, &mut output);
    let _ = session.opened(&mut cx);
    let mut next = session.received(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n", &mut cx);
    for piece in octets.chunks(cut.min(octets.len().max(1))) {
        if next != Next::Continue {
            break;
        }
        next = session.received(piece, &mut cx);
    }
    // The names of messages grow longer from one run to the next: what is compared is the lines.
    let mut lines = 0;
    while let Some(client_server::output::Chunk::Bytes { bytes, .. }) = cx.output.front() {
        let count = bytes.len() as u64;
        lines += bytes.iter().filter(|&&octet| octet == b'\n').count() as u64;
        cx.output.advance(count);
    }
    (lines, next == Next::Continue)
}
