//! Real programs against the chapter's servers. One that is missing is skipped, and in CI (the
//! environment variable `CI`) a failure.

// A panic is how a test fails.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use support::{Random, Server, peer, skip};

/// Octets for a program to send, in a file that goes with this value.
struct Sample {
    octets: Vec<u8>,
    path: PathBuf,
}

impl Sample {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let octets = Random::new().octets(8 << 20);
        fs::write(&path, &octets).unwrap();
        Self { octets, path }
    }

    /// Runs a shell command with the sample as its standard input, and compares its output with it.
    fn returns_through(&self, program: &str, arguments: &str) {
        let mut here = Command::new("sh");
        here.args(["-c", &format!("command -v {program}")]).stdout(Stdio::null());
        if !here.status().unwrap().success() {
            return skip(&format!("{program} is not installed")).unwrap_or(());
        }
        let line = format!("{program} {arguments} < {}", self.path.display());
        let Some(output) = peer(Command::new("sh").args(["-c", &line])) else { return };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        assert!(output.stdout == self.octets, "{line}: {} octets came back", output.stdout.len());
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[test]
fn netcat_gets_its_octets_back() {
    let server = Server::start(&["tcp-echo"]);
    let port = server.socket_address().port();
    // -N: half-close at the end of the input (OpenBSD's netcat, Debian's netcat-openbsd).
    Sample::new("netcat").returns_through("nc", &format!("-N 127.0.0.1 {port}"));
}

#[test]
fn socat_gets_its_octets_back() {
    let server = Server::start(&["tcp-echo", "--listen", "[::]:0"]);
    let port = server.socket_address().port();
    let sample = Sample::new("socat");
    // -t: how long to wait for the answer's end after the input's.
    sample.returns_through("socat", &format!("-t 30 - TCP4:127.0.0.1:{port}"));
    sample.returns_through("socat", &format!("-t 30 -b 7 - TCP6:[::1]:{port} | head -c 8388608"));
}

#[test]
fn socat_gets_its_octets_back_over_a_unix_domain_socket() {
    let path = std::env::temp_dir().join(format!("peers-{}.sock", std::process::id()));
    let path = path.to_str().unwrap();
    let server = Server::start(&["unix-echo", "--listen", path]);
    Sample::new("socat-unix").returns_through("socat", &format!("-t 30 - UNIX-CONNECT:{path}"));
    server.stop();
}

#[test]
fn socat_gets_its_datagrams_back() {
    let server = Server::start(&["udp-echo"]);
    let port = server.socket_address().port();
    let line = format!("printf 'hello' | socat -t 2 - UDP4:127.0.0.1:{port}");
    if let Some(output) = peer(Command::new("sh").args(["-c", &line])) {
        if output.status.code() == Some(127) {
            return skip("socat is not installed").unwrap_or(());
        }
        assert_eq!(output.stdout, b"hello");
    }
}

/// The suite in Python: cuts, half-close, many at once, resets, stalls, EMFILE, drain.
#[test]
fn the_suite_in_python_passes() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/echo.py");
    let mut command = Command::new("python3");
    command.args([script, "--program", env!("CARGO_BIN_EXE_sockets"), "--quick"]);
    File::open(script).expect("the suite is in the repository");
    if let Some(output) = peer(&mut command) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        eprintln!("{said}");
    }
}
