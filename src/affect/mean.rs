//! The mean of several estimates, each with its weight: of one moment, of neighbouring frames, of a whole sound.

use crate::affect::{Arousal, Estimate, Label, Probability, Scores, Valence};

/// Adds up estimates.
///
/// Valence, arousal and each probability that stands on its own are averaged over those that gave it. Expressions sum
/// to 1 within an estimate and do so in the mean: a label that one of them does not know has no share of its.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mean {
    valence: Sum,
    arousal: Sum,
    expressions: [Sum; 16],
    expression_weight: f32,
    action_units: [Sum; 16],
    compounds: [Sum; 16],
}

/// Adds up numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    weighed: f32,
    weight: f32,
}

impl Sum {
    /// Takes in a number that counts so much: both finite, the weight 0 or more.
    pub fn add(&mut self, value: f32, weight: f32) {
        self.weighed += weight * value;
        self.weight += weight;
    }

    /// The mean of what came; `None` of what weighs nothing.
    pub fn mean(&self) -> Option<f32> {
        (self.weight > 0.0).then(|| self.weighed / self.weight)
    }
}

impl Mean {
    /// Takes in an estimate that counts so much: finite, 0 or more.
    pub fn add(&mut self, estimate: &Estimate, weight: f32) {
        if let Some(valence) = estimate.valence {
            self.valence.add(valence.get(), weight);
        }
        if let Some(arousal) = estimate.arousal {
            self.arousal.add(arousal.get(), weight);
        }
        if !estimate.expressions.is_empty() {
            self.expression_weight += weight;
        }
        add_scores(&mut self.expressions, &estimate.expressions, weight);
        add_scores(&mut self.action_units, &estimate.action_units, weight);
        add_scores(&mut self.compounds, &estimate.compounds, weight);
    }

    /// The mean of what came.
    pub fn estimate(&self) -> Estimate {
        let whole = self.expression_weight;
        Estimate {
            valence: self.valence.mean().and_then(Valence::new),
            arousal: self.arousal.mean().and_then(Arousal::new),
            expressions: scores(&self.expressions, |sum| (sum.weight > 0.0).then(|| sum.weighed / whole)),
            action_units: scores(&self.action_units, Sum::mean),
            compounds: scores(&self.compounds, Sum::mean),
        }
    }
}

fn add_scores<L: Label, const N: usize>(sums: &mut [Sum], scores: &Scores<L, N>, weight: f32) {
    for (label, probability) in scores.iter() {
        if let Some(sum) = sums.get_mut(label.index()) {
            sum.add(probability.get(), weight);
        }
    }
}

fn scores<L: Label, const N: usize>(sums: &[Sum], mean: impl Fn(&Sum) -> Option<f32>) -> Scores<L, N> {
    let mut scores = Scores::default();
    for (&label, sum) in L::ALL.iter().zip(sums) {
        if let Some(probability) = mean(sum).and_then(Probability::new) {
            scores.set(label, probability);
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{ActionUnit, Compound, Expression, ExpressionScores};
    use crate::smooth::testing::{estimate, p};

    fn mean(parts: &[(Estimate, f32)]) -> Estimate {
        let mut mean = Mean::default();
        parts.iter().for_each(|(estimate, weight)| mean.add(estimate, *weight));
        mean.estimate()
    }

    #[test]
    fn there_is_room_for_every_label() {
        let most = [Expression::ALL.len(), ActionUnit::ALL.len(), Compound::ALL.len()].into_iter().max();
        assert!(most.unwrap() <= Mean::default().expressions.len());
    }

    #[test]
    fn weights_need_not_sum_to_one() {
        let glad = estimate(Expression::Happiness, 0.8, 0.6, 0.2);
        let sad = estimate(Expression::Sadness, 0.8, -0.6, 0.0);
        let mean = mean(&[(glad, 3.0), (sad, 1.0)]);
        assert!((mean.valence.unwrap().get() - 0.3).abs() < 1e-6, "{mean:?}");
        assert!((mean.arousal.unwrap().get() - 0.15).abs() < 1e-6, "{mean:?}");
        let wanted = (3.0 * 0.8 + 0.2 / 7.0) / 4.0;
        assert!((mean.expressions.get(Expression::Happiness).unwrap().get() - wanted).abs() < 1e-6, "{mean:?}");
    }

    #[test]
    fn what_one_does_not_give_is_the_mean_of_the_others() {
        let mut bare = Estimate::default();
        bare.action_units.set(ActionUnit::Au12, p(0.9));
        let full = estimate(Expression::Happiness, 0.8, 0.6, 0.2);
        let mean = mean(&[(full, 1.0), (bare, 1.0)]);
        assert_eq!((mean.valence, mean.expressions), (full.valence, full.expressions));
        assert!((mean.action_units.get(ActionUnit::Au12).unwrap().get() - 0.5).abs() < 1e-6);
        assert_eq!(mean.action_units.get(ActionUnit::Au1), Some(p(0.1)));
        assert!(mean.compounds.is_empty());
    }

    #[test]
    fn expressions_of_other_labels_still_sum_to_one() {
        let mut two = ExpressionScores::default();
        two.set(Expression::Happiness, p(0.25));
        two.set(Expression::Other, p(0.75));
        let other = Estimate { expressions: two, ..Estimate::default() };
        let mean = mean(&[(estimate(Expression::Happiness, 0.5, 0.0, 0.0), 1.0), (other, 1.0)]);
        let sum: f32 = mean.expressions.iter().map(|(_, p)| p.get()).sum();
        assert!((sum - 1.0).abs() < 1e-6 && mean.expressions.iter().count() == 9, "{mean:?}");
        assert!((mean.expressions.get(Expression::Other).unwrap().get() - 0.375).abs() < 1e-6);
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        assert_eq!(Mean::default().estimate(), Estimate::default());
    }
}
