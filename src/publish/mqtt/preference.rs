//! Which of several brokers is tried next. Pure.

/// Goes through a list of brokers by preference, the first being the most preferred.
#[derive(Debug, Clone)]
pub(super) struct Preference {
    brokers: usize,
    next: usize,
}

impl Preference {
    /// Begins with the first of `brokers`, of which there is at least one.
    pub fn new(brokers: usize) -> Self {
        Self { brokers, next: 0 }
    }

    /// The broker to try now.
    pub fn next(&self) -> usize {
        self.next
    }

    /// It could not be reached, or did not keep us for long: the next one's turn. Returns whether all were tried, so that
    /// it is time to wait.
    pub fn failed(&mut self) -> bool {
        self.next = (self.next + 1) % self.brokers.max(1);
        self.next == 0
    }

    /// A connection that had held was lost: from the first on.
    pub fn lost(&mut self) {
        self.next = 0;
    }

    /// A better one was seen: its turn.
    pub fn go_to(&mut self, broker: usize) {
        self.next = broker;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broker_has_its_turn_before_there_is_a_wait() {
        let mut preference = Preference::new(3);
        let turns: Vec<_> = (0..4).map(|_| (preference.next(), preference.failed())).collect();
        assert_eq!(turns, [(0, false), (1, false), (2, true), (0, false)]);
        let mut alone = Preference::new(1);
        assert_eq!((alone.next(), alone.failed(), alone.next()), (0, true, 0));
    }

    #[test]
    fn after_a_loss_the_preferred_one_is_tried_first() {
        let mut preference = Preference::new(3);
        preference.failed();
        preference.failed();
        preference.lost();
        assert_eq!(preference.next(), 0);
        preference.go_to(1);
        assert_eq!((preference.next(), preference.failed(), preference.next()), (1, false, 2));
    }
}
