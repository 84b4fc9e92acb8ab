//! What subscribers saw of the fleet, and what devices noted of themselves: the figures as they grow. Pure.

use std::time::Duration;

use super::histogram::Histogram;
use super::ledger::Ledger;

/// What a subscriber listens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Events: QoS 1.
    Events,
    /// States of faces.
    Faces,
    /// States of everyone in view.
    Scenes,
    /// `online`, `stopped`, `offline`.
    Statuses,
    /// How the stages of a device are.
    Healths,
}

impl Feed {
    /// All of them: a subscriber each.
    pub const ALL: [Self; 5] = [Self::Events, Self::Faces, Self::Scenes, Self::Statuses, Self::Healths];

    /// The levels of its topics behind the device's.
    pub const fn levels(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Faces => "faces/+/state",
            Self::Scenes => "scene/state",
            Self::Statuses => "status",
            Self::Healths => "health",
        }
    }

    /// Its name, for a client id.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Faces => "faces",
            Self::Scenes => "scenes",
            Self::Statuses => "statuses",
            Self::Healths => "healths",
        }
    }
}

/// What a device's status topic said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    /// Nothing since it was started.
    #[default]
    Silent,
    Online,
    Stopped,
    Offline,
}

/// Messages and bytes that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrived {
    /// States.
    pub states: u64,
    /// Events, duplicates among them.
    pub events: u64,
    /// Everything.
    pub messages: u64,
    /// Topics and payloads of everything, in bytes.
    pub bytes: u64,
}

/// Everything that is recorded.
#[derive(Debug, Default)]
pub struct Records {
    /// The events.
    pub ledger: Ledger,
    /// What arrived since the start.
    pub arrived: Arrived,
    /// From handing an event over to its arrival, while that is measured.
    pub events: Histogram,
    /// From handing a state over to its arrival, while that is measured.
    pub states: Histogram,
    /// From a device's start to its being let in.
    pub connects: Histogram,
    /// Why a device had no connection, the last time one had none.
    pub trouble: Option<String>,
    standings: Vec<Standing>,
    measuring: bool,
    online: usize,
    stopped: usize,
    offline: usize,
    ever_online: usize,
}

impl Records {
    /// Nothing yet, of so many devices.
    pub fn new(devices: usize) -> Self {
        Self { standings: vec![Standing::default(); devices], ..Self::default() }
    }

    /// Counts a message of `bytes` on a feed. `took`: how long it was under way, where that is known.
    pub fn arrived(&mut self, feed: Feed, bytes: usize, took: Option<Duration>) {
        self.arrived.messages += 1;
        self.arrived.bytes += bytes as u64;
        let times = match feed {
            Feed::Events => {
                self.arrived.events += 1;
                &mut self.events
            }
            Feed::Faces | Feed::Scenes => {
                self.arrived.states += 1;
                &mut self.states
            }
            Feed::Statuses | Feed::Healths => return,
        };
        if let Some(took) = took.filter(|_| self.measuring) {
            times.add(took);
        }
    }

    /// Notes what a device's status says: one of the three words, others say nothing. What the broker kept of an earlier
    /// run does not count: only `online` begins a device's story.
    pub fn status(&mut self, device: usize, word: &[u8]) {
        let Some(standing) = self.standings.get_mut(device) else { return };
        let now = match word {
            b"online" => Standing::Online,
            b"stopped" => Standing::Stopped,
            b"offline" => Standing::Offline,
            _ => return,
        };
        let before = *standing;
        if before == now || (before == Standing::Silent && now != Standing::Online) {
            return;
        }
        *standing = now;
        self.ever_online += usize::from(before == Standing::Silent);
        for (of, count) in [
            (Standing::Online, &mut self.online),
            (Standing::Stopped, &mut self.stopped),
            (Standing::Offline, &mut self.offline),
        ] {
            *count = *count - usize::from(before == of) + usize::from(now == of);
        }
    }

    /// From now on it is measured how long messages take.
    pub fn measure(&mut self, measuring: bool) {
        self.measuring = measuring;
    }

    /// How many devices are online, as the broker tells it.
    pub fn online(&self) -> usize {
        self.online
    }

    /// How many devices have been online.
    pub fn ever_online(&self) -> usize {
        self.ever_online
    }

    /// How many devices have said goodbye.
    pub fn stopped(&self) -> usize {
        self.stopped
    }

    /// How many devices the broker says are gone without a goodbye.
    pub fn offline(&self) -> usize {
        self.offline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_counted_where_it_stands() {
        let mut records = Records::new(3);
        for (device, word) in
            [(0, "online"), (1, "online"), (1, "online"), (0, "offline"), (0, "online"), (1, "stopped")]
        {
            records.status(device, word.as_bytes());
        }
        assert_eq!((records.online(), records.stopped(), records.offline(), records.ever_online()), (1, 1, 0, 2));
    }

    #[test]
    fn what_an_earlier_run_left_behind_does_not_count() {
        let mut records = Records::new(1);
        records.status(0, b"stopped");
        records.status(0, b"");
        assert_eq!((records.stopped(), records.ever_online()), (0, 0));
        records.status(7, b"online");
        assert_eq!(records.online(), 0);
    }

    #[test]
    fn times_are_kept_only_while_it_is_measured() {
        let mut records = Records::new(1);
        let took = Some(Duration::from_millis(1));
        records.arrived(Feed::Faces, 10, took);
        records.measure(true);
        records.arrived(Feed::Scenes, 10, took);
        records.arrived(Feed::Events, 10, took);
        records.arrived(Feed::Healths, 10, None);
        assert_eq!((records.states.count(), records.events.count()), (1, 1));
        assert_eq!(records.arrived, Arrived { states: 2, events: 1, messages: 4, bytes: 40 });
    }
}
