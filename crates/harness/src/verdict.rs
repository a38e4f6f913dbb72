//! The verdict that a check leaves behind, on disk.
//!
//! An answer that calls `process::exit(0)` ends the test program with a success that nobody
//! measured. So every check leaves a file: `started` when it begins, its verdict when it ends.
//! `cargo course` asks for a verdict from each check that the test file holds; one that is
//! missing, or still says `started`, is a failure.
//!
//! ```text
//! <records>/<check>.verdict        <records>/<check>.wire  (a `capture` record, as text)
//!
//! course-verdict 1
//! status failed
//! mistake one-read-one-message
//! seed 81985529216486895
//! millis 12
//!
//! did   1. …                      the report, as the learner reads it
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// How a check ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It began. Whoever reads this after the test program's end knows that the check was cut off.
    Started,
    /// The answer did what the check asks.
    Passed,
    /// It did not; the report says how.
    Failed,
    /// The answer is still a `todo!()`.
    NotStarted,
    /// This machine lacks what the check needs; the report says what.
    Skipped,
}

impl Status {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Started, "started"),
        (Self::Passed, "passed"),
        (Self::Failed, "failed"),
        (Self::NotStarted, "not-started"),
        (Self::Skipped, "skipped"),
    ];

    /// The word in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).expect("every status has a word").1
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(status, _)| *status)
    }
}

/// What a check has to say about an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How it ended.
    pub status: Status,
    /// The mistake that the failure names, such as `one-read-one-message`.
    pub mistake: Option<String>,
    /// The seed of the check's random bytes.
    pub seed: u64,
    /// How long the check ran, in milliseconds.
    pub millis: u64,
    /// The report in the fixed grammar; empty where there is nothing to say.
    pub report: String,
}

const MAGIC: &str = "course-verdict 1";
const EXTENSION: &str = "verdict";

impl Verdict {
    /// Writes the verdict of `check` into `folder`, whole or not at all.
    pub fn save(&self, folder: &Path, check: &str) -> io::Result<()> {
        let mut text = format!("{MAGIC}\nstatus {}\n", self.status.word());
        if let Some(mistake) = &self.mistake {
            let _ = writeln!(text, "mistake {mistake}");
        }
        let _ = write!(text, "seed {}\nmillis {}\n\n{}", self.seed, self.millis, self.report);
        fs::create_dir_all(folder)?;
        let temporary = folder.join(format!("{check}.{EXTENSION}.new"));
        fs::write(&temporary, text)?;
        fs::rename(&temporary, folder.join(format!("{check}.{EXTENSION}")))
    }

    /// Reads the verdict of `check` from `folder`. `Ok(None)`: it left none.
    pub fn load(folder: &Path, check: &str) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(folder.join(format!("{check}.{EXTENSION}"))) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Self::parse(&text).map(Some).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("not a verdict: {text:.60?}"))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, report) = text.split_once("\n\n")?;
        let mut lines = head.lines();
        if lines.next() != Some(MAGIC) {
            return None;
        }
        let mut verdict = Self {
            status: Status::Started,
            mistake: None,
            seed: 0,
            millis: 0,
            report: report.to_owned(),
        };
        for line in lines {
            let (name, value) = line.split_once(' ')?;
            match name {
                "status" => verdict.status = Status::from_word(value)?,
                "mistake" => verdict.mistake = Some(value.to_owned()),
                "seed" => verdict.seed = value.parse().ok()?,
                "millis" => verdict.millis = value.parse().ok()?,
                _ => {} // A later edition's line: nothing that we need.
            }
        }
        Some(verdict)
    }
}

/// Where this test program leaves its verdicts.
///
/// `COURSE_RECORDS` names the folder; `cargo course` sets it. Without it, it is
/// `target/course/records/<test>`, or `target/course/proofs/<test>` when the subject is the
/// solution (package `graded`), so that the course's own tests never touch a learner's records.
pub fn folder() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("COURSE_RECORDS") {
        return Some(PathBuf::from(folder));
    }
    // target/debug/deps/frame_messages-0123456789abcdef
    let program = env::current_exe().ok()?;
    let target = program.ancestors().nth(3)?;
    let stem = program.file_stem()?.to_str()?;
    let test = stem.rsplit_once('-').map_or(stem, |(name, _hash)| name).replace('_', "-");
    let whose = match env::var("CARGO_PKG_NAME") {
        Ok(package) if package == "graded" => "proofs",
        _ => "records",
    };
    Some(target.join("course").join(whose).join(test))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = env::temp_dir().join(format!("verdict-{}", std::process::id()));
        let verdict = Verdict {
            status: Status::Failed,
            mistake: Some("lost-edge".into()),
            seed: u64::MAX,
            millis: 7,
            report: "did   1. sent\n\nwant  more\n".into(),
        };
        verdict.save(&folder, "a_check").unwrap();
        assert_eq!(Verdict::load(&folder, "a_check").unwrap(), Some(verdict));
        assert_eq!(Verdict::load(&folder, "another").unwrap(), None);
        fs::write(folder.join("torn.verdict"), "course-ver").unwrap();
        assert!(Verdict::load(&folder, "torn").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
