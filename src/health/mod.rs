//! How each stage is, and why: from signs of life to words a person understands.
//!
//! ```text
//!  stages' threads ─► pulses ─┐
//!  broker ────────────────────┼─► judge ─► Health ─► published, STATUS, log
//!  thermal zones, clock ──────┘     │
//!                         governor ◄┘─► pace of the frames
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | `pulse`, `spread` | what stages say of themselves, in atomics |
//! | [`judge`] | from readings to `ok`, `degraded` or `failed`, with the reason; pure |
//! | [`stages`] | the reasons themselves; pure |
//! | [`governor`] | how many frames are read when the board is hot or slow; pure |
//! | [`machine`] | temperatures and the clock, as the system tells them |

use std::time::Duration;

use crate::clock::Monotonic;
use crate::publish::Place;

pub mod governor;
pub mod judge;
pub mod machine;
mod pulse;
mod rate;
mod spread;
pub mod stages;

pub use pulse::{Pulse, Reading, Standing};
pub use spread::{Spread, Taken};

/// How well something works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should.
    Ok,
    /// Less well than it should.
    Degraded,
    /// Not at all.
    Failed,
}

impl Level {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// What can be well or ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Frames come.
    Camera,
    /// Sound comes.
    Microphone,
    /// Frames are read.
    Faces,
    /// Sound is read.
    Voice,
    /// Models may be replaced.
    Packs,
    /// The broker hears us.
    Mqtt,
    /// Events wait where a power cut does not lose them.
    Outbox,
    /// The board itself: its heat, its clock.
    Machine,
}

impl Stage {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Camera,
        Self::Microphone,
        Self::Faces,
        Self::Voice,
        Self::Packs,
        Self::Mqtt,
        Self::Outbox,
        Self::Machine,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Faces => "faces",
            Self::Voice => "voice",
            Self::Packs => "packs",
            Self::Mqtt => "mqtt",
            Self::Outbox => "outbox",
            Self::Machine => "machine",
        }
    }
}

/// How one stage is.
#[derive(Debug, Clone, PartialEq)]
pub struct StageHealth {
    /// Which.
    pub stage: Stage,
    /// How well it works.
    pub level: Level,
    /// Why it does not as it should; empty when it does.
    pub why: String,
    /// Since when it is at this level.
    pub since: Monotonic,
    /// Frames or pieces of sound a second, where they are counted.
    pub rate: Option<f32>,
    /// What was dropped since the start, where that is counted.
    pub dropped: Option<u64>,
    /// What came damaged and was left out since the start, where that is counted.
    pub damaged: Option<u64>,
    /// From the capture of a frame to its being told, of half of them and of 99 in 100.
    pub latency: Option<(Duration, Duration)>,
    /// How often its thread died since the start.
    pub restarts: u64,
    /// What waits there, and where, where something waits.
    pub waiting: Option<(u64, Place)>,
}

/// How everything is.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// When this was found.
    pub at: Monotonic,
    /// When affectd was started.
    pub started: Monotonic,
    /// The stages that take part.
    pub stages: Vec<StageHealth>,
    /// The temperature of the hottest part, in degrees Celsius, when the board tells.
    pub temperature: Option<f32>,
    /// Whether the board runs slower than it could because it is hot.
    pub throttled: bool,
}

impl Health {
    /// The worst level.
    pub fn level(&self) -> Level {
        self.stages.iter().map(|stage| stage.level).max().unwrap_or(Level::Ok)
    }

    /// How one stage is, when it takes part.
    pub fn of(&self, stage: Stage) -> Option<&StageHealth> {
        self.stages.iter().find(|health| health.stage == stage)
    }

    /// All of it in one line: what is not well first.
    pub fn line(&self) -> String {
        let ill = self.stages.iter().filter(|stage| stage.level > Level::Ok);
        let ill: Vec<_> = ill.map(|ill| format!("{} {}: {}", ill.stage.name(), ill.level.word(), ill.why)).collect();
        let fps = self.of(Stage::Faces).and_then(|faces| faces.rate).unwrap_or_default();
        let reading = format!("reading {fps:.0} frames a second");
        let line = match ill.is_empty() {
            true => format!("All is well, {reading}"),
            false => format!("{}; {reading}", ill.join("; ")),
        };
        // One line, whatever a driver or broker says.
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}
