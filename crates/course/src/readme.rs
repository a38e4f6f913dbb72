//! An exercise's README: its title, its minutes, its three hints.

use anyhow::{Result, bail};

/// How many hints an exercise has: where to look, the idea, nearly the code.
pub(crate) const HINTS: usize = 3;

/// What `cargo course` takes from a README.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Readme {
    pub(crate) title: String,
    pub(crate) minutes: u32,
    /// In markdown.
    pub(crate) hints: Vec<String>,
    /// The section `## Then`, if there is one: what a right answer is good for. In markdown.
    pub(crate) afterword: Option<String>,
}

/// The sections that every exercise's README has, in this order.
const SECTIONS: [&str; 4] = ["## Task", "## Check", "## Hints", "## Reading"];

impl Readme {
    /// Reads a README; the error says which part of its shape is missing.
    ///
    /// ```text
    /// # Title
    ///
    /// `task` · 20 minutes · chapter 1, Sockets
    /// …
    /// <details><summary>Hint 1</summary>
    /// …
    /// </details>
    /// ```
    pub(crate) fn parse(text: &str, task: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let Some(title) = lines.next().and_then(|line| line.strip_prefix("# ")) else {
            bail!("the README does not begin with `# Title`");
        };
        let about = lines.next().unwrap_or_default();
        let mut parts = about.split(" · ");
        if parts.next() != Some(&format!("`{task}`")) {
            bail!("the README's second line does not begin with `{task}` in back-quotes: {about}");
        }
        let minutes = parts.next().and_then(|part| part.strip_suffix(" minutes")?.parse().ok());
        let Some(minutes) = minutes else {
            bail!("the README's second line names no minutes: {about}");
        };
        let hints = hints(text)?;
        let afterword = section(text, "## Then");
        Ok(Self { title: title.trim().to_owned(), minutes, hints, afterword })
    }

    /// The sections that are missing, or stand out of order.
    pub(crate) fn missing_sections(text: &str) -> Vec<&'static str> {
        let mut from = 0;
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let missing = |section: &&str| {
            let found = lines[from..].iter().position(|line| line == section);
            from += found.map_or(0, |at| at + 1);
            found.is_none()
        };
        SECTIONS.into_iter().filter(missing).collect()
    }
}

/// What stands below a heading, up to the next one of its rank; `None` if there is no such heading.
fn section(text: &str, heading: &str) -> Option<String> {
    let lines = text.lines().skip_while(|line| line.trim_end() != heading).skip(1);
    let below: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
    let text = below.join("\n").trim_matches('\n').to_owned();
    (!text.is_empty()).then_some(text)
}

fn hints(text: &str) -> Result<Vec<String>> {
    let mut hints = Vec::new();
    let mut rest = text;
    for number in 1..=HINTS {
        let opening = format!("<details><summary>Hint {number}</summary>");
        let found = rest.split_once(&opening).and_then(|(_, after)| after.split_once("</details>"));
        let Some((hint, after)) = found else {
            bail!("the README has no {opening} … </details>");
        };
        hints.push(hint.trim().to_owned());
        rest = after;
    }
    if rest.contains("<details><summary>Hint") {
        bail!("the README has more than {HINTS} hints");
    }
    Ok(hints)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Read lines\n\n`read-lines` · 25 minutes · chapter 1, Sockets\n\n\
        ## Task\n\n## Check\n\n## Hints\n\n\
        <details><summary>Hint 1</summary>\n\nLook.\n\n</details>\n\
        <details><summary>Hint 2</summary>\n\nThink.\n\n</details>\n\
        <details><summary>Hint 3</summary>\n\n```rust\nlet x;\n```\n</details>\n\n## Reading\n";

    #[test]
    fn title_minutes_and_hints_are_read() {
        let readme = Readme::parse(TEXT, "read-lines").unwrap();
        assert_eq!((readme.title.as_str(), readme.minutes), ("Read lines", 25));
        assert_eq!(readme.hints, ["Look.", "Think.", "```rust\nlet x;\n```"]);
        assert!(Readme::missing_sections(TEXT).is_empty());
        assert_eq!(readme.afterword, None);
    }

    #[test]
    fn the_afterword_is_the_section_then() {
        let text = TEXT.replace("## Reading", "## Then\n\nLet it run:\n\n    ls\n\n## Reading");
        let readme = Readme::parse(&text, "read-lines").unwrap();
        assert_eq!(readme.afterword.as_deref(), Some("Let it run:\n\n    ls"));
        assert!(Readme::missing_sections(&text).is_empty());
    }

    #[test]
    fn a_missing_part_is_named() {
        let error = |text: String| Readme::parse(&text, "read-lines").unwrap_err().to_string();
        assert!(error(TEXT.replace("Hint 3", "Hint 4")).contains("Hint 3"));
        assert!(error(TEXT.replace(" minutes", "")).contains("minutes"));
        assert!(error(TEXT.replace("# Read lines", "Read lines")).contains("# Title"));
        assert_eq!(Readme::missing_sections(&TEXT.replace("## Check", "")), ["## Check"]);
    }
}
