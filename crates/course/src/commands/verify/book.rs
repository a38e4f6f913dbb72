//! What mdBook does not say: it passes over an anchor that is not there, exits 0 on an include that
//! is missing, and follows no link.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::workspace::Workspace;

/// What points nowhere in the book, and what nothing points at.
pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let mut book = Book { source: workspace.root.join("book/src"), ..Book::default() };
    book.read_pages();
    book.check_summary();
    let pages: Vec<PathBuf> = book.pages.keys().cloned().collect();
    for page in &pages {
        book.check_links(page);
    }
    book.check_figures();
    book.problems
}

#[derive(Default)]
struct Book {
    /// `book/src`.
    source: PathBuf,
    /// Every page, with its includes put in, by its path from `source`.
    pages: BTreeMap<PathBuf, String>,
    /// Files that some page includes or shows, by their full path.
    used: BTreeSet<PathBuf>,
    problems: Vec<String>,
}

impl Book {
    fn read_pages(&mut self) {
        let mut files = Vec::new();
        walk(&self.source, &mut files);
        for path in files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
            let name = path.strip_prefix(&self.source).unwrap_or(&path).to_path_buf();
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let text = self.expand(&text, &path, &name);
                    self.pages.insert(name, text);
                }
                Err(error) => self.problems.push(format!("book/src/{}: {error}", name.display())),
            }
        }
    }

    /// Puts the includes of a page in, and says which of them are missing.
    fn expand(&mut self, text: &str, path: &Path, name: &Path) -> String {
        let mut out = String::new();
        for (index, line) in text.lines().enumerate() {
            let Some(directive) = directive(line) else {
                out.push_str(line);
                out.push('\n');
                continue;
            };
            match self.include(directive, path) {
                Ok(fragment) => out.push_str(&fragment),
                Err(problem) => {
                    let place = format!("book/src/{}:{}", name.display(), index + 1);
                    self.problems.push(format!("{place}: {problem}"));
                }
            }
        }
        out
    }

    /// The text that `path:anchor` or `path:from:to` names.
    fn include(&mut self, directive: &str, page: &Path) -> Result<String, String> {
        let (file, part) = directive.split_once(':').unwrap_or((directive, ""));
        let folder = page.parent().unwrap_or(&self.source);
        let target = plain(&folder.join(file));
        let Ok(text) = fs::read_to_string(&target) else {
            return Err(format!("includes {file}, which is not there"));
        };
        self.used.insert(target);
        if part.is_empty() {
            return Ok(text);
        }
        if part.chars().all(|c| c.is_ascii_digit() || c == ':') {
            let lines = text.lines().count();
            let last = part.split(':').filter_map(|n| n.parse::<usize>().ok()).max().unwrap_or(0);
            return if last <= lines {
                Ok(text)
            } else {
                Err(format!("includes line {last} of {file}, which has {lines}"))
            };
        }
        anchored(&text, part).ok_or_else(|| format!("includes {file}:{part}: no such anchor"))
    }

    /// Every page can be reached from the summary, and every entry of it is a page.
    fn check_summary(&mut self) {
        let summary = Path::new("SUMMARY.md");
        let Some(text) = self.pages.remove(summary) else {
            self.problems.push("book/src/SUMMARY.md is missing".to_owned());
            return;
        };
        let listed: BTreeSet<PathBuf> = links(&text).into_iter().map(PathBuf::from).collect();
        for page in &listed {
            if !self.pages.contains_key(page) {
                self.problems
                    .push(format!("SUMMARY.md names {}, which is not there", page.display()));
            }
        }
        for page in self.pages.keys().filter(|page| !listed.contains(*page)) {
            self.problems.push(format!("{} is not in SUMMARY.md", page.display()));
        }
    }

    fn check_links(&mut self, page: &Path) {
        for link in links(&self.pages[page]) {
            let elsewhere = ["http:", "https:", "mailto:", "data:"];
            if elsewhere.iter().any(|scheme| link.starts_with(scheme)) {
                continue;
            }
            if let Err(problem) = self.follow(&link, page) {
                self.problems.push(format!("book/src/{}: {problem}", page.display()));
            }
        }
    }

    fn follow(&mut self, link: &str, page: &Path) -> Result<(), String> {
        let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() {
            page.to_path_buf()
        } else {
            let folder = page.parent().unwrap_or(Path::new(""));
            plain(&folder.join(file.replace(".html", ".md")))
        };
        if let Some(text) = self.pages.get(&target) {
            if fragment.is_empty() || ids(text).contains(fragment) {
                return Ok(());
            }
            return Err(format!("links {link}: {} has no such heading", target.display()));
        }
        let path = plain(&self.source.join(&target));
        if !path.is_file() {
            return Err(format!("links {link}, which is not there"));
        }
        self.used.insert(path);
        Ok(())
    }

    /// Every figure is shown somewhere. Not so the reports of the wrong answers: of a mistake that
    /// several exercises know, its page shows one, and the others are there to be compared with.
    fn check_figures(&mut self) {
        let mut files = Vec::new();
        walk(&self.source.join("figures"), &mut files);
        let reports = self.source.join("figures/mistakes");
        let unused = |file: &&PathBuf| !self.used.contains(*file) && !file.starts_with(&reports);
        for file in files.iter().filter(unused) {
            let shown = file.strip_prefix(&self.source).unwrap_or(file).display();
            self.problems.push(format!("book/src/{shown}: no page shows it"));
        }
    }
}

