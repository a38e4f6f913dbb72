//! Fragments that stand in a file which cannot include them: the README, on the forge's page.
//!
//! A line `<!-- shown: book/src/figures/course/map.txt -->` says what the code block below it holds.

use std::fs;

use anyhow::Result;

use crate::progress::write_whole;
use crate::workspace::Workspace;

/// Files with such blocks.
const FILES: [&str; 1] = ["README.md"];
const MARK: &str = "<!-- shown: ";

/// What stands in a block and not in its fragment; with `bless`, the blocks are written anew.
pub(super) fn check(workspace: &Workspace, bless: bool) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in FILES {
        let path = workspace.root.join(file);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let fragment = |name: &str| fs::read_to_string(workspace.root.join(name)).ok();
        let (written, stale) = refreshed(&text, fragment);
        if bless && written != text {
            write_whole(&path, &written)?;
        } else {
            problems.extend(stale.into_iter().map(|name| {
                format!("{file} does not show {name} as it is: cargo course verify --bless")
            }));
        }
    }
    Ok(problems)
}

/// `text` with its blocks as their fragments are, and the names of those that were not.
fn refreshed(text: &str, fragment: impl Fn(&str) -> Option<String>) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut stale = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(name) = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let opening = lines.next().unwrap_or_default();
        let block: String = lines
            .by_ref()
            .take_while(|line| *line != "```")
            .map(|line| format!("{line}\n"))
            .collect();
        let wanted = fragment(name);
        if wanted.as_ref() != Some(&block) {
            stale.push(name.to_owned());
        }
        out.push_str(&format!("{opening}\n{}```\n", wanted.unwrap_or(block)));
    }
    (out, stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_differs_from_its_fragment_is_found_and_refreshed() {
        let text = "a\n<!-- shown: x.txt -->\n```text\nold\n```\nb\n";
        let fresh = text.replace("old", "new");
        let fragment = |name: &str| (name == "x.txt").then(|| "new\n".to_owned());
        assert_eq!(refreshed(text, fragment), (fresh.clone(), vec!["x.txt".to_owned()]));
        assert_eq!(refreshed(&fresh, fragment), (fresh.clone(), vec![]));
        assert_eq!(refreshed(&fresh, |_| None), (fresh.clone(), vec!["x.txt".to_owned()]));
    }
}
