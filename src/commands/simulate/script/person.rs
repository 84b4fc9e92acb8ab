//! One person before a camera that is not there: a face that moves, and expressions that come and go. Pure.
//!
//! What a person shows is told as the smoothers would give it, with as many numbers as the pack `mtanet` gives: eight
//! expressions, twelve action units, valence and arousal.

use std::time::Duration;

use super::chance::Chance;
use crate::affect::{
    ActionUnit, ActionUnitScores, Arousal, Confidence, Estimate, Expression, ExpressionScores, Label, Probability,
    Valence,
};
use crate::clock::Monotonic;
use crate::face::{Quality, TrackId};
use crate::geometry::Rect;
use crate::smooth::{Judged, Smoothed};

/// The picture that the face would be in, in pixels.
const PICTURE: (f32, f32) = (1280.0, 720.0);
/// How soon a face shows two thirds of what it is about to show.
const ONSET: Duration = Duration::from_millis(350);
/// How long an expression is held, on average.
const HELD: Duration = Duration::from_secs(4);
/// A label less probable than this is not named.
const UNKNOWN_BELOW: f32 = 0.4;

/// What an expression looks like.
struct Look {
    expression: Expression,
    /// How often it is shown.
    weight: f32,
    valence: f32,
    arousal: f32,
    units: &'static [ActionUnit],
}

/// The eight expressions. Which action units belong to each: Ekman and Friesen's Facial Action Coding System. Neutral
/// faces are by far the most frequent before a kiosk; the other weights are ours.
const LOOKS: [Look; 8] = {
    use ActionUnit::{Au1, Au2, Au4, Au6, Au7, Au10, Au12, Au15, Au23, Au24, Au25, Au26};
    use Expression::{Anger, Contempt, Disgust, Fear, Happiness, Neutral, Sadness, Surprise};
    const fn look(
        expression: Expression,
        weight: f32,
        (valence, arousal): (f32, f32),
        units: &'static [ActionUnit],
    ) -> Look {
        Look { expression, weight, valence, arousal, units }
    }
    [
        look(Neutral, 12.0, (0.02, -0.05), &[]),
        look(Happiness, 5.0, (0.75, 0.35), &[Au6, Au12, Au25]),
        look(Surprise, 2.0, (0.15, 0.70), &[Au1, Au2, Au25, Au26]),
        look(Sadness, 1.0, (-0.65, -0.35), &[Au1, Au4, Au15]),
        look(Anger, 1.0, (-0.55, 0.55), &[Au4, Au7, Au23, Au24]),
        look(Fear, 0.4, (-0.50, 0.65), &[Au1, Au2, Au4, Au25]),
        look(Disgust, 0.4, (-0.60, 0.25), &[Au4, Au10]),
        look(Contempt, 0.2, (-0.40, 0.15), &[Au12]),
    ]
};

/// Someone in view.
#[derive(Debug, Clone)]
pub struct Person {
    track: TrackId,
    leaves_at: Monotonic,
    /// The index of the look that is being shown.
    look: usize,
    until: Monotonic,
    /// How far it goes: the probability that the expression comes to.
    strength: f32,
    seen_at: Monotonic,
    shown: [f32; LOOKS.len()],
    units: [f32; 12],
    valence: f32,
    arousal: f32,
    place: (f32, f32),
    size: f32,
    yaw: f32,
}

impl Person {
    /// Someone who comes into view and stays until `leaves_at`.
    pub fn arrives(track: TrackId, at: Monotonic, leaves_at: Monotonic, chance: &mut Chance) -> Self {
        let mut shown = [0.02; LOOKS.len()];
        shown[0] = 0.86;
        let size = chance.between(80.0, 260.0);
        let (valence, arousal) = (LOOKS[0].valence, LOOKS[0].arousal);
        let place = (chance.between(0.0, PICTURE.0 - size), chance.between(0.0, PICTURE.1 - size));
        let mut person = Self {
            track,
            leaves_at,
            look: 0,
            until: at,
            strength: 0.8,
            seen_at: at,
            shown,
            units: [0.08; 12],
            valence,
            arousal,
            place,
            size,
            yaw: 0.0,
        };
        person.change(at, chance);
        person
    }

