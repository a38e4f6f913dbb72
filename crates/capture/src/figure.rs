//! The bytes of a message as an HTML figure: the octets with their offsets, and a table of the
//! fields. Whichever of the two is pointed at, or reached by keyboard, shows its other half.
//!
//! It needs no script: the style does it, with `:has()`. The style is [`CSS`], which a book includes
//! once; the file is `figures.css` beside this one. Without it the figure is still in order: links
//! lead from each field's octets to its row and back.
//!
//! ```
//! use capture::dissect::{Dissector, Frames};
//! use capture::figure;
//!
//! let message = b"\0\0\0\x05hello";
//! let fields = Frames::default().dissect(message)?;
//! let html = figure::html(message, &fields, &figure::Options::default());
//! assert!(html.contains("the payload has 5 octets"));
//! # Ok::<(), capture::dissect::Undissectable>(())
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::bytes;
use crate::dissect::Field;
use crate::markup::escape;

/// The style of all figures, for a page to include once.
pub const CSS: &str = include_str!("figures.css");

/// The style of drawings alone, as a `<style>` for inside an SVG file: light or dark as the
/// reader's system is.
pub fn svg_style() -> String {
    // What the sheet has for other figures comes last.
    let style = CSS.split("\n/* --- Byte figures").next().unwrap_or_default();
    format!("<style>{}</style>\n", style.replace("\n\n", "\n"))
}

/// How a byte figure is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What its ids begin with; each figure of a page needs its own.
    pub id: String,
    /// What stands below it. Empty: nothing.
    pub caption: String,
    /// How many octets of one field are drawn; of longer ones the middle is left out.
    pub limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { id: "bytes".to_owned(), caption: String::new(), limit: 128 }
    }
}

/// Draws the figure. It may stand in Markdown: no line is empty.
///
/// The fields should [tile](crate::dissect::tiles) the bytes; octets that none names are drawn
/// and said to be unnamed. The style pairs the octets and rows of the first 64 fields.
pub fn html(bytes: &[u8], fields: &[Field], options: &Options) -> String {
    let mut figure = Figure { bytes, options, id: escape(&options.id), parts: Vec::new() };
    let mut rows = Vec::new();
    figure.collect(fields, 0, &mut rows);
    figure.unnamed();
    let drawing = figure.octets() + &figure.table(&rows);
    wrap("wire wire-message", &drawing, &options.caption)
}

/// Writes a book's figures into `folder`, a file `<name>.html` each. With `check` it writes nothing.
/// Either way it says which files were not what they are to be.
///
/// # Errors
///
/// If the folder cannot be made, or a file cannot be written.
pub fn publish(folder: &Path, figures: &[(&str, String)], check: bool) -> io::Result<Vec<PathBuf>> {
    let mut differing = Vec::new();
    if !check {
        fs::create_dir_all(folder)?;
    }
    for (name, figure) in figures {
        let path = folder.join(format!("{name}.html"));
        if fs::read_to_string(&path).ok().as_ref() == Some(figure) {
            continue;
        }
        if !check {
            fs::write(&path, figure)?;
        }
        differing.push(path);
    }
    Ok(differing)
}

/// A `<figure>` around a drawing, with a caption unless that is empty.
pub fn wrap(class: &str, drawing: &str, caption: &str) -> String {
    let caption = escape(caption);
    let caption =
        if caption.is_empty() { caption } else { format!("<figcaption>{caption}</figcaption>\n") };
    format!("<figure class=\"{class}\">\n{drawing}{caption}</figure>\n")
}

/// Octets that light up together: a field without parts of whole octets.
struct Part<'a> {
    range: Range<usize>,
    field: Option<&'a Field>,
}

/// A row of the table.
struct Row<'a> {
    field: &'a Field,
    depth: usize,
    /// The parts that it is about.
    parts: Range<usize>,
}

struct Figure<'a> {
    bytes: &'a [u8],
    options: &'a Options,
    id: String,
    parts: Vec<Part<'a>>,
}

impl<'a> Figure<'a> {
    /// Collects rows for all fields, and parts for those that have octets of their own.
    fn collect(&mut self, fields: &'a [Field], depth: usize, rows: &mut Vec<Row<'a>>) {
        for field in fields {
            let row = rows.len();
            let first = self.parts.len();
            rows.push(Row { field, depth, parts: first..first });
            let split = field.children.iter().any(|child| child.bits.is_none());
            if split {
                self.collect(&field.children, depth + 1, rows);
            } else {
                let end = field.range.end.min(self.bytes.len());
                let range = field.range.start.min(end)..end;
                self.parts.push(Part { range, field: Some(field) });
                for child in &field.children {
                    rows.push(Row { field: child, depth: depth + 1, parts: first..first + 1 });
                }
            }
            rows[row].parts = first..self.parts.len();
        }
    }

