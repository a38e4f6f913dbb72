//! A page that shows what is in a directory.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

use super::dates;
use super::target::encode;
use crate::jail::Entry;

/// Names that one page shows. Of a directory with more, it says so.
pub(super) const MOST: usize = 10_000;

/// The page for the directory at `path`, decoded, that ends with `/`.
///
/// A name may hold anything but `/` and NUL, and whoever may upload chooses it: so each is
/// escaped twice, as a URI and as text. One that begins with a dot is not shown.
pub(super) fn page(path: &[u8], mut entries: Vec<Entry>) -> String {
    let more = entries.len() > MOST;
    entries.truncate(MOST);
    entries.retain(|entry| !entry.name.as_bytes().starts_with(b"."));
    entries.sort_by(|a, b| (b.is_directory(), &a.name).cmp(&(a.is_directory(), &b.name)));
    let title = escaped(path);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body{{font:1em/1.5 system-ui,sans-serif;margin:2em}}\
         td{{padding-right:2em}}td+td{{text-align:right}}</style>\n<h1>{title}</h1>\n<table>\n"
    );
    if path != b"/" {
        page.push_str("<tr><td><a href=\"../\">../</a><td><td>\n");
    }
    for entry in &entries {
        row(&mut page, entry);
    }
    page.push_str("</table>\n");
    if more {
        let _ = writeln!(page, "<p>And more than these {MOST}.");
    }
    page
}

fn row(page: &mut String, entry: &Entry) {
    let mut href = Vec::new();
    encode(entry.name.as_bytes(), &mut href);
    let href = String::from_utf8(href).expect("what is escaped is ASCII");
    let slash = if entry.is_directory() { "/" } else { "" };
    let name = escaped(entry.name.as_bytes());
    let size = if entry.is_directory() { String::new() } else { entry.stat.st_size.to_string() };
    let modified = dates::imf_fixdate(u64::try_from(entry.stat.st_mtime).unwrap_or(0));
    let modified = str::from_utf8(&modified[5..25]).expect("a date is ASCII");
    // `./`: else a name with a colon in it would be another scheme (RFC 3986 §4.2).
    let _ = writeln!(
        page,
        "<tr><td><a href=\"./{href}{slash}\">{name}{slash}</a><td>{size}<td>{modified}"
    );
}

/// Text for HTML. What is no UTF-8 is shown as well as can be.
fn escaped(text: &[u8]) -> String {
    let mut escaped = String::new();
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
