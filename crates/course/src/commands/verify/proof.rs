//! Running a subject's checks, and comparing what they say with what they must.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::subject::{Kind, Subject};
use crate::attempt::{self, Check, Judged, LIMIT, Outcome};

/// Within which a starter must have its verdict: it is the first that a learner sees.
const STARTER_LIMIT: Duration = Duration::from_secs(3);

/// What came of one run.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) took: Duration,
    /// Why it proves nothing; `None`: all as it must be.
    pub(super) problem: Option<String>,
    /// The report of a wrong answer's first failing check.
    pub(super) report: Option<String>,
}

/// Runs the checks of `subject` once.
pub(super) fn run(
    subject: &Subject,
    program: &Path,
    package: &Path,
    records: &Path,
    seed: Option<u64>,
) -> Result<Proof> {
    let checks = subject.exercise.checks()?;
    let judged = attempt::run_at(program, package, records, &checks, LIMIT, seed)?;
    let problem = match &subject.kind {
        Kind::Starter => starter(&judged),
        Kind::Solution => solution(&judged),
        Kind::Wrong(wrong) => wrong_answer(&judged, &wrong.mistake),
    };
    let report = judged.first_failing().and_then(|check| match &check.outcome {
        Outcome::Failed { report, .. } => Some(report.clone()),
        _ => None,
    });
    Ok(Proof { took: judged.took, problem, report })
}

/// A starter's checks all say that it is not started, and soon. One that is a program, to be
/// repaired, has a defect for each check, and the check names it.
fn starter(judged: &Judged) -> Option<String> {
    let program = judged.checks.iter().all(|check| check.outcome != Outcome::NotStarted);
    for check in &judged.checks {
        match &check.outcome {
            Outcome::NotStarted | Outcome::Skipped(_) => {}
            Outcome::Failed { mistake: None, report } if program => {
                return Some(format!(
                    "{} names no mistake of the starter's:\n{report}",
                    check.name
                ));
            }
            Outcome::Failed { report, .. } if !report.is_empty() => {}
            Outcome::Failed { .. } => {
                return Some(format!("{} fails without a reason", check.name));
            }
            Outcome::Passed => return Some(format!("{} passes on the starter", check.name)),
            Outcome::Cut(why) => return Some(format!("{}: {why}", check.name)),
        }
    }
    if let Some(broken) = &judged.broken {
        return Some(broken.clone());
    }
    let late = judged.took > STARTER_LIMIT;
    late.then(|| format!("its verdict came after {:.1} s", judged.took.as_secs_f32()))
}

/// A solution's checks all pass, as far as the machine can tell.
fn solution(judged: &Judged) -> Option<String> {
    if let Some(check) = judged.first_failing() {
        return Some(describe(check));
    }
    if judged.checks.is_empty() {
        return Some("the graded test has no check".to_owned());
    }
    judged.broken.clone()
}

/// A wrong answer's first failing check names its mistake.
fn wrong_answer(judged: &Judged, mistake: &str) -> Option<String> {
    let Some(check) = judged.first_failing() else {
        return Some("passes".to_owned());
    };
    match &check.outcome {
        Outcome::Failed { mistake: Some(named), .. } if named == mistake => {
            judged.broken.as_ref().map(|broken| format!("is named, and then: {broken}"))
        }
        _ => Some(describe(check)),
    }
}

/// A check that failed where it should not have, or otherwise than it should have.
fn describe(check: &Check) -> String {
    match &check.outcome {
        Outcome::Failed { report, mistake } => {
            let named = mistake.as_deref().unwrap_or("no mistake");
            format!("{} names {named}:\n{report}", check.name)
        }
        Outcome::Cut(why) => format!("{}: {why}\n{}", check.name, check.printed),
        outcome => format!("{}: {outcome:?}", check.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(outcomes: &[Outcome]) -> Judged {
        let checks = outcomes
            .iter()
            .map(|outcome| Check {
                name: "c".into(),
                outcome: outcome.clone(),
                printed: String::new(),
                millis: 0,
            })
            .collect();
        Judged {
            checks,
            took: Duration::ZERO,
            broken: None,
            last_words: String::new(),
            warnings: vec![],
            cut: 0,
        }
    }

    fn failed(mistake: &str) -> Outcome {
        Outcome::Failed { report: "did".into(), mistake: Some(mistake.into()) }
    }

    #[test]
    fn the_first_failure_must_name_the_mistake() {
        assert_eq!(wrong_answer(&judged(&[Outcome::Passed, failed("a"), failed("b")]), "a"), None);
        assert!(wrong_answer(&judged(&[failed("b"), failed("a")]), "a").is_some());
        assert_eq!(wrong_answer(&judged(&[Outcome::Passed]), "a").unwrap(), "passes");
        assert!(wrong_answer(&judged(&[Outcome::Cut("gone".into()), failed("a")]), "a").is_some());
    }

    #[test]
    fn a_starter_passes_no_check_and_a_solution_all() {
        assert_eq!(starter(&judged(&[Outcome::NotStarted])), None);
        assert!(starter(&judged(&[Outcome::NotStarted, Outcome::Passed])).is_some());
        let unnamed = Outcome::Failed { report: "did".into(), mistake: None };
        assert_eq!(starter(&judged(&[Outcome::NotStarted, unnamed.clone()])), None);
        assert_eq!(starter(&judged(&[failed("a"), failed("b")])), None);
        assert!(starter(&judged(&[failed("a"), unnamed])).is_some());
        assert_eq!(solution(&judged(&[Outcome::Passed, Outcome::Skipped("x".into())])), None);
        assert!(solution(&judged(&[Outcome::Passed, failed("a")])).is_some());
        assert!(solution(&judged(&[])).is_some());
    }
}
