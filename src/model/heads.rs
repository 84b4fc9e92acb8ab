//! What a model's outputs mean: logits become probabilities of labels.

use super::loaded::Model;
use super::spec::{ActionUnitHead, CompoundHead, ExpressionHead, Heads};
use crate::affect::{
    ActionUnitScores, Arousal, Compound, CompoundScores, Estimate, Expression, ExpressionScores, Label, Probability,
    Valence,
};

impl Heads {
    /// What the model's last run, which gave finite numbers only, estimated. What it has no head for is absent.
    pub(super) fn estimate(&self, model: &Model) -> Estimate {
        let mut estimate = Estimate::default();
        if let Some(head) = &self.expression {
            estimate.expressions = expressions(head, model.output(head.output));
        }
        if let Some(head) = &self.action_units {
            estimate.action_units = action_units(head, model.output(head.output));
        }
        if let Some(head) = &self.compound {
            estimate.compounds = compounds(head, model.output(head.output));
        }
        if let Some([valence, arousal]) = self.valence_arousal.map(|i| model.output(i)) {
            estimate.valence = Valence::new(*valence);
            estimate.arousal = Arousal::new(*arousal);
        }
        estimate
    }

    /// The embedding that the model's last run gave, when it has that output.
    pub(super) fn embedding<'a>(&self, model: &'a Model) -> Option<&'a [f32]> {
        self.embedding.map(|i| model.output(i))
    }
}

/// softmax(logits / temperature), for finite logits. The greatest logit is taken off first, so that no
/// exponential overflows and the sum is at least 1.
fn expressions(head: &ExpressionHead, logits: &[f32]) -> ExpressionScores {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| ((logit - most) / head.temperature).exp();
    let sum: f32 = logits.iter().copied().map(weight).sum();
    let mut scores = ExpressionScores::default();
    for (&label, &logit) in head.labels.iter().zip(logits) {
        if let Some(probability) = Probability::new(weight(logit) / sum) {
            scores.set(label, probability);
        }
    }
    scores
}

/// The logistic function of each finite logit.
fn action_units(head: &ActionUnitHead, logits: &[f32]) -> ActionUnitScores {
    let mut scores = ActionUnitScores::default();
    for (&label, &logit) in head.labels.iter().zip(logits) {
        if let Some(probability) = Probability::new(logistic(logit)) {
            scores.set(label, probability);
        }
    }
    scores
}

/// The geometric mean of the logistic functions of the two logits of each compound expression: one strong
/// expression alone does not pass for two, as it would with their sum.
fn compounds(head: &CompoundHead, logits: &[f32]) -> CompoundScores {
    let of = |part: Expression| {
        let place = head.labels.iter().position(|&label| label == part);
        place.and_then(|place| logits.get(place)).map(|&logit| logistic(logit))
    };
    let mut scores = CompoundScores::default();
    for &label in Compound::ALL {
        let [one, other] = label.parts().map(of);
        let mean = one.zip(other).map(|(one, other)| (one * other).sqrt());
        if let Some(probability) = mean.and_then(Probability::new) {
            scores.set(label, probability);
        }
    }
    scores
}

fn logistic(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::affect::ActionUnit;

    fn head(temperature: f32) -> ExpressionHead {
        ExpressionHead { output: 0, labels: Expression::ALL[..8].to_vec(), temperature }
    }

    fn sum(scores: &ExpressionScores) -> f32 {
        scores.iter().map(|(_, p)| p.get()).sum()
    }

    #[test]
    fn logits_become_the_probabilities_of_their_labels() {
        let head = ExpressionHead { output: 0, labels: vec![Expression::Sadness, Expression::Anger], temperature: 1.0 };
        let scores = expressions(&head, &[0.0, 3.0_f32.ln()]);
        let p = |label| scores.get(label).unwrap().get();
        assert!((p(Expression::Sadness) - 0.25).abs() < 1e-6);
        assert!((p(Expression::Anger) - 0.75).abs() < 1e-6);
        assert_eq!(scores.get(Expression::Happiness), None);
    }

    #[test]
    fn a_higher_temperature_is_less_sure_of_the_same_label() {
        let logits = [0.1, 0.2, 0.3, 0.4, 4.0, -1.0, 0.0, 1.0];
        let [cold, warm] = [0.5, 3.0].map(|t| expressions(&head(t), &logits).top().unwrap());
        assert_eq!((cold.0, warm.0), (Expression::Happiness, Expression::Happiness));
        assert!(cold.1 > warm.1);
    }

    #[test]
    fn logits_at_the_ends_of_the_range_still_sum_to_one() {
        let mut logits = [f32::MIN; 8];
        logits[2] = f32::MAX;
        let scores = expressions(&head(1.0), &logits);
        assert_eq!(scores.top(), Some((Expression::Disgust, Probability::MAX)));
        assert_eq!(sum(&scores), 1.0);
    }

    #[test]
    fn each_action_unit_has_a_probability_of_its_own_however_far_its_logit() {
        let head = ActionUnitHead { output: 0, labels: vec![ActionUnit::Au12, ActionUnit::Au4, ActionUnit::Au1] };
        let scores = action_units(&head, &[f32::MAX, f32::MIN, 0.0]);
        let p = |label| scores.get(label).map(Probability::get);
        assert_eq!((p(ActionUnit::Au12), p(ActionUnit::Au4)), (Some(1.0), Some(0.0)));
        assert_eq!((p(ActionUnit::Au1), p(ActionUnit::Au2)), (Some(0.5), None));
    }

    #[test]
    fn a_compound_expression_needs_both_of_its_parts() {
        use Expression::{Anger, Disgust, Fear, Happiness, Sadness, Surprise};
        let head = CompoundHead { output: 0, labels: [Happiness, Surprise, Anger, Sadness, Fear, Disgust] };
        let logit = |p: f32| (p / (1.0 - p)).ln();
        let scores = compounds(&head, &[logit(0.9), logit(0.4), logit(0.001), logit(0.2), f32::MIN, f32::MAX]);
        let p = |label| scores.get(label).map(Probability::get);
        let near = |found: Option<f32>, wanted: f32| (found.unwrap() - wanted).abs() < 1e-5;
        assert!(near(p(Compound::HappilySurprised), 0.6), "{scores:?}");
        assert!(near(p(Compound::SadlySurprised), 0.08_f32.sqrt()), "{scores:?}");
        assert!(near(p(Compound::DisgustedlySurprised), 0.4_f32.sqrt()), "{scores:?}");
        assert_eq!(p(Compound::FearfullySurprised), Some(0.0));
        assert_eq!(scores.iter().count(), 7);
    }

    proptest! {
        #[test]
        fn any_finite_logits_give_a_probability_per_label_that_sum_to_one(
            logits in prop::array::uniform8(prop::num::f32::NORMAL | prop::num::f32::ZERO),
            temperature in 1e-3_f32..1e3,
        ) {
            let scores = expressions(&head(temperature), &logits);
            prop_assert_eq!(scores.iter().count(), 8);
            prop_assert!((sum(&scores) - 1.0).abs() < 1e-5);
        }
    }
}
