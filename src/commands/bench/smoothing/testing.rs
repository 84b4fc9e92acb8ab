//! Made recordings, whose figures can be worked out by hand.

use std::time::Duration;

use super::record::{Sight, Sights};
use super::trace::{Moment, Said};
use crate::affect::{Estimate, Expression};
use crate::clock::Monotonic;
use crate::smooth::testing::{observed, p};

/// The moment of a frame, of which there are ten in a second.
pub fn tenth(frame: u64) -> Monotonic {
    Monotonic::new(Duration::from_millis(100 * frame))
}

/// What is said in ten frames a second: for each letter the label (n, h, s; u for unknown, - when nothing is
/// said), with a valence.
pub fn said(letters: &str, valence: impl Fn(u64) -> f32) -> Vec<Moment> {
    let moment = |(frame, letter)| {
        let label = match letter {
            'n' => Some(Expression::Neutral),
            'h' => Some(Expression::Happiness),
            's' => Some(Expression::Surprise),
            _ => None,
        };
        let said = (letter != '-').then(|| Said { label, numbers: [Some(valence(frame)), None, Some(0.5)] });
        Moment { frame, at: tenth(frame), said }
    };
    (0..).zip(letters.chars()).map(moment).collect()
}

/// A face that is read ten times a second.
pub fn seen(readings: impl IntoIterator<Item = Estimate>) -> Sights {
    let sight = |(frame, reading)| Sight { frame, at: tenth(frame), observation: observed(1, Some(reading)) };
    (0..).zip(readings).map(sight).collect()
}

/// A reading that knows two expressions.
pub fn between(neutral: f32, happiness: f32) -> Estimate {
    let mut reading = Estimate::default();
    reading.expressions.set(Expression::Neutral, p(neutral));
    reading.expressions.set(Expression::Happiness, p(happiness));
    reading
}
