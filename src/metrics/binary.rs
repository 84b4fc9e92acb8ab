//! Active or not, of one action unit.

use super::confusion::share;

/// Counts of annotated frames of one action unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Binary {
    /// Active, and said so.
    found: u64,
    /// Active, and said not to be, or nothing said.
    missed: u64,
    /// Not active, and said to be.
    wrong: u64,
    /// Not active, and said so.
    quiet: u64,
    /// Not active, and nothing said: no false alarm, but not right either.
    silent: u64,
    /// Of `missed`, those of which nothing was said.
    missed_silently: u64,
}

impl Binary {
    /// Adds a frame.
    pub fn add(&mut self, active: bool, said: Option<bool>) {
        *match (active, said) {
            (true, Some(true)) => &mut self.found,
            (true, _) => &mut self.missed,
            (false, Some(true)) => &mut self.wrong,
            (false, Some(false)) => &mut self.quiet,
            (false, None) => &mut self.silent,
        } += 1;
        self.missed_silently += u64::from(active && said.is_none());
    }

    /// Adds all frames of another.
    pub fn merge(&mut self, other: &Self) {
        self.found += other.found;
        self.missed += other.missed;
        self.wrong += other.wrong;
        self.quiet += other.quiet;
        self.silent += other.silent;
        self.missed_silently += other.missed_silently;
    }

    /// How many frames there are.
    pub fn count(&self) -> u64 {
        self.active() + self.wrong + self.quiet + self.silent
    }

    /// In how many of them the unit is active.
    pub fn active(&self) -> u64 {
        self.found + self.missed
    }

    /// In how many of them it was said to be active.
    pub fn said(&self) -> u64 {
        self.found + self.wrong
    }

    /// How many of them have no answer.
    pub fn unanswered(&self) -> u64 {
        self.silent + self.missed_silently
    }

    /// How many of them were answered rightly.
    pub fn right(&self) -> u64 {
        self.found + self.quiet
    }

    /// Of the frames said to be active, the share that is; 0 when none was said.
    pub fn precision(&self) -> f64 {
        share(self.found, self.said())
    }

    /// Of the active frames, the share that was said; 0 when none is.
    pub fn recall(&self) -> f64 {
        share(self.found, self.active())
    }

    /// The harmonic mean of both; 0 when nothing active is found, also where nothing is active.
    pub fn f1(&self) -> f64 {
        share(2 * self.found, self.active() + self.said())
    }

    /// As if the same had been said throughout.
    pub fn constant(&self, active: bool) -> Self {
        let (is, is_not) = (self.active(), self.count() - self.active());
        if active {
            Self { found: is, wrong: is_not, ..Self::default() }
        } else {
            Self { missed: is, quiet: is_not, ..Self::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(frames: &[(bool, Option<bool>)]) -> Binary {
        let mut binary = Binary::default();
        frames.iter().for_each(|&(active, said)| binary.add(active, said));
        binary
    }

    #[test]
    fn a_case_worked_by_hand() {
        let (yes, no) = (Some(true), Some(false));
        let binary = of(&[(true, yes), (true, yes), (true, no), (false, yes), (false, no), (false, no)]);
        assert_eq!((binary.precision(), binary.recall(), binary.f1()), (2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0));
        assert_eq!((binary.right(), binary.count()), (4, 6));
    }

    #[test]
    fn no_answer_finds_nothing_alarms_nobody_and_is_not_right() {
        let binary = of(&[(true, None), (false, None), (true, Some(true))]);
        assert_eq!((binary.f1(), binary.right(), binary.count(), binary.unanswered()), (2.0 / 3.0, 1, 3, 2));
    }

    #[test]
    fn saying_always_or_never_active_keeps_what_is_annotated() {
        let binary = of(&[(true, None), (false, Some(true)), (false, Some(false))]);
        let (always, never) = (binary.constant(true), binary.constant(false));
        assert_eq!((always.f1(), always.right(), always.count()), (0.5, 1, 3));
        assert_eq!((never.f1(), never.right(), never.count()), (0.0, 2, 3));
    }
}
