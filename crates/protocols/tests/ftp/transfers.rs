//! Files and listings, whole, in part, aborted and lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use client_server::Limits;
use protocols::ftp::server::Settings;

use crate::server::{Folder, PATIENCE, Server, settings, under_each_shell};

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("text")
}

#[test]
fn files_go_out_and_in_as_they_are() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        for size in [0, 1, 5_000_000_usize] {
            let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
            line.store("STOR a file", &bytes);
            assert_eq!(folder.read("a file"), bytes);
            assert!(line.text("SIZE a file").starts_with(&format!("213 {size}\r\n")));
            assert_eq!(line.fetch("RETR a file"), bytes);
        }
        line.store("STOR a file", b"0123456789");
        assert_eq!(line.ask("REST 4"), 350);
        assert_eq!(line.fetch("RETR a file"), b"456789");
        assert_eq!(line.ask("REST 4"), 350);
        line.store("STOR a file", b"abc");
        assert_eq!(folder.read("a file"), b"0123abc");
        line.store("APPE a file", b"def");
        assert_eq!(folder.read("a file"), b"0123abcdef");
        line.store("APPE another", b"new");
        assert_eq!(folder.read("another"), b"new");
        line.store("STOU", b"unique");
        assert_eq!(folder.names().len(), 3);
        assert_eq!(line.ask("QUIT"), 221);
        assert_eq!(line.hear().0, 0);
        server.stop();
    });
}

#[test]
fn a_text_has_its_lines_ended_for_the_wire_and_for_the_disk() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        let lines = "a line of text\n".repeat(20_000);
        folder.write("text", lines.as_bytes());
        assert_eq!(line.ask("TYPE A"), 200);
        let wire = line.fetch("RETR text");
        assert_eq!(text(&wire), lines.replace('\n', "\r\n"));
        assert!(line.text("SIZE text").starts_with(&format!("213 {}\r\n", wire.len())));
        line.store("STOR copy", &wire);
        assert_eq!(text(&folder.read("copy")), lines);
        assert_eq!(line.ask("REST 5"), 504);
        server.stop();
    });
}

#[test]
fn the_server_connects_to_its_client_too() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        folder.write("file", b"contents");
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        for extended in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("bound").port();
            let command = if extended {
                format!("EPRT |1|127.0.0.1|{port}|")
            } else {
                format!("PORT 127,0,0,1,{},{}", port >> 8, port & 255)
            };
            assert_eq!(line.ask(&command), 200);
            assert_eq!(line.ask("RETR file"), 150);
            let mut all = Vec::new();
            listener.accept().expect("it connects").0.read_to_end(&mut all).expect("to the end");
            assert_eq!(all, b"contents");
            assert_eq!(line.hear().0, 226);
            // Once only; and where nobody listens, that is said.
            assert_eq!(line.ask("RETR file"), 425);
            drop(listener);
            assert_eq!(line.ask(&command), 200);
            assert_eq!(line.ask("RETR file"), 150);
            assert_eq!(line.hear().0, 425);
        }
        server.stop();
    });
}

#[test]
fn passive_mode_has_two_forms() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        let reply = line.text("PASV");
        let numbers = reply.split(['(', ')']).nth(1).expect("numbers in brackets");
        let numbers: Vec<u16> = numbers.split(',').map(|n| n.parse().expect("a number")).collect();
        assert_eq!(numbers[..4], [127, 0, 0, 1]);
        let data = TcpStream::connect(("127.0.0.1", numbers[4] << 8 | numbers[5]));
        let mut data = data.expect("it listens");
        assert_eq!(line.ask("NLST"), 150);
        assert_eq!(data.read(&mut [0]).expect("an empty listing"), 0);
        assert_eq!(line.hear().0, 226);
        for (command, code) in [
            ("EPSV 1", 229),
            ("EPSV 2", 522),
            ("EPSV 9", 522),
            ("EPSV x", 501),
            ("EPSV ALL", 200),
            ("PASV", 501),
            ("PORT 127,0,0,1,200,10", 501),
            ("EPRT |1|127.0.0.1|51210|", 501),
            ("EPSV", 229),
        ] {
            assert_eq!(line.ask(command), code, "{command}");
        }
        server.stop();
    });
}

