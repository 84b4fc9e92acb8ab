//! How events are kept while the broker is away.

use std::path::PathBuf;
use std::time::Duration;

use super::limits::Limits;

/// How events are kept while the broker is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxSettings {
    /// The folder on the disk; in memory only when absent.
    pub dir: Option<PathBuf>,
    /// The most that waits there, in bytes of records.
    pub max_bytes: u64,
    /// How old an event may become while it waits; for ever when absent.
    pub max_age: Option<Duration>,
    /// How long an event that the broker has not acknowledged may be in memory only.
    pub commit_every: Duration,
}

impl OutboxSettings {
    /// The limits of the queue, of which `in_memory` letters may be in memory only. Without a disk they are the only
    /// bound.
    pub(super) fn limits(&self, in_memory: usize) -> Limits {
        let bytes = self.dir.as_ref().map_or(u64::MAX, |_| self.max_bytes);
        Limits { bytes, age: self.max_age, in_memory }
    }
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            dir: None,
            max_bytes: 16 << 20,
            max_age: Some(Duration::from_secs(168 * 3600)),
            commit_every: Duration::from_secs(1),
        }
    }
}
