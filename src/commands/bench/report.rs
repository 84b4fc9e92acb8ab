//! What was measured, as a table for people and as JSON for machines.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::latency::Latencies;

/// The time that one stage took.
pub struct Stage {
    name: &'static str,
    times: Latencies,
}

impl Stage {
    /// A stage and its times.
    pub fn new(name: &'static str, times: Latencies) -> Self {
        Self { name, times }
    }

    fn mean(&self) -> f64 {
        self.times.mean().map_or(0.0, ms)
    }

    fn percentile(&self, q: f64) -> f64 {
        self.times.percentile(q).map_or(0.0, ms)
    }
}

/// Everything that was measured.
pub struct Report {
    /// The clip.
    pub clip: String,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
    /// How many frames went through.
    pub frames: u64,
    /// How many faces a frame had, on average.
    pub faces_per_frame: f64,
    /// The face pack.
    pub pack: String,
    /// The engine that ran it.
    pub engine: String,
    /// The stages, in the order of the pipeline.
    pub stages: Vec<Stage>,
    /// Processor time of this process for all frames.
    pub cpu: Duration,
    /// Processor time of the decoder for all frames.
    pub decoder_cpu: Option<Duration>,
    /// Allocations of our own code for each frame, after the first ones.
    pub allocations: Option<f64>,
    /// The most memory this process held, in bytes.
    pub peak_memory: Option<u64>,
    /// The most memory the decoder held, in bytes.
    pub decoder_memory: Option<u64>,
    /// From the start until the models were open.
    pub opened: Duration,
    /// From the start until the first frame was through.
    pub ready: Duration,
    /// The time within the clip of the first event.
    pub first_event: Option<Duration>,
}

impl Report {
    fn cpu_per_frame(&self) -> f64 {
        (ms(self.cpu) + self.decoder_cpu.map_or(0.0, ms)) / self.frames as f64
    }

    /// Frames a second, had the machine one core for everything.
    fn frames_per_second(&self) -> f64 {
        1e3 / self.cpu_per_frame()
    }

    /// For machines. Times in milliseconds, memory in bytes.
    pub fn json(&self) -> Value {
        let stages = self.stages.iter().map(|stage| {
            json!({ "stage": stage.name, "runs": stage.times.count(), "mean_ms": stage.mean(),
                    "p50_ms": stage.percentile(0.5), "p99_ms": stage.percentile(0.99) })
        });
        json!({
            "clip": self.clip, "width": self.width, "height": self.height, "frames": self.frames,
            "faces_per_frame": self.faces_per_frame, "pack": self.pack, "engine": self.engine,
            "stages": stages.collect::<Vec<_>>(),
            "cpu_ms_per_frame": self.cpu_per_frame(),
            "cpu_ms_per_frame_affectd": ms(self.cpu) / self.frames as f64,
            "cpu_ms_per_frame_decoder": self.decoder_cpu.map(|cpu| ms(cpu) / self.frames as f64),
            "frames_per_second_one_core": self.frames_per_second(),
            "allocations_per_frame": self.allocations,
            "peak_memory": self.peak_memory, "peak_memory_decoder": self.decoder_memory,
            "models_open_ms": ms(self.opened), "first_frame_ms": ms(self.ready),
            "first_event_in_clip_ms": self.first_event.map(ms),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {}x{}, {} frames, {:.2} faces a frame",
            self.clip, self.width, self.height, self.frames, self.faces_per_frame
        )?;
        writeln!(f, "{} on {}\n", self.pack, self.engine)?;
        writeln!(f, "{:<24} {:>7} {:>9} {:>9} {:>9}", "stage", "runs", "mean ms", "p50 ms", "p99 ms")?;
        for stage in &self.stages {
            let (mean, p50, p99) = (stage.mean(), stage.percentile(0.5), stage.percentile(0.99));
            writeln!(f, "{:<24} {:>7} {mean:>9.3} {p50:>9.3} {p99:>9.3}", stage.name, stage.times.count())?;
        }
        let frames = self.frames as f64;
        let decoder =
            self.decoder_cpu.map_or_else(|| "not known".to_owned(), |cpu| format!("{:.2} ms", ms(cpu) / frames));
        let mib = |bytes: Option<u64>| {
            bytes.map_or_else(|| "not known".to_owned(), |b| format!("{:.1} MiB", b as f64 / f64::from(1 << 20)))
        };
        writeln!(f)?;
        writeln!(
            f,
            "processor    {:.2} ms a frame: affectd {:.2} ms, decoder {decoder}",
            self.cpu_per_frame(),
            ms(self.cpu) / frames
        )?;
        writeln!(f, "throughput   {:.0} frames a second on one core", self.frames_per_second())?;
        writeln!(f, "memory       affectd {} at most, decoder {}", mib(self.peak_memory), mib(self.decoder_memory))?;
        match self.allocations {
            Some(allocations) => writeln!(f, "allocations  {allocations:.2} a frame of our own code, engine left out")?,
            None => writeln!(f, "allocations  not counted: the clip is too short")?,
        }
        writeln!(
            f,
            "start        models open after {:.0} ms, first frame through after {:.0} ms",
            ms(self.opened),
            ms(self.ready)
        )?;
        match self.first_event {
            Some(at) => writeln!(f, "first event  {:.0} ms into the clip", ms(at)),
            None => writeln!(f, "first event  none in this clip"),
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
