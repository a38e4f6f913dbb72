//! One module for each thing that one can type after `cargo course`.

pub(crate) mod book;
pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod hint;
pub(crate) mod map;
pub(crate) mod next;
pub(crate) mod report;
pub(crate) mod reset;
pub(crate) mod solution;
pub(crate) mod starters;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod wire;

use crate::Code;
use crate::workspace::{Exercise, Workspace, nearest};

/// The exercise named `task`, or what to say where there is none.
pub(crate) fn exercise<'a>(workspace: &'a Workspace, task: &str) -> Result<&'a Exercise, Code> {
    workspace.exercise(task).ok_or_else(|| {
        let names = workspace.exercises().map(|exercise| exercise.task.as_str());
        unknown("exercise", task, nearest(task, names), MAP);
        Code::Usage
    })
}

/// Where a name of an exercise or a chapter can be found.
pub(crate) const MAP: &str = "`cargo course` lists what there is.";

/// Says that there is no `kind` of this name, and which names are near it; if none is, `list`
/// says where they all are.
pub(crate) fn unknown(kind: &str, name: &str, near: Vec<&str>, list: &str) {
    let name = crate::screen::visible(name);
    eprintln!("There is no {kind} named `{name}`.");
    match near.as_slice() {
        [] => eprintln!("{list}"),
        names => eprintln!("Did you mean {}?", names.join(", ")),
    }
}