    /// Adds parts for the octets that no field names.
    fn unnamed(&mut self) {
        let mut named = vec![false; self.bytes.len()];
        for part in &self.parts {
            named[part.range.clone()].fill(true);
        }
        let mut start = 0;
        while let Some(gap) = named[start..].iter().position(|named| !named) {
            let gap = start + gap;
            let end = named[gap..].iter().position(|named| *named).map_or(named.len(), |n| gap + n);
            self.parts.push(Part { range: gap..end, field: None });
            start = end;
        }
    }

    fn octets(&self) -> String {
        // No white space between the fields: it would be drawn. Lines break within the tags.
        let mut html = String::from("<div class=\"wire-octets\">");
        let mut order: Vec<_> = self.parts.iter().enumerate().collect();
        order.sort_by_key(|(_, part)| part.range.start);
        for (number, part) in order.into_iter().filter(|(_, part)| !part.range.is_empty()) {
            let tint = number % 6;
            match part.field {
                Some(field) => {
                    let name = format!("{}, {}: {}", field.name, octets(&part.range), field.value);
                    // The link's name in words; its octets, one by one, are for the eye.
                    let _ = write!(
                        html,
                        "<a class=\"wire-field wire-b{number} wire-t{tint}\"\nid=\"{0}-b{number}\" \
                         href=\"#{0}-r{number}\"><span class=\"wire-unseen\">{1}</span>",
                        self.id,
                        escape(&name),
                    );
                    self.cells(&mut html, &part.range);
                    html.push_str("</a>");
                }
                None => {
                    html.push_str(
                        "<span class=\"wire-field\"\n><span class=\"wire-unseen\">unnamed</span>",
                    );
                    self.cells(&mut html, &part.range);
                    html.push_str("</span>");
                }
            }
        }
        html + "</div>\n"
    }

    /// A cell for each octet: in hex, and as a character.
    fn cells(&self, html: &mut String, range: &Range<usize>) {
        let mut next = range.start;
        for shown in crate::rows::windows(range.len(), self.options.limit, 8, &[]) {
            let shown = range.start + shown.start..range.start + shown.end;
            self.left_out(html, next..shown.start);
            next = shown.end;
            for at in shown {
                let octet = self.bytes[at];
                // Each row of eight begins with its offset; where rows have sixteen, the style hides
                // every other.
                let offset =
                    if at % 8 == 0 { format!(" data-at=\"{at:04x}\"") } else { String::new() };
                let character = match octet {
                    b' ' => "␣".to_owned(),
                    b'!'..=b'~' | b'\t' | b'\r' | b'\n' => escape(&bytes::escape(octet)),
                    _ => "·".to_owned(),
                };
                let _ = write!(
                    html,
                    "<span class=\"wire-octet\" aria-hidden=\"true\"{offset}>{octet:02x}<small>{character}</small></span>"
                );
            }
        }
        self.left_out(html, next..range.end);
    }

    fn left_out(&self, html: &mut String, range: Range<usize>) {
        if !range.is_empty() {
            let count = bytes::count(range.len());
            let _ = write!(html, "<em>{count} not shown</em>");
        }
    }

