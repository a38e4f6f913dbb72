//! `cargo course`: the chapters, how far you are, and what to type next.

use anyhow::Result;

use crate::Code;
use crate::commands::next;
use crate::progress::{Progress, Standing, Tally};
use crate::readme::Readme;
use crate::screen::{Screen, count};
use crate::workspace::{Chapter, Exercise, Workspace};

/// Columns of a chapter's bar.
const BAR: usize = 24;

pub(crate) fn run(workspace: &Workspace) -> Result<Code> {
    let screen = Screen::of_stdout();
    let progress = Progress::load(workspace)?;
    let next = progress.next(workspace);
    println!("{}\n", screen.strong("On the Wire: network programming in Rust"));
    for (index, chapter) in workspace.chapters.iter().enumerate() {
        let open = next.is_some_and(|next| next.chapter == chapter.name);
        println!("{}", heading(index + 1, chapter, &progress, &screen));
        if open {
            for exercise in &chapter.exercises {
                let here = next.is_some_and(|next| next.task == exercise.task);
                println!("{}", line(exercise, here, &progress, &screen));
            }
        }
    }
    println!();
    next::show(workspace, &progress, &screen);
    Ok(Code::Passed)
}

/// `1  Sockets        ███░░░  3 of 11`
fn heading(number: usize, chapter: &Chapter, progress: &Progress, screen: &Screen) -> String {
    let of = chapter.exercises.len();
    let title = format!("{:<14}", chapter.title);
    if of == 0 {
        return screen.faint(&format!("{number}  {title} not here yet"));
    }
    let passed =
        chapter.exercises.iter().filter(|e| progress.standing(e) == Standing::Passed).count();
    let bar = screen.bar(passed, of, BAR);
    let gap = if bar.is_empty() { "" } else { " " };
    format!("{number}  {} {bar}{gap}{passed} of {of}", screen.strong(&title))
}

/// `   → ✗ read-lines         25 min  3 of 8 checks pass`
fn line(exercise: &Exercise, here: bool, progress: &Progress, screen: &Screen) -> String {
    let arrow = if here { screen.command("→") } else { " ".to_owned() };
    let minutes = std::fs::read_to_string(exercise.readme())
        .ok()
        .and_then(|text| Readme::parse(&text, &exercise.task).ok())
        .map_or(String::new(), |readme| format!("{:>2} min", readme.minutes));
    let task = format!("{:<18}", exercise.task);
    let (sign, word) = match progress.standing(exercise) {
        Standing::Passed => (screen.good("✓"), String::new()),
        Standing::Tried(Tally { passed: 0, .. }) => (screen.bad("✗"), "no check passes yet".into()),
        Standing::Tried(Tally { passed, of }) => {
            (screen.bad("✗"), format!("{passed} of {} pass", count(of, "check")))
        }
        Standing::AnswerChanged => (screen.warn("~"), "passed before, changed since".into()),
        Standing::TestChanged => (screen.warn("~"), "passed before, its test is new".into()),
        Standing::Untouched => ("·".to_owned(), String::new()),
    };
    let task = if here { screen.strong(&task) } else { task };
    format!("   {arrow} {sign} {task} {minutes}  {word}").trim_end().to_owned()
}
