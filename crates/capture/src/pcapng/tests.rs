use std::env;
use std::fs;
use std::process::Command;

use super::*;
use crate::random::Random;
use crate::record::{Direction, End, FlowId};
use crate::{Arrival, Event, Recorder};

use Direction::{Received, Sent};

fn data(bytes: &[u8]) -> What {
    What::Data(bytes.to_vec())
}

fn file(record: &Record) -> Vec<u8> {
    let mut file = Vec::new();
    write(record, &mut file).expect("a vector takes anything");
    file
}

fn flow(recorder: &Recorder, transport: Transport, local: &str, peer: &str) -> FlowId {
    recorder.flow(transport, End::new("client", local), End::new("server", peer))
}

/// The blocks of a file: type and body. Checks both lengths of each.
fn blocks(mut file: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let number = |at: &[u8]| u32::from_le_bytes(at[..4].try_into().unwrap());
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let length = number(&file[4..]) as usize;
        assert_eq!(length % 4, 0);
        assert_eq!(number(&file[length - 4..]) as usize, length);
        blocks.push((number(file), file[8..length - 4].to_vec()));
        file = &file[length..];
    }
    blocks
}

#[test]
fn any_record_is_a_chain_of_blocks() {
    let mut random = Random::seeded();
    for _ in 0..300 {
        let record = random.record();
        let blocks = blocks(&file(&record));
        assert_eq!([blocks[0].0, blocks[1].0], [SECTION_HEADER, INTERFACE_DESCRIPTION]);
        assert!(blocks[2..].iter().all(|(kind, _)| *kind == ENHANCED_PACKET));
    }
}

#[test]
fn a_comment_of_any_length_is_cut_between_characters() {
    let mut block = Block::new(0);
    block.option(COMMENT, "é".repeat(40_000).as_bytes());
    let length = usize::from(u16::from_le_bytes([block.body[2], block.body[3]]));
    assert_eq!(length, 65_534);
    assert!(std::str::from_utf8(&block.body[4..4 + length]).is_ok());
}

/// A conversation with everything that a capture has to be able to show.
fn everything() -> Record {
    let recorder = Recorder::new();
    // A whole connection with a half-close, a wait, and data over the MSS and over the window.
    let tcp = flow(&recorder, Transport::Tcp, "127.0.0.1:40001", "127.0.0.1:40002");
    recorder.push(tcp, Sent, What::Opened);
    recorder.data(tcp, Sent, b"hello\r\n");
    recorder.push(tcp, Received, What::Timeout);
    recorder.push(tcp, Sent, What::Shutdown);
    recorder.data(tcp, Received, &vec![b'x'; 200_000]);
    recorder.push(tcp, Received, What::Shutdown);
    // IPv6, accepted, and reset with data still to come.
    let v6 = flow(&recorder, Transport::Tcp, "[::1]:40003", "[::1]:40004");
    recorder.push(v6, Received, What::Opened);
    recorder.data(v6, Received, &[7; 1_441]);
    recorder.data(v6, Sent, b"y");
    recorder.push(v6, Received, What::Reset);
    recorder.push(v6, Sent, What::Error("Broken pipe".into()));
    // One that begins in the middle and has no end.
    let middle = flow(&recorder, Transport::Tcp, "192.0.2.77:40005", "192.0.2.78:40006");
    recorder.data(middle, Received, b"and so on");
    recorder.data(middle, Sent, b"and on");
    recorder.data(middle, Received, b"and on");
    // Datagrams: short, empty, the longest, and longer than any.
    let udp = flow(&recorder, Transport::Udp, "0.0.0.0:40007", "127.0.0.1:40008");
    let udp6 = flow(&recorder, Transport::Udp, "[::1]:40009", "[::1]:40010");
    for flow in [udp, udp6] {
        recorder.data(flow, Sent, b"ping");
        recorder.data(flow, Received, b"");
        recorder.data(flow, Received, &[0; 65_507]);
        recorder.data(flow, Received, &[0; 70_000]);
    }
    // A Unix-domain stream, and two ends without any address.
    let unix = flow(&recorder, Transport::Unix, "", "/tmp/echo.sock");
    recorder.push(unix, Sent, What::Opened);
    recorder.data(unix, Sent, b"hello");
    recorder.push(unix, Sent, What::Shutdown);
    let nowhere = flow(&recorder, Transport::Udp, "", "");
    recorder.data(nowhere, Sent, b"anyone?");
    // The first connection again, as its other end saw it.
    let mirror = flow(&recorder, Transport::Tcp, "127.0.0.1:40002", "127.0.0.1:40001");
    recorder.push(mirror, Received, What::Opened);
    recorder.data(mirror, Received, b"hello\r\n");
    // A connection that was refused a second life on the same addresses.
    let again = flow(&recorder, Transport::Tcp, "127.0.0.1:40001", "127.0.0.1:40002");
    recorder.push(again, Sent, What::Opened);
    recorder.push(again, Sent, What::Reset);
    recorder.data(again, Sent, b"too late");
    recorder.snapshot()
}

