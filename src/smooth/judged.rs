//! From probabilities to a label, or to the admission that there is none.

use crate::affect::{Label, Probability, Scores};

use super::SmoothSettings;

/// A label, or `unknown` where a label would be a guess.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judged<L> {
    /// This label, with its probability.
    Known(L, Probability),
    /// No label stands out; the probability of the likeliest, 0 when there is no estimate at all.
    Unknown(Probability),
}

impl<L: Label> Judged<L> {
    /// The likeliest label; unknown when it is less probable than `unknown_below`. Nothing of what was before counts.
    pub fn likeliest<const N: usize>(scores: &Scores<L, N>, unknown_below: f32) -> Self {
        match scores.top() {
            Some((label, p)) if p.get() >= unknown_below => Self::Known(label, p),
            top => Self::Unknown(top.map_or(Probability::MIN, |(_, p)| p)),
        }
    }
}

impl<L: Copy> Judged<L> {
    /// The label, when it is known.
    pub fn label(self) -> Option<L> {
        match self {
            Self::Known(label, _) => Some(label),
            Self::Unknown(_) => None,
        }
    }

    /// The probability of the label, or of the likeliest one.
    pub fn probability(self) -> Probability {
        match self {
            Self::Known(_, p) | Self::Unknown(p) => p,
        }
    }
}

/// The label that holds the field; another one takes over only with a clear lead, and what was known stays so
/// until it is clearly less probable than it takes to become known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dominant<L> {
    holder: Option<L>,
    /// Whether the holder is known.
    known: bool,
}

impl<L> Default for Dominant<L> {
    fn default() -> Self {
        Self { holder: None, known: false }
    }
}

impl<L: Label> Dominant<L> {
    /// Judges the scores of one moment.
    pub(super) fn judge<const N: usize>(&mut self, scores: &Scores<L, N>, settings: &SmoothSettings) -> Judged<L> {
        let Some(top) = scores.top() else {
            *self = Self::default();
            return Judged::Unknown(Probability::MIN);
        };
        let holder = self.holder.and_then(|label| scores.get(label).map(|p| (label, p)));
        let (label, p) = holder.filter(|(_, p)| top.1.get() - p.get() < settings.label_lead).unwrap_or(top);
        let stays_known = self.known && self.holder == Some(label);
        let slack = if stays_known { settings.unknown_slack } else { 0.0 };
        self.known = p.get() >= settings.unknown_below - slack;
        self.holder = Some(label);
        if self.known { Judged::Known(label, p) } else { Judged::Unknown(top.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{Expression, ExpressionScores};

    fn scores(happiness: f32, surprise: f32) -> ExpressionScores {
        let mut scores = ExpressionScores::default();
        scores.set(Expression::Happiness, Probability::new(happiness).unwrap());
        scores.set(Expression::Surprise, Probability::new(surprise).unwrap());
        scores
    }

    #[test]
    fn two_labels_of_nearly_equal_probability_do_not_flicker() {
        let mut dominant = Dominant::default();
        for i in 0..100 {
            let tilt = if i % 2 == 0 { 0.02 } else { -0.02 };
            let judged = dominant.judge(&scores(0.5 + tilt, 0.5 - tilt), &SmoothSettings::default());
            assert_eq!(judged.label(), Some(Expression::Happiness), "frame {i}");
        }
    }

    #[test]
    fn a_clear_lead_takes_over_at_once() {
        let mut dominant = Dominant::default();
        dominant.judge(&scores(0.55, 0.45), &SmoothSettings::default());
        let judged = dominant.judge(&scores(0.4, 0.6), &SmoothSettings::default());
        assert_eq!(judged.label(), Some(Expression::Surprise));
    }

    #[test]
    fn a_known_label_about_the_threshold_does_not_flicker_and_an_unknown_one_must_reach_it() {
        let (mut dominant, settings) = (Dominant::default(), SmoothSettings::default());
        let mut known = |p| dominant.judge(&scores(p, 0.1), &settings).label().is_some();
        assert_eq!(
            [0.39, 0.41, 0.39, 0.31, 0.29, 0.31, 0.39, 0.4].map(&mut known),
            [false, true, true, true, false, false, false, true]
        );
    }

    #[test]
    fn the_slack_is_that_of_the_label_that_was_known_and_not_of_the_one_that_takes_over() {
        let (mut dominant, settings) = (Dominant::default(), SmoothSettings::default());
        dominant.judge(&scores(0.5, 0.1), &settings);
        assert_eq!(dominant.judge(&scores(0.2, 0.38), &settings).label(), None);
    }

    #[test]
    fn below_the_threshold_and_without_scores_the_answer_is_unknown() {
        let mut dominant = Dominant::default();
        let settings = SmoothSettings::default();
        let judged = dominant.judge(&scores(0.39, 0.3), &settings);
        assert_eq!((judged.label(), judged.probability()), (None, Probability::new(0.39).unwrap()));
        assert_eq!(dominant.judge(&ExpressionScores::default(), &settings), Judged::Unknown(Probability::MIN));
        assert_eq!(dominant.judge(&scores(0.41, 0.59), &settings).label(), Some(Expression::Surprise));
    }
}
