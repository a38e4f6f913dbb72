//! The taps, on real sockets.

use std::io::{self, Cursor, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use crate::record::{Direction, End, Event, FlowId, Record, Transport, What};
use crate::{Recorder, Tap, UdpTap};

use Direction::{Received, Sent};

/// No wait in these tests is longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// For the waits that are to end with nothing.
const INSTANT: Duration = Duration::from_millis(20);

fn data(bytes: &[u8]) -> What {
    What::Data(bytes.to_vec())
}

/// What happened, without the times.
fn story(record: &Record) -> Vec<(Direction, What)> {
    record.events.iter().map(|Event { direction, what, .. }| (*direction, what.clone())).collect()
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
    }
    (client, server)
}

#[test]
fn a_tcp_conversation_is_recorded_from_its_opening_to_both_ends() {
    let recorder = Recorder::new();
    let (client, mut server) = pair();
    let mut tap = Tap::connected(client, "client", "server", &recorder);
    tap.write_all(b"ping").unwrap();
    tap.shutdown(Shutdown::Write).unwrap();
    tap.shutdown(Shutdown::Write).unwrap();
    server.read_to_end(&mut Vec::new()).unwrap();
    server.write_all(b"pong").unwrap();
    drop(server);
    let mut reply = Vec::new();
    tap.read_to_end(&mut reply).unwrap();
    // The end of file is met again, and came once.
    assert_eq!(tap.read(&mut [0]).unwrap(), 0);
    tap.close();
    let record = recorder.snapshot();
    assert_eq!(record.bytes(FlowId(0), Received), b"pong");
    assert_eq!(
        story(&record),
        [
            (Sent, What::Opened),
            (Sent, data(b"ping")),
            (Sent, What::Shutdown),
            (Received, data(b"pong")),
            (Received, What::Shutdown),
        ]
    );
    assert_eq!(record.flows[0].transport, Transport::Tcp);
    assert!(record.flows[0].local.address.starts_with("127.0.0.1:"));
}

#[test]
fn one_thread_reads_while_another_writes() {
    let recorder = Recorder::new();
    let (client, server) = pair();
    let mut writer = Tap::accepted(server, "server", "client", &recorder);
    let mut reader = writer.try_clone().unwrap();
    let reading = thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        reader.close();
        bytes
    });
    let mut peer = client.try_clone().unwrap();
    let echo = thread::spawn(move || io::copy(&mut &client, &mut peer).unwrap());
    writer.write_all(&[7; 100_000]).unwrap();
    writer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(echo.join().unwrap(), 100_000);
    assert_eq!(reading.join().unwrap(), [7; 100_000]);
    writer.close();
    let record = recorder.snapshot();
    for direction in [Sent, Received] {
        assert_eq!(record.bytes(FlowId(0), direction), [7; 100_000]);
        let ends = story(&record).into_iter().filter(|e| *e == (direction, What::Shutdown));
        assert_eq!(ends.count(), 1);
    }
}

#[test]
fn a_close_over_unread_bytes_is_a_reset_and_the_peer_sees_it() {
    let recorder = Recorder::new();
    let (client, server) = pair();
    let mut client = Tap::connected(client, "client", "server", &recorder);
    let server = Tap::accepted(server, "server", "client", &recorder);
    client.write_all(b"unread").unwrap();
    // Wait until it is there.
    server.get_ref().peek(&mut [0]).unwrap();
    server.close();
    let error = client.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    // After the reset Linux reads an end of file, which no FIN made.
    let _ = client.read(&mut [0]);
    let record = recorder.snapshot();
    let client = story(&record.only(&[FlowId(0)]));
    assert_eq!(client, [(Sent, What::Opened), (Sent, data(b"unread")), (Received, What::Reset)]);
    let server = story(&record.only(&[FlowId(1)]));
    assert_eq!(server, [(Received, What::Opened), (Sent, What::Reset)]);
}

