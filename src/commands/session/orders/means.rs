//! What it takes to carry out a command: the gate, the packs, the pipeline. Each command is one function.

use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{Level, warn};

use super::remembered::Remembered;
use crate::clock::Monotonic;
use crate::commands::reload::{self, AtWork};
use crate::face::TrackId;
use crate::pipeline::Vitals;
use crate::pipeline::wishes::{Part, Restarted, Wisher};
use crate::privacy::{Gate, Reason, Sensing};
use crate::publish::PackInfo;
use crate::publish::payload::command::StageName;

/// How long a look at the packs may take: engines compile models.
const LOOK: Duration = Duration::from_secs(300);

/// How long a stage's thread may take to hear a wish.
const HEAR: Duration = Duration::from_secs(10);

/// What a command came to.
pub type Outcome = Result<Done, Failure>;

/// A command that was carried out.
#[derive(Debug)]
pub enum Done {
    /// It is sensed, or not.
    Sensing {
        /// Whether that outlasts a restart.
        remembered: bool,
    },
    /// These packs are at work.
    Packs(Vec<String>),
    /// The neutral look of these faces is learnt.
    Calibrating {
        /// Whose.
        faces: Vec<TrackId>,
        /// How long it takes.
        lasting: Duration,
    },
    /// These lines are logged.
    LogLevel {
        /// The least important of them.
        level: Level,
        /// How long; for good when absent.
        lasting: Option<Duration>,
    },
    /// How everything is was asked.
    Health,
    /// This stage is started anew.
    Restarting(StageName),
}

/// A command that did not work.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Failure {
    /// Why, and what to do about it.
    pub fn new(reason: impl Display, remedy: impl Into<String>) -> Self {
        Self { reason: reason.to_string(), remedy: remedy.into() }
    }

    /// The other end has gone.
    fn stopping() -> Self {
        Self::new("affectd is stopping", "ask again when it is back")
    }
}

/// What commands are carried out on.
#[derive(Clone)]
pub struct Stages {
    /// What may be sensed.
    pub gate: Gate,
    /// Looks at the packs.
    pub looks: reload::Orders,
    /// The packs at work.
    pub at_work: AtWork,
    /// How the stages are.
    pub vitals: Arc<Vitals>,
    /// The pipeline.
    pub wisher: Wisher,
}

/// What commands are carried out with.
#[derive(Clone)]
pub struct Means {
    /// What they are carried out on.
    pub stages: Stages,
    /// Where it is remembered that nothing may be sensed.
    pub remembered: Arc<Mutex<Remembered>>,
    /// How long a neutral look is learnt.
    pub learn_for: Duration,
}

impl Means {
    /// Shuts the gate at once; what is returned remembers it.
    pub fn mute(self, now: Monotonic, wall: Timestamp) -> impl Future<Output = Outcome> + Send {
        self.stages.gate.mute(Reason::Command, now);
        async move { Ok(Done::Sensing { remembered: self.remember(wall).await }) }
    }

    /// Opens the gate, as far as a command may; what is returned remembers it.
    pub fn unmute(self, now: Monotonic, wall: Timestamp) -> impl Future<Output = Outcome> + Send {
        let opened = self.stages.gate.unmute(now);
        async move {
            let remembered = self.remember(wall).await;
            match opened {
                Ok(()) => Ok(Done::Sensing { remembered }),
                Err(still) => Err(Failure::new(still, "have whoever is sensed agree; see docs/privacy.md")),
            }
        }
    }

    /// Has the disk agree with the gate. Whether it does.
    async fn remember(self, wall: Timestamp) -> bool {
        let kept = spawn_blocking(move || {
            // One at a time, and by what holds then: two that overtake each other end up in the same place.
            let remembered = self.remembered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            match self.stages.gate.sensing() {
                Sensing::Muted(Reason::Command) => remembered.mute(wall),
                _ => remembered.unmute(),
            }
        });
        kept.await.unwrap_or_else(|error| Err(io::Error::other(error))).unwrap_or_else(|error| {
            warn!(%error, "A restart will not remember whether this device is mute; see to the disk, and device.state_dir.");
            false
        })
    }

    /// Looks at the packs' folders.
    pub async fn reload(self) -> Outcome {
        match timeout(LOOK, self.stages.looks.look()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Failure::new("a look at the packs is due already", "wait until it is over")),
            Err(_) => return Err(Failure::new("the look at the packs takes its time", "see the log of the device")),
        }
        match self.stages.vitals.packs.read().trouble {
            None => Ok(Done::Packs(self.stages.at_work.identity().packs.iter().map(PackInfo::id).collect())),
            Some(trouble) => Err(Failure::new(trouble, "mend the pack; the one at work goes on meanwhile")),
        }
    }

    /// Has the neutral look of a face, or of everyone in view, learnt.
    pub async fn calibrate(self, of: Option<TrackId>) -> Outcome {
        if !self.stages.gate.is_open() {
            return Err(Failure::new("nothing is sensed: the device is muted", "unmute it first"));
        }
        let (tell, told) = oneshot::channel();
        let wished = self.stages.wisher.calibrate(of, say(tell));
        wished.map_err(|_| Failure::new("others are calibrated already", "ask again in a second"))?;
        let faces = heard("faces", told).await?;
        match (faces.is_empty(), of) {
            (false, _) => Ok(Done::Calibrating { faces, lasting: self.learn_for }),
            (true, Some(face)) => {
                let reason = format!("face {} is not in view, or is not read", face.0);
                Err(Failure::new(
                    reason,
                    "take the number of a face from its states, which are told while it is in view",
                ))
            }
            (true, None) => Err(Failure::new("nobody is in view", "have somebody look into the camera")),
        }
    }

    /// Has a stage started anew.
    pub async fn restart(self, stage: StageName) -> Outcome {
        let (tell, told) = oneshot::channel();
        let wished = self.stages.wisher.restart(part(stage), say(tell));
        wished.map_err(|_| Failure::new("other stages are restarted already", "ask again in a second"))?;
        match heard(part(stage).thread(), told).await? {
            Restarted::Asked => Ok(Done::Restarting(stage)),
            Restarted::Resting => {
                Err(Failure::new("it rests after it died", "wait: it is started by itself, at the latest in a minute"))
            }
            Restarted::Absent => Err(Failure::new("it takes no part", "see the stages in health")),
            Restarted::Once => {
                Err(Failure::new("there is only one of what it works with: it would not come back", "restart affectd"))
            }
        }
    }
}

/// Tells through `tell`.
fn say<T>(tell: oneshot::Sender<T>) -> impl FnOnce(T) {
    move |told| {
        // Nobody waits any more when it took too long.
        let _ = tell.send(told);
    }
}

/// What a stage's thread told.
async fn heard<T>(stage: &str, told: oneshot::Receiver<T>) -> Result<T, Failure> {
    match timeout(HEAR, told).await {
        Ok(Ok(told)) => Ok(told),
        Ok(Err(_)) => Err(Failure::stopping()),
        Err(_) => Err(Failure::new(format!("the thread \"{stage}\" does not answer"), "see its stage in health")),
    }
}

/// The part of the pipeline that a stage is.
const fn part(stage: StageName) -> Part {
    match stage {
        StageName::Camera => Part::Camera,
        StageName::Faces => Part::Frames,
        StageName::Microphone | StageName::Voice => Part::Sound,
        StageName::Packs => Part::Packs,
    }
}
