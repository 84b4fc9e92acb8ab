//! What an event can be about, down to the label, and how strong it is in one face right now.

use super::settings::Rule;
use super::{EventSettings, Kind, Subject};
use crate::affect::{ActionUnit, Arousal, Compound, Confidence, Expression, Label, Probability, Valence};
use crate::smooth::Smoothed;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Present,
    Expression(Expression),
    Compound(Compound),
    ActionUnit(ActionUnit),
    Positive,
    Negative,
    High,
    Low,
    Speaking,
}

/// What was seen or heard at one moment, of which topics may be true.
pub(super) trait Shown {
    /// Whom it is of.
    fn subject(&self) -> Subject;

    /// How strong a topic is in it, 0 to 1; 0 when it does not have it.
    fn value(&self, topic: Topic) -> f32;

    /// How sure a topic is.
    fn confidence(&self, topic: Topic) -> Confidence;
}

/// How much of the last moments was voice.
pub(super) struct Speaking(pub Confidence);

impl Shown for Speaking {
    fn subject(&self) -> Subject {
        Subject::Scene
    }

    fn value(&self, topic: Topic) -> f32 {
        if topic == Topic::Speaking { self.0.get() } else { 0.0 }
    }

    fn confidence(&self, _: Topic) -> Confidence {
        self.0
    }
}

impl Shown for Smoothed {
    fn subject(&self) -> Subject {
        Subject::Face(self.track)
    }

    fn value(&self, topic: Topic) -> f32 {
        let estimate = &self.estimate;
        let valence = estimate.valence.map_or(0.0, Valence::get);
        let arousal = estimate.arousal.map_or(0.0, Arousal::get);
        let chance = |p: Option<Probability>| p.map_or(0.0, Probability::get);
        match topic {
            Topic::Present => self.confidence.get(),
            Topic::Expression(label) => chance(estimate.expressions.get(label)),
            Topic::Compound(label) => chance(estimate.compounds.get(label)),
            Topic::ActionUnit(label) => chance(estimate.action_units.get(label)),
            Topic::Positive => valence.max(0.0),
            Topic::Negative => (-valence).max(0.0),
            Topic::High => arousal.max(0.0),
            Topic::Low => (-arousal).max(0.0),
            Topic::Speaking => 0.0,
        }
    }

    /// The probability of what has one, otherwise how far the face can be read.
    fn confidence(&self, topic: Topic) -> Confidence {
        let probable = matches!(topic, Topic::Expression(_) | Topic::Compound(_) | Topic::ActionUnit(_));
        Confidence::new(self.value(topic)).filter(|_| probable).unwrap_or(self.confidence)
    }
}

impl Topic {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Present => Kind::Presence,
            Self::Expression(_) => Kind::Expression,
            Self::Compound(_) => Kind::Compound,
            Self::ActionUnit(_) => Kind::ActionUnit,
            Self::Positive | Self::Negative => Kind::Valence,
            Self::High | Self::Low => Kind::Arousal,
            Self::Speaking => Kind::Voice,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Expression(label) => label.name(),
            Self::Compound(label) => label.name(),
            Self::ActionUnit(label) => label.name(),
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::High => "high",
            Self::Low => "low",
            Self::Speaking => "speaking",
        }
    }
}

/// How many things can be so at once in one face, beside its presence.
pub(super) const CLAIMS: usize = 4 + ActionUnit::ALL.len();

/// What could be so in this face: for each group of topics that exclude one another the strongest, and the
/// group's rule. Always [`CLAIMS`] of them, in the same order.
pub(super) fn claims<'a>(
    face: &'a Smoothed,
    settings: &'a EventSettings,
) -> impl Iterator<Item = (Option<Topic>, &'a Rule)> {
    let expression = face.expression.label().filter(|&label| label != Expression::Neutral).map(Topic::Expression);
    let compound = face.compound.and_then(|judged| judged.label()).map(Topic::Compound);
    let side = |value: f32, above, below| if value < 0.0 { below } else { above };
    let valence = face.estimate.valence.map(|v| side(v.get(), Topic::Positive, Topic::Negative));
    let arousal = face.estimate.arousal.map(|a| side(a.get(), Topic::High, Topic::Low));
    let single = [
        (expression, &settings.expression),
        (compound, &settings.compound),
        (valence, &settings.valence),
        (arousal, &settings.arousal),
    ];
    let units = ActionUnit::ALL.iter().map(|&unit| (Some(Topic::ActionUnit(unit)), &settings.action_unit));
    single.into_iter().chain(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::LABEL_LEN;
    use crate::smooth::testing::{estimate, smoothed};

    #[test]
    fn every_label_fits_into_an_event() {
        let labels = Expression::ALL.iter().map(|l| l.name()).chain(Compound::ALL.iter().map(|l| l.name()));
        for label in labels.chain(ActionUnit::ALL.iter().map(|l| l.name())) {
            assert!(label.len() <= LABEL_LEN, "{label}");
        }
    }

    #[test]
    fn there_is_a_claim_for_every_place() {
        let face = smoothed(1, estimate(Expression::Fear, 0.9, -0.5, 0.5));
        assert_eq!(claims(&face, &EventSettings::default()).count(), CLAIMS);
    }

    #[test]
    fn neutral_and_unknown_claim_nothing() {
        for (label, probability) in [(Expression::Neutral, 0.9), (Expression::Fear, 0.2)] {
            let face = smoothed(1, estimate(label, probability, 0.0, 0.0));
            assert_eq!(claims(&face, &EventSettings::default()).next().unwrap().0, None);
        }
    }
}
