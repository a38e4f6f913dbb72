//! The congestion window over time, drawn below the ladder.

use std::fmt::Write as _;

use tcp_ip::Instant;
use tcp_ip::tcp::Connection;
use tcp_ip::tcp::recovery::Phase;

/// The drawing's size, in its own units; the frame around the curve; how many points it has.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const BELOW: f64 = 40.0;
const ABOVE: f64 = 36.0;
const POINTS: usize = 1_440;

/// What is drawn: at each moment, a few numbers of the sender.
#[derive(Debug, Default)]
pub(super) struct Chart {
    points: Vec<Point>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    at: Instant,
    window: u32,
    threshold: u32,
    in_flight: u32,
    recovering: bool,
}

impl Chart {
    pub(super) fn add(&mut self, at: Instant, connection: &Connection) {
        self.points.push(Point {
            at,
            window: connection.congestion_window(),
            threshold: connection.slow_start_threshold(),
            in_flight: connection.in_flight(),
            recovering: connection.phase() != Phase::Open,
        });
    }

    /// Both drawings, one above the other.
    pub(super) fn below(&self, ladder: &str) -> String {
        let (width, height) = size(ladder).unwrap_or((WIDTH, 0.0));
        let all = width.max(WIDTH);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all:.0} {:.0}\">\n\
             <svg x=\"0\" y=\"0\" width=\"{width:.0}\" height=\"{height:.0}\">\n{ladder}</svg>\n\
             <svg x=\"0\" y=\"{height:.0}\" width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\">\n{}</svg>\n\
             </svg>\n",
            height + HEIGHT,
            self.svg()
        )
    }

    fn svg(&self) -> String {
        let most = self.points.iter().map(|point| point.window.max(point.in_flight)).max();
        let most = f64::from(most.unwrap_or(1).max(1)) * 1.05;
        let end = self.points.last().map_or(1.0, |point| point.at.as_secs_f64()).max(1e-6);
        let x = |at: Instant| LEFT + at.as_secs_f64() / end * (WIDTH - LEFT - 16.0);
        let y = |octets: f64| ABOVE + (1.0 - octets / most) * (HEIGHT - ABOVE - BELOW);
        let mut text = format!(
            "<g role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\" \
             fill=\"currentColor\"><title>The congestion window over {end:.2} s</title>\n\
             <text x=\"{LEFT}\" y=\"20\" font-weight=\"600\">Congestion window of the client</text>\n"
        );
        self.axes(&mut text, most, end, &y);
        let every = (self.points.len() / POINTS).max(1);
        let shown = || self.points.iter().step_by(every).chain(self.points.last());
        for stage in self.points.chunk_by(|a, b| a.recovering == b.recovering) {
            if let [first, .., last] = stage
                && first.recovering
            {
                let _ = writeln!(
                    text,
                    "<rect x=\"{:.1}\" y=\"{ABOVE}\" width=\"{:.1}\" height=\"{:.0}\" opacity=\"0.1\"/>",
                    x(first.at),
                    x(last.at) - x(first.at),
                    HEIGHT - ABOVE - BELOW
                );
            }
        }
        let mut curve = |style: &str, value: &dyn Fn(&Point) -> u32| {
            let points: String = shown()
                .map(|p| format!("{:.1},{:.1} ", x(p.at), y(f64::from(value(p)).min(most))))
                .collect();
            let _ =
                writeln!(text, "<polyline fill=\"none\" {style} points=\"{}\"/>", points.trim());
        };
        let grey = "stroke=\"currentColor\" stroke-width=\"1\" opacity=\"0.45\"";
        curve(grey, &|point| point.in_flight);
        curve(&format!("{grey} stroke-dasharray=\"4 4\""), &|point| point.threshold);
        curve("stroke=\"currentColor\" stroke-width=\"1.8\"", &|point| point.window);
        text.push_str("</g>\n");
        text
    }

    fn axes(&self, text: &mut String, most: f64, end: f64, y: &dyn Fn(f64) -> f64) {
        for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let octets = most / 1.05 * part;
            let _ = writeln!(
                text,
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} KB</text>\
                 <path d=\"M{LEFT} {:.1}H{:.0}\" stroke=\"currentColor\" opacity=\"0.15\"/>",
                LEFT - 8.0,
                y(octets) + 4.0,
                octets / 1e3,
                y(octets),
                WIDTH - 16.0
            );
            let _ = writeln!(
                text,
                "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{:.2} s</text>",
                LEFT + part * (WIDTH - LEFT - 32.0),
                HEIGHT - 18.0,
                end * part
            );
        }
        let _ = writeln!(
            text,
            "<text x=\"{LEFT}\" y=\"{:.0}\" font-size=\"12\">thick: window; thin: in flight; \
             dashed: slow start threshold; shaded: recovering from losses</text>",
            HEIGHT - 2.0
        );
    }
}

/// The size that an SVG says it has.
fn size(svg: &str) -> Option<(f64, f64)> {
    let numbers = svg.split_once("viewBox=\"")?.1.split_once('"')?.0;
    let mut numbers = numbers.split(' ').map(|number| number.parse::<f64>().ok());
    let [_, _, width, height] = [(); 4].map(|()| numbers.next().flatten());
    width.zip(height)
}
