//! Makes the pages of the book: `book-builder BOOK PAGES`. `cargo course book` calls it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [book, pages] = arguments.as_slice() else {
        bail!("usage: book-builder BOOK PAGES");
    };
    build(book, pages)
}

fn build(root: &Path, pages: &Path) -> Result<()> {
    let mut book = MDBook::load(root).with_context(|| format!("reading {}", root.display()))?;
    book.config.build.build_dir = pages.to_path_buf();
    book.build().context("making the pages")
}
