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
    /// The added lag of the label, in seconds.
    median: f64,
    worst: f64,
    /// Flips left, as a share of those without smoothing.
    left: f64,
}

/// Draws the trade-off for these recordings; `settings` are marked, and tell everything but the time constant.
///
/// # Errors
/// When the recordings have no flip or no step.
pub fn draw(recordings: &[Recording], settings: &SmoothSettings) -> Result<String> {
    let own = settings.expression_time;
    let own_millis = u64::try_from(own.as_millis()).unwrap_or(u64::MAX);
    let mut tried: Vec<u64> = TRIED.into_iter().chain([own_millis]).collect();
    tried.sort_unstable();
    tried.dedup();
    let points: Option<Vec<Point>> = tried.into_iter().map(|millis| point(recordings, settings, millis)).collect();
    let points = points.context(
        "the trade-off cannot be drawn: it takes faces at rest whose label changes, and steps; give photographs of \
         several expressions",
    )?;
    Ok(svg(&points, own_millis)?)
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
    let (median, worst) = on.lag.label.median().zip(on.lag.label.worst())?;
    Some(Point { millis, median, worst, left: 1.0 - fewer(&off.figures, &on.figures)? })
}

const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;

fn svg(points: &[Point], own: u64) -> Result<String, std::fmt::Error> {
    let furthest = points.iter().map(|point| point.worst).fold(2.0 * MOST_LAG, f64::max);
    // Room for whole steps of 100 ms.
    let seconds = (furthest * 10.0).ceil() / 10.0;
    let least = points.iter().map(|point| point.median).fold(0.0, f64::min);
    let x = |lag: f64| LEFT + (lag - least) / (seconds - least) * WIDTH;
    let most = points.iter().map(|point| point.left).fold(1.0, f64::max);
    let y = |left: f64| TOP + (1.0 - left / most) * HEIGHT;
    let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
    let mut svg = String::from(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 400" font-family="sans-serif" font-size="12">
<rect width="760" height="400" fill="#fff"/>
"##,
    );
    writeln!(
        svg,
        r#"<text x="{LEFT}" y="20" font-weight="bold">Flips left against added lag, by time constant (ms)</text>"#
    )?;
    let (corner_x, corner_y) = (x(MOST_LAG), y(MOST_LEFT));
    writeln!(
        svg,
        r##"<rect x="{LEFT}" y="{corner_y:.1}" width="{:.1}" height="{:.1}" fill="#e8f5ef"/>"##,
        corner_x - LEFT,
        bottom - corner_y
    )?;
    for step in 0..=4 {
        let (left, percent) = (f64::from(step) / 4.0 * most, 25.0 * f64::from(step) * most);
        let y = y(left);
        writeln!(svg, r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#ddd"/>"##)?;
        let (at, down) = (LEFT - 6.0, y + 4.0);
        writeln!(svg, r##"<text x="{at}" y="{down:.1}" text-anchor="end" fill="#666">{percent:.0} %</text>"##)?;
    }
    let each = (seconds / 0.1 / 8.0).ceil() * 0.1;
    for step in 0..=(seconds / each) as u32 {
        let (lag, at) = (f64::from(step) * each, x(f64::from(step) * each));
        let down = bottom + 18.0;
        writeln!(svg, r##"<text x="{at:.1}" y="{down}" text-anchor="middle" fill="#666">{lag:.1} s</text>"##)?;
    }
    let line = points.iter().map(|point| format!("{:.1},{:.1}", x(point.median), y(point.left)));
    let line = line.collect::<Vec<_>>().join(" ");
    writeln!(svg, r##"<polyline points="{line}" fill="none" stroke="#0072b2" stroke-width="1.5"/>"##)?;
    for point in points {
        let (from, until, level) = (x(point.median), x(point.worst), y(point.left));
        let (colour, radius) = if point.millis == own { ("#d55e00", 6) } else { ("#0072b2", 4) };
        writeln!(svg, r##"<path d="M{from:.1} {level:.1}H{until:.1}" stroke="{colour}" stroke-dasharray="3 3"/>"##)?;
        writeln!(svg, r##"<path d="M{until:.1} {:.1}v8" stroke="{colour}"/>"##, level - 4.0)?;
        writeln!(svg, r##"<circle cx="{from:.1}" cy="{level:.1}" r="{radius}" fill="{colour}"/>"##)?;
        let (beside, above) = (from + 8.0, level - 6.0);
        writeln!(svg, r##"<text x="{beside:.1}" y="{above:.1}" fill="{colour}">{}</text>"##, point.millis)?;
    }
    writeln!(
        svg,
        r##"<text x="{LEFT}" y="{}" fill="#666">dots: median added lag of the label at a step · dashes end at the worst · orange: in use · green: at most 250 ms and 20 %</text>"##,
        bottom + 42.0
    )?;
    svg.push_str("</svg>\n");
    Ok(svg)
}
