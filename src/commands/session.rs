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
use self::mail::Mail;
use self::notices::Notices;
use self::orders::means::Stages;
use self::orders::{Commands, Orders};
use self::watch::{Watch, tell};
use super::reload::{self, AtWork};
use super::setup::{Opened, Packs};
use crate::capture::VideoSource;
use crate::clock::Clock;
use crate::exit::Exit;
use crate::fuse::Fusion;
use crate::health::Pulse;
use crate::model::VoiceModel;
use crate::outlet::{Outlet, Recorder, Witness};
use crate::pipeline::sound::Hearing;
use crate::pipeline::{Fresh, Live, Report, Supply, Vitals};
use crate::privacy::consent::{self, ConsentTopic};
use crate::privacy::{ConsentSource, Door, Gate, Sensing};
use crate::publish::{Counts, Farewell, Identity, PublishHandle, PublishSettings, Publisher};
use crate::supervise::systemd::Systemd;

pub mod home_assistant;
mod mail;
mod notices;
mod orders;
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
    pub async fn play(self) -> anyhow::Result<Ending> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let commands = Commands::of(&self.packs.config, &self.identity.device);
        commands.recall(&self.gate, self.clock.now());
        let (privacy, mut publish) = (self.packs.config.privacy.clone(), self.publish);
        let consent = match &privacy.consent {
            ConsentSource::Topic(topic) => Some(ConsentTopic::new(topic.clone(), self.gate.clone())),
            ConsentSource::NotAsked | ConsentSource::Unmute | ConsentSource::File(_) => None,
        };
        publish.subscriptions.extend(commands.subscription());
        publish.subscriptions.extend(consent.as_ref().map(|consent| consent.topic().to_owned()));
        let mut publisher = Publisher::start(&publish, self.identity.clone(), self.clock.clone(), &Handle::current())?;
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
        let door = Door::new(handle.clone(), self.gate.clone(), privacy.extent);
        let (mut hangup, outlet) = (self.hangup, Outlet::new(door, self.recorder).with_witness(self.witness));
        let at_work = AtWork::new(self.identity, self.opened.sums);
        let hears = self.hearing.is_some();
        let mut notices =
            Notices::new(handle.clone(), publish, &privacy, self.gate.clone(), at_work.clone(), hears, clock.clone());
        let births = self.announcer.as_ref().map(Announcer::births);
        let announcing = self
            .announcer
            .map(|announcer| tokio::spawn(announcer.run(handle.clone(), at_work.changes(), publisher.connection())));
        let fusion = hears.then(|| Fusion::new(self.packs.config.fuse));
        let chains = chains(self.opened, fusion, &at_work, &self.packs, &handle);
        let live = Live::new(self.sources, chains, outlet, self.clock, self.vitals.clone());
        let mut live = live.behind(self.gate.clone());
        let (pulse, stopping) = (self.vitals.packs.clone(), live.stopping());
        let offers = live.offers();
        let (reloader, looks) = reload::worker(self.packs, at_work.clone(), offers, handle.clone(), pulse, stopping);
        live.employ(reloader);
        if let ConsentSource::File(path) = privacy.consent {
            live.employ(consent::worker(path, self.gate.clone(), clock.clone(), live.stopping()));
        }
        let (vitals, wisher) = (self.vitals.clone(), live.wisher());
        let means = commands.means(Stages { gate: self.gate.clone(), looks: looks.clone(), at_work, vitals, wisher });
        let (command, commanded) = mpsc::channel(1);
        if let Some(arrivals) = publisher.arrivals() {
            let (connection, clock) = (publisher.connection(), clock.clone());
            tokio::spawn(Mail { arrivals, connection, consent, births, commands: command, clock }.deliver());
        }
        tokio::spawn(Orders::new(commands, means, handle.clone(), clock.clone()).carry_out(commanded));
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
        let (mut beat, mut looked, mut sensing) = (interval(BEAT), None, self.gate.changes());
        say(self.gate.sensing());
        notices.look();
        loop {
            tokio::select! {
                _ = &mut end => break,
                _ = beat.tick() => {
                    io.beat(clock.now());
                    notices.look();
                }
                _ = interrupt.recv() => {
                    info!("Interrupted; ending events and saying goodbye.");
                    break;
                }
                _ = terminate.recv() => {
                    info!("Asked to stop; ending events and saying goodbye.");
                    break;
                }
                // The gate is held here, so that its changes never end.
                Ok(()) = sensing.changed() => {
                    notices.look();
                    say(*sensing.borrow_and_update());
                }
                () = hung_up(&mut hangup) => {
                    info!("Asked to reload; looking at the packs.");
                    tell(&manager).reloading(clock.now());
                    looked = Some(looks.look());
                }
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

/// Whoever reads the log sees when people were sensed.
fn say(sensing: Sensing) {
    match sensing {
        Sensing::On => info!("Sensing."),
        Sensing::Muted(reason) => info!(?reason, "Muted: nothing is sensed."),
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

/// Resolves once when the look is over; never without one.
async fn over(look: &mut Option<oneshot::Receiver<()>>) {
    match look {
        // An error means that nobody looks any more, which is over, too.
        Some(over) => drop(over.await),
        None => future::pending().await,
    }
    *look = None;
}
