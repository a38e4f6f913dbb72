//! Words in lines: paragraphs, and the harness's reports.

use std::fmt::Write as _;

use crate::screen::Screen;

/// `text` in lines of at most `width` columns; the first begins with `first`, the others with
/// `hanging`. A newline in it stays one.
pub(crate) fn fill(text: &str, first: &str, hanging: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = first.to_owned();
    for (index, part) in text.split('\n').enumerate() {
        if index > 0 {
            out.push_str(&format!("{}\n", line.trim_end()));
            line = hanging.to_owned();
        }
        let mut begun = false;
        // Two spaces stay two: a step may quote bytes.
        for word in part.split(' ') {
            let length = console::measure_text_width(&line) + console::measure_text_width(word);
            if begun && length + 1 > width {
                out.push_str(&format!("{}\n", line.trim_end()));
                line = hanging.to_owned();
                begun = false;
            }
            if begun {
                line.push(' ');
            }
            line.push_str(word);
            begun = true;
        }
    }
    out + line.trim_end() + "\n"
}

/// Whether `text` is a report: it begins as each of them does.
pub(crate) fn is_report(text: &str) -> bool {
    text.starts_with("did   1. ")
}

/// A report in the screen's width. The harness breaks no line; what is drawn under `got` stays as
/// it is, since its columns mean something.
pub(crate) fn report(report: &str, screen: &Screen) -> String {
    const LABEL: usize = 6;
    let mut out = String::new();
    let mut drawn = false;
    for line in report.lines() {
        let (label, text) = line.split_at_checked(LABEL).unwrap_or((line, ""));
        if !label.trim().is_empty() {
            drawn = label.trim() == "got";
        }
        let first = screen.strong(label);
        if drawn || console::measure_text_width(line) <= screen.width {
            let _ = writeln!(out, "{first}{text}");
            continue;
        }
        // A step's second line begins under its first word; a command is not broken.
        let step = text.find(". ").filter(|at| text[..*at].bytes().all(|b| b.is_ascii_digit()));
        let hanging = " ".repeat(LABEL + step.map_or(0, |at| at + 2));
        let text =
            if label.trim() == "next" { text.replace(" · ", "\n") } else { text.to_owned() };
        out.push_str(&fill(&text, &first, &hanging, screen.width));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_fits_the_screen_and_its_drawing_stays() {
        let screen = Screen { live: false, colour: false, width: 30 };
        let text = "did   1. sent a good many bytes to it\ngot   68656c6c6f 68656c6c6f 68656c6c6f\n      \
                      ^^ here\nnext  cargo course hint a · cargo course wire a\n";
        let expected = "did   1. sent a good many\n         bytes to it\ngot   68656c6c6f 68656c6c6f \
                        68656c6c6f\n      ^^ here\nnext  cargo course hint a\n      cargo course wire a\n";
        assert_eq!(report(text, &screen), expected);
    }
}
