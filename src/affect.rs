//! The words of the field: valence, arousal, expressions, action units, compound expressions.
//!
//! Everything here is a plain value without a device, a clock or a format. A number that is not finite
//! cannot be constructed, so nothing downstream has to ask.

use std::fmt;
use std::marker::PhantomData;

pub mod mean;

/// Declares a finite number held within `$low..=$high`.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $low:literal ..= $high:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
        pub struct $name(f32);

        impl $name {
            /// The smallest value.
            pub const MIN: Self = Self($low);
            /// The largest value.
            pub const MAX: Self = Self($high);

            /// Takes a number and holds it within the range; `None` when it is not finite.
            pub fn new(value: f32) -> Option<Self> {
                value.is_finite().then(|| Self(value.clamp($low, $high)))
            }

            /// The number, always finite and within the range.
            pub fn get(self) -> f32 {
                self.0
            }
        }
    };
}

bounded!(
    /// How pleasant a face or voice appears: −1 (negative) to 1 (positive).
    Valence, -1.0 ..= 1.0
);
bounded!(
    /// How activated a face or voice appears: −1 (calm) to 1 (excited).
    Arousal, -1.0 ..= 1.0
);
bounded!(
    /// A probability, 0 to 1.
    Probability, 0.0 ..= 1.0
);
bounded!(
    /// How far an estimate can be trusted, 0 to 1.
    Confidence, 0.0 ..= 1.0
);

/// A closed set of labels with a fixed order.
pub trait Label: Copy + Eq + fmt::Debug + 'static {
    /// Every label, in the order of [`Label::index`].
    const ALL: &'static [Self];

    /// The name used in packs, payloads and files.
    fn name(self) -> &'static str;

    /// The position in [`Label::ALL`].
    fn index(self) -> usize;

    /// The label with that name.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|label| label.name() == name)
    }
}

/// Declares a closed set of labels.
macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

labels!(
    /// The expressions: those of faces are eight, the eighth contempt or other as the pack says; voices know calm.
    Expression {
        /// No expression apparent.
        Neutral = "neutral",
        /// Anger.
        Anger = "anger",
        /// Disgust.
        Disgust = "disgust",
        /// Fear.
        Fear = "fear",
        /// Happiness.
        Happiness = "happiness",
        /// Sadness.
        Sadness = "sadness",
        /// Surprise.
        Surprise = "surprise",
        /// Contempt (FER+, AffectNet).
        Contempt = "contempt",
        /// Anything else (Aff-Wild2 from 2022).
        Other = "other",
        /// Calm: neutral at ease (voices, as RAVDESS has them).
        Calm = "calm",
    }
);

labels!(
    /// The twelve action units of the Facial Action Coding System that Aff-Wild2 annotates.
    ActionUnit {
        /// Inner brow raiser.
        Au1 = "AU1",
        /// Outer brow raiser.
        Au2 = "AU2",
        /// Brow lowerer.
        Au4 = "AU4",
        /// Cheek raiser.
        Au6 = "AU6",
        /// Lid tightener.
        Au7 = "AU7",
        /// Upper lip raiser.
        Au10 = "AU10",
        /// Lip corner puller.
        Au12 = "AU12",
        /// Lip corner depressor.
        Au15 = "AU15",
        /// Lip tightener.
        Au23 = "AU23",
        /// Lip pressor.
        Au24 = "AU24",
        /// Lips part.
        Au25 = "AU25",
        /// Jaw drop.
        Au26 = "AU26",
    }
);

impl ActionUnit {
    /// Its number in the Facial Action Coding System.
    pub const fn number(self) -> u8 {
        match self {
            Self::Au1 => 1,
            Self::Au2 => 2,
            Self::Au4 => 4,
            Self::Au6 => 6,
            Self::Au7 => 7,
            Self::Au10 => 10,
            Self::Au12 => 12,
            Self::Au15 => 15,
            Self::Au23 => 23,
            Self::Au24 => 24,
            Self::Au25 => 25,
            Self::Au26 => 26,
        }
    }
}

labels!(
    /// The seven compound expressions of C-EXPR-DB, in its order.
    Compound {
        /// Fear and surprise.
        FearfullySurprised = "fearfully surprised",
        /// Happiness and surprise.
        HappilySurprised = "happily surprised",
        /// Sadness and surprise.
        SadlySurprised = "sadly surprised",
        /// Disgust and surprise.
        DisgustedlySurprised = "disgustedly surprised",
        /// Anger and surprise.
        AngrilySurprised = "angrily surprised",
        /// Sadness and fear.
        SadlyFearful = "sadly fearful",
        /// Sadness and anger.
        SadlyAngry = "sadly angry",
    }
);

