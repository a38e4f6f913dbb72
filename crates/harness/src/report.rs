//! What a failed check says, in a fixed grammar: did, want, got, why, spec, next.

use std::fmt::{self, Write as _};
use std::iter;

use crate::verdict::Status;

/// A known mistake. Its name is the name of its page in the book.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Such as `one-read-one-message`.
    pub name: &'static str,
    /// One sentence: what the answer did, and what that leads to.
    pub why: &'static str,
    /// Where it is written: `RFC 9293 §3.7`, `write(2)`.
    pub spec: &'static str,
}

/// Why a check did not pass. Its `Debug` form, which the test runner prints, is the report itself.
///
/// Boxed, since it travels in the `Err` of nearly every call of the vocabulary.
pub struct Report(pub(crate) Box<Details>);

pub(crate) struct Details {
    pub(crate) status: Status,
    pub(crate) task: String,
    pub(crate) did: Vec<String>,
    pub(crate) want: String,
    pub(crate) got: String,
    /// What the answer did besides: panics, and calls that returned. What it does after the failure
    /// is not told: the peers are gone by then, and that may be why.
    pub(crate) seen: Vec<String>,
    pub(crate) mistake: Option<&'static Mistake>,
    /// Printed where the check used random bytes.
    pub(crate) seed: Option<u64>,
}

impl Report {
    /// The same failure, for which something else that was seen proves a mistake.
    #[must_use]
    pub fn because(mut self, mistake: &'static Mistake) -> Self {
        self.0.mistake = Some(mistake);
        self
    }

    /// The mistake that it names, if it names one.
    pub fn mistake(&self) -> Option<&'static str> {
        self.0.mistake.map(|mistake| mistake.name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &*self.0;
        if details.status == Status::NotStarted {
            // `got` is the place of the `todo!()`.
            let Details { got: place, task, .. } = details;
            let next = format!("open {place} · cargo course hint {task}");
            return writeln!(f, "not started: `todo!()` is still there\nnext  {next}");
        }
        if details.status == Status::Skipped {
            return writeln!(f, "skipped: {}", details.got);
        }
        let mut did = String::new();
        for (index, step) in details.did.iter().enumerate() {
            let _ = writeln!(did, "{}. {step}", index + 1);
        }
        section(f, "did", &did)?;
        section(f, "want", &details.want)?;
        let got = iter::once(details.got.trim_end()).chain(details.seen.iter().map(String::as_str));
        let got: Vec<&str> = got.filter(|line| !line.is_empty()).collect();
        section(f, "got", &got.join("\n"))?;
        let mut next = format!("cargo course hint {}", details.task);
        match details.mistake {
            Some(mistake) => {
                section(f, "why", &format!("{}: {}", mistake.name, mistake.why))?;
                section(f, "spec", mistake.spec)?;
                let _ = write!(next, " · cargo course explain {}", mistake.name);
            }
            None => {
                section(
                    f,
                    "why",
                    "no mistake that this check knows by name; compare want and got",
                )?;
            }
        }
        let _ = write!(next, " · cargo course wire {}", details.task);
        section(f, "next", &next)?;
        if let Some(seed) = details.seed {
            section(f, "seed", &format!("{seed:#x} (COURSE_SEED={seed:#x} sends the same bytes)"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The runner prints `Error: ` before it; the report begins on a line of its own.
        write!(f, "\n{self}")
    }
}

/// A label in a column of six, and the text beside it.
fn section(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    for (index, line) in text.trim_end().lines().enumerate() {
        let label = if index == 0 { label } else { "" };
        writeln!(f, "{}", format!("{label:<6}{line}").trim_end())?;
    }
    Ok(())
}
