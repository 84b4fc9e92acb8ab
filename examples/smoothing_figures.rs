//! Draws the picture and prints the numbers of `docs/smoothing-and-events.md`: a made-up face goes through
//! the smoother and the event machine of the daemon, with their default settings.
//!
//! ```text
//! cargo run --example smoothing_figures docs/pictures/smoothing.svg
//! ```

use std::fmt::Write as _;
use std::time::Duration;

use affectd::affect::{Arousal, Confidence, Estimate, Expression, Probability, Valence};
use affectd::clock::Monotonic;
use affectd::events::{Event, EventMachine, EventSettings, Stage};
use affectd::face::{Observation, Quality, TrackId};
use affectd::geometry::Rect;
use affectd::smooth::{SmoothSettings, Smoother};
use anyhow::Context;
use uuid::Uuid;

/// What the face shows: valence, and the probability of happiness against neutral.
type Shown = fn(f32) -> (f32, f32);

/// One frame: the time in seconds, what the model gave and what stood after smoothing.
struct Frame {
    time: f32,
    raw: (f32, f32),
    smooth: (f32, f32),
}

/// Numbers that look like the noise of a model: mean 0, standard deviation 1, the same on every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        // Knuth's MMIX generator; twelve even numbers add up to a nearly normal one of variance 1.
        let mut even = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 24) as f32
        };
        (0..12).map(|_| even()).sum::<f32>() - 6.0
    }
}

/// Lets a face be seen for `seconds`, with noise of that standard deviation on every number.
fn watch(shown: Shown, noise: f32, fps: u32, seconds: u32) -> (Vec<Frame>, Vec<Event>) {
    let (mut smoother, mut random) = (Smoother::new(SmoothSettings::default()), Noise(1));
    let mut machine = EventMachine::new(EventSettings::default(), |_| Uuid::nil());
    let (mut frames, mut events) = (Vec::new(), Vec::new());
    for n in 0..fps * seconds {
        let at = Monotonic::new(Duration::from_secs(1) * n / fps);
        let time = at.since_zero().as_secs_f32();
        let (valence, happiness) = shown(time);
        let raw = (valence + noise * random.next(), (happiness + noise * random.next()).clamp(0.0, 1.0));
        let face = smoother.update(at, &observation(raw));
        machine.update(at, &[face], &mut |event| events.push(event));
        let p = face.estimate.expressions.get(Expression::Happiness);
        let smooth = (face.estimate.valence.map_or(0.0, Valence::get), p.map_or(0.0, Probability::get));
        frames.push(Frame { time, raw, smooth });
    }
    (frames, events)
}

fn observation((valence, happiness): (f32, f32)) -> Observation {
    let mut estimate = Estimate { valence: Valence::new(valence), arousal: Arousal::new(0.0), ..Estimate::default() };
    for (label, p) in [(Expression::Happiness, happiness), (Expression::Neutral, 1.0 - happiness)] {
        estimate.expressions.set(label, Probability::new(p).unwrap_or(Probability::MIN));
    }
    Observation {
        track: TrackId(1),
        rect: Rect::new(0.0, 0.0, 160.0, 160.0),
        quality: Quality { size: 160.0, sharpness: 0.8, yaw: 0.0, brightness: 0.5, usable: true },
        confidence: Confidence::MAX,
        estimate: Some(estimate),
        behind: Duration::ZERO,
    }
}

/// A smile from 2 s to 5 s.
fn smile(time: f32) -> (f32, f32) {
    if (2.0..5.0).contains(&time) { (0.6, 0.9) } else { (0.0, 0.1) }
}

/// A face at rest whose probability is as uncertain as can be.
fn rest(_: f32) -> (f32, f32) {
    (0.0, 0.5)
}

/// The root mean square about zero.
fn spread(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value * value, count + 1.0));
    f32::sqrt(sum / count)
}

fn print_numbers() {
    println!(
        "| frames a second | noise left of valence | noise left of a probability | valence to 90 % \
         | probability to 90 % | `new` is told after | and says it began after |"
    );
    println!("|---|---|---|---|---|---|---|");
    for fps in [5, 15, 30, 60] {
        let (noisy, _) = watch(rest, 0.1, fps, 120);
        let left = |of: fn((f32, f32)) -> f32| {
            spread(noisy.iter().map(|frame| of(frame.smooth))) / spread(noisy.iter().map(|frame| of(frame.raw)))
        };
        let (clean, events) = watch(smile, 0.0, fps, 8);
        // Counted from the last frame before the smile.
        let before = clean.iter().filter(|frame| frame.time < 2.0).map(|frame| frame.time).fold(0.0, f32::max);
        let reach = |reached: fn(&Frame) -> bool| {
            clean.iter().find(|frame| frame.time >= 2.0 && reached(frame)).map_or(f32::NAN, |frame| frame.time - before)
        };
        let begun = events.iter().find(|event| event.stage == Stage::New && event.label == "happiness");
        let after = |moment: fn(&Event) -> Monotonic| {
            begun.map_or(f32::NAN, |event| moment(event).since_zero().as_secs_f32() - before)
        };
        println!(
            "| {fps} | {:.0} % | {:.0} % | {:.2} s | {:.2} s | {:.2} s | {:.2} s |",
            100.0 * left(|(valence, _)| valence),
            100.0 * left(|(_, happiness)| happiness - 0.5),
            reach(|frame| frame.smooth.0 >= 0.9 * 0.6),
            reach(|frame| frame.smooth.1 >= 0.1 + 0.9 * 0.8),
            after(|event| event.at),
            after(|event| event.started_at),
        );
    }
}

