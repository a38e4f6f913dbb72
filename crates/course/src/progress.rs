//! What the learner has done so far: `.course/progress`, at the root of the course.
//!
//! A plain file, one fact a line, that a person can read, mend, copy to another machine or keep
//! under version control. It is keyed by exercise and by content, not by place or time, so it
//! survives `cargo clean`, an update of the course and a move of the clone.
//!
//! ```text
//! course-progress 1
//! read-lines passed answer=8d9e0f… test=77ab31…
//! read-lines last answer=8d9e0f… test=77ab31… passed=3 of=8
//! read-lines hints 2
//! read-lines gave-up
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

use anyhow::{Context, Result};

use crate::workspace::{Exercise, Workspace};

const MAGIC: &str = "course-progress 1";

/// All that is remembered, by task.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    entries: BTreeMap<String, Entry>,
}

/// What is remembered of one exercise.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What passed, the last time that an answer did.
    pub(crate) passed: Option<Content>,
    /// How the last check ended.
    pub(crate) last: Option<(Content, Tally)>,
    /// How many hints were shown, 0 to 3.
    pub(crate) hints: usize,
    /// The solution was shown before an answer passed.
    pub(crate) gave_up: bool,
}

/// An answer and the test that it met, by their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    answer: u64,
    test: u64,
}

/// How many checks passed, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) of: usize,
}

/// Where an exercise stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Never checked.
    Untouched,
    /// The answer as it stands has been checked and did not pass all; or it changed since.
    Tried(Tally),
    /// The answer as it stands has passed.
    Passed,
    /// Another text has passed; this one has not been checked.
    AnswerChanged,
    /// The answer has passed an earlier edition of the test.
    TestChanged,
}

impl Content {
    /// What the exercise's two files hold now.
    pub(crate) fn of(exercise: &Exercise) -> Result<Self> {
        let read = |path: PathBuf| {
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
        };
        Ok(Self { answer: hash(&read(exercise.answer())?), test: hash(&read(exercise.test())?) })
    }
}

/// FNV-1a, 64 bits: it tells texts apart and is the same on every machine, which is all that is
/// asked of it here. Line ends do not count: git may change them on the way to a clone.
pub(crate) fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes().filter(|byte| *byte != b'\r') {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

impl Progress {
    /// Reads the progress. A damaged file is said, kept aside, and rebuilt from its good lines.
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        let path = file(workspace);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).context("reading .course/progress"),
        };
        let (progress, damaged) = Self::parse(&String::from_utf8_lossy(&bytes));
        if damaged > 0 {
            let aside = free_name(&path, "damaged");
            fs::rename(&path, &aside).context("keeping the damaged progress file aside")?;
            progress.save(workspace)?;
            eprintln!(
                "Your progress file was damaged ({damaged} unreadable lines). It is kept as {}, \
                 and rebuilt from the lines that could be read.\n",
                workspace.relative(&aside)
            );
        }
        Ok(progress)
    }

    /// Changes what is remembered of `exercise`, and saves.
    pub(crate) fn update(
        workspace: &Workspace,
        exercise: &Exercise,
        change: impl FnOnce(&mut Entry),
    ) -> Result<()> {
        let _lock = Lock::take(workspace)?;
        let mut progress = Self::load(workspace)?;
        change(progress.entries.entry(exercise.task.clone()).or_default());
        progress.save(workspace)
    }

    pub(crate) fn entry(&self, exercise: &Exercise) -> Entry {
        self.entries.get(&exercise.task).cloned().unwrap_or_default()
    }

    /// Where `exercise` stands, as its files are now.
    pub(crate) fn standing(&self, exercise: &Exercise) -> Standing {
        let entry = self.entry(exercise);
        let Ok(now) = Content::of(exercise) else {
            return Standing::Untouched; // No answer on disk: nothing has been done.
        };
        match (entry.passed, entry.last) {
            (Some(passed), _) if passed == now => Standing::Passed,
            (_, Some((last, tally))) if last == now => Standing::Tried(tally),
            (Some(passed), _) if passed.answer == now.answer => Standing::TestChanged,
            (Some(_), _) => Standing::AnswerChanged,
            (None, Some((_, tally))) => Standing::Tried(tally),
            (None, None) => Standing::Untouched,
        }
    }

    /// The exercise to do next: the first that has not passed and was not given up; else the first
    /// that has not passed.
    pub(crate) fn next<'a>(&self, workspace: &'a Workspace) -> Option<&'a Exercise> {
        let open = |exercise: &&Exercise| self.standing(exercise) != Standing::Passed;
        let given_up = |exercise: &&Exercise| self.entry(exercise).gave_up;
        workspace
            .exercises()
            .find(|exercise| open(exercise) && !given_up(exercise))
            .or_else(|| workspace.exercises().find(open))
    }

    fn parse(text: &str) -> (Self, usize) {
        let mut progress = Self::default();
        let mut lines = text.lines();
        let mut damaged = usize::from(lines.next() != Some(MAGIC));
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if progress.parse_line(line).is_none() {
                damaged += 1;
            }
        }
        (progress, damaged)
    }

    fn parse_line(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let task = words.next().filter(|task| is_name(task))?;
        let fact = words.next()?;
        let rest: Vec<&str> = words.collect();
        let mut entry = self.entries.get(task).cloned().unwrap_or_default();
        match fact {
            "passed" => entry.passed = Some(content(&rest)?),
            "last" => {
                let tally = Tally { passed: field(&rest, "passed")?, of: field(&rest, "of")? };
                entry.last = Some((content(&rest)?, tally));
            }
            "hints" => entry.hints = rest.first()?.parse().ok().filter(|level| *level <= 3)?,
            "gave-up" => entry.gave_up = true,
            _ => return None,
        }
        self.entries.insert(task.to_owned(), entry);
        Some(())
    }

    fn render(&self) -> String {
        let mut text = format!("{MAGIC}\n");
        for (task, entry) in &self.entries {
            if let Some(Content { answer, test }) = entry.passed {
                let _ = writeln!(text, "{task} passed answer={answer:016x} test={test:016x}");
            }
            if let Some((Content { answer, test }, Tally { passed, of })) = entry.last {
                let _ = write!(text, "{task} last answer={answer:016x} test={test:016x} ");
                let _ = writeln!(text, "passed={passed} of={of}");
            }
            if entry.hints > 0 {
                let _ = writeln!(text, "{task} hints {}", entry.hints);
            }
            if entry.gave_up {
                let _ = writeln!(text, "{task} gave-up");
            }
        }
        text
    }

    fn save(&self, workspace: &Workspace) -> Result<()> {
        write_whole(&file(workspace), &self.render()).context("saving .course/progress")
    }
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn content(words: &[&str]) -> Option<Content> {
    let hex = |name| u64::from_str_radix(value(words, name)?, 16).ok();
    Some(Content { answer: hex("answer")?, test: hex("test")? })
}

