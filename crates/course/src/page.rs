//! The book's markdown, as lines for a terminal.
//!
//! Not a renderer: the pages are written to be read as they are. Includes are put in, paragraphs
//! are filled to the width, links lose their targets, code keeps its lines.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::screen::{Screen, visible};

/// Reads the page at `path`, with its whole-file `{{#include …}}`s put in.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut out = String::new();
    for line in text.lines() {
        match include(line) {
            // A fragment that is missing is the authors' affair (`verify` says so): show the line.
            Some(name) => match fs::read_to_string(folder.join(name)) {
                Ok(fragment) => out.push_str(fragment.trim_end()),
                Err(_) => out.push_str(line),
            },
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

fn include(line: &str) -> Option<&str> {
    line.trim().strip_prefix("{{#include ")?.strip_suffix("}}").map(str::trim)
}

/// Lays out `markdown` for `screen`.
pub(crate) fn render(markdown: &str, screen: &Screen) -> String {
    let mut out = String::new();
    let mut paragraph = Paragraph::default();
    let mut fenced = false;
    for line in markdown.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            paragraph.flush(&mut out, screen);
            fenced = !fenced;
        } else if fenced {
            out.push_str(&format!("    {}\n", visible(line)));
        } else if trimmed.is_empty() {
            paragraph.flush(&mut out, screen);
            if !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else if let Some(heading) = trimmed.strip_prefix('#') {
            paragraph.flush(&mut out, screen);
            let heading = heading.trim_start_matches('#').trim();
            out.push_str(&format!("{}\n", screen.strong(&inline(heading))));
        } else if trimmed.starts_with('|') {
            paragraph.flush(&mut out, screen);
            out.push_str(&format!("{}\n", inline(line)));
        } else if starts_item(trimmed) {
            paragraph.flush(&mut out, screen);
            paragraph.begin(line);
        } else {
            paragraph.add(trimmed);
        }
    }
    paragraph.flush(&mut out, screen);
    format!("{}\n", out.trim_matches('\n'))
}

/// Lines that are waiting to be filled to the width.
#[derive(Default)]
struct Paragraph {
    text: String,
    /// Columns that the second line and the following are set in.
    hanging: usize,
}

impl Paragraph {
    fn begin(&mut self, line: &str) {
        let indent = line.len() - line.trim_start().len();
        let mark = line.trim_start().find(' ').map_or(0, |at| at + 1);
        self.text = line.trim_end().to_owned();
        self.hanging = indent + mark;
    }

    fn add(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(line);
    }

    fn flush(&mut self, out: &mut String, screen: &Screen) {
        let text = inline(&std::mem::take(&mut self.text));
        let indent = text.len() - text.trim_start().len();
        let mut line = " ".repeat(indent);
        let mut empty = true;
        for word in text.split_whitespace() {
            if !empty
                && console::measure_text_width(&line) + 1 + console::measure_text_width(word)
                    > screen.width
            {
                out.push_str(line.trim_end());
                out.push('\n');
                line = " ".repeat(self.hanging);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        if !empty {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        self.hanging = 0;
    }
}

fn starts_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    line.starts_with("- ")
        || line.starts_with("* ")
        || line.starts_with("> ")
        || (digits > 0 && line[digits..].starts_with(". "))
}

/// Takes the targets off links: `[text](target)` is `text`.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let link = after.split_once("](").and_then(|(label, target)| {
            let (_target, after) = target.split_once(')')?;
            Some((&label[1..], after))
        });
        match link {
            // `buffer[0]` before a link is not the link's beginning.
            Some((label, after)) if !label.contains([']', '[']) => {
                out.push_str(label);
                rest = after;
            }
            _ => {
                out.push('[');
                rest = &after[1..];
            }
        }
    }
    out.push_str(rest);
    visible(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Screen = Screen { live: false, colour: false, width: 24 };

    #[test]
    fn links_lose_their_targets() {
        assert_eq!(
            inline("see [the `page`](a.md) of b[0] and [x](y)"),
            "see the `page` of b[0] and x"
        );
        assert_eq!(inline("[not a link] (here)"), "[not a link] (here)");
    }

    #[test]
    fn paragraphs_are_filled_and_code_is_not() {
        let text = "## Head\n\nOne two three\nfour five six.\n\n- an item that is long enough\n\n```text\na  b\n```\n";
        let expected = "Head\n\nOne two three four five\nsix.\n\n- an item that is long\n  enough\n\n    a  b\n";
        assert_eq!(render(text, &NARROW), expected);
    }
}
