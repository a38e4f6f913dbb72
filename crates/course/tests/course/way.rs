//! The rest of `cargo course`, as a learner and as an author meet it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::fake::{Fake, SOLUTION};

#[test]
fn an_unknown_name_is_a_usage_error_with_the_nearest() {
    let fake = Fake::new("names", &[("read-lines", "a + b")]);
    fake.write("book/src/mistakes/wrong-sum.md", "# wrong-sum\n\nThe sum is another.\n");
    fake.course(&["check", "read-line"]).expect(2, &["`read-line`", "Did you mean read-lines?"]);
    fake.course(&["hint", "red-lines"]).expect(2, &["read-lines"]);
    fake.course(&["explain", "wrong-some"]).expect(2, &["Did you mean wrong-sum?"]);
    fake.course(&["explain", "wrong-sum"]).expect(0, &["The sum is another."]);
    fake.course(&["check", "two"]).expect(2, &["not here yet"]);
    fake.course(&["chekc"]).expect(2, &["check"]);
}

#[test]
fn it_works_from_any_folder_of_the_course() {
    let fake = Fake::new("folders", &[("first", "a + b"), ("second", "a + b")]);
    let mut command = fake.command(&["check"]);
    command.current_dir(fake.root.join("exercises/one/second/src"));
    fake.finish(&mut command).expect(0, &["✓ second passed"]);
    let mut command = fake.command(&[]);
    command.current_dir(std::env::temp_dir());
    fake.finish(&mut command).expect(2, &["not a folder of the course"]);
}

#[test]
fn hints_come_one_more_each_time() {
    let fake = Fake::new("hints", &[("adds", "a")]);
    let first =
        fake.course(&["hint", "adds"]).expect(0, &["Hint 1 of 3", "Look.", "one hint more"]);
    assert!(!first.text.contains("Think."), "{}", first.text);
    fake.course(&["hint", "adds"]).expect(0, &["Hint 1 of 3", "Hint 2 of 3", "Think."]);
    fake.course(&["hint", "adds"]).expect(0, &["Hint 3 of 3", "`a + b`", "--give-up"]);
    fake.course(&["hint", "adds"]).expect(0, &["Hint 3 of 3"]);
}

#[test]
fn what_an_answer_is_good_for_is_told_when_it_passes() {
    let fake = Fake::new("then", &[("adds", "a + b"), ("waits", "a")]);
    let readme = "exercises/one/adds/README.md";
    let text = fake.read(readme).replace("## Reading", "## Then\n\n    bc\n\n## Reading");
    fake.write(readme, &text);
    let words = "run your adds, as `## Then` tells in";
    assert!(!fake.course(&["next"]).text.contains(words));
    fake.course(&["check", "adds"]).expect(0, &["Then\n\n    bc"]);
    fake.course(&["next"]).expect(0, &["Next: waits", words, readme]);
    let wrong = fake.course(&["check", "waits"]).expect(1, &[]);
    assert!(!wrong.text.contains("Then"), "{}", wrong.text);
}

#[test]
fn the_solution_waits_for_an_answer_or_for_giving_up() {
    let fake = Fake::new("solution", &[("adds", "a + b"), ("gives-up", "a")]);
    let locked = fake.course(&["solution", "adds"]).expect(1, &["--give-up"]);
    assert!(!locked.text.contains("It adds."));
    fake.course(&["check", "adds"]).expect(0, &[]);
    let shown = fake.course(&["solution", "adds"]).expect(0, &["    a + b", "It adds."]);
    assert!(!shown.text.contains("// answer"), "{}", shown.text);
    fake.course(&["solution", "gives-up", "--give-up"]).expect(0, &["It adds."]);
    fake.course(&["solution", "gives-up"]).expect(0, &["It adds."]);
}

#[test]
fn reset_saves_the_learners_file_first() {
    let fake = Fake::new("reset", &[("adds", "a + b // mine")]);
    fake.course(&["reset", "adds"]).expect(0, &["saved as .course/saved/adds/lib.rs.saved-1"]);
    assert!(fake.read(".course/saved/adds/lib.rs.saved-1").contains("// mine"));
    assert!(
        fake.read("exercises/one/adds/src/lib.rs").contains("    todo!(\"add {a} and {b}\")\n")
    );
    fake.course(&["reset", "adds"]).expect(0, &["the starter already"]);
}

#[test]
fn progress_is_keyed_by_content() {
    let fake = Fake::new("content", &[("adds", "a + b")]);
    let answer = fake.read("exercises/one/adds/src/lib.rs");
    fake.course(&["check", "adds"]).expect(0, &[]);
    fake.write("exercises/one/adds/src/lib.rs", &format!("{answer}// more\n"));
    fake.course(&[]).expect(0, &["0 of 1", "passed before, changed since"]);
    fake.write("exercises/one/adds/src/lib.rs", &answer);
    fake.course(&[]).expect(0, &["1 of 1"]);
}

#[test]
fn a_damaged_progress_file_is_said_kept_and_rebuilt() {
    let fake = Fake::new("damaged", &[("adds", "a + b"), ("hinted", "a")]);
    fake.course(&["check", "adds"]).expect(0, &[]);
    let whole = fake.read(".course/progress");
    fs::write(fake.root.join(".course/progress"), [whole.as_bytes(), b"\xff\xfe\n{}\n"].concat())
        .unwrap();
    fake.course(&[]).expect(0, &["1 of 2", "was damaged", ".course/progress.damaged-1"]);
    assert_eq!(fake.read(".course/progress"), whole);
    let again = fake.course(&[]).expect(0, &["1 of 2"]);
    assert!(!again.text.contains("damaged"), "{}", again.text);
}

