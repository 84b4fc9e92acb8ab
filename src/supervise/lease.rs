//! The right to act for a stage, which one thread has at a time.
//!
//! A thread that hangs in the kernel cannot be ended. It is left behind: its lease is given to another, and should it
//! wake again it finds that it has nothing to say any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives out leases, each of which ends the one before.
#[derive(Debug, Default)]
pub struct Office(Arc<AtomicU64>);

impl Office {
    /// The lease of a new thread.
    pub fn next(&self) -> Lease {
        let number = self.0.fetch_add(1, Ordering::AcqRel) + 1;
        Lease { number, current: self.0.clone() }
    }

    /// Ends the lease that was given last.
    pub fn revoke(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// The right to act for a stage.
#[derive(Debug, Clone)]
pub struct Lease {
    number: u64,
    current: Arc<AtomicU64>,
}

impl Lease {
    /// Whether it still holds.
    pub fn holds(&self) -> bool {
        self.current.load(Ordering::Acquire) == self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lease_holds_at_a_time() {
        let office = Office::default();
        let (first, second) = (office.next(), office.next());
        assert!(!first.holds() && second.holds());
        office.revoke();
        assert!(!second.holds() && office.next().holds());
    }
}
