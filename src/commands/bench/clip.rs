//! How fast a clip goes through the pipeline: every frame, as fast as the machine can, on one thread.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::ProgressBar;

use super::report::{Report, Stage};
use super::usage;
use crate::capture::{self, Address, Frame, Read};
use crate::cli::BenchArgs;
use crate::clock::{Stopwatch, SystemClock};
use crate::commands::setup;
use crate::events::Event;
use crate::exit::Exit;
use crate::latency::Latencies;
use crate::pipeline::Sink;
use crate::scene::Scene;
use crate::smooth::Smoothed;

/// The clip that `make demo` makes.
const DEMO_CLIP: &str = "demo/clip.mp4";

/// Frames before allocations are counted: buffers find their size in these.
const WARM_UP: u64 = 30;

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the measurement and prints it.
///
/// # Errors
/// When the clip or the models cannot be used.
pub fn run(args: &BenchArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    let clip = args.clip.clone().unwrap_or_else(|| PathBuf::from(DEMO_CLIP));
    if !clip.exists() {
        bail!("{}: there is no such clip; name one, or run `make demo` once to make {DEMO_CLIP}", clip.display());
    }
    let began = Stopwatch::start();
    let config = setup::config(None)?;
    let (mut chain, identity) = setup::chain(&config, models)?;
    let opened = began.elapsed();
    let mut source = capture::open_video(&Address::File(clip.clone()), Arc::new(SystemClock))?;

    let progress = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let (mut frame, mut tally) = (Frame::default(), Tally::default());
    let (mut read, mut total) = (Latencies::default(), Latencies::default());
    let mut allocations = 0;
    let mut ready = None;
    let (cpu_before, children_before) = (usage::own_cpu(), usage::ended_children_cpu());
    let mut decoder_memory = 0;
    let mut frames = 0;
    while args.frames.is_none_or(|most| frames < most) {
        let mut watch = Stopwatch::start();
        match source.read(&mut frame, PATIENCE)? {
            Read::Filled => {}
            Read::TimedOut => bail!("{}: the decoder gave nothing for {PATIENCE:?}", clip.display()),
            Read::Ended => break,
        }
        read.add(watch.lap());
        let mut stepped = Ok(());
        let counted = allocation_counter::measure(|| stepped = chain.step(&frame, &mut tally));
        total.add(watch.lap());
        stepped.with_context(|| format!("frame {}", frame.number))?;
        ready.get_or_insert_with(|| began.elapsed());
        if frames >= WARM_UP {
            allocations += counted.count_total;
        }
        frames += 1;
        if frames % 32 == 0 {
            decoder_memory = decoder_memory.max(usage::children_peak_memory());
            progress.set_message(format!("{frames} frames"));
            progress.tick();
        }
    }
    progress.finish_and_clear();
    if frames == 0 {
        bail!("{}: the clip has no frame", clip.display());
    }
    let cpu = usage::own_cpu().saturating_sub(cpu_before);
    // Dropping the source ends the decoder, so that its time counts.
    drop(source);
    let decoder_cpu =
        usage::ended_children_cpu().zip(children_before).map(|(after, before)| after.saturating_sub(before));

    let mut stages = vec![Stage::new("wait for the decoder", read)];
    stages.extend(chain.path().timings().stages().into_iter().map(|(name, times)| Stage::new(name, times.clone())));
    stages.push(Stage::new("whole chain", total));
    let report = Report {
        clip: clip.display().to_string(),
        width: frame.picture.width(),
        height: frame.picture.height(),
        frames,
        faces_per_frame: tally.faces as f64 / frames as f64,
        pack: identity.pack,
        engine: identity.engine,
        stages,
        cpu,
        decoder_cpu,
        allocations: (frames > WARM_UP).then(|| allocations as f64 / (frames - WARM_UP) as f64),
        peak_memory: usage::own_peak_memory(),
        decoder_memory: (decoder_memory > 0).then_some(decoder_memory),
        opened,
        ready: ready.unwrap_or_default(),
        first_event: tally.first_event,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report.json())?);
    } else {
        print!("{report}");
    }
    Ok(Exit::Ok)
}

/// Counts what comes out.
#[derive(Default)]
struct Tally {
    faces: u64,
    first_event: Option<Duration>,
}

impl Sink for Tally {
    fn faces(&mut self, _: &Frame, faces: &[Smoothed], _: &Scene) {
        self.faces += faces.len() as u64;
    }

    fn event(&mut self, event: &Event) {
        self.first_event.get_or_insert(event.at.since_zero());
    }
}
