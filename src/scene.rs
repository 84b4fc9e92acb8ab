//! Everyone in view, taken together.

use crate::affect::mean::{Mean, Sum};
use crate::affect::{Arousal, Confidence, Estimate, Expression, ExpressionScores, Label, Probability, Valence};
use crate::fuse::Together;
use crate::smooth::{Judged, Smoothed};

/// What the faces of one frame show together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scene {
    /// How many faces there are.
    pub faces: usize,
    /// The mean valence of the faces that have one.
    pub valence: Option<Valence>,
    /// The mean arousal of the faces that have one.
    pub arousal: Option<Arousal>,
    /// The likeliest expression, by the mean probabilities of the faces whose expression is known; unknown
    /// when it is known of nobody, absent when no face has an estimate of it.
    pub expression: Option<Judged<Expression>>,
    /// What they give together with the voice; `None` where nobody listens.
    pub together: Option<Together>,
}

impl Scene {
    /// Sums up the faces of one frame.
    pub fn of(faces: &[Smoothed]) -> Self {
        let valence = mean(faces.iter().filter_map(|face| face.estimate.valence).map(Valence::get));
        let arousal = mean(faces.iter().filter_map(|face| face.estimate.arousal).map(Arousal::get));
        Self {
            faces: faces.len(),
            valence: valence.and_then(Valence::new),
            arousal: arousal.and_then(Arousal::new),
            expression: likeliest(faces),
            together: None,
        }
    }
}

/// The mean estimate of the faces that have one, and how far they can be trusted on average;
/// `None` when no face has one.
pub(crate) fn mean_estimate(faces: &[Smoothed]) -> Option<(Estimate, Confidence)> {
    let (mut estimate, mut confidence) = (Mean::default(), Sum::default());
    for face in faces.iter().filter(|face| face.estimate != Estimate::default()) {
        estimate.add(&face.estimate, 1.0);
        confidence.add(face.confidence.get(), 1.0);
    }
    Some((estimate.estimate(), Confidence::new(confidence.mean()?)?))
}

fn likeliest(faces: &[Smoothed]) -> Option<Judged<Expression>> {
    let known = faces.iter().filter(|face| face.expression.label().is_some());
    if let Some((label, p)) = mean_scores(known.map(|face| &face.estimate.expressions)).top() {
        return Some(Judged::Known(label, p));
    }
    let tried = faces.iter().filter(|face| !face.estimate.expressions.is_empty());
    let guesses = tried.map(|face| face.expression.probability());
    guesses.reduce(|most, p| if p > most { p } else { most }).map(Judged::Unknown)
}

/// The mean; `None` of nothing.
fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// The mean of each label over those scores that have it.
fn mean_scores<'a>(all: impl Iterator<Item = &'a ExpressionScores> + Clone) -> ExpressionScores {
    let mut means = ExpressionScores::default();
    for &label in Expression::ALL {
        let values = all.clone().filter_map(|scores| scores.get(label)).map(Probability::get);
        if let Some(p) = mean(values).and_then(Probability::new) {
            means.set(label, p);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::Estimate;
    use crate::smooth::testing::{estimate, p, smoothed};

    #[test]
    fn an_empty_scene_has_no_affect() {
        let empty = Scene { faces: 0, valence: None, arousal: None, expression: None, together: None };
        assert_eq!(Scene::of(&[]), empty);
    }

    #[test]
    fn a_scene_is_the_mean_of_its_faces() {
        let happy = smoothed(1, estimate(Expression::Happiness, 0.9, 0.8, 0.4));
        let content = smoothed(2, estimate(Expression::Happiness, 0.6, 0.2, -0.4));
        let angry = smoothed(3, estimate(Expression::Anger, 0.7, -0.7, 0.6));
        let scene = Scene::of(&[happy, content, angry]);
        assert_eq!((scene.faces, scene.expression.unwrap().label()), (3, Some(Expression::Happiness)));
        assert!((scene.valence.unwrap().get() - 0.1).abs() < 1e-6);
        assert!((scene.arousal.unwrap().get() - 0.2).abs() < 1e-6);
        let expected = (0.9 + 0.6 + 0.3 / 7.0) / 3.0;
        assert!((scene.expression.unwrap().probability().get() - expected).abs() < 1e-6);
    }

    #[test]
    fn faces_without_an_estimate_count_but_do_not_weigh() {
        let happy = smoothed(1, estimate(Expression::Happiness, 0.9, 0.8, 0.4));
        let scene = Scene::of(&[happy, smoothed(2, Estimate::default())]);
        assert_eq!((scene.faces, scene.valence), (2, happy.estimate.valence));
        assert_eq!(scene.expression, Some(Judged::Known(Expression::Happiness, p(0.9))));
    }

    #[test]
    fn of_faces_nobody_can_read_the_expression_is_unknown() {
        let unsure = [
            smoothed(1, estimate(Expression::Fear, 0.3, 0.0, 0.0)),
            smoothed(2, estimate(Expression::Fear, 0.2, 0.0, 0.0)),
        ];
        assert_eq!(Scene::of(&unsure).expression, Some(Judged::Unknown(p(0.3))));
    }
}
