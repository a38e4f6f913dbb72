//! What a check says of answers that go wrong in every way there is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use harness::verdict::{Status, Verdict};
use harness::{
    Bytes, Check, DatagramPeer, Ending, Give, Listener, Mistake, Outcome, Reader, Take, Writer,
    check, check_alone, check_within,
};

const WRONG: Mistake =
    Mistake { name: "a-mistake", why: "it is one, for this test", spec: "RFC 0 §0" };

/// The report of a check that must fail.
fn report(outcome: Outcome) -> String {
    outcome.expect_err("the check must fail").to_string()
}

#[test]
fn a_report_has_all_its_parts_in_order() {
    let text = report(check(|c| {
        c.did("sent 5 bytes");
        c.did("waited for 5 bytes");
        c.want("the same 5 bytes");
        c.same_bytes(b"hello", b"hellO", &WRONG)
    }));
    let labels = text.lines().filter(|line| !line.starts_with(' '));
    let labels: Vec<&str> = labels.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(labels, ["did", "want", "got", "why", "spec", "next"], "{text}");
    assert!(text.contains("      2. waited for 5 bytes\n"), "{text}");
    assert!(text.contains("^ after 4 equal bytes: want o (6f), got O (4f)"), "{text}");
    assert!(text.contains("why   a-mistake: it is one, for this test\n"), "{text}");
    assert!(text.contains("cargo course explain a-mistake"), "{text}");
}

#[test]
fn the_seed_is_told_where_it_matters() {
    let text = report(check(|c| {
        let bytes = c.random().bytes(8);
        c.same_bytes(&[], &bytes, None)
    }));
    assert!(text.contains("COURSE_SEED=0x"), "{text}");
    let text = report(check(|c| c.same_bytes(b"", b"x", None)));
    assert!(!text.contains("COURSE_SEED"), "{text}");
}

#[test]
fn a_hang_ends_with_what_was_last_seen() {
    let begin = Instant::now();
    let text = report(check_within(Duration::from_millis(100), |c| {
        let (mut stream, mut peer) = c.pair("client")?;
        peer.send(b"eighteen bytes ...")?;
        c.suspect(&WRONG);
        c.did("called an answer that reads for ever");
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.read(&mut [0; 100]);
        Ok(())
    }));
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert!(text.contains("not done after 0.1 s; the client sent 18 bytes"), "{text}");
    assert!(text.contains("received nothing"), "{text}");
    assert!(text.contains("why   a-mistake"), "{text}");
}

#[test]
fn a_panic_is_a_line_of_the_report() {
    let text = report(check(|c| {
        c.want("no panic");
        c.suspect(&WRONG);
        let empty: Vec<u8> = Vec::new();
        let _ = empty[c.random().bytes(0).len()];
        Ok(())
    }));
    assert!(text.contains("your code panicked at crates/harness/tests/checks.rs:"), "{text}");
    assert!(text.contains("index out of bounds"), "{text}");
    assert!(!text.contains("a-mistake"), "a panic proves no mistake: {text}");
}

#[test]
fn a_panic_on_a_thread_of_the_answer_is_told_too() {
    let text = report(check(|c| {
        let (listener, address) = c.listener()?;
        c.serve("serve", move || -> io::Result<()> {
            let (stream, _) = listener.accept()?;
            thread::spawn(move || {
                let mut buffer = [0; 4];
                let count = (&stream).read(&mut buffer).expect("a read");
                assert!(count == 0, "the answer gives up \u{1b}[2J");
            });
            loop {
                thread::park();
            }
        });
        let mut client = c.connect("client", address)?;
        client.send(b"ping")?;
        client.expect(b"ping", None)
    }));
    assert!(text.contains("the answer gives up \\u{1b}[2J"), "{text}");
    assert!(text.contains("then the connection was reset (RST)") || text.contains("end of stream"));
}

#[test]
fn a_todo_is_not_started_wherever_it_stands() {
    let here = report(check(|_| todo!("write the answer")));
    assert!(here.starts_with("not started"), "{here}");
    let there = report(check(|c| {
        let (listener, address) = c.listener()?;
        c.serve("serve", move || -> io::Result<()> { todo!("serve {listener:?}") });
        let mut client = c.connect("client", address)?;
        client.send(b"ping")?;
        client.expect(b"ping", &WRONG)
    }));
    assert!(there.starts_with("not started"), "{there}");
    assert!(there.contains("open crates/harness/tests/checks.rs:"), "{there}");
}

