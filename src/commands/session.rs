//! What `run` and `replay` share: the live pipeline beside the publisher, until the source ends or
//! somebody asks to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::capture::VideoSource;
use crate::clock::Clock;
use crate::outlet::{Outlet, Recorder};
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
    /// Who publishes.
    pub identity: Identity,
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
    pub async fn play(self) -> anyhow::Result<Ending> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let publisher = Publisher::start(&self.publish, self.identity, self.clock.clone(), &Handle::current())?;
        let handle = publisher.handle();
        let (ended, mut end) = oneshot::channel();
        let outlet = Outlet::new(handle.clone(), self.recorder);
        let live = Live::start(self.source, self.chain, outlet, self.clock, move || {
            // Nobody waits any more when a signal came first.
            let _ = ended.send(());
        })?;
        tokio::select! {
            _ = &mut end => {}
            _ = interrupt.recv() => info!("Interrupted; ending events and saying goodbye."),
            _ = terminate.recv() => info!("Asked to stop; ending events and saying goodbye."),
        }
        live.stop();
        let report = tokio::task::spawn_blocking(move || live.join()).await?;
        let farewell = publisher.stop(DRAIN).await;
        if !farewell.clean {
            warn!(lost_events = farewell.lost_events, "The broker did not acknowledge the goodbye.");
        }
        Ok(Ending { report, counts: handle.counts(), farewell })
    }
}
