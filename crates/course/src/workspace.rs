//! The course on disk: its root, its chapters, their exercises.
//!
//! ```text
//! exercises/syllabus.txt                        the order, and the chapters' titles
//! exercises/<chapter>/<task>/README.md          the task, three hints
//!                           /src/lib.rs         the answer
//!                           /tests/<task>.rs    the graded test
//! solutions/<chapter>/<task>/                   the same, solved
//! tests/wrong/<chapter>/<task>/<mistake>.patch  the wrong answers
//! book/src/mistakes/<mistake>.md                the mistakes, explained
//! ```

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};

/// The course, as it is found on disk.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// In the syllabus' order. A chapter without exercises is not here yet.
    pub(crate) chapters: Vec<Chapter>,
}

#[derive(Debug)]
pub(crate) struct Chapter {
    /// Its folder and its crate: `tcp-ip`.
    pub(crate) name: String,
    /// What people call it: `TCP/IP`.
    pub(crate) title: String,
    pub(crate) exercises: Vec<Exercise>,
}

/// One exercise. Only paths: its files are read when they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Exercise {
    pub(crate) root: PathBuf,
    pub(crate) chapter: String,
    pub(crate) task: String,
}

const SYLLABUS: &str = "exercises/syllabus.txt";

impl Workspace {
    /// Finds the course from the current directory, or from where cargo says that we are.
    ///
    /// Never from a path compiled in: a clone may be moved.
    pub(crate) fn find() -> Result<Self> {
        let here = env::current_dir().context("finding the current directory")?;
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = [Some(here), manifest]
            .into_iter()
            .flatten()
            .find_map(|start| {
                start.ancestors().find(|at| at.join(SYLLABUS).is_file()).map(Path::to_path_buf)
            })
            .with_context(|| {
                format!("this is not a folder of the course: no {SYLLABUS} here or above")
            })?;
        Self::at(root)
    }

    /// Reads the course at `root`.
    pub(crate) fn at(root: PathBuf) -> Result<Self> {
        let path = root.join(SYLLABUS);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {SYLLABUS}"))?;
        let mut chapters: Vec<Chapter> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let entry = line.trim();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            if let Some((name, title)) = entry.split_once(':') {
                let (name, title) = (name.trim().to_owned(), title.trim().to_owned());
                chapters.push(Chapter { name, title, exercises: Vec::new() });
                continue;
            }
            let Some(chapter) = chapters.last_mut() else {
                bail!("{SYLLABUS}:{}: `{entry}` stands before any chapter", number + 1);
            };
            let exercise = Exercise::new(&root, &chapter.name, entry);
            if exercise.test().is_file() {
                chapter.exercises.push(exercise);
            }
        }
        Ok(Self { root, chapters })
    }

    /// All exercises that are here, in order.
    pub(crate) fn exercises(&self) -> impl Iterator<Item = &Exercise> {
        self.chapters.iter().flat_map(|chapter| &chapter.exercises)
    }

    pub(crate) fn exercise(&self, task: &str) -> Option<&Exercise> {
        self.exercises().find(|exercise| exercise.task == task)
    }

    pub(crate) fn chapter(&self, name: &str) -> Option<&Chapter> {
        self.chapters.iter().find(|chapter| chapter.name == name)
    }

    /// The exercise that `path` lies in, if any.
    pub(crate) fn exercise_around(&self, path: &Path) -> Option<&Exercise> {
        self.exercises().find(|exercise| path.starts_with(exercise.dir()))
    }

    /// Where cargo puts what it builds. `cargo run` sits in it, wherever the learner moved it.
    pub(crate) fn target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// `path` as one types it at the root of the course.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// The mistakes that have a page, sorted.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        stems(&self.root.join("book/src/mistakes"), "md")
    }

    /// A mistake's page.
    pub(crate) fn mistake_page(&self, mistake: &str) -> PathBuf {
        self.root.join("book/src/mistakes").join(format!("{mistake}.md"))
    }
}

impl Exercise {
    fn new(root: &Path, chapter: &str, task: &str) -> Self {
        Self { root: root.to_owned(), chapter: chapter.to_owned(), task: task.to_owned() }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.root.join("exercises").join(&self.chapter).join(&self.task)
    }

    /// The learner's file.
    pub(crate) fn answer(&self) -> PathBuf {
        self.dir().join("src/lib.rs")
    }

    /// The graded test.
    pub(crate) fn test(&self) -> PathBuf {
        self.dir().join("tests").join(format!("{}.rs", self.task))
    }

    pub(crate) fn readme(&self) -> PathBuf {
        self.dir().join("README.md")
    }

    pub(crate) fn solution(&self) -> PathBuf {
        self.root.join("solutions").join(&self.chapter).join(&self.task)
    }

    /// Where the wrong answers lie.
    pub(crate) fn wrong(&self) -> PathBuf {
        self.root.join("tests/wrong").join(&self.chapter).join(&self.task)
    }

    /// The name of its library: `read_lines`.
    pub(crate) fn library(&self) -> String {
        self.task.replace('-', "_")
    }

    /// The names of its checks, in the order of the source.
    pub(crate) fn checks(&self) -> Result<Vec<String>> {
        let path = self.test();
        let source =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(test_names(&source))
    }
}

/// The names of the `#[test]` functions of a source file, in its order.
fn test_names(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in source.lines() {
        let line = line.trim();
        is_test |= line == "#[test]";
        let rest = line.strip_prefix("pub ").unwrap_or(line);
        if let Some(rest) = rest.strip_prefix("fn ") {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            if is_test {
                names.push(rest[..end].to_owned());
            }
            is_test = false;
        }
    }
    names
}

/// The file names in `folder` that end in `.extension`, without it, sorted.
pub(crate) fn stems(folder: &Path, extension: &str) -> Vec<String> {
    let mut stems: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    stems.sort();
    stems
}

/// Up to three of `names` that `wrong` may have meant, the nearest first.
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| {
            let part = name.contains(wrong) || name.split('-').any(|word| word == wrong);
            let score =
                if part { 0.95 } else { strsim::normalized_damerau_levenshtein(wrong, name) };
            (score, name)
        })
        .filter(|(score, _)| *score > 0.4)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_in_source_order() {
        let source = "#[test]\nfn b_first() {}\nfn helper() {}\n#[test]\n#[cfg(unix)]\nfn a_second() -> R {}";
        assert_eq!(test_names(source), ["b_first", "a_second"]);
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbours() {
        let names = ["read-lines", "frame-messages", "echo-server", "echo-client"];
        assert_eq!(nearest("read-line", names), ["read-lines"]);
        assert_eq!(nearest("echo", names), ["echo-client", "echo-server"]);
        assert!(nearest("zzzzzz", names).is_empty());
    }
}
