//! A frame model: one aligned face in, an [`Estimate`] out.

use super::engines::Engines;
use super::error::ModelError;
use super::loaded::Model;
use super::pack::Pack;
use super::spec::{ActionUnitHead, Align, ExpressionHead, FrameSpec, InputSpec};
use crate::affect::{ActionUnitScores, Arousal, Estimate, ExpressionScores, Probability, Valence};

/// A pack of kind frame, opened.
pub struct FrameModel {
    model: Model,
    input: InputSpec,
    spec: FrameSpec,
    pack: String,
}

impl FrameModel {
    /// Opens a pack of kind frame.
    ///
    /// # Errors
    /// When it is of another kind, and as [`Model::open`].
    pub fn open(pack: &Pack, engines: &Engines) -> Result<Self, ModelError> {
        let spec = pack.frame()?.clone();
        Ok(Self { model: Model::open(pack, engines)?, input: pack.input, spec, pack: pack.id() })
    }

    /// The input to fill with an aligned face.
    pub fn input_mut(&mut self) -> &mut [f32] {
        self.model.input_mut()
    }

    /// The input's size, channels and normalisation.
    pub fn input_spec(&self) -> &InputSpec {
        &self.input
    }

    /// Where the face's points must lie in the input, as fractions.
    pub fn align(&self) -> &Align {
        &self.spec.align
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &'static str {
        self.model.engine()
    }

    /// Name and version of the pack: "mtanet 0.1.0".
    pub fn pack(&self) -> &str {
        &self.pack
    }

    /// Runs the model on the input and reads its heads. What it has no head for is absent.
    ///
    /// # Errors
    /// When the engine fails or an output is not finite.
    pub fn estimate(&mut self) -> Result<Estimate, ModelError> {
        self.model.run()?;
        let mut estimate = Estimate::default();
        if let Some(head) = &self.spec.expression {
            estimate.expressions = expressions(head, self.model.output(head.output));
        }
        if let Some(head) = &self.spec.action_units {
            estimate.action_units = action_units(head, self.model.output(head.output));
        }
        if let Some([valence, arousal]) = self.spec.valence_arousal.map(|i| self.model.output(i)) {
            estimate.valence = Valence::new(*valence);
            estimate.arousal = Arousal::new(*arousal);
        }
        Ok(estimate)
    }

    /// The embedding of the last estimate, when the pack has that output.
    pub fn embedding(&self) -> Option<&[f32]> {
        self.spec.embedding.map(|i| self.model.output(i))
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
        if let Some(probability) = Probability::new(1.0 / (1.0 + (-logit).exp())) {
            scores.set(label, probability);
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::affect::{ActionUnit, Expression, Label};

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