/// What tshark says of a file, with its own checks of checksums switched on: these fields of the
/// packets that `filter` lets through. `None`, with the reason printed, where there is no tshark
/// and none need be.
fn ask(file: &[u8], filter: &str, fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let name = format!("capture-{}-{:?}.pcapng", std::process::id(), std::thread::current().id());
    let path = env::temp_dir().join(name);
    fs::write(&path, file).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&path).args(["-Y", filter, "-T", "fields", "-E", "separator=|"]);
    for check in ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"] {
        command.args(["-o", &format!("{check}:TRUE")]);
    }
    for field in fields {
        command.args(["-e", field]);
    }
    // Payloads of our own, which tshark is not to take for some protocol.
    for protocol in ["tcp", "udp"] {
        command.args(["-d", &format!("{protocol}.port==1-65535,data")]);
    }
    let output = command.output();
    fs::remove_file(&path).unwrap();
    let output = match output {
        Ok(output) => output,
        Err(error) if env::var_os("CI").is_none() => {
            println!("skipped: tshark does not run here: {error}");
            return None;
        }
        Err(error) => panic!("CI needs tshark (apt-get install tshark): {error}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect())
}

/// Packets that something is wrong with, in tshark's opinion. A RST is a warning in itself.
const WRONG: &str = "_ws.malformed || _ws.short || tcp.analysis.flags \
    || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 \
    || (_ws.expert.severity >= 0x600000 && !tcp.flags.reset == 1)";
const WHAT: [&str; 3] = ["frame.number", "_ws.col.Info", "_ws.expert.message"];

#[test]
fn tshark_finds_nothing_wrong_and_reads_back_what_was_recorded() {
    let file = file(&everything());
    let Some(wrong) = ask(&file, WRONG, &WHAT) else { return };
    assert_eq!(wrong, [[""; 3]; 0]);

    let fields = [
        "tcp.stream",
        "ip.src",
        "tcp.srcport",
        "tcp.flags.str",
        "tcp.payload",
        "udp.srcport",
        "udp.length",
        "udp.payload",
        "tcp.checksum.status",
        "udp.checksum.status",
        "frame.comment",
    ];
    let packets = ask(&file, "frame", &fields).unwrap();
    let find = |column: usize, value: &str, wanted: usize| -> Vec<&str> {
        let rows = packets.iter().filter(|packet| packet[column] == value);
        rows.map(|packet| packet[wanted].as_str()).collect()
    };
    assert!(packets.iter().all(|packet| packet[8] == "1" || packet[9] == "1"), "checked, and good");
    assert_eq!(find(2, "40001", 4).concat(), "68656c6c6f0d0a");
    assert_eq!(find(2, "40002", 4).concat(), "78".repeat(200_000));
    assert_eq!(find(5, "40007", 7), ["70696e67"]);
    assert_eq!(find(5, "40008", 6), ["8", "65515", "65515"]);
    assert_eq!(find(5, "40010", 6), ["8", "65515", "65535"]);
    assert_eq!(find(2, "49152", 4), ["", "", "", "68656c6c6f", "", "", ""], "the Unix flow");
    let flags: Vec<_> = find(0, "1", 3).iter().map(|flags| flags.replace('·', "")).collect();
    assert_eq!(flags, ["S", "AS", "A", "A", "AP", "A", "AP", "A", "AR"]);

    let comments = find(0, "0", 10);
    assert!(comments[0].starts_with("Synthesised handshake. client → server: opened"));
    assert_eq!(comments[3], "client → server: 7 bytes");
    assert!(comments[5].starts_with("client → server: FIN: client will send no more"));
    assert!(comments[5].contains("Before this: timeout"), "{}", comments[5]);
}

#[test]
fn tshark_finds_nothing_wrong_with_any_record() {
    let mut random = Random::seeded();
    let mut record = Record::default();
    for _ in 0..30 {
        let one = random.record();
        let flows = record.flows.len();
        record.flows.extend(one.flows);
        let renumbered = one
            .events
            .into_iter()
            .map(|event| Event { flow: FlowId(flows + event.flow.0), ..event });
        record.events.extend(renumbered);
    }
    record.events.sort_by_key(|event| event.at);
    let Some(wrong) = ask(&file(&record), WRONG, &WHAT) else { return };
    assert_eq!(wrong, [[""; 3]; 0]);
}

/// That the question above can be answered otherwise.
#[test]
fn tshark_finds_what_is_wrong() {
    let mut file = file(&everything());
    let text = file.windows(5).position(|octets| octets == b"hello").unwrap();
    file[text] = b'j';
    let Some(wrong) = ask(&file, WRONG, &WHAT) else { return };
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0][2].contains("checksum"), "{wrong:?}");
}

#[test]
fn the_section_says_what_it_is_and_what_is_not_in_it() {
    let mut record = everything();
    record.dropped = 3;
    let section = String::from_utf8_lossy(&blocks(&file(&record))[0].1).into_owned();
    for sentence in [
        "headers are synthesised",
        "Flow 0: TCP, client 127.0.0.1:40001 ⇄ server 127.0.0.1:40002\n",
        "Flow 5: Unix stream, client ⇄ server /tmp/echo.sock, shown as TCP between 192.0.2.1:49152 \
         and 192.0.2.2:49152\n",
        "Flow 7: TCP, client 127.0.0.1:40002 ⇄ server 127.0.0.1:40001: the other end of a flow above",
        "1 events after a flow's end have no packet.",
        "3 later events were not recorded.",
    ] {
        assert!(section.contains(sentence), "{sentence}\n{section}");
    }
}

#[test]
fn times_are_nanoseconds() {
    let recorder = Recorder::new();
    let udp = flow(&recorder, Transport::Udp, "127.0.0.1:1", "127.0.0.1:2");
    let at = Duration::new(5, 123_456_789);
    let event = Event::new(at, udp, Sent, data(b""));
    recorder.push_at(Event { arrival: Arrival::Lost, ..event });
    let blocks = blocks(&file(&recorder.snapshot()));
    let number = |at: usize| u32::from_le_bytes(blocks[2].1[at..at + 4].try_into().unwrap());
    assert_eq!((u64::from(number(4)) << 32) + u64::from(number(8)), 5_123_456_789);
    assert!(String::from_utf8_lossy(&blocks[2].1).contains("empty datagram (lost on the way)"));
}
