//! `cargo course book`: the book in your browser, with nothing installed.
//!
//! The pages are made by mdBook's library. It is large, and whoever only wants to check an answer
//! should not wait for it: so it sits in a package of its own, `book-builder`, that is compiled the
//! first time that somebody asks for the book.

mod serve;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::compile::cargo;
use crate::workspace::Workspace;
use crate::{Code, interrupt};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Open it in your browser
    #[arg(long)]
    open: bool,
    /// Serve it on this port of 127.0.0.1; 0 is any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let pages = build(workspace)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .with_context(|| format!("binding 127.0.0.1:{}", options.port))?;
    interrupt::handle(Some(0)).context("preparing for Ctrl-C")?;
    let address = listener.local_addr()?;
    let url = format!("http://{address}/");
    println!("listening on {address}");
    println!("The book is at {url} until you press Ctrl-C.");
    if options.open
        && let Err(error) = open::that_detached(&url)
    {
        eprintln!("No browser could be opened ({error}): open {url} yourself.");
    }
    serve::forever(&listener, &pages)?;
    Ok(Code::Passed)
}

/// Makes the pages, and says where they are.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target();
    let pages = target.join("course/book");
    let name = format!("book-builder{}", std::env::consts::EXE_SUFFIX);
    let first = !target.join("debug").join(name).is_file();
    let mut command = cargo();
    command.args(["run", "--package", "book-builder"]);
    if first {
        eprintln!("Compiling mdBook, which makes the pages. Only this first time; about a minute.");
    } else {
        command.arg("--quiet");
    }
    let status = command
        .arg("--")
        .arg(workspace.root.join("book"))
        .arg(&pages)
        .current_dir(&workspace.root)
        .stdin(Stdio::null())
        .status()
        .context("starting cargo")?;
    if !status.success() {
        bail!("the pages could not be made ({status}); book/src/SUMMARY.md names the book's files");
    }
    Ok(pages)
}
