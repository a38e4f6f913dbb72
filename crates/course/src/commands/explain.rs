//! `cargo course explain`: the page of a mistake.

use anyhow::Result;
use clap::Args;

use crate::Code;
use crate::commands::unknown;
use crate::page;
use crate::screen::Screen;
use crate::workspace::{Workspace, nearest};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The mistake's name, as a report names it
    mistake: String,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let mistakes = workspace.mistakes();
    let Some(mistake) = mistakes.iter().find(|name| **name == options.mistake) else {
        let near = nearest(&options.mistake, mistakes.iter().map(String::as_str));
        let list = "book/src/mistakes/index.md lists them by name; so does the book: cargo course book --open";
        unknown("mistake", &options.mistake, near, list);
        return Ok(Code::Usage);
    };
    let screen = Screen::of_stdout();
    let text = page::read(&workspace.mistake_page(mistake))?;
    print!("{}", page::render(&text, &screen));
    Ok(Code::Passed)
}
