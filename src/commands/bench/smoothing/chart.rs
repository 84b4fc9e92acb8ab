//! The trade-off as a picture: for many time constants, how many flips are left and how much later a new label is
//! said.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};

use super::report::{Row, fewer};
use super::{Recording, measure};
use crate::smooth::SmoothSettings;

/// The time constants that are tried, in milliseconds.
const TRIED: [u64; 10] = [0, 50, 100, 200, 300, 400, 500, 700, 1000, 1500];

/// What is aimed at: the most added lag, in seconds …
const MOST_LAG: f64 = 0.25;
/// … and the most flips that are left.
const MOST_LEFT: f64 = 0.2;

/// What one time constant comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    millis: u64,
    /// The added lag of the label, in seconds: of half the steps at most, and of nine in ten.
    median: f64,
    most: f64,
    /// Flips left, as a share of those without smoothing.
    left: f64,
}

/// Draws the trade-off for these recordings; `settings` are marked, and tell everything but the time constant.
/// Beside them stand plain averages: they do not quicken, and a label is `unknown` as soon as it is less probable than
/// it takes to be known.
///
/// # Errors
/// When the recordings have no flip or no step.
pub fn draw(recordings: &[Recording], settings: &SmoothSettings) -> Result<String> {
    let own_millis = u64::try_from(settings.expression_time.as_millis()).unwrap_or(u64::MAX);
    let mut tried: Vec<u64> = TRIED.into_iter().chain([own_millis]).collect();
    tried.sort_unstable();
    tried.dedup();
    let plain = SmoothSettings { quick_change: 100.0, unknown_slack: 0.0, ..*settings };
    let points = |settings: &SmoothSettings| -> Option<Vec<Point>> {
        tried.iter().map(|&millis| point(recordings, settings, millis)).collect()
    };
    let both = points(settings).zip(points(&plain)).context(
        "the trade-off cannot be drawn: it takes faces at rest whose label changes, and steps; give photographs of \
         several expressions",
    )?;
    Ok(svg(&both.0, &both.1, own_millis)?)
}

fn point(recordings: &[Recording], settings: &SmoothSettings, millis: u64) -> Option<Point> {
    let with = SmoothSettings { expression_time: Duration::from_millis(millis), ..*settings };
    let all = |settings: &SmoothSettings| {
        recordings.iter().fold(Row::default(), |mut all, recording| {
            all.extend(&measure(recording, settings));
            all
        })
    };
    let (off, on) = (all(&super::off(settings)), all(&with));
    let (median, most) = on.lag.label.median().zip(on.lag.label.nine_in_ten())?;
    Some(Point { millis, median, most, left: 1.0 - fewer(&off.figures, &on.figures)? })
}

const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;

/// Where lags and shares of flips lie in the picture.
struct Axes {
    seconds: (f64, f64),
    share: f64,
}

impl Axes {
    fn of(points: &[Point], others: &[Point]) -> Self {
        let all = || points.iter().chain(others);
        let longest = all().map(|point| point.most).fold(2.0 * MOST_LAG, f64::max);
        let shortest = all().map(|point| point.median.min(point.most)).fold(0.0, f64::min);
        let share = all().map(|point| point.left).fold(1.5 * MOST_LEFT, f64::max);
        // Room for whole steps of 100 ms and 10 %.
        Self { seconds: (shortest, (10.5 * longest).ceil() / 10.0), share: (10.5 * share).ceil() / 10.0 }
    }

    fn x(&self, lag: f64) -> f64 {
        LEFT + (lag - self.seconds.0) / (self.seconds.1 - self.seconds.0) * WIDTH
    }

    fn y(&self, left: f64) -> f64 {
        TOP + (1.0 - left / self.share) * HEIGHT
    }

    /// The frame, with what is aimed at.
    fn draw(&self, svg: &mut String) -> std::fmt::Result {
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let (width, top) = (self.x(MOST_LAG) - LEFT, self.y(MOST_LEFT));
        let height = bottom - top;
        writeln!(svg, r##"<rect x="{LEFT}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="#e8f5ef"/>"##)?;
        for tenth in 0..=(10.0 * self.share).round() as u32 {
            let y = self.y(f64::from(tenth) / 10.0);
            let (at, down) = (LEFT - 6.0, y + 4.0);
            writeln!(svg, r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#ddd"/>"##)?;
            writeln!(svg, r##"<text x="{at}" y="{down:.1}" text-anchor="end" fill="#666">{} %</text>"##, 10 * tenth)?;
        }
        let each = (self.seconds.1 / 0.8).ceil() * 0.1;
        for step in 0..=(self.seconds.1 / each) as u32 {
            let lag = f64::from(step) * each;
            let (x, down) = (self.x(lag), bottom + 18.0);
            writeln!(svg, r##"<text x="{x:.1}" y="{down}" text-anchor="middle" fill="#666">{lag:.1} s</text>"##)?;
        }
        Ok(())
    }

    fn curve(&self, svg: &mut String, points: &[Point], colour: &str, own: Option<u64>) -> std::fmt::Result {
        let line = points.iter().map(|point| format!("{:.1},{:.1}", self.x(point.most), self.y(point.left)));
        let line = line.collect::<Vec<_>>().join(" ");
        writeln!(svg, r#"<polyline points="{line}" fill="none" stroke="{colour}"/>"#)?;
        for point in points {
            let (x, y, median) = (self.x(point.most), self.y(point.left), self.x(point.median));
            let (colour, radius) = if own == Some(point.millis) { ("#d55e00", 6) } else { (colour, 4) };
            let (beside, above) = (x + 7.0, y - 6.0);
            writeln!(svg, r#"<path d="M{median:.1} {y:.1}H{x:.1}" stroke="{colour}" stroke-dasharray="2 4"/>"#)?;
            writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{colour}"/>"#)?;
            writeln!(svg, r#"<text x="{beside:.1}" y="{above:.1}" fill="{colour}">{}</text>"#, point.millis)?;
        }
        Ok(())
    }
}

fn svg(points: &[Point], plain: &[Point], own: u64) -> Result<String, std::fmt::Error> {
    let axes = Axes::of(points, plain);
    let mut svg = String::from(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 420" font-family="sans-serif" font-size="12">
<rect width="760" height="420" fill="#fff"/>
"##,
    );
    writeln!(
        svg,
        r#"<text x="{LEFT}" y="20" font-weight="bold">Flips left against added lag, by time constant (ms)</text>"#
    )?;
    axes.draw(&mut svg)?;
    axes.curve(&mut svg, plain, "#999", None)?;
    axes.curve(&mut svg, points, "#0072b2", Some(own))?;
    let notes = [
        "dots: the added lag of the label that nine of ten steps do not exceed; dashes lead to the median",
        "blue: as in use, which is orange; grey: plain averages, no slack at `unknown`; green: at most 250 ms and 20 %",
    ];
    for (note, y) in notes.into_iter().zip([TOP + HEIGHT + 42.0, TOP + HEIGHT + 60.0]) {
        writeln!(svg, r##"<text x="{LEFT}" y="{y}" fill="#666">{note}</text>"##)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
