//! The client against servers that follow a script: right ones, odd ones and bad ones.
//!
//! A script is a list of lines. `C` and a text: a line is read that begins so. `T`: a message is read up to its
//! end. `S` and a text: it is said, with CR LF behind it. `B` and a text: the same, a byte at a time. `R` and a
//! text: it is said as it is. `X`: the server hangs up. `N`: that connection is over, and the next is awaited.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use capture::Recorder;
use protocols::smtp::address::Mailbox;
use protocols::smtp::client::{Fate, Letter};
use protocols::smtp::data::with_crlf;
use protocols::smtp::send::{Attempt, Patience};

const PATIENCE: Duration = Duration::from_secs(10);

/// Follows the script, and gives all that clients said; `None` for the whole if something else was said.
fn follow(listener: &TcpListener, script: &str) -> Result<String, String> {
    let mut heard = String::new();
    let mut stream = accept(listener);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (what, text) = line.split_at(1);
        let text = text.strip_prefix(' ').unwrap_or(text);
        match what {
            "C" => {
                let said = read_line(&mut stream);
                if !said.starts_with(text) || (text.is_empty() && !said.is_empty()) {
                    return Err(format!("{said:?} where {text:?} should come, after {heard:?}"));
                }
                heard += &said;
            }
            "T" => loop {
                let said = read_line(&mut stream);
                heard += &said;
                if said == ".\r\n" || said.is_empty() {
                    break;
                }
            },
            "S" => drop(stream.get_mut().write_all(format!("{text}\r\n").as_bytes())),
            "B" => {
                for byte in format!("{text}\r\n").bytes() {
                    stream.get_mut().write_all(&[byte]).map_err(|error| error.to_string())?;
                }
            }
            "R" => drop(stream.get_mut().write_all(text.replace("\\r\\n", "\r\n").as_bytes())),
            "L" => {
                // Many lines, until the client has had enough.
                while stream.get_mut().write_all(text.replace("\\r\\n", "\r\n").as_bytes()).is_ok()
                {
                }
            }
            "X" => break,
            "N" => {
                stream.get_ref().shutdown(Shutdown::Both).map_err(|error| error.to_string())?;
                stream = accept(listener);
            }
            other => panic!("{other} in a script"),
        }
    }
    Ok(heard)
}

/// The next client, if it comes in time.
fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    listener.set_nonblocking(true).expect("an option");
    let until = Instant::now() + PATIENCE;
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) => assert!(Instant::now() < until, "no client came: {error}"),
        }
        thread::sleep(Duration::from_millis(1));
    };
    stream.set_nonblocking(false).expect("an option");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("an option");
    BufReader::new(stream)
}

/// A line; empty at the end.
fn read_line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = Vec::new();
    let _ = stream.read_until(b'\n', &mut line);
    String::from_utf8_lossy(&line).into_owned()
}

/// Delivers to the script's server: the fates as letters (D, R, 4, U), and what was heard.
fn deliver(letter: &Letter, script: &str) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let script = script.to_owned();
    let server = thread::spawn(move || follow(&listener, &script));
    let patience = Patience::default().at_most(Duration::from_secs(3));
    let attempt = Attempt {
        servers: &[address],
        name: "client.example",
        patience: &patience,
        recorder: &Recorder::new(),
    };
    let fates = attempt.deliver(letter, |_| Ok(()));
    let heard =
        server.join().expect("no panic").unwrap_or_else(|wrong| panic!("{wrong}; fates {fates:?}"));
    let letters = fates.iter().map(|fate| match fate {
        Fate::Delivered(_) => 'D',
        Fate::Refused(_) => 'R',
        Fate::Deferred(_) => '4',
        Fate::Uncertain(_) => 'U',
        Fate::Open | Fate::Named => '?',
    });
    (letters.collect(), heard)
}

fn letter(recipients: &[&str], text: &str) -> Letter {
    let mailbox = |text: &str| Mailbox::parse(text).expect("an address");
    Letter {
        sender: Some(mailbox("a@x")),
        recipients: recipients.iter().map(|text| mailbox(text)).collect(),
        text: with_crlf(text.as_bytes()),
    }
}

const HELLO: &str = "S 220 hello\nC EHLO client.example\nS 250 x\nC MAIL FROM:<a@x>\r\n";

