//! The program `dns`: what it says, whom it serves, and how it ends.

mod dns;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use dns::{WAIT, client, question, tcp_client};
use protocols::dns::Message;
use protocols::dns::resolver::Found;

const ZONE: &str = "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.1\nbig TXT \"x\"\n";

/// A file with this text, which is removed with it.
struct Zone(PathBuf);

impl Zone {
    fn new(name: &str, text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let folder = std::env::temp_dir().join(format!("wire-dns-{process}-{count}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), text).expect("a file");
        Self(folder.join(name))
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().expect("our folder"));
    }
}

struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_protocols"))
            .arg("dns")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect(&line);
        Self { address: address.parse().expect("an address"), child }
    }

    /// SIGTERM; what it says then.
    fn stop(mut self) -> (Option<i32>, String) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.expect("an id"), rustix::process::Signal::TERM)
            .expect("sent");
        let mut said = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends").code(), said)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn asks(address: SocketAddr, name: &str) {
    for mut client in [client(&[address]), tcp_client(address)] {
        let found = client.resolve(question(name)).expect("an answer").found;
        assert!(matches!(found, Found::Records(_)), "{name}: {found:?}");
    }
}

#[test]
fn udp_and_tcp_on_one_port_under_each_shell() {
    let zone = Zone::new("example.org.zone", ZONE);
    let file = zone.0.to_str().expect("a path");
    for shell in [&[][..], &["--workers", "3"], &["--model", "threads"], &["--model", "pool"]] {
        let program = Program::start(&[&["--zone", file][..], shell].concat());
        for _ in 0..5 {
            asks(program.address, "a.example.org");
        }
        // A connection in the middle of a query does not hold up the end.
        let mut half = TcpStream::connect(program.address).expect("connected");
        half.write_all(&[0, 40, 1]).expect("sent");
        if !shell.is_empty() {
            drop(half); // Once is enough: the shell waits for the client's end for a moment.
        }
        let (code, said) = program.stop();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("answered: 5"), "{said}");
    }
}

#[test]
fn answers_come_from_the_address_that_was_asked() {
    let zone = Zone::new("example.org.zone", ZONE);
    let program =
        Program::start(&["--zone", zone.0.to_str().expect("a path"), "--listen", "0.0.0.0:0"]);
    for address in ["127.0.0.1", "127.0.0.2"] {
        asks(
            SocketAddr::new(address.parse().expect("an address"), program.address.port()),
            "a.example.org",
        );
    }
}

#[test]
fn what_had_arrived_is_answered() {
    let zone = Zone::new("example.org.zone", ZONE);
    let program = Program::start(&["--zone", zone.0.to_str().expect("a path")]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(WAIT)).expect("a timeout");
    for id in 0..100 {
        let query =
            Message::query(id, question("a.example.org"), false).emit(512).expect("it fits");
        socket.send_to(&query, program.address).expect("sent");
    }
    let (code, said) = program.stop();
    assert_eq!(code, Some(0));
    assert!(said.contains("answered: 100"), "{said}");
    for _ in 0..100 {
        assert!(socket.recv(&mut [0; 512]).is_ok());
    }
}

#[test]
fn several_zones_and_their_names() {
    let named = Zone::new("example.org.zone", ZONE);
    let other = Zone::new("db.example.net", ZONE);
    let own = Zone::new("zone.txt", &format!("$ORIGIN example.com.\n{ZONE}"));
    let given = Zone::new("any", ZONE);
    let paths = [&named, &other, &own].map(|zone| zone.0.to_str().expect("a path").to_owned());
    let given = format!("example.edu={}", given.0.to_str().expect("a path"));
    let mut arguments: Vec<&str> = paths.iter().flat_map(|path| ["--zone", path]).collect();
    arguments.extend(["--zone", &given]);
    let program = Program::start(&arguments);
    for name in ["a.example.org", "a.example.net", "a.example.com", "a.example.edu"] {
        asks(program.address, name);
    }
}

#[test]
fn a_wrong_zone_is_said_with_its_line() {
    let table = [
        (
            "x.zone",
            format!("{ZONE}b A 192.0.2.256\n"),
            "line 6: \"192.0.2.256\" stands where an IPv4 address",
        ),
        ("y.zone", "$INCLUDE /etc/passwd\n".to_owned(), "line 1: $INCLUDE is refused"),
        ("zone.txt", ZONE.to_owned(), "line 2: \"@\" has no dot"),
    ];
    for (name, text, expected) in table {
        let zone = Zone::new(name, &text);
        let output = Command::new(env!("CARGO_BIN_EXE_protocols"))
            .args(["dns", "--zone", zone.0.to_str().expect("a path")])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{said}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    }
}
