//! What became of everything that was handed over: nothing goes missing uncounted.

/// Counted since the publisher started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// States that were sent.
    pub states_published: u64,
    /// States that a newer one replaced before their turn: the rate limit at work.
    pub states_replaced: u64,
    /// States that were dropped: no connection, or more faces than there are places.
    pub states_dropped: u64,
    /// Events that the broker acknowledged.
    pub events_published: u64,
    /// Events that were dropped, oldest first, because too many were waiting.
    pub events_dropped: u64,
    /// Events that the broker refused to take.
    pub events_refused: u64,
    /// Messages that were not published because a number in them was not finite.
    pub not_finite: u64,
    /// Messages to us that were dropped because too many came.
    pub arrivals_dropped: u64,
    /// Answers that were dropped: no connection, or too many waiting.
    pub replies_dropped: u64,
    /// How often a connection was made.
    pub connects: u64,
    /// How often a connection was lost after it had been made.
    pub losses: u64,
    /// How often a connection could not be made.
    pub failures: u64,
}
