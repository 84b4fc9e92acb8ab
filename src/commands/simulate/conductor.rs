//! Leads a simulation through its phases: subscribers, devices one after another, the measured time, goodbyes.

use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::audience::Audience;
use super::broker_process::{Whereabouts, memory_of};
use super::device::Device;
use super::progress::Progress;
use super::report::Report;
use super::sample::Sample;
use super::shared::{Plan, Shared};
use crate::clock::{Clock, Monotonic};
use crate::publish::{Topics, sweep};

/// How long after the last device was started all must be online.
const LATECOMERS: Duration = Duration::from_secs(30);
/// How long devices may take to say goodbye.
const GOODBYES: Duration = Duration::from_secs(20);
/// How long what is under way may take to arrive after the last goodbye.
const LAST_ARRIVALS: Duration = Duration::from_secs(10);
/// How long the broker may take to forget what it kept.
const SWEEPING: Duration = Duration::from_secs(30);
/// How often is looked whether a phase is over.
const OFTEN: Duration = Duration::from_millis(100);

/// Why a phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// What it waited for has come.
    Reached,
    /// Its time is over.
    TimedOut,
    /// Somebody wants it to end.
    Interrupted,
}

/// Who leads.
pub struct Conductor {
    shared: Arc<Shared>,
    audience: Audience,
    devices: JoinSet<anyhow::Result<()>>,
    interrupt: Signal,
    progress: Progress,
}

impl Conductor {
    /// Gathers the subscribers; no device is there yet.
    ///
    /// # Errors
    /// When the broker cannot be reached or does not let subscribers in.
    pub async fn new(plan: Plan) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::new(plan));
        let audience = Audience::gather(&shared).await?;
        let progress = Progress::new(shared.clock.now());
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { shared, audience, devices: JoinSet::new(), interrupt, progress })
    }

    /// Leads all of it, and tells what it came to. An interrupt ends what is being measured, not the report.
    ///
    /// # Errors
    /// When a subscriber loses its connection or a device cannot start.
    pub async fn conduct(mut self) -> anyhow::Result<Report> {
        let whereabouts = Whereabouts::of(&self.shared.plan.publish.broker).await;
        let bare = memory_of(std::process::id());
        let (stop, stopping) = watch::channel(false);
        for number in 0..self.shared.plan.devices {
            self.devices.spawn(Device::new(number, self.shared.clone(), stopping.clone()).live());
        }
        let (shared, plan) = (self.shared.clone(), self.shared.plan.clone());
        let all_online = || shared.records().online() == plan.devices;
        let mut ended = self.phase("connecting", plan.ramp + LATECOMERS, all_online).await?;
        shared.records().measure(true);
        let first = Sample::now(&shared, &whereabouts);
        if ended != Ended::Interrupted {
            ended = self.phase("measuring", plan.measured, || false).await?;
        }
        let last = Sample::now(&shared, &whereabouts);
        shared.records().measure(false);
        // Nobody listens when all devices have ended by themselves, which is an error told below.
        let _ = stop.send(true);
        if ended != Ended::Interrupted || shared.count_started() > 0 {
            self.phase("goodbyes", GOODBYES, || shared.gone() == plan.devices).await?;
            let all_arrived = || {
                let records = shared.records();
                records.ledger.tally().outstanding == 0 && records.stopped() == records.ever_online()
            };
            self.phase("arrivals", LAST_ARRIVALS, all_arrived).await?;
        }
        self.progress.over();
        let report = Report::of(&shared, whereabouts, bare, &first, &last);
        self.sweep().await;
        Ok(report)
    }

    /// Lets time pass until something is `reached`, at most so long, and shows how it goes.
    async fn phase(&mut self, name: &str, at_most: Duration, reached: impl Fn() -> bool) -> anyhow::Result<Ended> {
        let until = self.shared.clock.now() + at_most;
        let mut looks = interval(OFTEN);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            select! {
                _ = looks.tick() => {}
                _ = self.interrupt.recv() => return Ok(Ended::Interrupted),
                why = self.audience.lost() => return Err(why),
                Some(device) = self.devices.join_next() => device??,
            }
            let now: Monotonic = self.shared.clock.now();
            self.progress.show(name, now, &self.shared);
            if reached() {
                return Ok(Ended::Reached);
            }
            if now >= until {
                return Ok(Ended::TimedOut);
            }
        }
    }

    /// Has the broker forget the devices. What it does not forget does no harm: it says that they are stopped.
    async fn sweep(&self) {
        let Shared { plan, roster, .. } = &*self.shared;
        let kept = (0..roster.len()).filter_map(|number| roster.id(number).ok()).flat_map(|id| {
            let topics = Topics::new(roster.prefix(), &id);
            [topics.status(), topics.device(), topics.health()]
        });
        let client = format!("affectd-simulate-{}-sweeper", std::process::id());
        let swept = tokio::time::timeout(SWEEPING, sweep(&plan.publish, &client, kept)).await;
        let why = match swept {
            Ok(Ok(Ok(()))) => return,
            Ok(Ok(Err(trouble))) => trouble.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it did not answer within {SWEEPING:?}"),
        };
        tracing::warn!(why, "The broker may keep retained messages of the simulated devices.");
    }
}