fn field(words: &[&str], name: &str) -> Option<usize> {
    value(words, name)?.parse().ok()
}

fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// Where the course keeps what is the learner's own: progress, and files put aside.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join(".course")
}

fn file(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("progress")
}

/// Writes a file whole or not at all, even if the machine stops in the middle.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a file stands in a folder")?;
    fs::create_dir_all(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".new-{}", process::id()));
    let temporary = PathBuf::from(temporary);
    let written = (|| {
        let mut file = fs::File::create(&temporary)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("writing {}", path.display()))
}

/// `path-word-1`, or the first number after it that is free.
pub(crate) fn free_name(path: &Path, word: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (1..)
        .map(|number| path.with_file_name(format!("{name}.{word}-{number}")))
        .find(|candidate| !candidate.exists())
        .expect("some number is free")
}

/// Held while the progress is read, changed and written: `watch` may stand beside a `check`.
struct Lock {
    _file: fs::File,
}

impl Lock {
    fn take(workspace: &Workspace) -> Result<Self> {
        fs::create_dir_all(folder(workspace))?;
        let file = fs::File::create(folder(workspace).join("lock"))?;
        #[cfg(unix)]
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Progress {
        let content = Content { answer: 1, test: u64::MAX };
        let entry = Entry {
            passed: Some(content),
            last: Some((content, Tally { passed: 3, of: 8 })),
            hints: 2,
            gave_up: true,
        };
        Progress { entries: BTreeMap::from([("read-lines".to_owned(), entry)]) }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Progress::parse(&sample().render()), (sample(), 0));
    }

    #[test]
    fn a_damaged_line_costs_only_itself() {
        let mut text = sample().render();
        text.push_str(
            "read-lines hints 9\n\u{fffd}\u{fffd}\nread-lines passed answer=xyz test=1\n",
        );
        assert_eq!(Progress::parse(&text), (sample(), 3));
        assert_eq!(Progress::parse("").1, 1);
    }

    #[test]
    fn line_ends_do_not_change_a_content() {
        assert_eq!(hash("a\r\nb"), hash("a\nb"));
        assert_ne!(hash("a"), hash("b"));
        // The published test vector of FNV-1a 64 for "a".
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
