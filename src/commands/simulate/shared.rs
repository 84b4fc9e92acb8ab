//! What the devices, the subscribers and the conductor of a simulation share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::clock::SteadyClock;
use super::records::Records;
use super::roster::Roster;
use crate::events::EventSettings;
use crate::publish::{Counts, PublishHandle, PublishSettings};

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many devices.
    pub devices: usize,
    /// How many people each may have in view at a time.
    pub faces: usize,
    /// How long is measured, once all devices are online.
    pub measured: Duration,
    /// How long it takes until the last device is started.
    pub ramp: Duration,
    /// Where chance begins.
    pub seed: u64,
    /// Which events are told.
    pub events: EventSettings,
    /// Where to publish, and how.
    pub publish: PublishSettings,
}

/// The common ground.
pub struct Shared {
    /// What is simulated.
    pub plan: Plan,
    /// The devices' names.
    pub roster: Roster,
    /// The time.
    pub clock: SteadyClock,
    records: Mutex<Records>,
    handles: Mutex<Vec<PublishHandle>>,
    ticks: AtomicU64,
    gone: AtomicUsize,
}

impl Shared {
    /// Nobody is there yet.
    pub fn new(plan: Plan) -> Self {
        let devices = plan.devices;
        Self {
            roster: Roster::new(&plan.publish.prefix, devices),
            plan,
            clock: SteadyClock::start(),
            records: Mutex::new(Records::new(devices)),
            handles: Mutex::new(Vec::with_capacity(devices)),
            ticks: AtomicU64::new(0),
            gone: AtomicUsize::new(0),
        }
    }

    /// The figures, for a moment.
    pub fn records(&self) -> MutexGuard<'_, Records> {
        // Every figure is whole when the lock is let go.
        self.records.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A device has a publisher.
    pub fn started(&self, handle: PublishHandle) {
        self.handles().push(handle);
    }

    /// How many devices were started.
    pub fn count_started(&self) -> usize {
        self.handles().len()
    }

    /// What the publishers did, all of them together, as far as the report tells of it.
    pub fn published(&self) -> Counts {
        self.handles().iter().map(PublishHandle::counts).fold(Counts::default(), |sum, counts| Counts {
            states_published: sum.states_published + counts.states_published,
            states_replaced: sum.states_replaced + counts.states_replaced,
            states_dropped: sum.states_dropped + counts.states_dropped,
            events_published: sum.events_published + counts.events_published,
            events_refused: sum.events_refused + counts.events_refused,
            losses: sum.losses + counts.losses,
            failures: sum.failures + counts.failures,
            ..sum
        })
    }

    /// A device has told one moment.
    pub fn ticked(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    /// How many moments all devices have told.
    pub fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// A device has ended.
    pub fn ended(&self) {
        self.gone.fetch_add(1, Ordering::Relaxed);
    }

    /// How many devices have ended.
    pub fn gone(&self) -> usize {
        self.gone.load(Ordering::Relaxed)
    }

    fn handles(&self) -> MutexGuard<'_, Vec<PublishHandle>> {
        self.handles.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
