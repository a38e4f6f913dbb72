//! A plot of one or two curves over time, in the style of all figures.

use std::fmt::Write as _;

use capture::figure;

/// The drawing's width and the edges of what the axes enclose. Text keeps its size from a
/// telephone's 360 px on.
const WIDTH: f64 = 380.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 368.0;
const HEIGHT: f64 = 180.0;
/// A curve's line above the plot.
const LEGEND: f64 = 20.0;
/// How curves are told apart without colour: their class, and their dashes.
const LINES: [(&str, &str); 2] = [("wire-sent", ""), ("wire-received", "5 2")];

/// A curve: its name, which is plain text as all here, and its points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    pub(super) points: &'a [(f64, f64)],
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// What is counted to the right, and upwards.
    pub(super) across: &'a str,
    pub(super) upwards: &'a str,
    pub(super) series: &'a [Series<'a>],
}

impl Chart<'_> {
    /// As a figure for a page. `id` is unique on its page.
    pub(super) fn figure(&self, id: &str, caption: &str) -> String {
        figure::wrap("wire wire-plot", &self.svg(&format!("plot-{id}")), caption)
    }

    fn svg(&self, id: &str) -> String {
        let height = self.top() + HEIGHT + 40.0;
        let mut svg = format!(
            "<svg class=\"wire\" role=\"img\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            self.title,
            self.description(),
        );
        self.axes(&mut svg);
        for (index, series) in self.series.iter().enumerate() {
            self.curve(&mut svg, index, series);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn top(&self) -> f64 {
        self.series.iter().fold(16.0, |top, _| top + LEGEND)
    }

    fn points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.series.iter().flat_map(|series| series.points)
    }

    /// The ends of both axes.
    fn most(&self) -> (f64, f64) {
        let most = self
            .points()
            .fold((0.0_f64, 0.0_f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
        (round_up(most.0), round_up(most.1))
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * value / self.most().0
    }

    fn y(&self, value: f64) -> f64 {
        self.top() + HEIGHT * (1.0 - value / self.most().1)
    }

    /// The curves in words: where each begins and ends, and its extremes.
    fn description(&self) -> String {
        let words = self.series.iter().map(|Series { name, points }| {
            let values = || points.iter().map(|point| point.1);
            let (least, most) =
                (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
            let ends = |point: Option<&(f64, f64)>| {
                point.map_or(String::new(), |(x, y)| {
                    format!("{y:.1} {} at {x:.1} {}", self.upwards, self.across)
                })
            };
            let (first, last) = (ends(points.first()), ends(points.last()));
            format!("{name}: from {first} to {last}, between {least:.1} and {most:.1}")
        });
        words.collect::<Vec<_>>().join("; ")
    }

    fn axes(&self, svg: &mut String) {
        let (across, upwards) = self.most();
        let bottom = self.top() + HEIGHT;
        for value in ticks(upwards) {
            let y = self.y(value);
            let _ = writeln!(
                svg,
                "<line class=\"wire-grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>\
                 <text class=\"wire-tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{value}</text>",
                LEFT - 5.0,
                y + 4.0
            );
        }
        for value in ticks(across) {
            let x = self.x(value);
            let anchor = if x > RIGHT - 12.0 { "end" } else { "middle" };
            let _ = writeln!(
                svg,
                "<line class=\"wire-grid\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"wire-tick\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{:.1}\">{value}</text>",
                self.top(),
                bottom + 15.0
            );
        }
        let middle = self.top() + HEIGHT / 2.0;
        let _ = writeln!(
            svg,
            "<text class=\"wire-tick\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"wire-tick\" text-anchor=\"middle\" transform=\"rotate(-90 12 {middle:.1})\" x=\"12\" y=\"{middle:.1}\">{}</text>",
            f64::midpoint(LEFT, RIGHT),
            bottom + 31.0,
            self.across,
            self.upwards,
        );
    }

    fn curve(&self, svg: &mut String, index: usize, series: &Series<'_>) {
        let (class, dashes) = LINES[index % LINES.len()];
        let y = (0..index).fold(14.0, |y, _| y + LEGEND);
        let _ = writeln!(
            svg,
            "<line class=\"wire-arrow {class}\" stroke-dasharray=\"{dashes}\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"wire-label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT + 40.0,
            LEFT + 48.0,
            y + 4.0,
            series.name,
        );
        let mut path = String::new();
        for (number, (x, y)) in series.points.iter().enumerate() {
            let letter = if number == 0 { "M" } else { "L" };
            let _ = write!(path, "{letter}{:.1} {:.1}", self.x(*x), self.y(*y));
        }
        let _ = writeln!(
            svg,
            "<path class=\"wire-arrow {class}\" stroke-dasharray=\"{dashes}\" d=\"{path}\"/>"
        );
    }
}

/// The next number with one digit, or 1.5 or 2.5 of one: `125` to `150`.
fn round_up(value: f64) -> f64 {
    let unit = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    // A hair above a step is the step.
    steps.into_iter().map(|step| step * unit).find(|step| *step * 1.005 >= value).unwrap_or(value)
}

/// Five steps or so, from 0 to `most`.
fn ticks(most: f64) -> impl Iterator<Item = f64> {
    let unit = 10_f64.powf(most.log10().floor());
    let step = match most / unit {
        ..1.6 => 0.25,
        ..3.1 => 0.5,
        ..6.1 => 1.0,
        _ => 2.0,
    } * unit;
    // Rounded, or 0.30000000000000004 is written down.
    (0..8_u32)
        .map(move |n| (f64::from(n) * step * 1e6).round() / 1e6)
        .filter(move |x| *x <= most * 1.001)
}
