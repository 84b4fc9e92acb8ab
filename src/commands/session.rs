//! What `run` and `replay` share: the live pipeline beside the publisher, and packs that are replaced meanwhile,
//! until the source ends or somebody asks to stop.

use std::future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::interval;
use tracing::{info, warn};

use self::home_assistant::Announcer;
use self::watch::{Watch, tell};
use super::reload::{self, AtWork};
use super::setup::{Opened, Packs};
use crate::capture::VideoSource;
use crate::clock::Clock;
use crate::exit::Exit;
use crate::fuse::Fusion;
use crate::health::Pulse;
use crate::model::VoiceModel;
use crate::outlet::{Outlet, Recorder};
use crate::pipeline::sound::Hearing;
use crate::pipeline::{Fresh, Live, Report, Supply, Vitals};
use crate::publish::{Arrival, Counts, Farewell, Identity, PublishHandle, PublishSettings, Publisher};
use crate::supervise::systemd::Systemd;

pub mod home_assistant;
mod watch;

pub use self::watch::thermometers;

/// How long the last events may take to reach the broker.
const DRAIN: Duration = Duration::from_secs(5);

/// How often the I/O runtime shows that it lives.
const BEAT: Duration = Duration::from_secs(1);

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
    /// Where to, and how.
    pub publish: PublishSettings,
    /// Announces the device to Home Assistant.
    pub announcer: Option<Announcer>,
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
    /// Works until the source ends, or SIGINT or SIGTERM comes; then ends every event and says goodbye. A second
    /// such signal ends the process at once.
    ///
    /// # Errors
    /// When a thread, a signal handler or the publisher cannot start.
    pub async fn play(self) -> anyhow::Result<Ending> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut publisher =
            Publisher::start(&self.publish, self.identity.clone(), self.clock.clone(), &Handle::current())?;
        let handle = publisher.handle();
        let (clock, io) = (self.clock.clone(), Arc::new(Pulse::default()));
        let manager = Arc::new(Mutex::new(Systemd::of_process()));
        let mut watch = Watch::new(
            self.vitals.clone(),
            io.clone(),
            publisher.connection(),
            handle.clone(),
            manager.clone(),
            &self.packs.config.limits,
            clock.clone(),
        );
        let (mut hangup, outlet) = (self.hangup, Outlet::new(handle.clone(), self.recorder));
        let at_work = AtWork::new(self.identity, self.opened.sums);
        let births = self.announcer.as_ref().map(Announcer::births);
        let (announcing, mut arrivals) = (self.announcer, publisher.arrivals());
        let announcing = announcing
            .map(|announcer| tokio::spawn(announcer.run(handle.clone(), at_work.changes(), publisher.connection())));
        let fusion = self.hearing.is_some().then(|| Fusion::new(self.packs.config.fuse));
        let chains = chains(self.opened, fusion, &at_work, &self.packs, &handle);
        let mut live = Live::new(self.sources, chains, outlet, self.clock, self.vitals.clone());
        let (pulse, stopping) = (self.vitals.packs.clone(), live.stopping());
        let (reloader, orders) = reload::worker(self.packs, at_work, live.offers(), handle.clone(), pulse, stopping);
        live.employ(reloader);
        if let Some(hearing) = self.hearing {
            live.listen(hearing);
        }
        let (ended, mut end) = oneshot::channel();
        let live = live.start(
            move |now| watch.look(now),
            || {
                // Nobody waits any more when a signal came first.
                let _ = ended.send(());
            },
        )?;
        tell(&manager).ready();
        let (mut beat, mut looked) = (interval(BEAT), None);
        loop {
            tokio::select! {
                _ = &mut end => break,
                _ = beat.tick() => io.beat(clock.now()),
                _ = interrupt.recv() => {
                    info!("Interrupted; ending events and saying goodbye.");
                    break;
                }
                _ = terminate.recv() => {
                    info!("Asked to stop; ending events and saying goodbye.");
                    break;
                }
                () = hung_up(&mut hangup) => {
                    info!("Asked to reload; looking at the packs.");
                    tell(&manager).reloading(clock.now());
                    looked = Some(orders.look());
                }
                arrival = next(&mut arrivals) => if let Some(births) = &births {
                    births.hear(&arrival);
                },
                () = over(&mut looked) => tell(&manager).ready(),
            }
        }
        tell(&manager).stopping();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            warn!("Asked to stop once more; ending at once.");
            std::process::exit(Exit::Failed.code().into());
        });
        live.stop();
        let report = tokio::task::spawn_blocking(move || live.join()).await?;
        if report.unheard > 0 {
            warn!(unheard = report.unheard, "Some of what was heard was not told: the frames took too long.");
        }
        if let Some(announcing) = announcing {
            announcing.abort();
        }
        let farewell = publisher.stop(DRAIN).await;
        if !farewell.clean {
            warn!(lost_events = farewell.lost_events, "The broker did not acknowledge the goodbye.");
        }
        Ok(Ending { report, counts: handle.counts(), farewell })
    }
}

/// The chain that was opened, and others like it when it dies, of the packs that are there then.
fn chains(
    first: Opened,
    fusion: Option<Fusion>,
    at_work: &AtWork,
    packs: &Arc<Packs>,
    publish: &PublishHandle,
) -> Supply<Fresh> {
    let first = Fresh::from(first.chain.with_fusion(fusion.clone()));
    let (at_work, packs, publish) = (at_work.clone(), packs.clone(), publish.clone());
    let again = move || {
        let fresh = at_work.reopen(&packs, &publish)?;
        anyhow::Ok(Fresh { chain: fresh.chain.with_fusion(fusion.clone()), ..fresh })
    };
    Supply::of(again).starting_with(first)
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

/// What comes next to us; never comes without arrivals, or when no more can come.
async fn next(arrivals: &mut Option<mpsc::Receiver<Arrival>>) -> Arrival {
    let came = match arrivals {
        Some(arrivals) => arrivals.recv().await,
        None => None,
    };
    match came {
        Some(arrival) => arrival,
        None => future::pending().await,
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
