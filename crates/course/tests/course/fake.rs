//! A small course of its own, in cargo's folder for tests: `cargo course` cannot tell.
//!
//! Every fake has its own sources and state, and all share one target folder, so that the harness is
//! compiled once and stays compiled between runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

/// A course on disk.
pub(crate) struct Fake {
    pub(crate) root: PathBuf,
}

/// What a run of `cargo course` came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Both outputs, standard output first.
    pub(crate) text: String,
}

const GRADED: &str = r#"use std::time::Duration;
use harness::{Mistake, Outcome, check_within};

const WRONG: Mistake = Mistake {
    name: "wrong-sum",
    why: "the sum is another",
    spec: "arithmetic",
};

#[test]
fn two_and_two_are_four() -> Outcome {
    check_within(Duration::from_secs(30), |c| {
        c.did("called `add`");
        c.want("4");
        let sum: u32 = LIB::add(2, 2);
        c.ensure(sum == 4, &WRONG, || sum.to_string())
    })
}

#[test]
fn nothing_is_neutral() -> Outcome {
    check_within(Duration::from_secs(30), |c| c.ensure(LIB::add(3, 0) == 3, &WRONG, String::new))
}
"#;

/// The solution of every exercise of a fake.
pub(crate) const SOLUTION: &str = "//! Adds.\n\n/// The sum.\npub fn add(a: u32, b: u32) -> u32 {\n    \
    // answer: todo!(\"add {a} and {b}\")\n    a + b\n    // end answer\n}\n";

impl Fake {
    /// A course with these exercises, each a name and the body of its `add(a: u32, b: u32) -> u32`.
    pub(crate) fn new(name: &str, exercises: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fake").join(name);
        let fake = Self { root };
        let _ = fs::remove_dir_all(fake.root.join(".course"));
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates/");
        // Cargo knows a package by its name, its version and its place in the workspace, so two fakes
        // with an exercise of the same name would take each other's builds for their own.
        let version =
            name.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte));
        fake.write(
            "Cargo.toml",
            &format!(
                "[workspace]\nresolver = \"3\"\nmembers = [\"exercises/*/*\"]\n\n[profile.dev]\ndebug = 0\n\n\
             [workspace.package]\nversion = \"0.1.{version}\"\nedition = \"2024\"\n\n\
             [workspace.dependencies]\nharness = {{ path = '{}' }}\n",
                crates.join("harness").display()
            ),
        );
        let mut syllabus = "one: Chapter one\n".to_owned();
        for (task, body) in exercises {
            syllabus.push_str(&format!("    {task}\n"));
            fake.exercise(task, &format!("pub fn add(a: u32, b: u32) -> u32 {{\n{body}\n}}\n"));
        }
        fake.write("exercises/syllabus.txt", &format!("{syllabus}two: Chapter two\n"));
        fake
    }

    fn exercise(&self, task: &str, answer: &str) {
        let library = task.replace('-', "_");
        let manifest = |name: &str, dev: &str| {
            format!(
                "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n\n\
                 [lib]\ntest = false\ndoctest = false\n{dev}\n[lints]\n"
            )
        };
        let dev = "\n[dev-dependencies]\nharness.workspace = true\n";
        let exercise = format!("exercises/one/{task}");
        self.write(&format!("{exercise}/Cargo.toml"), &manifest(task, dev));
        self.write(&format!("{exercise}/src/lib.rs"), answer);
        self.write(&format!("{exercise}/tests/{task}.rs"), &GRADED.replace("LIB", &library));
        let hints = ["Look.", "Think.", "`a + b`"].iter().enumerate().map(|(index, hint)| {
            format!("<details><summary>Hint {}</summary>\n\n{hint}\n\n</details>\n\n", index + 1)
        });
        let readme = format!(
            "# Add\n\n`{task}` · 5 minutes · chapter 1, Chapter one\n\n## Task\n\nAdd.\n\n\
             ## Check\n\n## Hints\n\n{}## Reading\n",
            hints.collect::<String>()
        );
        self.write(&format!("{exercise}/README.md"), &readme);
        let solution = format!("solutions/one/{task}");
        self.write(&format!("{solution}/Cargo.toml"), &manifest(&format!("{task}-solution"), ""));
        self.write(&format!("{solution}/src/lib.rs"), SOLUTION);
        let why = "# Add\n\n## Why\n\nIt adds.\n\n## The usual wrong answers\n\n- wrong-sum.md\n";
        self.write(&format!("{solution}/README.md"), why);
    }

    /// Writes a file, unless it holds this already: cargo then sees it as fresh.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return;
        }
        fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder is made");
        fs::write(path, text).expect("a file is written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).expect(path)
    }

    /// `cargo course` with these arguments, ready to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("fake-target"))
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::null());
        command
    }

    /// Runs `cargo course` with these arguments. Off a terminal it never moves a cursor.
    pub(crate) fn course(&self, arguments: &[&str]) -> Run {
        self.finish(&mut self.command(arguments))
    }

    pub(crate) fn finish(&self, command: &mut Command) -> Run {
        let Output { status, stdout, stderr } = command.output().expect("it starts");
        let out = String::from_utf8(stdout).expect("UTF-8");
        let text = format!("{out}{}", String::from_utf8(stderr).expect("UTF-8"));
        assert!(!text.contains('\x1b'), "an escape sequence off a terminal:\n{text}");
        Run { code: status.code().expect("it ended by itself"), out, text }
    }
}

impl Run {
    /// Fails unless it ended with `code`, and said all of `words`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "no {word:?} in:\n{}", self.text);
        }
        self
    }
}