#[test]
fn listings_are_what_clients_parse() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let settings = Settings { wall: || 1_700_000_000, ..settings(&folder.root()) };
        let server = Server::start(shell, settings);
        let mut line = server.log_in();
        folder.write("b file", b"12345");
        folder.write("\u{fc}n\u{ef}", b"");
        folder.write("evil\r\n226 x", b"");
        std::fs::create_dir(folder.root().join("a dir")).expect("a directory");
        std::fs::write(folder.root().join("a dir/x.txt"), b"x").expect("a file");
        symlink("b file", folder.root().join("link")).expect("a link");
        symlink("/etc/passwd", folder.root().join("out")).expect("a link");
        for name in ["b file", "a dir", "a dir/x.txt"] {
            assert_eq!(line.ask(&format!("MFMT 20231101120000 {name}")), 213);
        }
        assert_eq!(text(&line.fetch("NLST")), "a dir\r\nb file\r\nlink\r\n\u{fc}n\u{ef}\r\n");
        assert_eq!(text(&line.fetch("NLST a dir")), "a dir/x.txt\r\n");
        assert_eq!(text(&line.fetch("NLST *file")), "b file\r\n");
        assert_eq!(text(&line.fetch("NLST a dir/*.txt")), "a dir/x.txt\r\n");
        let long = line.fetch("LIST -la a dir");
        assert!(
            text(&long).ends_with(" ftp      ftp                 1 Nov  1 12:00 x.txt\r\n"),
            "{}",
            text(&long)
        );
        assert!(text(&long).starts_with("-rw"), "{}", text(&long));
        let long = line.fetch("LIST b file");
        assert!(text(&long).ends_with("           5 Nov  1 12:00 b file\r\n"), "{}", text(&long));
        let facts = line.fetch("MLSD a dir");
        assert!(
            text(&facts).starts_with("type=file;size=1;modify=20231101120000;perm=adfrw;unique=")
        );
        assert!(text(&facts).ends_with("; x.txt\r\n"));
        assert_eq!(line.ask("OPTS MLST type;size;nonsense;"), 200);
        let facts = line.fetch("MLSD");
        assert!(
            text(&facts).starts_with("type=dir; a dir\r\ntype=file;size=5; b file\r\n"),
            "{}",
            text(&facts)
        );
        assert!(line.text("FEAT").contains(" MLST type*;size*;modify;perm;unique;UNIX.mode;\r\n"));
        assert_eq!(line.text("MLST a dir"), "250-Listing:\r\n type=dir; /a dir\r\n250 End\r\n");
        assert_eq!(line.ask("MLSD b file"), 501);
        assert_eq!(line.ask("LIST nothing"), 550);
        assert!(line.text("STAT a dir").contains("x.txt"));
        server.stop();
    });
}

#[test]
fn an_upload_lands_whole_or_not_at_all() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        folder.write("old", b"as it was");
        let server = Server::start(shell, settings(&folder.root()));
        // Aborted.
        let mut line = server.log_in();
        let mut data = line.passive();
        assert_eq!(line.ask("STOR old"), 150);
        data.write_all(b"half of it").expect("room");
        line.say_octets(b"\xff\xf4\xff\xf2ABOR\r\n");
        assert_eq!((line.hear().0, line.hear().0), (426, 226));
        // Its data connection was reset.
        let mut data = line.passive();
        assert_eq!(line.ask("STOR old"), 150);
        data.write_all(b"half of it").expect("room");
        socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).expect("set");
        drop(data);
        assert_eq!(line.hear().0, 426);
        // Its client has died: the system ends both of its connections, the control connection first.
        let mut data = line.passive();
        assert_eq!(line.ask("STOR old"), 150);
        data.write_all(b"half of it").expect("room");
        line.stream().shutdown(Shutdown::Both).expect("a FIN");
        let _ = data.read(&mut [0]);
        drop((line, data));
        assert_eq!(
            (folder.names(), folder.read("old")),
            (vec!["old".to_owned()], b"as it was".to_vec())
        );
        let mut line = server.log_in();
        line.store("STOR old", b"all of it");
        assert_eq!(
            (folder.names(), folder.read("old")),
            (vec!["old".to_owned()], b"all of it".to_vec())
        );
        server.stop();
    });
}

#[test]
fn an_upload_that_is_synchronised_lands_as_well() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let settings = Settings { sync: true, ..settings(&folder.root()) };
        let server = Server::start(shell, settings);
        let mut line = server.log_in();
        for _ in 0..5 {
            line.store("STOR file", b"contents");
            line.store("APPE file", b" and more");
        }
        assert_eq!(folder.read("file"), b"contents and more");
        server.stop();
    });
}

#[test]
fn nobody_is_waited_for_for_ever() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        folder.write("file", b"contents");
        let settings = Settings { idle: Duration::from_millis(400), ..settings(&folder.root()) };
        let limits = Limits { write: Duration::from_millis(300), ..Limits::default() };
        folder.write("large", &vec![0; 64 << 20]);
        let server = Server::start_with(shell, settings, limits);
        // A data connection that nobody makes.
        let mut line = server.log_in();
        line.passive_address();
        assert_eq!(line.ask("RETR file"), 150);
        assert_eq!(line.hear().0, 425);
        // An upload that stands still.
        let mut data = line.passive();
        assert_eq!(line.ask("STOR new"), 150);
        data.write_all(b"half of it").expect("room");
        assert_eq!(line.hear().0, 426);
        assert_eq!(folder.names(), ["file", "large"]);
        // A download that nobody takes.
        let data = line.passive();
        assert_eq!(line.ask("RETR large"), 150);
        assert_eq!(line.hear().0, 426);
        drop(data);
        // Silence.
        let begin = Instant::now();
        assert_eq!((line.hear().0, line.hear().0), (421, 0));
        assert!(begin.elapsed() >= Duration::from_millis(300));
        server.stop();
    });
}

