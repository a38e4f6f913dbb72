//! The shape of what authors write: READMEs, the list of mistakes, the mistakes' pages.

use std::collections::BTreeSet;
use std::fs;

use super::subject::wrong_answers;
use crate::readme::Readme;
use crate::workspace::{Exercise, Workspace};

/// The sections of a mistake's page, in their order.
const MISTAKE_SECTIONS: [&str; 5] =
    ["## What", "## Why it happens", "## On the wire", "## In the world", "## Instead"];

/// What is wrong with the texts of `exercise`.
pub(super) fn exercise(workspace: &Workspace, exercise: &Exercise) -> Vec<String> {
    let mut problems = readme(workspace, exercise);
    problems.extend(mistakes(workspace, exercise));
    problems.extend(solution_readme(exercise));
    problems.extend(book_page(workspace, exercise));
    let task = &exercise.task;
    problems.into_iter().map(|problem| format!("{task}: {problem}")).collect()
}

/// What is wrong with the course as a whole.
pub(super) fn course(workspace: &Workspace) -> Vec<String> {
    let mut problems = Vec::new();
    for chapter in &workspace.chapters {
        let folder = workspace.root.join("exercises").join(&chapter.name);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && workspace.exercise(&name).is_none() {
                problems.push(format!(
                    "exercises/{}/{name}: not in exercises/syllabus.txt, or without its graded test",
                    chapter.name
                ));
            }
        }
    }
    let made: BTreeSet<String> =
        workspace.exercises().flat_map(wrong_answers).map(|wrong| wrong.mistake).collect();
    for mistake in workspace.mistakes().into_iter().filter(|name| name != "index") {
        if !made.contains(&mistake) {
            problems.push(format!("the page of {mistake}: no wrong answer makes this mistake"));
        }
        problems.extend(mistake_page(workspace, &mistake));
    }
    problems
}

fn readme(workspace: &Workspace, exercise: &Exercise) -> Vec<String> {
    let Ok(text) = fs::read_to_string(exercise.readme()) else {
        return vec!["it has no README.md".to_owned()];
    };
    let mut problems = Vec::new();
    if let Err(error) = Readme::parse(&text, &exercise.task) {
        problems.push(error.to_string());
    }
    for section in Readme::missing_sections(&text) {
        problems.push(format!("README.md: `{section}` is missing, or stands out of order"));
    }
    let place = workspace.chapters.iter().position(|chapter| chapter.name == exercise.chapter);
    if let Some(index) = place {
        let about = format!(" · chapter {}, {}", index + 1, workspace.chapters[index].title);
        if !text.lines().nth(2).is_some_and(|line| line.ends_with(&about)) {
            problems.push(format!("README.md: its third line does not end in `{about}`"));
        }
    }
    problems
}

/// The patches are the list: every mistake that the graded test can name has a wrong answer that
/// makes it, and every mistake has a page.
fn mistakes(workspace: &Workspace, exercise: &Exercise) -> Vec<String> {
    let made: BTreeSet<String> =
        wrong_answers(exercise).into_iter().map(|wrong| wrong.mistake).collect();
    let named = mistakes_named(&test_sources(exercise));
    let mut problems = Vec::new();
    if made.is_empty() {
        problems.push("it has no wrong answer".to_owned());
    }
    for mistake in named.difference(&made) {
        problems.push(format!("its test names {mistake}, and no wrong answer makes that mistake"));
    }
    for mistake in named.union(&made) {
        if !workspace.mistake_page(mistake).is_file() {
            problems.push(format!("{mistake} has no page in book/src/mistakes"));
        }
    }
    problems
}

/// The graded test and its modules, `tests/<module>/mod.rs`.
fn test_sources(exercise: &Exercise) -> String {
    let test = exercise.test();
    let folder = test.parent().into_iter().flat_map(fs::read_dir).flatten().flatten();
    let modules = folder.map(|entry| entry.path().join("mod.rs"));
    let sources = modules.chain([test.clone()]).filter_map(|path| fs::read_to_string(path).ok());
    sources.collect()
}

/// The names of the `Mistake`s in a graded test's source: the values of its `name:` fields.
fn mistakes_named(source: &str) -> BTreeSet<String> {
    let fields = source.lines().filter_map(|line| {
        let value = line.trim().strip_prefix("name: \"")?;
        value.split('"').next()
    });
    fields.map(str::to_owned).collect()
}

fn solution_readme(exercise: &Exercise) -> Vec<String> {
    let Ok(text) = fs::read_to_string(exercise.solution().join("README.md")) else {
        return vec!["its solution has no README.md".to_owned()];
    };
    let mut problems =
        missing("the solution's README.md", &text, &["# ", "## Why", "## The usual wrong answers"]);
    let made: BTreeSet<String> =
        wrong_answers(exercise).into_iter().map(|wrong| wrong.mistake).collect();
    for mistake in made.iter().filter(|mistake| !text.contains(&format!("{mistake}.md"))) {
        problems.push(format!("the solution's README.md does not link {mistake}"));
    }
    problems
}

/// The page that puts the exercise's README into the book. That it is reachable, `book` checks.
fn book_page(workspace: &Workspace, exercise: &Exercise) -> Vec<String> {
    let Exercise { chapter, task, .. } = exercise;
    let page = format!("{chapter}/exercises/{task}.md");
    let Ok(text) = fs::read_to_string(workspace.root.join("book/src").join(&page)) else {
        return vec![format!("book/src/{page} is missing")];
    };
    let include = format!("exercises/{chapter}/{task}/README.md");
    if text.contains("{{#include ") && text.contains(&include) {
        return Vec::new();
    }
    vec![format!("book/src/{page} does not include {include}")]
}

fn mistake_page(workspace: &Workspace, mistake: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace.mistake_page(mistake)).unwrap_or_default();
    let mut problems = missing(&format!("the page of {mistake}"), &text, &MISTAKE_SECTIONS);
    if text.lines().next() != Some(&format!("# {mistake}")) {
        problems.push(format!("the page of {mistake} does not begin with `# {mistake}`"));
    }
    if !text.contains("{{#include ") || !text.contains(&format!("-{mistake}.txt}}}}")) {
        problems.push(format!("the page of {mistake} shows no report of figures/mistakes"));
    }
    problems
}

/// Lines that `text` lacks. A section that ends in a space may go on.
fn missing(what: &str, text: &str, wanted: &[&str]) -> Vec<String> {
    let has = |wanted: &str| {
        text.lines()
            .any(|line| line == wanted || (wanted.ends_with(' ') && line.starts_with(wanted)))
    };
    let lacks = wanted.iter().filter(|wanted| !has(wanted));
    lacks.map(|section| format!("{what} has no `{}`", section.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mistakes_of_a_test_are_its_name_fields() {
        let source =
            "const A: Mistake = Mistake {\n    name: \"lost-edge\",\n    why: \"name: x\",\n};";
        assert_eq!(mistakes_named(source), BTreeSet::from(["lost-edge".to_owned()]));
    }

    #[test]
    fn missing_sections_are_named() {
        assert_eq!(
            missing("it", "# T\n## Why\n", &["# ", "## Why", "## What"]),
            ["it has no `## What`"]
        );
    }
}
