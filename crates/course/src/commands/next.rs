//! `cargo course next`: the next exercise, and exactly what to type.

use anyhow::Result;

use crate::Code;
use crate::progress::{Progress, Standing};
use crate::readme::Readme;
use crate::screen::Screen;
use crate::workspace::{Exercise, Workspace};

pub(crate) fn run(workspace: &Workspace) -> Result<Code> {
    let progress = Progress::load(workspace)?;
    show(workspace, &progress, &Screen::of_stdout());
    Ok(Code::Passed)
}

/// Shows what comes next.
pub(crate) fn show(workspace: &Workspace, progress: &Progress, screen: &Screen) {
    let text = match progress.next(workspace) {
        Some(exercise) => block(workspace, exercise, progress, screen),
        None if workspace.exercises().next().is_none() => "There is no exercise here yet.".into(),
        None => "Every exercise has passed. That is all there is, for now.".into(),
    };
    println!("{text}");
}

fn block(
    workspace: &Workspace,
    exercise: &Exercise,
    progress: &Progress,
    screen: &Screen,
) -> String {
    let Exercise { chapter, task, .. } = exercise;
    let minutes = std::fs::read_to_string(exercise.readme())
        .ok()
        .and_then(|text| Readme::parse(&text, task).ok())
        .map_or(String::new(), |readme| format!(", {} minutes", readme.minutes));
    let readme = workspace.relative(&exercise.readme()).to_string();
    let answer = workspace.relative(&exercise.answer()).to_string();
    let mut lines = vec![format!("Next: {}{minutes}", screen.strong(task))];
    let mut say = |what: &str, how: &str| {
        lines.push(format!("  {what:<22}{}", screen.command(how)));
    };
    if untouched(workspace, chapter, progress) {
        say("read the chapter", "cargo course book --open");
        say("see it on the wire", &format!("cargo run -p {chapter}"));
    }
    say("read the task", &readme);
    say("write the answer", &answer);
    say("check it", &format!("cargo course check {task}"));
    say("when you are stuck", &format!("cargo course hint {task}"));
    lines.extend(left_to_try(workspace, exercise, progress, screen));
    lines.join("\n")
}

/// The exercise before this one has passed, and its README says what its answer is good for.
fn left_to_try(
    workspace: &Workspace,
    exercise: &Exercise,
    progress: &Progress,
    screen: &Screen,
) -> Option<String> {
    let before = workspace.exercises().take_while(|it| it.task != exercise.task).last()?;
    let text = std::fs::read_to_string(before.readme()).ok()?;
    Readme::parse(&text, &before.task).ok()?.afterword?;
    if progress.standing(before) != Standing::Passed {
        return None;
    }
    let readme = screen.command(&workspace.relative(&before.readme()).to_string());
    Some(format!(
        "Before that, if you like: run your {}, as `## Then` tells in\n  {readme}",
        before.task
    ))
}

/// Nothing of the chapter has been tried: its first page comes first.
fn untouched(workspace: &Workspace, chapter: &str, progress: &Progress) -> bool {
    workspace.chapter(chapter).is_some_and(|chapter| {
        chapter.exercises.iter().all(|e| progress.standing(e) == Standing::Untouched)
    })
}
