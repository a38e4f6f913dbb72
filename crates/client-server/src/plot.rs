//! Latencies by percentile, as a plot.
//!
//! ```text
//!   1 s │                      ┌──
//!       │                 ┌────┘        both axes are logarithmic: upwards the latency,
//! 10 ms │           ┌─────┘             to the right how many were slower: half of them,
//!       │     ┌─────┘                   one in ten, one in a hundred …
//! 100 µs├─────┘
//!       └───┬─────┬─────┬─────┬──
//!          50 %  90 %  99 %  99.9 %
//! ```
//!
//! On such axes what happens to one in a thousand has as much room as what happens to one in ten, and
//! it is what people remember.

use std::fmt::Write as _;
use std::time::Duration;

use capture::figure;
use hdrhistogram::Histogram;

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// What it is called in the plot; plain text, as every name here.
    pub name: &'a str,
    /// Latencies in nanoseconds.
    pub latencies: &'a Histogram<u64>,
}

/// The percentiles that are written out, and what they are called. The last is the maximum.
pub const PERCENTILES: [(&str, f64); 4] =
    [("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9), ("max", 100.0)];

/// As an SVG file with a style of its own: light or dark as the reader's system is.
pub fn svg(title: &str, series: &[Series<'_>]) -> String {
    let style = figure::svg_style();
    Plot::new(title, series).drawn("latency", " xmlns=\"http://www.w3.org/2000/svg\"", &style)
}

/// As a `<figure>` for a page whose style includes [`figure::CSS`]. `id` is unique on its page.
pub fn figure(id: &str, title: &str, series: &[Series<'_>], caption: &str) -> String {
    figure::wrap("wire wire-plot", &Plot::new(title, series).drawn(id, "", ""), caption)
}

/// A latency in three digits: `62.1 µs`, `1.24 ms`, `301 ms`.
pub fn readable(latency: Duration) -> String {
    let nanos = latency.as_secs_f64() * 1e9;
    let (value, unit) = match nanos {
        ..999.5 => (nanos, "ns"),
        ..999_500.0 => (nanos / 1e3, "µs"),
        ..999_500_000.0 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {unit}")
}

/// The drawing's width and the edges of what the axes enclose. Text keeps its size from a telephone's 360 px on.
const WIDTH: f64 = 380.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 368.0;
const HEIGHT: f64 = 190.0;
/// A series' two lines above the plot: its name, and its percentiles.
const LEGEND: f64 = 34.0;
/// Steps of a curve.
const STEPS: u32 = 240;
/// How lines are told apart without colour: their class, and their dashes.
const LINES: [(&str, &str); 2] = [("wire-sent", ""), ("wire-received", "6 3")];

struct Plot<'a> {
    title: &'a str,
    series: &'a [Series<'a>],
    top: f64,
    /// Powers of ten of nanoseconds at the bottom and the top.
    decades: (i32, i32),
    /// How many nines reach the right edge: 3 is 99.9 %.
    nines: f64,
}

impl<'a> Plot<'a> {
    fn new(title: &'a str, series: &'a [Series<'a>]) -> Self {
        let of = |pick: fn(&Histogram<u64>) -> u64| series.iter().map(move |s| pick(s.latencies));
        let least = of(Histogram::min).min().unwrap_or(0).max(1);
        let most = of(Histogram::max).max().unwrap_or(0).max(least + 1);
        let count = of(Histogram::len).max().unwrap_or(0);
        let top = 12.0 + LEGEND * f64::from(u32::try_from(series.len()).unwrap_or(u32::MAX));
        // The most that so many measurements can tell: one in `count`.
        let nines = (count as f64).log10().clamp(2.0, 5.0);
        // Within the range of `u64`: at most 20.
        #[expect(clippy::cast_possible_truncation)]
        let decades = (
            (least as f64).log10().floor() as i32,
            ((most as f64).log10().ceil() as i32).max((least as f64).log10().floor() as i32 + 1),
        );
        Self { title, series, top, decades, nines }
    }

    fn drawn(&self, id: &str, attributes: &str, style: &str) -> String {
        let height = self.top + HEIGHT + 40.0;
        let mut svg = format!(
            "<svg{attributes} class=\"wire\" role=\"img\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\n{style}\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            self.title,
            self.description(),
        );
        self.axes(&mut svg);
        for (index, series) in self.series.iter().enumerate() {
            self.legend(&mut svg, index, series);
            self.curve(&mut svg, index, series);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn description(&self) -> String {
        let all = self.series.iter();
        all.map(|series| format!("{}: {}", series.name, percentiles(series)))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn x(&self, nines: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (nines / self.nines).min(1.0)
    }

    fn y(&self, nanos: f64) -> f64 {
        let (low, high) = (f64::from(self.decades.0), f64::from(self.decades.1));
        self.top + HEIGHT * (high - nanos.max(1.0).log10()) / (high - low)
    }

    fn axes(&self, svg: &mut String) {
        let bottom = self.top + HEIGHT;
        for decade in self.decades.0..=self.decades.1 {
            let nanos = 10_f64.powi(decade);
            let y = self.y(nanos);
            let label = power_of_ten(decade);
            let _ = writeln!(
                svg,
                "<line class=\"wire-grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>\
                 <text class=\"wire-tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
                LEFT - 5.0,
                y + 4.0
            );
        }
        let ticks = [
            ("50", 50.0),
            ("90", 90.0),
            ("99", 99.0),
            ("99.9", 99.9),
            ("99.99", 99.99),
            ("99.999", 99.999),
        ];
        for (label, percent) in ticks {
            let nines = nines(percent);
            if nines > self.nines + 1e-9 {
                break;
            }
            let x = self.x(nines);
            let anchor = if x > RIGHT - 16.0 { "end" } else { "middle" };
            let _ = writeln!(
                svg,
                "<line class=\"wire-grid\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"wire-tick\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{:.1}\">{label} %</text>",
                self.top,
                bottom + 15.0
            );
        }
        let _ = writeln!(
            svg,
            "<text class=\"wire-tick\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">of the answers took no longer</text>",
            f64::midpoint(LEFT, RIGHT),
            bottom + 31.0
        );
        let middle = self.top + HEIGHT / 2.0;
        let _ = writeln!(
            svg,
            "<text class=\"wire-tick\" text-anchor=\"middle\" transform=\"rotate(-90 12 {middle:.1})\" x=\"12\" y=\"{middle:.1}\">latency</text>"
        );
    }

    fn legend(&self, svg: &mut String, index: usize, series: &Series<'_>) {
        let (class, dashes) = LINES[index % LINES.len()];
        let y = 14.0 + LEGEND * f64::from(u32::try_from(index).unwrap_or(u32::MAX));
        let _ = writeln!(
            svg,
            "<line class=\"wire-arrow {class}\" stroke-dasharray=\"{dashes}\" x1=\"14\" y1=\"{y:.1}\" x2=\"54\" y2=\"{y:.1}\"/>\
             <text class=\"wire-label\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>\
             <text class=\"wire-tick\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            series.name,
            y + 18.0,
            percentiles(series)
        );
    }

    fn curve(&self, svg: &mut String, index: usize, series: &Series<'_>) {
        let (class, dashes) = LINES[index % LINES.len()];
        let mut path = String::new();
        for step in 0..=STEPS {
            let nines = self.nines * f64::from(step) / f64::from(STEPS);
            let quantile = if step == STEPS { 1.0 } else { 1.0 - 10_f64.powf(-nines) };
            let y = self.y(series.latencies.value_at_quantile(quantile) as f64);
            let _ =
                write!(path, "{}{:.1} {y:.1}", if step == 0 { "M" } else { "L" }, self.x(nines));
        }
        let _ = writeln!(
            svg,
            "<path class=\"wire-arrow {class}\" stroke-dasharray=\"{dashes}\" d=\"{path}\"/>"
        );
    }
}

/// `p50 62.1 µs, p99 …`
fn percentiles(series: &Series<'_>) -> String {
    let written = PERCENTILES.map(|(name, percent)| {
        let nanos = series.latencies.value_at_percentile(percent);
        format!("{name} {}", readable(Duration::from_nanos(nanos)))
    });
    written.join(", ")
}

/// 90 % is one nine, 99 % are two; half is 0.3 of one.
fn nines(percent: f64) -> f64 {
    -(1.0 - percent / 100.0).log10()
}

/// `10 µs` for 4.
fn power_of_ten(decade: i32) -> String {
    let (unit, zeros) = match decade {
        ..3 => ("ns", decade.max(0)),
        3..6 => ("µs", decade - 3),
        6..9 => ("ms", decade - 6),
        _ => ("s", decade - 9),
    };
    format!("{} {unit}", 10_i64.pow(zeros.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("bounds");
        values.into_iter().for_each(|value| histogram.saturating_record(value));
        histogram
    }

    #[test]
    fn latencies_have_three_digits() {
        let written = [999, 1_000, 62_149, 999_499, 999_600, 301_000_000, 1_500_000_000];
        let written = written.map(|nanos| readable(Duration::from_nanos(nanos)));
        assert_eq!(
            written,
            ["999 ns", "1.00 µs", "62.1 µs", "999 µs", "1.00 ms", "301 ms", "1.50 s"]
        );
    }

    #[test]
    fn a_curve_stays_between_its_axes() {
        for values in [vec![], vec![1], vec![50_000; 10], (1..100_000).map(|n| n * 7_919).collect()]
        {
            let latencies = histogram(values);
            let drawn = svg("A load", &[Series { name: "one", latencies: &latencies }]);
            let path = drawn.split(" d=\"").nth(1).and_then(|rest| rest.split('"').next());
            for point in path.expect("a curve").split(['M', 'L']).filter(|point| !point.is_empty())
            {
                let (x, y) = point.split_once(' ').expect("two numbers");
                let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
                assert!((LEFT..=RIGHT).contains(&x), "{point}");
                assert!((46.0 - 0.1..=46.0 + HEIGHT + 0.1).contains(&y), "{point}");
            }
        }
    }

    #[test]
    fn one_in_a_hundred_shows_at_its_percentile() {
        let latencies = histogram((0..1_000).map(|n| if n < 985 { 100_000 } else { 10_000_000 }));
        let series = [Series { name: "mostly quick", latencies: &latencies }];
        let figure = figure("one", "A load", &series, "below");
        assert!(
            figure.contains("mostly quick: p50 100 µs, p99 10.0 ms, p99.9 10.0 ms, max 10.0 ms"),
            "{figure}"
        );
        assert!(figure.contains("99.9 %") && !figure.contains("99.99 %"));
    }
}
