//! What was counted of one video, or of many.

use super::{Binary, CLASSES, COMPOUNDS, Confusion, Moments, UNITS};

/// Counts of every task; they add up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// Valence, annotated and said.
    pub valence: Moments,
    /// Arousal, annotated and said.
    pub arousal: Moments,
    /// Frames whose valence and arousal were not said, and were taken for 0.
    pub unsaid: u64,
    /// Expressions.
    pub expressions: Confusion<CLASSES>,
    /// Action units, in ascending order of their numbers.
    pub units: [Binary; UNITS],
    /// Compound expressions.
    pub compounds: Confusion<COMPOUNDS>,
}

/// Which classes and units the annotations speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// How many of the expressions: seven until 2021, eight from 2022 on.
    pub classes: usize,
    /// Which of the action units.
    pub units: [bool; UNITS],
}

impl Shape {
    /// What either of the two speaks of.
    pub fn union(self, other: Self) -> Self {
        Self {
            classes: self.classes.max(other.classes),
            units: std::array::from_fn(|i| self.units[i] || other.units[i]),
        }
    }
}

impl Tally {
    /// Adds a frame's valence and arousal. What is not annotated is passed over; what is not said is taken for 0,
    /// the middle of the scale, because concordance has no word for silence.
    pub fn add_affect(&mut self, annotated: [Option<f64>; 2], said: [Option<f64>; 2]) {
        let [valence, arousal] = annotated;
        if let Some(valence) = valence {
            self.valence.add(valence, said[0].unwrap_or_default());
        }
        if let Some(arousal) = arousal {
            self.arousal.add(arousal, said[1].unwrap_or_default());
        }
        let unsaid = annotated.iter().zip(&said).any(|(annotated, said)| annotated.is_some() && said.is_none());
        self.unsaid += u64::from(unsaid);
    }

    /// Adds a frame's action units, cell by cell; what is not annotated is passed over.
    pub fn add_units(&mut self, annotated: &[Option<bool>; UNITS], said: &[Option<bool>; UNITS]) {
        for ((unit, annotated), said) in self.units.iter_mut().zip(annotated).zip(said) {
            if let Some(active) = *annotated {
                unit.add(active, *said);
            }
        }
    }

    /// Adds all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.valence.merge(&other.valence);
        self.arousal.merge(&other.arousal);
        self.unsaid += other.unsaid;
        self.expressions.merge(&other.expressions);
        self.units.iter_mut().zip(&other.units).for_each(|(own, other)| own.merge(other));
        self.compounds.merge(&other.compounds);
    }

    /// The sum of several.
    pub fn sum<'a>(tallies: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        tallies.into_iter().for_each(|tally| sum.merge(tally));
        sum
    }
}
