#![no_main]

//! Commands, replies, addresses, names and times of FTP; and a whole session that is told the octets.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use client_server::{Context, Next, Output, Service, Session};
use libfuzzer_sys::fuzz_target;
use protocols::ftp::address::{parse_eprt, parse_extended, parse_passive, parse_port, write_eprt};
use protocols::ftp::calendar::Moment;
use protocols::ftp::lines::{LONGEST, Lines, without_telnet};
use protocols::ftp::path::{FtpPath, matches};
use protocols::ftp::reply::Replies;
use protocols::ftp::server::{FtpServer, Settings};
use protocols::ftp::url::FtpUrl;
use protocols::ftp::{command, text};
use protocols::jail::Jail;

fuzz_target!(|octets: &[u8]| {
    let (&cut, octets) = octets.split_first().unwrap_or((&0, &[]));
    let cut = usize::from(cut) + 1;
    let whole = lines(octets, usize::MAX);
    assert_eq!(lines(octets, cut), whole);
    for line in &whole {
        let (line, _) = without_telnet(line);
        let _ = command::parse(&line);
    }
    assert_eq!(replies(octets, cut), replies(octets, usize::MAX));
    let _ = (parse_port(octets), parse_passive(octets), parse_extended(octets));
    if let Ok(address) = parse_eprt(octets) {
        assert_eq!(parse_eprt(write_eprt(address).as_bytes()), Ok(address));
    }
    if let Some(moment) = Moment::parse(octets) {
        assert_eq!(Moment::of(moment.seconds()), moment);
    }
    let (name, pattern) = octets.split_at(octets.len() / 2);
    let _ = matches(pattern, name);
    if let Some(path) = FtpPath::root().join(name).and_then(|path| path.join(pattern)) {
        let parts = path.in_jail().components();
        assert!(parts.into_iter().all(|part| matches!(part, std::path::Component::Normal(_))));
        assert_eq!(FtpPath::root().join(path.as_bytes()), Some(path));
    }
    if let Some(url) = str::from_utf8(octets).ok().and_then(|text| text.parse::<FtpUrl>().ok()) {
        let said = [&url.user, &url.password, &url.path];
        assert!(said.iter().all(|part| !part.iter().any(|octet| b"\r\n\0".contains(octet))));
    }
    turned(octets, cut);
    session(octets, cut);
});

fn lines(octets: &[u8], cut: usize) -> Vec<Vec<u8>> {
    let (mut lines, mut all) = (Lines::default(), Vec::new());
    for piece in octets.chunks(cut.min(octets.len().max(1))) {
        lines.push(piece);
        while let Some(line) = lines.take() {
            all.extend(line);
        }
        assert!(lines.pending() <= LONGEST + cut.min(octets.len()));
    }
    all
}

fn replies(octets: &[u8], cut: usize) -> Vec<u16> {
    let (mut replies, mut all) = (Replies::default(), Vec::new());
    for piece in octets.chunks(cut.min(octets.len().max(1))) {
        replies.push(piece);
        while let Some(reply) = replies.take() {
            let Ok(reply) = reply else { return all };
            assert!((100..600).contains(&reply.code));
            all.push(reply.code);
        }
    }
    all
}

/// A text for the wire and back is the same, but for the ends that were CRLF before.
fn turned(octets: &[u8], cut: usize) {
    let (mut to_wire, mut wire) = (text::ToWire::default(), Vec::new());
    for piece in octets.chunks(cut) {
        to_wire.push(piece, |bytes| wire.extend_from_slice(bytes));
    }
    let (mut to_disk, mut disk) = (text::ToDisk::default(), Vec::new());
    for piece in wire.chunks(cut) {
        disk.extend(to_disk.push(piece));
    }
    disk.extend(to_disk.finish());
    let expected = String::from_utf8_lossy(octets).replace("\r\n", "\n");
    if str::from_utf8(octets).is_ok() {
        assert_eq!(disk, expected.as_bytes());
    }
}

/// Whatever is said to it, it answers or closes.
fn session(octets: &[u8], cut: usize) {
    static SERVER: OnceLock<FtpServer> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let root = std::env::temp_dir().join("ftp-fuzz-root");
        let _ = std::fs::create_dir_all(&root);
        FtpServer::new(Settings::new(Jail::new(Path::new(&root)).expect("a folder")))
    });
    let (mut session, mut output) = (server.session(None), Output::new());
    let mut cx = Context::new(Duration::ZERO, &mut output);
    let _ = session.opened(&mut cx);
    let login = session.received(b"USER ftp\r\nPASS x\r\n", &mut cx);
    assert_eq!(login, Next::Continue);
    for piece in octets.chunks(cut) {
        if !session.takes() || session.received(piece, &mut cx) != Next::Continue {
            break;
        }
        cx.output.clear();
    }
}
