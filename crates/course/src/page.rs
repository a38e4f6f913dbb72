//! The book's markdown, as lines for a terminal: paragraphs filled to the width, code as it is.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::lines;
use crate::screen::{Screen, visible};

/// Reads the page at `path`, with its whole-file `{{#include …}}`s put in.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let lines = text.lines().map(|line| {
        let fragment = include(line).and_then(|name| fs::read_to_string(folder.join(name)).ok());
        // A fragment that is missing is the authors' affair (`verify` says so): the line stays.
        fragment.unwrap_or_else(|| line.to_owned()).trim_end().to_owned() + "\n"
    });
    Ok(lines.collect())
}

fn include(line: &str) -> Option<&str> {
    line.trim().strip_prefix("{{#include ")?.strip_suffix("}}").map(str::trim)
}

/// Lays out `markdown` for `screen`.
pub(crate) fn render(markdown: &str, screen: &Screen) -> String {
    let mut layout = Layout::new(screen);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        layout.take(event);
    }
    format!("{}\n", layout.out.trim_matches('\n'))
}

/// A page while it is laid out.
struct Layout<'a> {
    screen: &'a Screen,
    out: String,
    /// The words of the block that is open.
    text: String,
    /// What stands before the next line: a list's bullet, once.
    bullet: String,
    /// Columns by which lists and quotations are set in.
    indent: usize,
    /// For each open list its next number; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Where the links that are open lead.
    targets: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl<'a> Layout<'a> {
    fn new(screen: &'a Screen) -> Self {
        Self {
            screen,
            out: String::new(),
            text: String::new(),
            bullet: String::new(),
            indent: 0,
            lists: Vec::new(),
            targets: Vec::new(),
            rows: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text.push_str(&text),
            Event::Code(code) => self.text.push_str(&format!("`{code}`")),
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            Event::Rule => self.out.push_str("---\n\n"),
            // Folds and figures are the browser's.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::CodeBlock(_) => {
                self.flush();
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.bullet = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.indent += self.bullet.len();
            }
            Tag::BlockQuote(_) => self.indent += 2,
            Tag::Link { dest_url, .. } => self.targets.push(dest_url.into_string()),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                self.flush();
                self.gap();
            }
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::CodeBlock => {
                self.code();
                self.gap();
            }
            TagEnd::Item => {
                self.flush();
                let width = match self.lists.last() {
                    Some(Some(number)) => format!("{}. ", number - 1).len(),
                    _ => 2,
                };
                self.indent -= width;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap();
            }
            TagEnd::BlockQuote(_) => self.indent -= 2,
            TagEnd::Link => {
                // Only what one can open elsewhere; a page of the book is known by its title.
                let target = self.targets.pop().unwrap_or_default();
                if target.starts_with("http") && !self.text.ends_with(&target) {
                    self.text.push_str(&format!(" <{target}>"));
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                self.rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
            }
            TagEnd::Table => self.table(),
            _ => {}
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let text = visible(&std::mem::take(&mut self.text));
        if level > HeadingLevel::H1 {
            self.gap();
        }
        self.out.push_str(&format!("{}\n\n", self.screen.strong(&text)));
    }

    fn code(&mut self) {
        let mut text = visible(&std::mem::take(&mut self.text));
        let indent = self.indent + 4;
        if lines::is_report(&text) {
            let width = self.screen.width.saturating_sub(indent);
            text = lines::report(&text, &Screen { width, ..*self.screen });
        }
        for line in text.lines() {
            self.out.push_str(format!("{}{line}", " ".repeat(indent)).trim_end());
            self.out.push('\n');
        }
    }

    /// Ends a block with one empty line, except between the items of a list.
    fn gap(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// Fills the words that are waiting to the width.
    fn flush(&mut self) {
        let text = visible(&std::mem::take(&mut self.text));
        if text.trim().is_empty() {
            return;
        }
        let bullet = std::mem::take(&mut self.bullet);
        let first = " ".repeat(self.indent - bullet.len()) + &bullet;
        let hanging = " ".repeat(self.indent);
        self.out.push_str(&lines::fill(&text, &first, &hanging, self.screen.width));
    }

    fn table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| console::measure_text_width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let gap = width - console::measure_text_width(cell);
                line.push_str(&format!("{}{}  ", visible(cell), " ".repeat(gap)));
            }
            self.out.push_str(&format!("  {}\n", line.trim_end()));
        }
        self.gap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Screen = Screen { live: false, colour: false, width: 24 };

    #[test]
    fn paragraphs_and_items_are_filled_and_code_is_not() {
        let text = "# Head\n\nOne two three\nfour five six.\n\n- an item that is long enough\n- b\n\n\
                    ```text\na  b\n```\n\n    indented  code\n\nEnd.\n";
        let expected = "Head\n\nOne two three four five\nsix.\n\n- an item that is long\n  enough\n- b\n\n    \
                        a  b\n\n    indented  code\n\nEnd.\n";
        assert_eq!(render(text, &NARROW), expected);
    }

    #[test]
    fn links_keep_the_targets_that_one_can_open_elsewhere() {
        assert_eq!(render("see [a `b`](c.md)", &NARROW), "see a `b`\n");
        assert_eq!(render("see [x](http://y)", &NARROW), "see x <http://y>\n");
    }

    #[test]
    fn a_table_is_aligned() {
        assert_eq!(
            render("| a | bcd |\n|---|---|\n| ef | g |\n", &NARROW),
            "  a   bcd\n  ef  g\n".trim_start_matches('\n')
        );
    }
}