    /// Whether they are gone by then.
    pub fn has_left(&self, at: Monotonic) -> bool {
        at >= self.leaves_at
    }

    /// What they show at that moment, which is not before the last one.
    pub fn at(&mut self, at: Monotonic, chance: &mut Chance) -> Smoothed {
        if at >= self.until {
            self.change(at, chance);
        }
        let nearer = 1.0 - (-at.since(self.seen_at).as_secs_f32() / ONSET.as_secs_f32()).exp();
        self.seen_at = at;
        self.approach(nearer, chance);
        self.wander(chance);
        self.told(chance)
    }

    fn change(&mut self, at: Monotonic, chance: &mut Chance) {
        let weighted: [_; LOOKS.len()] = std::array::from_fn(|index| (index, LOOKS[index].weight));
        self.look = chance.one_of(0, &weighted);
        self.strength = chance.between(0.45, 0.97);
        self.until = at + Duration::from_millis(700) + chance.lasting(HELD);
    }

    fn approach(&mut self, nearer: f32, chance: &mut Chance) {
        let look = &LOOKS[self.look];
        let others = (1.0 - self.strength) / (LOOKS.len() - 1) as f32;
        for (index, shown) in self.shown.iter_mut().enumerate() {
            let aim = if index == self.look { self.strength } else { others };
            *shown += (aim - *shown) * nearer;
        }
        for (unit, value) in ActionUnit::ALL.iter().zip(&mut self.units) {
            let aim = if look.units.contains(unit) { self.strength } else { 0.08 };
            *value += (aim - *value) * nearer + chance.between(-0.02, 0.02);
        }
        self.valence += (look.valence * self.strength - self.valence) * nearer + chance.between(-0.02, 0.02);
        self.arousal += (look.arousal * self.strength - self.arousal) * nearer + chance.between(-0.02, 0.02);
    }

    fn wander(&mut self, chance: &mut Chance) {
        let mut step = |at: f32, end: f32| (at + chance.between(-6.0, 6.0)).clamp(0.0, end);
        self.place = (step(self.place.0, PICTURE.0 - self.size), step(self.place.1, PICTURE.1 - self.size));
        self.yaw = (self.yaw * 0.95 + chance.between(-3.0, 3.0)).clamp(-40.0, 40.0);
    }

    fn told(&self, chance: &mut Chance) -> Smoothed {
        let total: f32 = self.shown.iter().sum();
        let mut expressions = ExpressionScores::default();
        for (look, shown) in LOOKS.iter().zip(self.shown) {
            expressions.set(look.expression, Probability::new(shown / total).unwrap_or(Probability::MIN));
        }
        let mut action_units = ActionUnitScores::default();
        for (&unit, value) in ActionUnit::ALL.iter().zip(self.units) {
            action_units.set(unit, Probability::new(value).unwrap_or(Probability::MIN));
        }
        let (x, y) = self.place;
        let quality = Quality {
            size: self.size,
            sharpness: chance.between(0.6, 0.9),
            yaw: self.yaw,
            brightness: chance.between(0.4, 0.6),
            usable: true,
        };
        Smoothed {
            track: self.track,
            rect: Rect::new(x, y, self.size, self.size),
            quality,
            confidence: Confidence::new(1.0 - self.yaw.abs() / 100.0).unwrap_or(Confidence::MIN),
            estimate: Estimate {
                valence: Valence::new(self.valence),
                arousal: Arousal::new(self.arousal),
                expressions,
                action_units,
                ..Estimate::default()
            },
            expression: Judged::likeliest(&expressions, UNKNOWN_BELOW),
            compound: None,
            behind: Duration::ZERO,
        }
    }
}
