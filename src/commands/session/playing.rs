//! A session at work, until the source ends or somebody asks to stop, and how it ends.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::interval;
use tracing::{info, warn};

use super::Ending;
use super::notices::Notices;
use super::signals::{Asked, Signals};
use super::watch::{Manager, tell};
use crate::clock::Clock;
use crate::commands::reload;
use crate::health::Pulse;
use crate::pipeline::Running;
use crate::privacy::{Gate, Sensing};
use crate::publish::Publisher;

/// How long the last events may take to reach the broker.
const DRAIN: Duration = Duration::from_secs(5);

/// How often the I/O runtime shows that it lives.
const BEAT: Duration = Duration::from_secs(1);

/// A session at work.
pub struct Playing {
    /// Who publishes.
    pub publisher: Publisher,
    /// The pipeline.
    pub live: Running,
    /// Told when the pipeline has ended by itself.
    pub ended: oneshot::Receiver<()>,
    /// The task that announces the device to Home Assistant.
    pub announcing: Option<JoinHandle<()>>,
    /// Announces what is sensed.
    pub notices: Notices,
    /// Looks at the packs.
    pub looks: reload::Orders,
    /// Whether anything is sensed.
    pub gate: Gate,
    /// The service manager.
    pub manager: Manager,
    /// The pulse of the I/O runtime.
    pub io: Arc<Pulse>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Playing {
    /// Works until the source ends or a signal asks to stop.
    pub async fn until_over(&mut self, signals: &mut Signals) {
        tell(&self.manager).ready();
        let (mut beat, mut looked, mut sensing) = (interval(BEAT), None, self.gate.changes());
        say(self.gate.sensing());
        self.notices.look();
        loop {
            tokio::select! {
                _ = &mut self.ended => return,
                _ = beat.tick() => {
                    self.io.beat(self.clock.now());
                    self.notices.look();
                }
                asked = signals.next() => match asked {
                    Asked::Stop => return,
                    Asked::Look => {
                        tell(&self.manager).reloading(self.clock.now());
                        looked = Some(self.looks.look());
                    }
                },
                // The gate is held here, so that its changes never end.
                Ok(()) = sensing.changed() => {
                    self.notices.look();
                    say(*sensing.borrow_and_update());
                }
                () = over(&mut looked) => tell(&self.manager).ready(),
            }
        }
    }

    /// Ends every event, says goodbye, and tells what it all came to.
    ///
    /// # Errors
    /// When the thread that waits for the pipeline panicked.
    pub async fn end(self) -> anyhow::Result<Ending> {
        let Self { publisher, live, announcing, manager, .. } = self;
        tell(&manager).stopping();
        live.stop();
        let report = tokio::task::spawn_blocking(move || live.join()).await?;
        if report.unheard > 0 {
            warn!(unheard = report.unheard, "Some of what was heard was not told: the frames took too long.");
        }
        if let Some(announcing) = announcing {
            announcing.abort();
        }
        let handle = publisher.handle();
        let farewell = publisher.stop(DRAIN).await;
        if !farewell.clean {
            warn!(lost_events = farewell.lost_events, "The broker did not acknowledge the goodbye.");
        }
        Ok(Ending { report, counts: handle.counts(), farewell })
    }
}

/// Whoever reads the log sees when people were sensed.
fn say(sensing: Sensing) {
    match sensing {
        Sensing::On => info!("Sensing."),
        Sensing::Muted(reason) => info!(?reason, "Muted: nothing is sensed."),
    }
}

/// Resolves once when the look is over; never without one.
async fn over(look: &mut Option<oneshot::Receiver<()>>) {
    match look {
        // An error means that nobody looks any more, which is over, too.
        Some(over) => drop(over.await),
        None => future::pending().await,
    }
    *look = None;
}
