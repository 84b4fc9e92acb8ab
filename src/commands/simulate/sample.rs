//! All figures at one moment: what lies between two of them is what is measured.

use std::time::Duration;

use super::broker_process::{Whereabouts, cpu_of, memory_of};
use super::records::Arrived;
use super::shared::Shared;
use crate::clock::{Clock, Monotonic};
use crate::commands::bench::usage;
use crate::publish::Counts;

/// The figures at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// When.
    pub at: Monotonic,
    /// What the devices did.
    pub published: Counts,
    /// What arrived.
    pub arrived: Arrived,
    /// Moments that all devices have told.
    pub ticks: u64,
    /// Devices that are online, as the broker tells it.
    pub online: usize,
    /// Processor time of this process.
    pub own_cpu: Duration,
    /// Memory of this process, in bytes.
    pub own_memory: Option<u64>,
    /// Processor time of the broker, when it is on this machine.
    pub broker_cpu: Option<Duration>,
    /// Memory of the broker, in bytes, when it is on this machine.
    pub broker_memory: Option<u64>,
}

impl Sample {
    /// Takes all figures now.
    pub fn now(shared: &Shared, broker: &Whereabouts) -> Self {
        let pid = match broker {
            Whereabouts::Here(process) => Some(process.pid),
            Whereabouts::Hidden | Whereabouts::Elsewhere => None,
        };
        let published = shared.published();
        let records = shared.records();
        Self {
            at: shared.clock.now(),
            published,
            arrived: records.arrived,
            ticks: shared.ticks(),
            online: records.online(),
            own_cpu: usage::own_cpu(),
            own_memory: memory_of(std::process::id()),
            broker_cpu: pid.and_then(cpu_of),
            broker_memory: pid.and_then(memory_of),
        }
    }
}
