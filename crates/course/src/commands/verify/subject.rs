//! What is proved: a starter, a solution, a wrong answer.

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::derive;
use crate::workspace::{Exercise, stems};

/// A library that takes the place of an exercise's answer.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) exercise: Exercise,
    pub(super) kind: Kind,
}

/// What the grader must say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not started, check by check.
    Starter,
    /// Passed.
    Solution,
    /// Failed, by this patch's mistake.
    Wrong(Wrong),
}

/// A patch on the solution. `accept-loop-dies--unwrap.patch` is another way to make the mistake
/// `accept-loop-dies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) mistake: String,
    pub(super) variant: Option<String>,
}

impl Wrong {
    fn of(stem: &str) -> Self {
        match stem.split_once("--") {
            Some((mistake, variant)) => {
                Self { mistake: mistake.to_owned(), variant: Some(variant.to_owned()) }
            }
            None => Self { mistake: stem.to_owned(), variant: None },
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(f, "{}--{variant}", self.mistake),
            None => f.write_str(&self.mistake),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Starter => write!(f, "{}: the starter", self.exercise.task),
            Kind::Solution => write!(f, "{}: the solution", self.exercise.task),
            Kind::Wrong(wrong) => write!(f, "{}: {wrong}", self.exercise.task),
        }
    }
}

impl Subject {
    /// All subjects of `exercise`.
    pub(super) fn all(exercise: &Exercise) -> Vec<Self> {
        let mut kinds = vec![Kind::Starter, Kind::Solution];
        kinds.extend(wrong_answers(exercise).into_iter().map(Kind::Wrong));
        kinds.into_iter().map(|kind| Self { exercise: exercise.clone(), kind }).collect()
    }

    /// The name of its package in the mirror: `echo-server--wrong--accept-loop-dies--unwrap`.
    pub(super) fn package(&self) -> String {
        let task = &self.exercise.task;
        match &self.kind {
            Kind::Starter => format!("{task}--starter"),
            Kind::Solution => format!("{task}--solution"),
            Kind::Wrong(wrong) => format!("{task}--wrong--{wrong}"),
        }
    }

    /// Its `src/lib.rs`.
    pub(super) fn source(&self) -> Result<String> {
        let path = self.exercise.solution().join("src/lib.rs");
        let solution =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        match &self.kind {
            Kind::Solution => Ok(solution),
            Kind::Starter => derive::starter(&solution),
            Kind::Wrong(wrong) => self.patched(&solution, wrong),
        }
    }

    fn patched(&self, solution: &str, wrong: &Wrong) -> Result<String> {
        let path = self.exercise.wrong().join(format!("{wrong}.patch"));
        let text = fs::read_to_string(&path)?;
        let patch = diffy::Patch::from_str(&text).context("the patch is not a unified diff")?;
        let patched = diffy::apply(solution, &patch)
            .context("the patch no longer applies to the solution")?;
        if patched == solution {
            bail!("the patch changes nothing");
        }
        Ok(patched)
    }
}

/// The wrong answers of `exercise`: its patches, by name.
pub(super) fn wrong_answers(exercise: &Exercise) -> Vec<Wrong> {
    stems(&exercise.wrong(), "patch").iter().map(|stem| Wrong::of(stem)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_named_by_its_mistake_and_perhaps_a_variant() {
        let wrong = Wrong::of("accept-loop-dies--unwrap");
        assert_eq!(wrong.mistake, "accept-loop-dies");
        assert_eq!(wrong.to_string(), "accept-loop-dies--unwrap");
        assert_eq!(Wrong::of("reads-once"), Wrong { mistake: "reads-once".into(), variant: None });
    }
}