/// One panel: a curve of dots (what the model gave) and a line (what stood), over 8 s.
struct Panel {
    top: f32,
    low: f32,
    high: f32,
}

impl Panel {
    const LEFT: f32 = 80.0;
    const WIDTH: f32 = 660.0;
    const HEIGHT: f32 = 150.0;

    fn x(time: f32) -> f32 {
        Self::LEFT + time / 8.0 * Self::WIDTH
    }

    fn y(&self, value: f32) -> f32 {
        self.top + (self.high - value) / (self.high - self.low) * Self::HEIGHT
    }

    fn title(&self, svg: &mut String, text: &str) -> std::fmt::Result {
        let y = self.top - 10.0;
        writeln!(svg, r#"<text x="{}" y="{y}" font-weight="bold">{text}</text>"#, Self::LEFT)
    }

    fn level(&self, svg: &mut String, value: f32, text: &str) -> std::fmt::Result {
        let (y, x, end) = (self.y(value), Self::LEFT, Self::LEFT + Self::WIDTH);
        writeln!(svg, r##"<path d="M{x} {y:.1}H{end}" stroke="#bbb" stroke-dasharray="4 3"/>"##)?;
        writeln!(svg, r##"<text x="{}" y="{:.1}" text-anchor="end" fill="#666">{text}</text>"##, x - 6.0, y + 4.0)
    }

    fn curve(&self, svg: &mut String, frames: &[Frame], of: fn((f32, f32)) -> f32) -> std::fmt::Result {
        for frame in frames {
            let (x, y) = (Self::x(frame.time), self.y(of(frame.raw).clamp(self.low, self.high)));
            writeln!(svg, r##"<circle cx="{x:.1}" cy="{y:.1}" r="1.6" fill="#e69f00"/>"##)?;
        }
        let points = frames.iter().map(|frame| format!("{:.1},{:.1}", Self::x(frame.time), self.y(of(frame.smooth))));
        let points = points.collect::<Vec<_>>().join(" ");
        writeln!(svg, r##"<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="2"/>"##)
    }
}

fn draw() -> Result<String, std::fmt::Error> {
    let (frames, events) = watch(smile, 0.12, 15, 8);
    let valence = Panel { top: 30.0, low: -0.4, high: 1.0 };
    let happiness = Panel { top: 230.0, low: -0.05, high: 1.05 };
    let mut svg = String::from(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 470" font-family="sans-serif" font-size="12">
<rect width="760" height="470" fill="#fff"/>
"##,
    );
    valence.title(&mut svg, "Valence: each frame (dots) and smoothed (line)")?;
    valence.level(&mut svg, 0.0, "0")?;
    valence.level(&mut svg, 0.3, "enter 0.3")?;
    valence.curve(&mut svg, &frames, |(valence, _)| valence)?;
    happiness.title(&mut svg, "Probability of happiness: each frame (dots) and smoothed (line)")?;
    happiness.level(&mut svg, 0.5, "enter 0.5")?;
    happiness.level(&mut svg, 0.35, "leave 0.35")?;
    happiness.curve(&mut svg, &frames, |(_, happiness)| happiness)?;
    let end = events.iter().find(|event| event.label == "happiness" && event.ended_at.is_some());
    if let Some((event, ended_at)) = end.and_then(|event| event.ended_at.map(|ended_at| (event, ended_at))) {
        let x = |at: Monotonic| Panel::x(at.since_zero().as_secs_f32());
        let (from, until) = (x(event.started_at), x(ended_at));
        let width = until - from;
        writeln!(svg, r##"<rect x="{from:.1}" y="400" width="{width:.1}" height="14" fill="#009e73"/>"##)?;
        writeln!(svg, r##"<text x="{from:.1}" y="430">the event: started_at to ended_at</text>"##)?;
    }
    for second in 0..=8 {
        let x = Panel::x(second as f32);
        writeln!(svg, r##"<text x="{x}" y="460" text-anchor="middle" fill="#666">{second} s</text>"##)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("name the file to draw, such as docs/pictures/smoothing.svg")?;
    print_numbers();
    std::fs::write(&path, draw()?).with_context(|| format!("{} cannot be written", path.display()))
}
