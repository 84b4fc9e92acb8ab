//! How the outbox is, for whoever looks after the device.

/// Where letters wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// In memory only: a power cut loses them.
    #[default]
    Memory,
    /// On the disk as well.
    Disk,
}

/// How the outbox is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboxStanding {
    /// Where events wait.
    pub place: Place,
    /// Why they wait in memory although they should wait on the disk.
    pub trouble: Option<String>,
    /// Whether events are being lost because too many wait.
    pub overflowing: bool,
    /// How many wait.
    pub waiting: u64,
    /// How many were lost since the start: too many, too old, or not given back by the disk.
    pub lost: u64,
}