/// `{{#include x}}` → `x`; the same for its relatives.
fn directive(line: &str) -> Option<&str> {
    let inside = line.split_once("{{#")?.1.split_once("}}")?.0;
    let (name, argument) = inside.split_once(' ')?;
    // `\{{#include …}}` is shown and not done.
    let escaped = line.contains("\\{{#");
    let known = ["include", "rustdoc_include", "playground"].contains(&name);
    (known && !escaped).then(|| argument.split_whitespace().next())?
}

/// The lines between `ANCHOR: name` and `ANCHOR_END: name`.
fn anchored(text: &str, name: &str) -> Option<String> {
    let marks = |line: &str, mark: &str| {
        line.split_once(mark).is_some_and(|(_, rest)| rest.split_whitespace().next() == Some(name))
    };
    let mut lines = text.lines().skip_while(|line| !marks(line, "ANCHOR:"));
    lines.next()?;
    let mut out = String::new();
    for line in lines {
        if marks(line, "ANCHOR_END:") {
            return Some(out);
        }
        out.push_str(line);
        out.push('\n');
    }
    None
}

/// The targets of a page's links and images, HTML's among them.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.into_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for attribute in ["href=\"", "src=\"", "data=\""] {
                    let values = html.split(attribute).skip(1);
                    links.extend(values.filter_map(|v| Some(v.split_once('"')?.0.to_owned())));
                }
            }
            _ => {}
        }
    }
    links
}

/// What `#…` can name on a page: its headings, as mdBook calls them, and HTML's ids.
fn ids(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_TABLES)
    {
        match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => {
                ids.insert(id.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let Some(heading) = heading.take() else { continue };
                let name = id_of(&heading);
                let mut candidates = std::iter::once(name.clone())
                    .chain((1..).map(|number| format!("{name}-{number}")));
                ids.extend(candidates.find(|candidate| !ids.contains(candidate)));
            }
            Event::Text(text) | Event::Code(text) => {
                heading.iter_mut().for_each(|heading| heading.push_str(&text));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let values = html.split("id=\"").skip(1);
                ids.extend(values.filter_map(|value| Some(value.split_once('"')?.0.to_owned())));
            }
            _ => {}
        }
    }
    ids
}

/// A heading's id in mdBook: small letters, digits, `_` and `-`; white space becomes `-`.
fn id_of(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_lowercase().to_string()),
        c if c.is_whitespace() => Some("-".to_owned()),
        _ => None,
    });
    kept.collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// `a/b/../c` → `a/c`, without asking the disk.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_found_and_their_anchors_too() {
        assert_eq!(directive("{{#include ../a.rs:read}}"), Some("../a.rs:read"));
        assert_eq!(directive("\\{{#include a}}"), None);
        assert_eq!(directive("{{#title x}}"), None);
        let source = "a\n// ANCHOR: read\nb\n// ANCHOR_END: read\nc\n";
        assert_eq!(anchored(source, "read").unwrap(), "b\n");
        assert_eq!(anchored(source, "rea"), None);
        assert_eq!(anchored("// ANCHOR: x\n", "x"), None);
    }

    #[test]
    fn links_in_code_are_none() {
        let text = "[a](b.md#c) `[d](e)` ![f](g.svg)\n\n```\n[h](i)\n```\n\n<img src=\"j.png\">\n";
        assert_eq!(links(text), ["b.md#c", "g.svg", "j.png"]);
    }

    #[test]
    fn headings_are_named_as_mdbook_names_them() {
        let ids = ids("# Your turn\n\n## `read(2)` & more\n\n## Your turn\n\n## X {#own}\n");
        let expected = ["own", "read2--more", "your-turn", "your-turn-1"];
        assert_eq!(ids.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_book_that_points_nowhere_is_told_so() {
        let root = std::env::temp_dir().join(format!("book-{}", std::process::id()));
        let source = root.join("book/src");
        fs::create_dir_all(source.join("figures")).unwrap();
        fs::write(source.join("SUMMARY.md"), "- [A](a.md)\n- [Gone](gone.md)\n").unwrap();
        fs::write(
            source.join("a.md"),
            "# A\n\n[x](#no) [y](b.md#b) [z](c.png)\n\n{{#include no.rs}}\n",
        )
        .unwrap();
        fs::write(source.join("b.md"), "# B\n").unwrap();
        fs::write(source.join("figures/f.svg"), "").unwrap();
        let problems = check(&Workspace { root: root.clone(), chapters: vec![] });
        fs::remove_dir_all(root).unwrap();
        let expected = [
            "book/src/a.md:5: includes no.rs, which is not there",
            "SUMMARY.md names gone.md, which is not there",
            "b.md is not in SUMMARY.md",
            "book/src/a.md: links #no: a.md has no such heading",
            "book/src/a.md: links c.png, which is not there",
            "book/src/figures/f.svg: no page shows it",
        ];
        assert_eq!(problems, expected);
    }
}