#[test]
fn twenty_two_servers_and_more() {
    let mail = "S 220 hello\nC EHLO client.example\nS 250 x\nC MAIL FROM:<a@x>\nS 250 ok\n";
    let rcpt = format!("{mail}C RCPT TO:<b@y>\nS 250 ok\n");
    let data = format!("{rcpt}C DATA\n");
    let end = format!("{data}S 354 go\nT\n");
    let ehlo = "S 220 hello\nC EHLO\n";
    for (name, script, fate) in [
        ("a plain one", format!("{end}S 250 ok\nC QUIT\nS 221 bye"), "D"),
        ("no text behind the codes", "S 220\nC EHLO\nS 250\nC MAIL\nS 250\nC RCPT\nS 250\nC DATA\nS 354\nT\nS 250\nC QUIT\nS 221".into(), "D"),
        ("a greeting of several lines", format!("S 220-hello\n{}S 250 ok\nC QUIT", end.replace("S 220 hello", "S 220 there")), "D"),
        ("a byte at a time", format!("{}B 250 ok\nC QUIT", end.replace("S ", "B ")), "D"),
        ("251 and 252 are 2, too", format!("{mail}C RCPT\nS 251 will forward\nC DATA\nS 354 go\nT\nS 250 ok\nC QUIT"), "D"),
        ("no word at QUIT", format!("{end}S 250 ok\nC QUIT\nX"), "D"),
        ("gone before QUIT", format!("{end}S 250 ok\nX"), "D"),
        ("not now", "S 421 busy\nC QUIT".into(), "4"),
        ("450 as a greeting", "S 450 later\nC QUIT".into(), "4"),
        ("554 as a greeting", "S 554 no mail here\nC QUIT\nS 221 bye".into(), "R"),
        ("no greeting but a hang-up", "X".into(), "4"),
        ("another protocol", "S SSH-2.0-x".into(), "4"),
        ("no EHLO", "S 220 hi\nC EHLO\nS 502 what?\nC HELO client.example\nS 250 x\nC MAIL FROM:<a@x>\nS 250 ok\nC RCPT\nS 250 ok\nC DATA\nS 354 go\nT\nS 250 ok\nC QUIT".into(), "D"),
        ("hangs up at EHLO", "S 220 hi\nC EHLO\nN\nS 220 hi\nC HELO\nS 250 x\nC MAIL\nS 250 ok\nC RCPT\nS 250 ok\nC DATA\nS 354 go\nT\nS 250 ok\nC QUIT".into(), "D"),
        ("neither EHLO nor HELO", "S 220 hi\nC EHLO\nS 500 what?\nC HELO\nS 550 no\nC QUIT".into(), "R"),
        ("451 to EHLO", format!("{ehlo}S 451 later\nC QUIT"), "4"),
        ("450 to MAIL", format!("{HELLO}S 450 later\nC QUIT"), "4"),
        ("550 to MAIL", format!("{HELLO}S 550 no\nC QUIT"), "R"),
        ("354 to MAIL", format!("{HELLO}S 354 what?\nC QUIT"), "4"),
        ("550 to RCPT", format!("{mail}C RCPT\nS 550 nobody\nC QUIT"), "R"),
        ("450 to RCPT", format!("{mail}C RCPT\nS 450 greylisted\nC QUIT"), "4"),
        ("552 to RCPT means 452", format!("{mail}C RCPT\nS 552 too many\nC QUIT"), "4"),
        ("421 in the middle", format!("{mail}C RCPT\nS 421 stopping\nC QUIT"), "4"),
        ("250 to DATA", format!("{data}S 250 ok\nC QUIT"), "4"),
        ("554 to DATA", format!("{data}S 554 no\nC QUIT"), "R"),
        ("451 to DATA", format!("{data}S 451 later\nC QUIT"), "4"),
        ("hangs up at DATA", format!("{data}X"), "4"),
        ("hangs up after the end", format!("{end}X"), "U"),
        ("silence after the end", format!("{end}C"), "U"),
        ("nonsense after the end", format!("{end}S ok\nX"), "U"),
        ("354 after the end", format!("{end}S 354 go\nC QUIT"), "U"),
        ("half a reply after the end", format!("{end}R 250-stored\\r\\n\nX"), "U"),
        ("552 after the end", format!("{end}S 552 too large\nC QUIT"), "R"),
        ("452 after the end", format!("{end}S 452 disk full\nC QUIT"), "4"),
        ("421 after the end", format!("{end}S 421 stopping\nC QUIT"), "4"),
        ("several lines after the end", format!("{end}S 250-a\nS 250-b\nS 250 c\nC QUIT"), "D"),
        ("codes that change", format!("{ehlo}S 250-x\nS 550 y"), "4"),
        ("codes that change to 250", format!("{end}S 550-x\nS 250 y"), "U"),
        ("a line without end", format!("{ehlo}L xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "4"),
        ("lines without end", format!("{ehlo}L 250-x\\r\\n"), "4"),
        ("a reply that nobody asked for", format!("{ehlo}R 250 x\\r\\n250 ok\\r\\n\nC"), "4"),
        ("silence", format!("{ehlo}C"), "4"),
    ] {
        println!("{name}");
        let (fates, heard) = deliver(&letter(&["b@y"], "Subject: t\n\n.dot\n"), &script);
        assert_eq!(fates, fate, "{name}: {heard:?}");
        if script.contains('T') && fate == "D" {
            assert!(heard.contains("\r\nDATA\r\nSubject: t\r\n\r\n..dot\r\n.\r\n"), "{name}: {heard:?}");
        }
    }
}

#[test]
fn each_recipient_has_a_fate() {
    let three = letter(&["b@y", "c@y", "d@y"], "Subject: t\n\nx\n");
    let begin = "S 220 hello\nC EHLO\nS 250 x\nC MAIL\nS 250 ok\n";
    let one = "C RCPT TO:<b@y>\nS 250 ok\nC RCPT TO:<c@y>\nS 550 5.1.1 nobody\nC RCPT TO:<d@y>\nS 450 later\nC DATA\nS 354 go\nT\n";
    assert_eq!(deliver(&three, &format!("{begin}{one}S 250 ok\nC QUIT")).0, "DR4");
    assert_eq!(deliver(&three, &format!("{begin}{one}X")).0, "UR4");
    // Too many at once: the rest at once, in a transaction of their own.
    let many = "C RCPT\nS 250 ok\nC RCPT\nS 452 too many\nC RCPT\nS 452 too many\nC DATA\nS 354 go\nT\nS 250 ok\n\
                C MAIL\nS 250 ok\nC RCPT TO:<c@y>\nS 250 ok\nC RCPT TO:<d@y>\nS 250 ok\nC DATA\nS 354 go\nT\nS 250 ok\nC QUIT";
    assert_eq!(deliver(&three, &format!("{begin}{many}")).0, "DDD");
}

#[test]
fn what_is_announced_is_used_and_nothing_else() {
    let group = "S 220 hello\nC EHLO\nS 250-x\nS 250-pipelining\nS 250-size 1000\nS 250 foo=bar\n\
                 C MAIL FROM:<a@x> SIZE=17\nC RCPT\nC DATA\n";
    let small = letter(&["b@y"], "Subject: t\n\nx\n");
    let script = |replies: &str| format!("{group}{replies}");
    assert_eq!(
        deliver(&small, &script("R 250 a\\r\\n250 b\\r\\n354 c\\r\\n\nT\nS 250 ok\nC QUIT")).0,
        "D"
    );
    assert_eq!(
        deliver(&small, &script("R 250 a\\r\\n550 b\\r\\n354 c\\r\\n\nC .\r\nS 250 ok\nC QUIT")).0,
        "R"
    );
    assert_eq!(deliver(&small, &script("R 250 a\\r\\n550 b\\r\\n554 c\\r\\n\nC QUIT")).0, "R");
    assert_eq!(deliver(&small, &script("R 450 a\\r\\n503 b\\r\\n503 c\\r\\n\nC QUIT")).0, "4");
    assert_eq!(
        deliver(&small, &script("R 550 a\\r\\n503 b\\r\\n354 c\\r\\n\nC .\r\nS 554 ok\nC QUIT")).0,
        "R"
    );
    let large = letter(&["b@y"], &"0123456789\n".repeat(100));
    assert_eq!(deliver(&large, "S 220 hello\nC EHLO\nS 250-x\nS 250 SIZE 1000\nC QUIT").0, "R");
    assert!(deliver(&large, "S 220 hello\nC EHLO\nS 250-x\nS 250 SIZE 0\nC MAIL FROM:<a@x> SIZE=1200\nS 550 no\nC QUIT").0 == "R");
    let eight = letter(&["b@y"], "Subject: t\n\nschön\n");
    assert_eq!(deliver(&eight, "S 220 hello\nC EHLO\nS 250 x\nC QUIT").0, "R");
    let offered = "S 220 hello\nC EHLO\nS 250-x\nS 250 8bitmime\nC MAIL FROM:<a@x> BODY=8BITMIME\nS 250 ok\nC RCPT\nS 250 ok\nC DATA\nS 354 go\nT\nS 250 ok\nC QUIT";
    assert_eq!(deliver(&eight, offered).0, "D");
    let utf8 = letter(&["é@y"], "Subject: t\n\nx\n");
    assert_eq!(deliver(&utf8, "S 220 hello\nC EHLO\nS 250 x\nC QUIT").0, "R");
    let offered = offered.replace("8bitmime", "SMTPUTF8").replace("BODY=8BITMIME", "SMTPUTF8");
    assert_eq!(deliver(&utf8, &offered).0, "D");
}

#[test]
fn a_server_that_has_enough_of_a_message_is_heard() {
    let large = letter(&["b@y"], &"0123456789012345678901234567890123456789\n".repeat(1_000_000));
    let script = "S 220 hello\nC EHLO\nS 250 x\nC MAIL\nS 250 ok\nC RCPT\nS 250 ok\nC DATA\nS 354 go\nC 0123\nX";
    let (fate, _) = deliver(&large, script);
    assert_eq!(fate, "4", "the end was never sent: it is certain that it was not taken");
}

#[test]
fn nothing_that_looks_like_a_command_gets_into_an_address() {
    for text in [
        "b@y>\r\nRCPT TO:<evil@z",
        "b@y\r\n",
        "b\n@y",
        "<b@y>",
        "b@y SIZE=1",
        "b y@z",
        "\"b\r\n\"@y",
        "",
    ] {
        assert!(Mailbox::parse(text).is_err(), "{text:?}");
    }
}
