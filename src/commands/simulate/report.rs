//! What a simulation came to: as a table for people and as JSON for machines.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::broker_process::{Whereabouts, threads_of};
use super::histogram::Histogram;
use super::ledger::Tally;
use super::sample::Sample;
use super::shared::Shared;
use crate::publish::{Counts, Protocol};

/// A simulator that tells less than this share of what it should is itself what is slow.
const KEPT_PACE: f64 = 0.95;

/// The figures.
pub struct Report {
    broker: String,
    protocol: &'static str,
    first_id: String,
    last_id: String,
    devices: usize,
    faces: usize,
    /// Devices that were online when the measured time began.
    online: usize,
    ever_online: usize,
    stopped: usize,
    offline: usize,
    trouble: Option<String>,
    connects: Histogram,
    events: Tally,
    event_times: Histogram,
    state_times: Histogram,
    /// States that arrived, from the first to the last.
    states_received: u64,
    counts: Counts,
    /// How long was measured.
    measured: Duration,
    /// Moments told, as a share of those that the states' rate asks for.
    pace: f64,
    /// In the measured time.
    published: u64,
    received: u64,
    received_bytes: u64,
    whereabouts: Whereabouts,
    broker_cpu: Option<Duration>,
    broker_memory: Option<u64>,
    own_cpu: Duration,
    own_memory: Option<u64>,
    own_threads: Option<u64>,
    memory_per_device: Option<u64>,
}

impl Report {
    /// Draws it up, from what stands at the end, the samples at both ends of the measured time, and the memory of this
    /// process before there was a device.
    pub fn of(shared: &Shared, whereabouts: Whereabouts, bare: Option<u64>, first: &Sample, last: &Sample) -> Self {
        let Shared { plan, roster, .. } = shared;
        let counts = shared.published();
        let id = |number: usize| roster.id(number).map(|id| id.to_string()).unwrap_or_default();
        let records = shared.records();
        let measured = last.at.since(first.at);
        let sent = |counts: &Counts| counts.states_published + counts.events_published;
        let due = first.online as f64 * measured.as_secs_f64() / plan.publish.state_interval.as_secs_f64();
        let grown = first.own_memory.zip(bare).map(|(now, bare)| now.saturating_sub(bare));
        Self {
            broker: plan.publish.broker.to_string(),
            protocol: match plan.publish.protocol {
                Protocol::V5 => "MQTT 5",
                Protocol::V311 => "MQTT 3.1.1",
            },
            first_id: id(0),
            last_id: id(plan.devices - 1),
            devices: plan.devices,
            faces: plan.faces,
            online: first.online,
            ever_online: records.ever_online(),
            stopped: records.stopped(),
            offline: records.offline(),
            trouble: records.trouble.clone(),
            connects: records.connects.clone(),
            events: records.ledger.tally(),
            event_times: records.events.clone(),
            state_times: records.states.clone(),
            states_received: records.arrived.states,
            counts,
            measured,
            pace: if due > 0.0 { (last.ticks - first.ticks) as f64 / due } else { 0.0 },
            published: sent(&last.published) - sent(&first.published),
            received: last.arrived.messages - first.arrived.messages,
            received_bytes: last.arrived.bytes - first.arrived.bytes,
            broker_cpu: last.broker_cpu.zip(first.broker_cpu).map(|(last, first)| last.saturating_sub(first)),
            broker_memory: last.broker_memory,
            own_cpu: last.own_cpu.saturating_sub(first.own_cpu),
            own_memory: last.own_memory,
            own_threads: threads_of(std::process::id()),
            memory_per_device: grown.map(|grown| grown / first.online.max(1) as u64),
            whereabouts,
        }
    }

    /// What to bear in mind about the figures: nothing, when the simulator kept its pace.
    pub fn caution(&self) -> Option<String> {
        (self.online > 0 && self.pace < KEPT_PACE).then(|| {
            format!(
                "the simulator told only {:.0} % of what it should have: times and rates are its own, not the broker's; \
                 give it more processor, or simulate fewer devices",
                100.0 * self.pace
            )
        })
    }