#[test]
fn nobody_waits_for_an_answer_that_has_ended() {
    let begin = Instant::now();
    let text = report(check(|c| {
        let mut server = DatagramPeer::bind(c, "server")?;
        c.call("ask", "with 5 bytes", || -> io::Result<()> { todo!("ask") });
        server.receive().map(|_| ())
    }));
    assert!(text.starts_with("not started"), "{text}");
    let text = report(check(|c| {
        let listener = Listener::bind(c, "server")?;
        c.call("connect", "with its address", || Err::<(), _>("too \u{7}lazy"));
        listener.accept().map(|_| ())
    }));
    assert!(text.contains("your `connect` returned Err(\"too \\u{7}lazy\")"), "{text}");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[test]
fn a_result_that_the_script_takes_is_the_script_s_to_tell() {
    let text = report(check(|c| {
        let asking = c.call("ask", "twice", || Ok::<_, io::Error>(Bytes(b"ninety".to_vec())));
        let Bytes(got) = c.ok("`ask`", asking.result()?, None)?;
        c.same_bytes(b"ninetynine", &got, None)
    }));
    assert!(!text.contains("returned"), "{text}");
    assert_eq!(format!("{:?}", Bytes(b"ninety".to_vec())), "6 bytes, \"ninety\"");
}

#[test]
fn a_writer_follows_its_script() -> Outcome {
    check(|c| {
        let script = [Take::Bytes(2), Take::Interrupted, Take::Fails(ErrorKind::BrokenPipe)];
        let mut writer = Writer::new(c, script, Take::Nothing);
        assert_eq!(writer.write(b"abc").expect("takes 2"), 2);
        assert_eq!(writer.write(b"c").expect_err("interrupts").kind(), ErrorKind::Interrupted);
        assert_eq!(writer.write(b"c").expect_err("fails").kind(), ErrorKind::BrokenPipe);
        assert_eq!(writer.write(b"c").expect("takes nothing"), 0);
        assert_eq!((writer.received(), writer.calls()), (&b"ab"[..], 4));
        Ok(())
    })
}

#[test]
fn a_reader_follows_its_script_and_then_ends() -> Outcome {
    check(|c| {
        let script = [
            Give::Bytes(b"abc".to_vec()),
            Give::WouldBlock,
            Give::Interrupted,
            Give::Bytes(vec![1]),
        ];
        let mut reader = Reader::new(c, script);
        let mut two = [0; 2];
        assert_eq!(reader.read(&mut two).expect("what fits"), 2);
        assert_eq!(reader.read(&mut two).expect("the rest"), 1);
        assert_eq!(reader.read(&mut two).expect_err("blocks").kind(), ErrorKind::WouldBlock);
        assert_eq!(reader.read(&mut two).expect_err("again").kind(), ErrorKind::Interrupted);
        assert_eq!(reader.read(&mut two).expect("a byte"), 1);
        assert_eq!(reader.read(&mut two).expect("the end"), 0);
        Ok(())
    })
}

#[test]
fn a_spin_is_stopped() {
    for taken in [Take::Nothing, Take::Interrupted] {
        let text = report(check(move |c| {
            c.suspect(&WRONG);
            let mut writer = Writer::new(c, [], taken);
            loop {
                let _ = writer.write(b"x");
            }
        }));
        assert!(text.contains("1000 times in a row"), "{text}");
        assert!(text.contains("why   a-mistake"), "{text}");
    }
    let text = report(check(|c| {
        let mut reader = Reader::byte_by_byte(c, b"ab");
        loop {
            let _ = reader.read(&mut [0]);
        }
    }));
    assert!(text.contains("`read` was called 1000 times"), "{text}");
}

#[test]
fn a_peer_tells_the_ends_of_a_stream_apart() -> Outcome {
    check(|c| {
        let (stream, mut peer) = c.pair("peer")?;
        (&stream).write_all(b"bye").expect("room for 3 bytes");
        drop(stream);
        assert_eq!(peer.receive(10), (b"bye".to_vec(), Ending::End));

        let (stream, mut peer) = c.pair("peer")?;
        peer.send(b"unread")?;
        // The bytes are there before the close: `peek` waits for them.
        stream.peek(&mut [0]).expect("a byte to peek at");
        drop(stream);
        assert_eq!(peer.receive(10), (Vec::new(), Ending::Reset));

        let (stream, mut peer) = c.pair("peer")?;
        (&stream).write_all(b"12345").expect("room for 5 bytes");
        assert_eq!(peer.receive(4), (b"1234".to_vec(), Ending::Enough));
        Ok(())
    })
}

#[test]
fn a_peer_resets() -> Outcome {
    check(|c| {
        let (mut stream, peer) = c.pair("peer")?;
        stream.write_all(b"x").expect("room for a byte");
        peer.reset()?;
        let error = stream.read(&mut [0]).expect_err("a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        Ok(())
    })
}

#[test]
fn a_peer_sends_while_it_reads() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(3 << 20);
        let (stream, mut peer) = c.pair("peer")?;
        c.spawn(move || io::copy(&mut &stream, &mut &stream));
        let sending = peer.send_meanwhile(bytes.clone(), true)?;
        peer.expect_to_end(&bytes, None)?;
        assert_eq!(sending.join().expect("the sender"), bytes.len());
        Ok(())
    })
}

