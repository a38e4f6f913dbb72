//! The reports of the wrong answers, as fragments that the mistakes' pages include.
//!
//! `book/src/figures/mistakes/<task>-<mistake>.txt`. What differs between runs (ports, times,
//! temporary paths) is masked when a fragment is written; an ordinary run compares only the parts
//! that a report states and does not measure: did, want, why, spec.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::subject::{Kind, Subject};
use crate::progress::write_whole;
use crate::workspace::Workspace;

/// The labels of a report whose text is the same in every run.
const STATED: [&str; 4] = ["did", "want", "why", "spec"];

/// The fragment's file; only the wrong answer that is named exactly as its mistake has one.
pub(super) fn path(workspace: &Workspace, subject: &Subject) -> Option<PathBuf> {
    match &subject.kind {
        Kind::Wrong(wrong) if wrong.variant.is_none() => {
            let name = format!("{}-{}.txt", subject.exercise.task, wrong.mistake);
            Some(workspace.root.join("book/src/figures/mistakes").join(name))
        }
        _ => None,
    }
}

/// Writes the fragment, if its stated parts have changed: what is only measured may stay.
pub(super) fn bless(workspace: &Workspace, subject: &Subject, report: &str) -> Result<bool> {
    let Some(path) = path(workspace, subject) else { return Ok(false) };
    let report = masked(report, subject);
    let now = fs::read_to_string(&path).unwrap_or_default();
    if now == report {
        return Ok(false);
    }
    write_whole(&path, &report)?;
    Ok(true)
}

/// What the committed fragment states and the report does not, or the reverse.
pub(super) fn compare(workspace: &Workspace, subject: &Subject, report: &str) -> Option<String> {
    let path = path(workspace, subject)?;
    let shown = workspace.relative(&path);
    let Ok(committed) = fs::read_to_string(&path) else {
        return Some(format!("{shown} is missing: cargo course verify --bless"));
    };
    let (old, new) = (stated(&committed), stated(&masked(report, subject)));
    (old != new).then(|| {
        let patch = diffy::create_patch(&old, &new);
        format!("{shown} is out of date: cargo course verify --bless\n{patch}")
    })
}

fn stated(report: &str) -> String {
    let mut keep = false;
    let mut out = String::new();
    for line in report.lines() {
        let label = line.split(' ').next().unwrap_or_default();
        if !label.is_empty() {
            keep = STATED.contains(&label);
        }
        if keep {
            // The bytes themselves: an answer may have drawn some of them at random.
            let line = line.split_once(", \"").map_or(line, |(before, _)| before);
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

/// The report as the book shows it: a learner's own path, and nothing that is new in every run.
pub(super) fn masked(report: &str, subject: &Subject) -> String {
    let scratch = format!("subjects/{}/", subject.package());
    let exercise = &subject.exercise;
    let own = format!("exercises/{}/{}/", exercise.chapter, exercise.task);
    let temporary = env::temp_dir().display().to_string();
    let report = report.replace(&scratch, &own).replace(&temporary, "/tmp");
    let mut out = mask_numbers(&report, &["127.0.0.1:", "[::1]:", "0.0.0.0:", "[::]:"], "PORT");
    out = mask_seconds(&out);
    format!("{}\n", out.trim_end())
}

/// Puts `word` in place of the digits that follow any of `marks`.
fn mask_numbers(text: &str, marks: &[&str], word: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, mark)) =
        marks.iter().filter_map(|mark| Some((rest.find(mark)?, mark))).min()
    {
        let end = at + mark.len();
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            out.push_str(word);
        }
        rest = &rest[digits..];
    }
    out + rest
}

/// `1.9 s` and `0.000150` become `… s`: a decimal fraction in a report is a measured time.
fn mask_seconds(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(" s") {
        let number = rest[..at]
            .rfind(|c: char| !c.is_ascii_digit() && c != '.')
            .map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
        let measured = rest[number..at].contains('.')
            && !rest[at + 2..].starts_with(|c: char| c.is_alphanumeric());
        if measured {
            out.push_str(&rest[..number]);
            out.push_str("… s");
        } else {
            out.push_str(&rest[..at + 2]);
        }
        rest = &rest[at + 2..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_times_are_masked() {
        let text = "to 127.0.0.1:40123 and [::1]:9, after 1.9 s, not 3 seconds or 0.5 set";
        let masked = mask_seconds(&mask_numbers(text, &["127.0.0.1:", "[::1]:"], "PORT"));
        assert_eq!(masked, "to 127.0.0.1:PORT and [::1]:PORT, after … s, not 3 seconds or 0.5 set");
    }

    #[test]
    fn only_what_is_stated_is_compared() {
        let report = "did   1. a\n      2. b, \"x, \"\nwant  c\ngot   d\n      e\nwhy   f\nspec  g\nnext  h\n";
        assert_eq!(stated(report), "did   1. a\n      2. b\nwant  c\nwhy   f\nspec  g\n");
    }
}
