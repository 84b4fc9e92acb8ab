//! What `run` and `replay` share: the live pipeline beside the publisher, and packs that are replaced meanwhile,
//! until the source ends or somebody asks to stop.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::reload::Reloader;
use super::setup::Packs;
use crate::capture::VideoSource;
use crate::clock::Clock;
use crate::outlet::{Outlet, Recorder};
use crate::pipeline::sound::Hearing;
use crate::pipeline::{Chain, Live, Report};
use crate::publish::{Counts, Farewell, Identity, PublishSettings, Publisher};

/// How long the last events may take to reach the broker.
const DRAIN: Duration = Duration::from_secs(5);

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
    pub source: Box<dyn VideoSource>,
    /// What is done with them.
    pub chain: Chain,
    /// The thread that listens to sound, when there is any.
    pub hearing: Option<Hearing>,
    /// Who publishes.
    pub identity: Identity,
    /// The packs at work, which may be replaced.
    pub packs: Packs,
    /// Asks for a look at the packs.
    pub hangup: Option<Signal>,
    /// Where to, and how.
    pub publish: PublishSettings,
    /// Writes events as they are produced.
    pub recorder: Option<Recorder>,
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
    /// Works until the source ends, or SIGINT or SIGTERM comes; then ends every event and says goodbye.
    ///
    /// # Errors
    /// When a thread, a signal handler or the publisher cannot start.
    pub async fn play(mut self) -> anyhow::Result<Ending> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let publisher = Publisher::start(&self.publish, self.identity.clone(), self.clock.clone(), &Handle::current())?;
        let handle = publisher.handle();
        let reloader = Reloader::start(self.packs, self.chain.offers(), self.identity, handle.clone())?;
        let (ended, mut end) = oneshot::channel();
        let outlet = Outlet::new(handle.clone(), self.recorder);
        let live = Live::start(self.source, self.chain, outlet, self.clock, move || {
            // Nobody waits any more when a signal came first.
            let _ = ended.send(());
        })?;
        loop {
            tokio::select! {
                _ = &mut end => break,
                _ = interrupt.recv() => {
                    info!("Interrupted; ending events and saying goodbye.");
                    break;
                }
                _ = terminate.recv() => {
                    info!("Asked to stop; ending events and saying goodbye.");
                    break;
                }
                () = hung_up(&mut self.hangup) => {
                    info!("Asked to reload; looking at the packs.");
                    reloader.look();
                }
            }
        }
        live.stop();
        let joined = tokio::task::spawn_blocking(move || {
            let report = live.join();
            reloader.stop();
            let unheard = self.hearing.map_or(0, Hearing::stop);
            if unheard > 0 {
                warn!(unheard, "Some of what was heard was not told: the frames took too long.");
            }
            report
        });
        let report = joined.await?;
        let farewell = publisher.stop(DRAIN).await;
        if !farewell.clean {
            warn!(lost_events = farewell.lost_events, "The broker did not acknowledge the goodbye.");
        }
        Ok(Ending { report, counts: handle.counts(), farewell })
    }
}

/// Resolves when the signal came; never without one, or when no more can come.
async fn hung_up(signal: &mut Option<Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if came.is_none() {
        future::pending().await
    }
}