#[test]
fn a_peer_echoes_until_the_answer_takes_no_more() -> Outcome {
    check_within(Duration::from_secs(10), |c| {
        let (stream, mut peer) = c.pair("peer")?;
        (&stream).write_all(b"some bytes").expect("room for 10 bytes");
        stream.shutdown(Shutdown::Write).expect("a connected stream");
        assert_eq!(peer.echo(None)?, 10);

        let (stream, mut peer) = c.pair("peer")?;
        let writing = c.spawn(move || while (&stream).write(&[0; 65_536]).is_ok() {});
        let report = peer.echo(&WRONG).expect_err("nobody takes the echo");
        assert_eq!(report.mistake(), Some("a-mistake"), "{report}");
        assert!(report.to_string().contains("for 1.5 s now your code has taken no more"));
        drop(peer);
        writing.join().expect("the writer");
        Ok(())
    })
}

#[test]
fn what_the_answer_does_after_the_failure_is_not_told() {
    let text = report(check(|c| {
        let (stream, mut peer) = c.pair("peer")?;
        c.call("answer", "with a stream", move || (&stream).read(&mut [0; 10]));
        let (got, ending) = peer.receive_within(Duration::from_millis(1), 1);
        Err(peer.differs(b"x", &got, ending, None))
    }));
    // It returned when the peer was dropped.
    assert!(!text.contains("your `answer` returned"), "{text}");
}

#[test]
fn a_listener_waits_for_the_answer_no_longer_than_it_must() -> Outcome {
    check_within(Duration::from_secs(5), |c| {
        let listener = Listener::bind(c, "server")?;
        let stream = TcpStream::connect(listener.address()).expect("the backlog has room");
        let mut peer = listener.accept()?;
        peer.send(b"hi")?;
        (&stream).read_exact(&mut [0; 2]).expect("2 bytes");
        let failure = listener.accept().expect_err("nobody else connects").to_string();
        assert!(failure.contains("no connection came"), "{failure}");
        Ok(())
    })
}

#[test]
fn datagrams_keep_their_borders() -> Outcome {
    check(|c| {
        let (mut one, mut other) = (DatagramPeer::bind(c, "one")?, DatagramPeer::bind(c, "other")?);
        let to = other.address()?;
        for bytes in [&b""[..], b"a", b"bc"] {
            one.send_to(bytes, to)?;
        }
        for bytes in [&b""[..], b"a", b"bc"] {
            assert_eq!(other.receive()?, (bytes.to_vec(), one.address()?));
        }
        assert_eq!(other.receive_within(Duration::from_millis(1))?, None);
        Ok(())
    })
}

#[test]
fn descriptors_run_out_and_come_back() -> Outcome {
    check_alone(|c| {
        let hoard = c.use_up_descriptors()?;
        TcpListener::bind("127.0.0.1:0").expect_err("no descriptor is left");
        drop(hoard);
        TcpListener::bind("127.0.0.1:0").expect("there are descriptors again");
        Ok(())
    })
}

/// Run by the next test, in a process of its own: the answer ends the program in the middle.
#[test]
fn an_answer_that_exits() -> Outcome {
    check(|_: &Check| {
        if env::var_os("THE_ANSWER_EXITS").is_some() {
            std::process::exit(0);
        }
        Ok(())
    })
}

#[test]
fn an_exit_leaves_a_check_that_only_started() {
    let folder = env::temp_dir().join(format!("harness-exit-{}", std::process::id()));
    let run = |exits: bool| {
        let mut program = Command::new(env::current_exe().expect("this program"));
        program.args(["--exact", "an_answer_that_exits"]).env("COURSE_RECORDS", &folder);
        if exits {
            program.env("THE_ANSWER_EXITS", "1");
        }
        let output = program.output().expect("this program runs");
        let verdict = Verdict::load(&folder, "an_answer_that_exits").expect("a readable verdict");
        (output.status.success(), verdict.expect("a verdict").status)
    };
    assert_eq!(run(false), (true, Status::Passed));
    assert_eq!(run(true), (true, Status::Started), "the exit looks like a success, but for this");
    fs::remove_dir_all(&folder).expect("our own folder");
}

#[test]
fn what_crossed_the_wire_is_kept() {
    let folder = env::temp_dir().join(format!("harness-wire-{}", std::process::id()));
    let mut program = Command::new(env::current_exe().expect("this program"));
    let program = program.args(["--exact", "a_peer_resets"]).env("COURSE_RECORDS", &folder);
    assert!(program.output().expect("this program runs").status.success());
    let text = fs::read_to_string(folder.join("a_peer_resets.wire")).expect("a wire");
    let record = capture::Record::from_text(&text).expect("a record");
    assert_eq!(record.bytes(capture::FlowId(0), capture::Direction::Received), b"");
    assert_eq!(record.flows.len(), 1);
    fs::remove_dir_all(&folder).expect("our own folder");
}