    fn table(&self, rows: &[Row<'_>]) -> String {
        let mut html = String::from(
            "<table class=\"wire-fields\">\n<thead><tr><th scope=\"col\">Octets</th>\
             <th scope=\"col\">Field</th><th scope=\"col\">Value</th></tr></thead>\n<tbody>\n",
        );
        let mut linked = 0;
        for row in rows {
            let Row { field, depth, parts } = row;
            let classes: String = parts.clone().map(|part| format!(" wire-r{part}")).collect();
            let tint = parts.start % 6;
            // A part's own row is the first that is about it alone, and has its id.
            let own = parts.len() == 1 && parts.start == linked;
            let id = if own { format!(" id=\"{}-r{linked}\"", self.id) } else { String::new() };
            linked += usize::from(own);
            let name = escape(&field.name);
            let name = match own && !self.parts[parts.start].range.is_empty() {
                true => format!("<a href=\"#{}-b{}\">{name}</a>", self.id, parts.start),
                false => name,
            };
            let _ = write!(
                html,
                "<tr class=\"wire-row wire-t{tint}{classes}\"{id}><td>{}</td>\
                 <th scope=\"row\" class=\"wire-d{}\">{name}</th><td>",
                place(field),
                depth.min(&3),
            );
            for (element, class, text) in [
                ("code", "value", &field.value),
                ("span", "meaning", &field.meaning),
                ("span", "source", &field.source),
            ] {
                if !text.is_empty() {
                    let text = escape(text);
                    let _ = write!(html, "<{element} class=\"wire-{class}\">{text}</{element}> ");
                }
            }
            html.truncate(html.trim_end().len());
            html.push_str("</td></tr>\n");
        }
        html + "</tbody>\n</table>\n"
    }
}

/// `octet 4`, `octets 4 to 8`.
fn octets(range: &Range<usize>) -> String {
    match range.len() {
        0 => "no octets".to_owned(),
        1 => format!("octet {}", range.start),
        _ => format!("octets {} to {}", range.start, range.end - 1),
    }
}

/// `4`, `4–8`, `6 bits 0–2`.
fn place(field: &Field) -> String {
    let span = |range: &Range<usize>| match range.len() {
        0 => "–".to_owned(),
        1 => range.start.to_string(),
        _ => format!("{}–{}", range.start, range.end - 1),
    };
    match &field.bits {
        None => span(&field.range),
        Some(bits) => {
            let word = if bits.len() == 1 { "bit" } else { "bits" };
            format!("<span class=\"wire-bits\">{word} {}</span>", span(bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::{Dissector, Frames, Lines};
    use crate::markup::tests::assert_well_formed;
    use crate::random::Random;

    fn octets_in(html: &str) -> usize {
        html.matches("<small>").count()
    }

    #[test]
    fn any_message_is_drawn_whole_and_well_formed() {
        let mut random = Random::seeded();
        let dissectors: [&dyn Dissector; 2] = [&Frames::default(), &Lines::default()];
        for _ in 0..300 {
            let message = random.bytes(90);
            for dissector in dissectors {
                let fields = dissector.dissect(&message).unwrap();
                let html = html(&message, &fields, &Options::default());
                assert_well_formed(&html);
                assert_eq!(octets_in(&html), message.len());
                for (at, field) in fields.iter().enumerate() {
                    assert_eq!(html.matches(&format!("id=\"bytes-r{at}\"")).count(), 1);
                    let has_octets = usize::from(!field.range.is_empty());
                    assert_eq!(html.matches(&format!("href=\"#bytes-r{at}\"")).count(), has_octets);
                    assert_eq!(html.matches(&format!("href=\"#bytes-b{at}\"")).count(), has_octets);
                }
            }
        }
    }

    #[test]
    fn fields_that_do_not_tile_are_drawn_all_the_same() {
        let mut random = Random::seeded();
        for _ in 0..300 {
            let message = random.bytes(40);
            let mut fields = Vec::new();
            for _ in 0..random.below(6) {
                let start = random.below(50);
                fields.push(Field::new(start..start + random.below(9), "<f>", "{{v}}"));
            }
            assert_well_formed(&html(&message, &fields, &Options::default()));
        }
        assert_eq!(octets_in(&html(b"abc", &[Field::new(1..2, "f", "")], &Options::default())), 3);
    }

    #[test]
    fn parts_have_rows_and_bits_share_their_octets() {
        let bit = |bits: Range<usize>, name: &str| Field::new(0..1, name, "0").bits(bits);
        let fields = [
            Field::new(0..1, "flags", "").children(vec![bit(0..1, "first"), bit(1..8, "rest")]),
            Field::new(1..4, "question", "")
                .children(vec![Field::new(1..3, "name", ""), Field::new(3..4, "type", "")]),
        ];
        let html = html(b"abcd", &fields, &Options::default());
        assert_well_formed(&html);
        assert_eq!(html.matches("class=\"wire-field ").count(), 3);
        assert_eq!(html.matches("wire-r0").count(), 3);
        assert!(html.contains("wire-r1 wire-r2\"><td>1–3</td>"), "{html}");
        assert!(html.contains("id=\"bytes-r2\"><td>3</td>"), "{html}");
        assert!(html.contains("bits 1–7"));
    }

    #[test]
    fn long_fields_are_cut_in_the_middle() {
        let message = [b'x'; 5000];
        let fields = [Field::new(0..5000, "payload", "x")];
        let html = html(&message, &fields, &Options { limit: 64, ..Options::default() });
        assert_eq!(octets_in(&html), 64);
        assert!(html.contains("<em>4936 bytes not shown</em>"));
    }

    #[test]
    fn the_style_pairs_the_fields_that_the_docs_promise() {
        for number in 0..64 {
            let octets =
                format!(".wire:has(.wire-r{number}:is(:hover, :focus-within)) .wire-b{number}");
            let row = format!(".wire:has(.wire-b{number}:is(:hover, :focus)) .wire-r{number}");
            assert!(CSS.contains(&octets) && CSS.contains(&row), "field {number}");
        }
    }
}