impl Compound {
    /// The two expressions that it is made of.
    pub fn parts(self) -> [Expression; 2] {
        use Expression::{Anger, Disgust, Fear, Happiness, Sadness, Surprise};
        match self {
            Self::FearfullySurprised => [Fear, Surprise],
            Self::HappilySurprised => [Happiness, Surprise],
            Self::SadlySurprised => [Sadness, Surprise],
            Self::DisgustedlySurprised => [Disgust, Surprise],
            Self::AngrilySurprised => [Anger, Surprise],
            Self::SadlyFearful => [Sadness, Fear],
            Self::SadlyAngry => [Sadness, Anger],
        }
    }
}

/// A probability per label; a label the pack does not know is absent, not zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores<L, const N: usize> {
    values: [Option<Probability>; N],
    labels: PhantomData<L>,
}

/// Probabilities of the expressions.
pub type ExpressionScores = Scores<Expression, 10>;
/// Probabilities of the action units, each on its own: they do not sum to one.
pub type ActionUnitScores = Scores<ActionUnit, 12>;
/// Probabilities of the compound expressions.
pub type CompoundScores = Scores<Compound, 7>;

impl<L: Label, const N: usize> Default for Scores<L, N> {
    fn default() -> Self {
        const { assert!(L::ALL.len() == N, "one place per label") };
        Self { values: [None; N], labels: PhantomData }
    }
}

impl<L: Label, const N: usize> Scores<L, N> {
    /// Whether no label has a probability.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    /// These, or `other` when there are none.
    fn or(&self, other: &Self) -> Self {
        if self.is_empty() { *other } else { *self }
    }

    /// The probability of `label`, when the pack gives it.
    pub fn get(&self, label: L) -> Option<Probability> {
        self.values[label.index()]
    }

    /// Sets the probability of `label`.
    pub fn set(&mut self, label: L, probability: Probability) {
        self.values[label.index()] = Some(probability);
    }

    /// The labels that have a probability, in label order.
    pub fn iter(&self) -> impl Iterator<Item = (L, Probability)> + '_ {
        L::ALL.iter().zip(&self.values).filter_map(|(&label, value)| value.map(|p| (label, p)))
    }

    /// The most probable label; the first one when several are equal.
    pub fn top(&self) -> Option<(L, Probability)> {
        self.iter().fold(None, |best: Option<(L, Probability)>, (label, p)| match best {
            Some((_, most)) if most >= p => best,
            _ => Some((label, p)),
        })
    }
}

/// What one look at a face, or one window of a voice, gave. What a pack does not estimate is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    /// Valence.
    pub valence: Option<Valence>,
    /// Arousal.
    pub arousal: Option<Arousal>,
    /// Probabilities of the expressions; empty when the pack has no such head.
    pub expressions: ExpressionScores,
    /// Probabilities of the action units; empty when the pack has no such head.
    pub action_units: ActionUnitScores,
    /// Probabilities of the compound expressions; empty when the pack has no such head.
    pub compounds: CompoundScores,
}

impl Estimate {
    /// This estimate, and for what is not in it `other`'s.
    pub fn or(&self, other: &Self) -> Self {
        Self {
            valence: self.valence.or(other.valence),
            arousal: self.arousal.or(other.arousal),
            expressions: self.expressions.or(&other.expressions),
            action_units: self.action_units.or(&other.action_units),
            compounds: self.compounds.or(&other.compounds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_finite_cannot_be_constructed() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(Valence::new(bad), None);
            assert_eq!(Probability::new(bad), None);
        }
    }

    #[test]
    fn numbers_are_held_within_their_range() {
        assert_eq!(Valence::new(-3.0), Some(Valence::MIN));
        assert_eq!(Confidence::new(1.5), Some(Confidence::MAX));
    }

    #[test]
    fn every_label_is_found_by_its_name_and_stands_at_its_index() {
        fn check<L: Label>() {
            for (i, &label) in L::ALL.iter().enumerate() {
                assert_eq!(label.index(), i);
                assert_eq!(L::from_name(label.name()), Some(label));
            }
            assert_eq!(L::from_name("ennui"), None);
        }
        check::<Expression>();
        check::<ActionUnit>();
        check::<Compound>();
    }

    #[test]
    fn the_number_of_an_action_unit_is_that_of_its_name() {
        for unit in ActionUnit::ALL {
            assert_eq!(format!("AU{}", unit.number()), unit.name());
        }
    }

    #[test]
    fn an_absent_label_is_absent_and_not_zero() {
        let mut scores = ExpressionScores::default();
        assert!(scores.is_empty() && scores.top().is_none());
        scores.set(Expression::Happiness, Probability::MIN);
        assert_eq!(scores.get(Expression::Other), None);
        assert_eq!(scores.top(), Some((Expression::Happiness, Probability::MIN)));
    }
}