#[test]
fn commands_that_come_during_a_transfer_wait_for_its_end() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        let mut data = line.passive();
        assert_eq!(line.ask("STOR file"), 150);
        line.say("SIZE file\r\nSTAT\r\nNOOP\r\nQUIT");
        assert_eq!(line.hear().0, 211, "how it fares is said at once");
        data.write_all(b"contents").expect("room");
        drop(data);
        let codes: Vec<u16> = (0..5).map(|_| line.hear().0).collect();
        assert_eq!(codes, [226, 213, 200, 221, 0]);
        // Any number of them, too: what waits is bounded, and nothing is lost.
        let mut line = server.log_in();
        let data = line.passive();
        assert_eq!(line.ask("STOR file"), 150);
        let mut writer = line.stream().try_clone().expect("a handle");
        let writing = std::thread::spawn(move || writer.write_all(&b"NOOP\r\n".repeat(50_000)));
        drop(data);
        assert_eq!(line.hear().0, 226);
        assert!((0..50_000).all(|_| line.hear().0 == 200));
        writing.join().expect("no panic").expect("all was read");
        server.stop();
    });
}

#[test]
fn a_transfer_is_finished_before_the_server_stops() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let server = Server::start(shell, settings(&folder.root()));
        let (mut idle, mut line) = (server.log_in(), server.log_in());
        let mut data = line.passive();
        assert_eq!(line.ask("STOR file"), 150);
        data.write_all(b"the first half").expect("room");
        let stopping = std::thread::spawn(move || server.stop());
        assert_eq!((idle.hear().0, idle.hear().0), (421, 0));
        data.write_all(b", and the other").expect("room");
        drop(data);
        assert_eq!((line.hear().0, line.hear().0, line.hear().0), (226, 421, 0));
        stopping.join().expect("no panic");
        assert_eq!(folder.read("file"), b"the first half, and the other");
    });
}

#[test]
fn names_are_made_changed_and_removed() {
    let folder = Folder::new();
    folder.write("file", b"contents");
    let server = Server::start(crate::server::Shell::Loop, settings(&folder.root()));
    let mut line = server.log_in();
    line.0.get_ref().set_read_timeout(Some(PATIENCE)).expect("a timeout");
    for (command, code) in [
        ("PWD", 257),
        ("MKD a \"dir\"", 257),
        ("MKD a \"dir\"", 550),
        ("CWD a \"dir\"", 250),
        ("CDUP", 250),
        ("CWD file", 550),
        ("CWD nothing", 550),
        ("RNFR file", 350),
        ("RNTO a \"dir\"/moved", 250),
        ("RNTO again", 503),
        ("RNFR nothing", 550),
        ("RNFR /", 550),
        ("RNFR a \"dir\"/moved", 350),
        ("NOOP", 200),
        ("RNTO late", 503),
        ("RMD a \"dir\"", 550),
        ("DELE a \"dir\"", 550),
        ("MDTM a \"dir\"/moved", 213),
        ("MDTM a \"dir\"", 550),
        ("SIZE a \"dir\"", 550),
        ("SIZE nothing", 550),
        ("SITE CHMOD 600 a \"dir\"/moved", 200),
        ("SITE CHMOD 9 x", 501),
        ("SITE EXEC ls", 504),
        ("DELE a \"dir\"/moved", 250),
        ("RMD a \"dir\"", 250),
        ("RMD /", 550),
        ("XPWD", 257),
        ("TYPE E", 504),
        ("TYPE L 8", 200),
        ("MODE S", 200),
        ("MODE B", 504),
        ("STRU F", 200),
        ("STRU R", 504),
        ("ALLO 5", 202),
        ("ACCT x", 202),
        ("SMNT x", 502),
        ("AUTH TLS", 502),
        ("SYST", 215),
        ("HELP", 214),
        ("STAT", 211),
        ("OPTS UTF8 ON", 200),
        ("OPTS X", 501),
        ("XYZZY", 500),
        ("RETR", 501),
        ("REST x", 501),
        ("REST -1", 501),
        ("ABOR", 226),
        ("RETR file", 550),
        ("LIST", 425),
        ("REIN", 220),
        ("PWD", 530),
    ] {
        assert_eq!(line.ask(command), code, "{command}");
    }
    server.stop();
}

#[test]
fn a_server_that_is_not_writable_changes_nothing() {
    let folder = Folder::new();
    folder.write("file", b"contents");
    let settings = Settings { writable: false, ..settings(&folder.root()) };
    let server = Server::start(crate::server::Shell::Loop, settings);
    let mut line = server.log_in();
    for command in [
        "STOR x",
        "APPE file",
        "STOU",
        "DELE file",
        "MKD x",
        "RMD x",
        "RNFR file",
        "MFMT 20200101000000 file",
        "SITE CHMOD 600 file",
    ] {
        assert_eq!(line.ask(command), 550, "{command}");
    }
    assert_eq!(line.fetch("RETR file"), b"contents");
    assert_eq!(folder.names(), ["file"]);
    server.stop();
}
