//! Figures of several rounds, as a Markdown table and as bars.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

/// One figure, measured once a round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figure(Vec<f64>);

impl Figure {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        match self.0.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => self.0[n / 2],
            n => f64::midpoint(self.0[n / 2 - 1], self.0[n / 2]),
        }
    }

    /// The value that `percent` of them do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len().saturating_sub(1) * percent).div_ceil(100);
        self.0.get(rank).copied().unwrap_or(f64::NAN)
    }

    /// `5.8 (5.6–6.1)`: the median, and from the least to the greatest.
    pub(crate) fn with_spread(&self, digits: usize) -> String {
        let (least, most) =
            (self.0.first().unwrap_or(&f64::NAN), self.0.last().unwrap_or(&f64::NAN));
        format!("{:.digits$} ({least:.digits$}–{most:.digits$})", self.median())
    }
}

/// What must hold for the run to succeed.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) what: String,
    pub(crate) holds: bool,
}

/// A table with a heading.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Bars beside each other: a label and a value, and the value's unit.
    pub(crate) bars: Option<(&'static str, Vec<(String, f64)>)>,
}

/// All that a chapter's measurement has to say.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) tables: Vec<Table>,
    pub(crate) claims: Vec<Claim>,
}

impl Report {
    pub(crate) fn claim(&mut self, holds: bool, what: String) {
        self.claims.push(Claim { what, holds });
    }

    /// Prints it, and writes it to `folder`. `false`: a claim does not hold.
    pub(crate) fn publish(&self, folder: Option<&Path>) -> Result<bool> {
        let text = self.markdown();
        print!("{text}");
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
            std::fs::write(folder.join(format!("{}.md", self.name)), &text)?;
            for (index, table) in self.tables.iter().enumerate() {
                if let Some((unit, bars)) = &table.bars {
                    let name = format!("{}-{}.svg", self.name, index + 1);
                    std::fs::write(folder.join(name), svg(&table.title, unit, bars))?;
                }
            }
        }
        Ok(self.claims.iter().all(|claim| claim.holds))
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        for table in &self.tables {
            let _ = writeln!(text, "### {}\n", table.title);
            let _ = writeln!(text, "| {} |", table.header.join(" | "));
            let _ = writeln!(text, "|---{}|", "|---:".repeat(table.header.len() - 1));
            for row in &table.rows {
                let _ = writeln!(text, "| {} |", row.join(" | "));
            }
            let _ = writeln!(text);
        }
        for claim in &self.claims {
            let _ =
                writeln!(text, "- {}: {}", if claim.holds { "holds" } else { "FAILS" }, claim.what);
        }
        text
    }
}

/// Horizontal bars, with their values in words; light and dark by the page's own colour.
fn svg(title: &str, unit: &str, bars: &[(String, f64)]) -> String {
    let most = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let height = 40 + bars.len() * 28;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"currentColor\">\n\
         <title>{title}</title>\n<text x=\"0\" y=\"18\" font-weight=\"600\">{title}, in {unit}</text>\n"
    );
    for (index, (label, value)) in bars.iter().enumerate() {
        let y = 34 + index * 28;
        let width = value / most * 340.0;
        let _ = writeln!(
            text,
            "<text x=\"0\" y=\"{}\">{label}</text>\
             <rect x=\"190\" y=\"{y}\" width=\"{width:.1}\" height=\"18\" rx=\"3\" opacity=\"0.55\"/>\
             <text x=\"{:.1}\" y=\"{}\">{value:.2}</text>",
            y + 14,
            198.0 + width,
            y + 14
        );
    }
    text.push_str("</svg>\n");
    text
}
