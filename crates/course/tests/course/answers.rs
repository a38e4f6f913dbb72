//! What `cargo course check` makes of answers that go wrong in every way that there is.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::fake::Fake;

#[test]
fn a_right_answer_passes_and_the_next_exercise_is_named() {
    let fake = Fake::new("right", &[("adds", "a + b"), ("waits", "todo!(\"{a} {b}\")")]);
    fake.course(&["check", "adds"]).expect(0, &["✓ adds passed: 2 checks", "cargo course next"]);
    fake.course(&[]).expect(0, &["1 of 2", "✓ adds", "Next: waits, 5 minutes", "not here yet"]);
    fake.course(&["check"]).expect(
        1,
        &[
            "waits is not started: 2 checks",
            "Open exercises/one/waits: read README.md, write src/lib.rs.",
        ],
    );
}

#[test]
fn a_wrong_answer_is_told_its_mistake_once() {
    let fake = Fake::new("wrong", &[("adds", "a * b + 1")]);
    let run = fake.course(&["check", "adds"]).expect(
        1,
        &[
            "0 of 2 checks",
            "two and two are four",
            "got   5",
            "why   wrong-sum",
            "✗ nothing is neutral (wrong-sum)",
        ],
    );
    assert_eq!(run.text.matches("want  ").count(), 1, "{}", run.text);
}

#[test]
fn an_answer_that_ends_the_program_does_not_pass() {
    let fake = Fake::new("exits", &[("exits", "if a == 2 { std::process::exit(0) }\na + b")]);
    fake.course(&["check", "exits"])
        .expect(4, &["ended the program (exit code 0) before the check reported"]);
    fake.course(&[]).expect(0, &["0 of 1"]);
}

#[test]
fn an_answer_that_aborts_is_told_the_signal() {
    let fake = Fake::new("aborts", &[("aborts", "if a == 2 { std::process::abort() }\na + b")]);
    fake.course(&["check", "aborts"]).expect(4, &["SIGABRT"]);
}

#[test]
fn an_answer_that_recurses_without_end_is_told_so() {
    let body = "#[expect(unconditional_recursion)]\nfn deep(a: u32) -> u32 { deep(a + 1) + 1 }\ndeep(a) + b";
    let fake = Fake::new("recurses", &[("recurses", body)]);
    fake.course(&["check", "recurses"])
        .expect(4, &["SIGABRT", "Its last words:", "has overflowed its stack"]);
}

#[test]
fn an_answer_that_panics_is_told_where() {
    let fake = Fake::new("panics", &[("panics", "assert_eq!(a, 9);\nb")]);
    fake.course(&["check", "panics"])
        .expect(1, &["your code panicked at exercises/one/panics/src/lib.rs:2"]);
}

#[test]
fn an_answer_that_does_not_compile_is_shown_the_compilers_words() {
    let fake = Fake::new("refused", &[("refused", "a + \"b\""), ("adds", "a + b")]);
    fake.course(&["check", "refused"])
        .expect(3, &["error[E0277]", "exercises/one/refused/src/lib.rs:2", "does not compile"]);
    fake.course(&["check", "--all"]).expect(3, &["refused", "✓ adds", "1 of 2 exercises passed"]);
}

#[test]
fn an_answer_of_another_signature_is_told_so() {
    let fake = Fake::new("signature", &[("renamed", "a + b")]);
    fake.write(
        "exercises/one/renamed/src/lib.rs",
        "pub fn sum(a: u32, b: u32) -> u32 {\n    a + b\n}\n",
    );
    fake.course(&["check", "renamed"])
        .expect(3, &["error[E0425]", "a name or a type that it uses has changed"]);
}

#[test]
fn a_megabyte_of_output_is_cut_and_said() {
    // Not `print!`, which the test runner catches: the answer writes to the pipe itself.
    let body = "use std::io::Write;\nlet line = [b'x'; 1 << 10];\n\
                for _ in 0..1024 { std::io::stdout().write_all(&line).unwrap(); }\na + b";
    let fake = Fake::new("prints", &[("prints", body)]);
    fake.course(&["check", "prints"]).expect(0, &["bytes more than are kept"]);
}

#[test]
fn what_a_failing_answer_prints_is_shown_and_disarmed() {
    let fake = Fake::new("says", &[("says", "println!(\"a is {a}\\x1b[2J\");\nb")]);
    let run = fake.course(&["check", "says"]).expect(1, &["Your answer printed:"]);
    if run.text.contains("| ") {
        assert!(run.text.contains("a is 2\\u{1b}[2J"), "{}", run.text);
    }
}

/// The answer leaves a port bound and starts a process that leaves the group, then hangs.
#[test]
#[cfg(target_os = "linux")]
fn a_hanging_answer_is_killed_with_all_that_it_started() {
    let body = "use std::os::unix::process::CommandExt;\n\
        let port = std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();\n\
        let child = std::process::Command::new(\"sleep\").arg(\"1000\").process_group(0).spawn().unwrap();\n\
        std::fs::write(\"left\", format!(\"{} {}\", child.id(), port.local_addr().unwrap())).unwrap();\n\
        std::thread::spawn(move || { let _port = port; loop { std::thread::park() } });\n\
        loop { std::hint::black_box((a, b)); std::thread::park() }";
    let fake = Fake::new("hangs", &[("hangs", body), ("adds", "a + b")]);
    // Compiled before, so that the second that it has is for the run alone.
    let _ = fake.course(&["check", "--all", "--timeout", "1"]);
    fake.course(&["check", "hangs", "--timeout", "1"])
        .expect(4, &["still running after 1 s", "stopped, with everything that it had started"]);
    let left = fake.read("exercises/one/hangs/left");
    let (child, port) = left.split_once(' ').unwrap();
    assert!(gone(child), "the child {child} is still there");
    TcpListener::bind(port).expect("the port is free again");
    fake.course(&["check", "--all", "--timeout", "1"])
        .expect(4, &["✗ hangs", "✓ adds", "1 of 2 exercises passed"]);
}

/// Waits until a process has ended, at most two seconds. A zombie has: nobody here reaps orphans.
fn gone(process: &str) -> bool {
    let stat = Path::new("/proc").join(process).join("stat");
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline {
        match fs::read_to_string(&stat) {
            Err(_) => return true,
            Ok(text) if text.contains(") Z ") => return true,
            Ok(_) => thread::yield_now(),
        }
    }
    false
}