#[test]
fn starters_never_take_a_learners_answer() {
    let fake = Fake::new("starters", &[("adds", "a + b // mine")]);
    fake.write("tests/Cargo.toml", "");
    fake.course(&["starters", "--check"])
        .expect(1, &["exercises/one/adds/src/lib.rs", "// mine", "+    todo!"]);
    fake.course(&["starters"])
        .expect(1, &["not a starter, left as it is", "tests/Cargo.toml: derived"]);
    assert!(fake.read("exercises/one/adds/src/lib.rs").contains("// mine"));
    fake.course(&["starters", "--force"]).expect(0, &["saved as .course/saved/adds"]);
    fake.course(&["starters", "--check"]).expect(0, &["what the solutions derive"]);
    // What it wrote itself it may write again, without force.
    fake.write("solutions/one/adds/src/lib.rs", &SOLUTION.replace("//! Adds.", "//! Adds two."));
    fake.course(&["starters"]).expect(0, &["exercises/one/adds/src/lib.rs: derived"]);
    assert!(fake.read("exercises/one/adds/src/lib.rs").starts_with("//! Adds two."));
    assert!(fake.read("tests/Cargo.toml").contains("package = \"adds-solution\""));
}

#[test]
fn a_report_is_for_another_program() {
    let fake = Fake::new("report", &[("adds", "a + b"), ("wrong", "a"), ("refused", "a +")]);
    let run = fake.course(&["report", "--format", "json"]).expect(3, &[]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let results: Vec<_> =
        report["exercises"].as_array().unwrap().iter().map(|e| &e["result"]).collect();
    assert_eq!(results, ["passed", "failed", "does-not-compile"]);
    fake.course(&["report", "--format", "junit", "adds", "--output", "junit.xml"]).expect(0, &[]);
    assert!(
        fake.read("junit.xml").contains("<testsuite name=\"one.adds\" tests=\"2\" failures=\"0\"")
    );
    fake.course(&["report"]).expect(2, &["--format"]);
}

#[test]
fn the_wire_of_the_last_check_is_shown() {
    let fake = Fake::new("wire", &[("tapped", "a + b")]);
    let records = concat!(env!("CARGO_TARGET_TMPDIR"), "/fake-target/course/records/tapped");
    let _ = fs::remove_dir_all(records);
    fake.course(&["wire", "tapped"]).expect(1, &["cargo course check tapped"]);
    fs::create_dir_all(records).unwrap();
    let record = "course-record 1\nflow tcp \"client\" \"127.0.0.1:1\" \"server\" \"127.0.0.1:2\"\n\
                  0.000120000 0 sent data 2\n  6869\ndropped 0\nend\n";
    fs::write(format!("{records}/nothing_is_neutral.wire"), record).unwrap();
    fake.course(&["wire", "tapped"])
        .expect(0, &["nothing is neutral", "client → server  2 bytes  hi"]);
    fake.course(&["wire", "tapped", "--pcap", "w.pcapng", "--html", "w.html"])
        .expect(0, &["w.pcapng: open it with Wireshark", "w.html: open it in a browser"]);
    assert_eq!(fs::read(fake.root.join("w.pcapng")).unwrap()[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let page = fake.read("w.html");
    assert!(page.contains("<svg") && page.contains("client to server, 2 bytes."), "{page}");
    fake.course(&["wire", "tapped", "nothing-is-natural"]).expect(2, &["nothing_is_neutral"]);
    fs::write(format!("{records}/nothing_is_neutral.wire"), "course-record 1\n").unwrap();
    fake.course(&["wire", "tapped", "nothing-is-neutral"]).expect(5, &["is damaged"]);
}

#[test]
fn the_doctor_says_what_is_there() {
    let fake = Fake::new("doctor", &[]);
    fake.course(&["doctor"]).expect(0, &["TCP on 127.0.0.1", "IPv6", "multicast", "tshark"]);
    let mut command = fake.command(&["doctor"]);
    fake.finish(command.env("PATH", "/nowhere")).expect(0, &["apt-get install", "tshark"]);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let fake = Fake::new("leaves", &[("adds", "a")]);
    let mut command = fake.command(&[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// Kills what a failed test would leave behind.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(unix)]
fn watch_checks_what_is_saved_and_ends_in_order() {
    let fake = Fake::new("watch", &[("saved", "a"), ("other", "a")]);
    let mut command = fake.command(&["watch", "--problems"]);
    let mut watch = Watching(command.stdout(Stdio::piped()).spawn().unwrap());
    let lines = lines_of(watch.0.stdout.take().unwrap());
    let first = until(&lines, "Waiting for you to save");
    assert!(
        first.contains("exercises/one/saved/src/lib.rs:1: error: not so: two and two"),
        "{first}"
    );

    fake.write(
        "exercises/one/other/src/lib.rs",
        "pub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n",
    );
    let second = until(&lines, "Waiting for you to save");
    assert!(second.contains("✓ other passed"), "{second}");

    let id = i32::try_from(watch.0.id()).unwrap();
    let pid = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(watch.0.wait().unwrap().code(), Some(0));
}

fn lines_of(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

/// What comes up to a line that begins with `mark`. It may have to compile first.
fn until(lines: &Receiver<String>, mark: &str) -> String {
    let mut seen = String::new();
    loop {
        let line = lines.recv_timeout(Duration::from_secs(60)).expect(&seen);
        if line.starts_with(mark) {
            return seen;
        }
        seen.push_str(&line);
        seen.push('\n');
    }
}
