//! A switch that does not chatter: to enter takes a high value, to leave a low one, and either must last.
//!
//! The switch can stand on one of several things that exclude one another (happiness, sadness …) or on a
//! single one. Moments are kept from the first frame that qualified, so that waiting out the dwell does
//! not shift them.

use std::time::Duration;

use crate::clock::Monotonic;

/// The two thresholds and how long a value must be beyond them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// At or above this a thing may enter.
    pub enter: f32,
    /// Below this it may leave.
    pub leave: f32,
    /// How long it must stay at or above `enter`.
    pub enter_after: Duration,
    /// How long it must stay below `leave`.
    pub leave_after: Duration,
}

/// Something that entered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entered<T> {
    /// What it is.
    pub what: T,
    /// The first frame that qualified.
    pub since: Monotonic,
    /// The highest value since then.
    pub peak: f32,
}

/// What one step changed; what left comes before what entered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<T> {
    /// What left, and the first moment at which it was no longer so.
    pub left: Option<(T, Monotonic)>,
    /// What entered.
    pub entered: Option<Entered<T>>,
}

/// The switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hysteresis<T> {
    inside: Option<T>,
    rising: Option<Entered<T>>,
    falling: Option<Monotonic>,
}

impl<T> Default for Hysteresis<T> {
    fn default() -> Self {
        Self { inside: None, rising: None, falling: None }
    }
}

impl<T: Copy + PartialEq> Hysteresis<T> {
    /// What the switch stands on.
    pub fn inside(&self) -> Option<T> {
        self.inside
    }

    /// Since when what the switch stands on has been too low to stay.
    pub fn falling(&self) -> Option<Monotonic> {
        self.falling
    }

    /// Takes one step: `strongest` is what has the highest value now, `value_of` the value of what the
    /// switch stands on. Something else that lasts above `enter` replaces it at once.
    pub fn update(
        &mut self,
        at: Monotonic,
        band: &Band,
        strongest: Option<(T, f32)>,
        value_of: impl FnOnce(T) -> f32,
    ) -> Change<T> {
        let claim = strongest.filter(|&(what, value)| value >= band.enter && self.inside != Some(what));
        self.rising = claim.map(|(what, value)| match self.rising {
            Some(before) if before.what == what && before.since <= at => {
                Entered { peak: before.peak.max(value), ..before }
            }
            _ => Entered { what, since: at, peak: value },
        });
        let low = self.inside.is_some_and(|what| value_of(what) < band.leave);
        self.falling = low.then(|| self.falling.filter(|&since| since <= at).unwrap_or(at));

        let entered = self.rising.filter(|rising| at.since(rising.since) >= band.enter_after);
        let fallen = self.falling.filter(|&since| at.since(since) >= band.leave_after);
        let over = match (entered, self.falling) {
            (Some(next), Some(fell)) => Some(fell.min(next.since)),
            (Some(next), None) => Some(next.since),
            (None, _) => fallen,
        };
        let left = self.inside.zip(over);
        if left.is_some() || entered.is_some() {
            *self = Self { inside: entered.map(|next| next.what), rising: None, falling: None };
        }
        Change { left, entered }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BAND: Band = Band {
        enter: 0.5,
        leave: 0.35,
        enter_after: Duration::from_millis(300),
        leave_after: Duration::from_millis(300),
    };

    fn ms(millis: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(millis))
    }

    /// Feeds the value of one thing every 100 ms and tells what left or entered, and when it says it did.
    fn run(values: &[f32]) -> Vec<(u64, &'static str, u64)> {
        let mut switch = Hysteresis::default();
        let mut seen = Vec::new();
        for (at, &value) in (0..).step_by(100).zip(values) {
            let change = switch.update(ms(at), &BAND, Some(((), value)), |()| value);
            let millis = |since: Monotonic| since.since_zero().as_millis() as u64;
            seen.extend(change.left.map(|(_, since)| (at, "left", millis(since))));
            seen.extend(change.entered.map(|entered| (at, "entered", millis(entered.since))));
        }
        seen
    }

    #[test]
    fn entering_and_leaving_take_the_dwell_and_are_dated_from_the_first_frame() {
        let values = [0.6, 0.7, 0.6, 0.6, 0.6, 0.2, 0.2, 0.2, 0.2];
        assert_eq!(run(&values), [(300, "entered", 0), (800, "left", 500)]);
    }

    #[test]
    fn between_the_thresholds_nothing_changes() {
        assert_eq!(run(&[0.45; 20]), []);
        let values = [0.6, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4];
        assert_eq!(run(&values), [(300, "entered", 0)]);
    }

    #[test]
    fn a_value_that_does_not_last_does_not_count() {
        assert_eq!(run(&[0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.1]), []);
        let values = [0.6, 0.6, 0.6, 0.6, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1];
        assert_eq!(run(&values), [(300, "entered", 0)]);
    }

    #[test]
    fn another_thing_takes_over_and_the_two_do_not_overlap() {
        let mut switch = Hysteresis::default();
        for at in [0, 300] {
            switch.update(ms(at), &BAND, Some(('a', 0.8)), |_| 0.8);
        }
        assert_eq!(switch.inside(), Some('a'));
        switch.update(ms(400), &BAND, Some(('b', 0.55)), |_| 0.45);
        let change = switch.update(ms(700), &BAND, Some(('b', 0.52)), |_| 0.45);
        assert_eq!(change.left, Some(('a', ms(400))));
        assert_eq!(change.entered, Some(Entered { what: 'b', since: ms(400), peak: 0.55 }));
    }

    #[test]
    fn what_had_faded_before_another_thing_came_left_when_it_faded() {
        let mut switch = Hysteresis::default();
        for (at, value) in [(0, 0.5), (100, 0.9), (300, 0.6)] {
            let change = switch.update(ms(at), &BAND, Some(('a', value)), |_| value);
            assert!(change.entered.is_none_or(|entered| entered.peak == 0.9));
        }
        switch.update(ms(400), &BAND, None, |_| 0.1);
        switch.update(ms(500), &BAND, Some(('b', 0.8)), |_| 0.1);
        assert_eq!(switch.update(ms(800), &BAND, Some(('b', 0.8)), |_| 0.1).left, Some(('a', ms(400))));
    }

    #[test]
    fn things_that_alternate_every_frame_never_enter() {
        let mut switch = Hysteresis::default();
        for at in 0..1000 {
            let strongest = if at % 2 == 0 { 'a' } else { 'b' };
            let change = switch.update(ms(at * 100), &BAND, Some((strongest, 1.0)), |_| 1.0);
            assert_eq!(change, Change { left: None, entered: None });
        }
    }

    proptest! {
        /// Time may stand still or run backwards; the switch then waits, but never tells of a moment to come.
        #[test]
        fn what_enters_leaves_before_anything_else_enters(
            steps in prop::collection::vec((0_u64..2000, 0_u8..3, 0.0_f32..=1.0), 1..200),
        ) {
            let mut switch = Hysteresis::default();
            let mut inside = None;
            for (at, what, value) in steps {
                let value_of = |own| if own == what { value } else { 1.0 - value };
                let change = switch.update(ms(at), &BAND, Some((what, value)), value_of);
                if let Some((left, since)) = change.left {
                    prop_assert_eq!(inside.take(), Some(left));
                    prop_assert!(since <= ms(at));
                }
                if let Some(entered) = change.entered {
                    prop_assert_eq!(inside.replace(entered.what), None);
                    prop_assert!(entered.since <= ms(at));
                }
                prop_assert_eq!(switch.inside(), inside);
            }
        }
    }
}
