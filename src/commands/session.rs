//! What `run` and `replay` share: the live pipeline beside the publisher, and packs that are replaced meanwhile,
//! until the source ends or somebody asks to stop.

use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::Signal;

use self::home_assistant::Announcer;
use self::signals::Signals;
use super::setup::{Opened, Packs};
use crate::capture::VideoSource;
use crate::clock::Clock;
use crate::model::VoiceModel;
use crate::outlet::{Recorder, Witness};
use crate::pipeline::sound::Hearing;
use crate::pipeline::{Report, Supply, Vitals};
use crate::privacy::Gate;
use crate::publish::{Counts, Farewell, Identity, PublishSettings};

mod assembly;
pub mod home_assistant;
mod mail;
mod notices;
mod orders;
mod playing;
mod signals;
mod watch;

pub use self::watch::thermometers;

/// What a session came to.
pub struct Ending {
    /// What the pipeline did.
    pub report: Report,
    /// What was published.
    pub counts: Counts,
    /// How publishing ended.
    pub farewell: Farewell,
}

/// The parts of a session.
pub struct Session {
    /// Where frames come from.
    pub sources: Supply<Box<dyn VideoSource>>,
    /// What is done with them at first.
    pub opened: Opened,
    /// What listens to sound, when there is any.
    pub hearing: Option<Hearing<VoiceModel>>,
    /// Who publishes.
    pub identity: Identity,
    /// Where other packs come from.
    pub packs: Arc<Packs>,
    /// The signs of life of the stages.
    pub vitals: Arc<Vitals>,
    /// Asks for a look at the packs.
    pub hangup: Option<Signal>,
    /// Whether anything is sensed.
    pub gate: Gate,
    /// Where to, and how.
    pub publish: PublishSettings,
    /// Announces the device to Home Assistant.
    pub announcer: Option<Announcer>,
    /// Writes events as they are produced.
    pub recorder: Option<Recorder>,
    /// Is shown the states.
    pub witness: Option<Box<dyn Witness>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A runtime for I/O only: the pipeline has its own threads.
///
/// # Errors
/// When the system refuses threads.
pub fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().context("the I/O runtime cannot start")
}

impl Session {
    /// Works until the source ends, or SIGINT or SIGTERM comes; then ends every event and says goodbye. A second
    /// such signal ends the process at once.
    ///
    /// # Errors
    /// When a thread, a signal handler or the publisher cannot start.
    pub async fn play(mut self) -> anyhow::Result<Ending> {
        let mut signals = Signals::catch(self.hangup.take())?;
        let mut playing = self.begin()?;
        playing.until_over(&mut signals).await;
        signals.end_at_the_next();
        playing.end().await
    }
}