    /// What went wrong, if anything did.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if self.ever_online < self.devices {
            let why = self.trouble.as_deref().unwrap_or("there was no time for it");
            let missing = self.devices - self.ever_online;
            failures.push(format!("{missing} of {} devices were never online: {why}", self.devices));
        }
        if self.events.outstanding > 0 {
            failures.push(format!("{} events were not received", self.events.outstanding));
        }
        if self.stopped < self.ever_online {
            failures.push(format!("{} devices did not say goodbye", self.ever_online - self.stopped));
        }
        failures
    }

    fn a_second(&self, count: u64) -> f64 {
        if self.measured.is_zero() { 0.0 } else { count as f64 / self.measured.as_secs_f64() }
    }

    /// Processor time in the measured time, as per cent of one core.
    fn percent(&self, cpu: Duration) -> f64 {
        if self.measured.is_zero() { 0.0 } else { 100.0 * cpu.as_secs_f64() / self.measured.as_secs_f64() }
    }

    /// For machines. Times in milliseconds, memory in bytes, processor in per cent of one core.
    pub fn json(&self) -> Value {
        let process = match &self.whereabouts {
            Whereabouts::Here(process) => json!({
                "name": process.name, "pid": process.pid, "memory": self.broker_memory,
                "cpu_percent": self.broker_cpu.map(|cpu| self.percent(cpu)),
            }),
            Whereabouts::Hidden | Whereabouts::Elsewhere => Value::Null,
        };
        json!({
            "simulated": true,
            "broker": { "address": self.broker, "protocol": self.protocol, "process": process },
            "devices": {
                "asked_for": self.devices, "first": self.first_id, "last": self.last_id, "faces_at_most": self.faces,
                "online": self.online, "ever_online": self.ever_online, "stopped": self.stopped, "offline": self.offline,
                "connect_ms": times(&self.connects), "connections_failed": self.counts.failures,
                "connections_lost": self.counts.losses,
            },
            "events": {
                "sent": self.events.produced, "received": self.events.received, "duplicates": self.events.duplicates,
                "unknown": self.events.unknown, "lost": self.events.outstanding, "refused": self.counts.events_refused,
                "latency_ms": times(&self.event_times),
            },
            "states": {
                "sent": self.counts.states_published, "received": self.states_received,
                "replaced": self.counts.states_replaced, "dropped": self.counts.states_dropped,
                "latency_ms": times(&self.state_times),
            },
            "measured": {
                "seconds": self.measured.as_secs_f64(), "pace": self.pace,
                "published_per_second": self.a_second(self.published),
                "received_per_second": self.a_second(self.received),
                "received_bytes_per_second": self.a_second(self.received_bytes),
            },
            "simulator": {
                "cpu_percent": self.percent(self.own_cpu), "memory": self.own_memory, "threads": self.own_threads,
                "memory_per_device": self.memory_per_device,
            },
        })
    }
}

fn times(histogram: &Histogram) -> Value {
    let at = |q| histogram.percentile(q).map(ms);
    json!({ "count": histogram.count(), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99),
            "max": histogram.longest().map(ms) })
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A row of times.
fn row(f: &mut fmt::Formatter<'_>, name: &str, histogram: &Histogram) -> fmt::Result {
    let at =
        |duration: Option<Duration>| duration.map_or_else(|| "-".to_owned(), |duration| format!("{:.2}", ms(duration)));
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|q| at(histogram.percentile(q)));
    let (count, longest) = (histogram.count(), at(histogram.longest()));
    writeln!(f, "{name:<24} {count:>9} {p50:>9} {p95:>9} {p99:>9} {longest:>9}")
}

fn mib(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "not known".to_owned(), |bytes| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} devices that are made up ({} to {}), at most {} faces each, at {} in {}\n",
            self.devices, self.first_id, self.last_id, self.faces, self.broker, self.protocol
        )?;
        writeln!(
            f,
            "devices      {} online, {} said goodbye, {} gone without; {} attempts to connect failed, {} connections were lost",
            self.online, self.stopped, self.offline, self.counts.failures, self.counts.losses
        )?;
        writeln!(
            f,
            "events       {} sent, {} received, {} duplicates, {} lost",
            self.events.produced, self.events.received, self.events.duplicates, self.events.outstanding
        )?;
        writeln!(
            f,
            "states       {} sent, {} received (QoS 0: a broker may drop them)",
            self.counts.states_published, self.states_received
        )?;
        writeln!(
            f,
            "measured     {:.0} s: {:.0} messages/s published, {:.0} received ({:.1} MB/s), pace {:.1} %\n",
            self.measured.as_secs_f64(),
            self.a_second(self.published),
            self.a_second(self.received),
            self.a_second(self.received_bytes) / 1e6,
            100.0 * self.pace
        )?;
        writeln!(f, "{:<24} {:>9} {:>9} {:>9} {:>9} {:>9}", "ms", "count", "p50", "p95", "p99", "max")?;
        row(f, "connecting", &self.connects)?;
        row(f, "event until received", &self.event_times)?;
        row(f, "state until received", &self.state_times)?;
        writeln!(f)?;
        match (&self.whereabouts, self.broker_cpu) {
            (Whereabouts::Here(process), Some(cpu)) => writeln!(
                f,
                "broker       {} (process {}): {:.1} % of a core, {}",
                process.name,
                process.pid,
                self.percent(cpu),
                mib(self.broker_memory)
            )?,
            (Whereabouts::Here(process), None) => writeln!(f, "broker       {} is gone", process.name)?,
            (Whereabouts::Hidden, _) => {
                writeln!(
                    f,
                    "broker       on this machine, as another user: run this as root to see its processor time"
                )?;
            }
            (Whereabouts::Elsewhere, _) => writeln!(f, "broker       not on this machine")?,
        }
        writeln!(
            f,
            "simulator    {:.1} % of a core, {} of memory, {} a device, {} threads",
            self.percent(self.own_cpu),
            mib(self.own_memory),
            self.memory_per_device.map_or_else(|| "not known".to_owned(), |bytes| format!("{} KiB", bytes / 1024)),
            self.own_threads.map_or_else(|| "?".to_owned(), |threads| threads.to_string())
        )
    }
}