#[test]
fn a_wait_that_ends_is_an_event_unless_nobody_waits() {
    let recorder = Recorder::new();
    let (client, _server) = pair();
    client.set_read_timeout(Some(INSTANT)).unwrap();
    let mut tap = Tap::connected(client, "client", "server", &recorder);
    tap.read(&mut [0]).unwrap_err();
    assert_eq!(story(&recorder.snapshot())[1..], [(Received, What::Timeout)]);
    let mut tap = tap.nonblocking();
    tap.get_ref().set_nonblocking(true).unwrap();
    assert_eq!(tap.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(recorder.snapshot().events.len(), 2);
}

#[test]
fn only_what_passed_is_recorded() {
    let recorder = Recorder::new();
    let flow = recorder.flow(Transport::Tcp, End::new("a", ""), End::new("b", ""));
    let mut buffer = [0; 5];
    let mut tap = Tap::new(&mut buffer[..], recorder.clone(), flow);
    let slices = [IoSlice::new(b"abc"), IoSlice::new(b"def")];
    assert_eq!(tap.write_vectored(&slices).unwrap(), 5);
    assert_eq!(tap.write(b"g").unwrap(), 0);
    let mut tap = Tap::new(Cursor::new(b"xyz"), recorder.clone(), flow);
    assert_eq!(tap.read(&mut []).unwrap(), 0);
    assert_eq!(tap.read(&mut [0; 2]).unwrap(), 2);
    let story = story(&recorder.snapshot());
    assert_eq!(story, [(Sent, data(b"abcde")), (Received, data(b"xy"))]);
}

#[test]
fn a_full_recorder_counts_and_keeps_a_beginning_without_holes() {
    let recorder = Recorder::new().bounded(10, 100);
    let flow = recorder.flow(Transport::Tcp, End::new("a", ""), End::new("b", ""));
    let mut tap = Tap::new(io::sink(), recorder.clone(), flow);
    for piece in [&b"123456"[..], b"78901", b"7"] {
        tap.write_all(piece).unwrap();
    }
    let record = recorder.snapshot();
    assert_eq!((record.bytes(flow, Sent), record.dropped), (b"123456".to_vec(), 2));

    let recorder = Recorder::new().bounded(10, 2);
    let ends = || (End::new("a", ""), End::new("b", ""));
    let flows = [(); 3].map(|()| recorder.flow(Transport::Tcp, ends().0, ends().1));
    recorder.push(flows[2], Sent, What::Opened);
    let record = recorder.snapshot();
    assert_eq!((record.flows.len(), record.events.len(), record.dropped), (2, 0, 1));
}

#[test]
fn what_is_taken_makes_room() {
    let recorder = Recorder::new().bounded(5, 100);
    let flow = recorder.flow(Transport::Tcp, End::new("a", ""), End::new("b", ""));
    recorder.data(flow, Sent, b"12345");
    recorder.data(flow, Sent, b"6");
    let first = recorder.take();
    assert_eq!((first.bytes(flow, Sent), first.dropped), (b"12345".to_vec(), 1));
    recorder.data(flow, Sent, b"789");
    let second = recorder.take();
    assert_eq!((second.bytes(flow, Sent), second.dropped), (b"789".to_vec(), 0));
    assert_eq!(second.flows, first.flows);
    assert!(recorder.snapshot().events.is_empty());
}

#[cfg(unix)]
#[test]
fn a_unix_stream_is_tapped_as_a_tcp_stream_is() {
    use std::os::unix::net::UnixStream;

    let recorder = Recorder::new();
    let (client, server) = UnixStream::pair().unwrap();
    let mut client = Tap::connected(client, "client", "server", &recorder);
    let mut server = Tap::accepted(server, "server", "client", &recorder);
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    server.read_to_end(&mut Vec::new()).unwrap();
    server.close();
    let record = recorder.snapshot();
    assert_eq!(record.bytes(server_flow(&record), Received), b"hello");
    assert_eq!(record.flows[0].transport, Transport::Unix);
    assert_eq!(
        record.events.last().map(|e| (e.direction, e.what.clone())),
        Some((Sent, What::Shutdown))
    );
}

#[cfg(unix)]
fn server_flow(record: &Record) -> FlowId {
    FlowId(record.flows.iter().position(|flow| flow.local.name == "server").unwrap())
}

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

#[test]
fn each_peer_of_a_udp_socket_is_a_flow_up_to_the_limit() {
    let recorder = Recorder::new();
    let server = UdpTap::new(udp(), "server", "client", &recorder).bounded(2);
    let address = server.get_ref().local_addr().unwrap();
    for datagram in [&b"one"[..], b"", b"three", b"four"] {
        let client = udp();
        client.send_to(datagram, address).unwrap();
        let (count, from) = server.recv_from(&mut [0; 100]).unwrap();
        assert_eq!(count, datagram.len());
        server.send_to(b"ok", from).unwrap();
    }
    let record = recorder.snapshot();
    let names: Vec<_> = record.flows.iter().map(|flow| flow.peer.name.as_str()).collect();
    assert_eq!(names, ["client", "client 2", "others"]);
    assert_eq!(record.bytes(FlowId(2), Received), b"threefour");
    let second = story(&record.only(&[FlowId(1)]));
    assert_eq!(second, [(Received, data(b"")), (Sent, data(b"ok"))]);
}

#[test]
fn a_connected_udp_socket_and_a_wait_for_nothing() {
    let recorder = Recorder::new();
    let server = udp();
    let client = UdpTap::new(udp(), "client", "server", &recorder);
    client.get_ref().set_read_timeout(Some(INSTANT)).unwrap();
    client.recv_from(&mut [0; 10]).unwrap_err();
    client.connect(server.local_addr().unwrap()).unwrap();
    client.send(b"ping").unwrap();
    client.recv(&mut [0; 10]).unwrap_err();
    let record = recorder.snapshot();
    // Who did not answer was not known at first.
    assert_eq!(record.flows[0].peer, End::new("server", ""));
    assert_eq!(record.flows[1].peer, End::new("server", server.local_addr().unwrap()));
    assert_eq!(
        story(&record),
        [(Received, What::Timeout), (Sent, data(b"ping")), (Received, What::Timeout)]
    );
}
