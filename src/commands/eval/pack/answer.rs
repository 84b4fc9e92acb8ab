//! From an estimate to what a submission says: a class, units that are active, two numbers.

use crate::affect::{ActionUnit, Compound, Estimate, Expression, Label, Probability};
use crate::annotation::{CLASSES, Row, UNITS, unit_name};
use crate::cli::WithoutFace;

/// Above this a unit is said to be active.
const ACTIVE: f32 = 0.5;

/// What is said of a frame, among the first `classes` expressions. `label` is the expression that was decided
/// on already, if any was.
pub fn row(estimate: &Estimate, label: Option<Expression>, classes: usize) -> Row {
    let place = |label| CLASSES.iter().take(classes).position(|&class| class == label);
    let decided = label.map(|label| if label == Expression::Contempt { Expression::Other } else { label });
    Row {
        affect: [estimate.valence.map(|v| digits(v.get())), estimate.arousal.map(|a| digits(a.get()))],
        class: decided.and_then(place).or_else(|| likeliest((0..classes).map(|i| class(estimate, CLASSES[i])))),
        units: UNITS.map(|number| {
            let unit = ActionUnit::from_name(&unit_name(number))?;
            Some(estimate.action_units.get(unit)?.get() > ACTIVE)
        }),
        compound: likeliest(Compound::ALL.iter().map(|&label| compound(estimate, label))),
    }
}

/// A number with the digits that a submission gets, so that what is scored is what is written.
fn digits(value: f32) -> f64 {
    (f64::from(value) * 1e6).round() / 1e6
}

/// A pack that knows contempt has no other class for what is none of the seven.
fn class(estimate: &Estimate, label: Expression) -> Option<f32> {
    let scores = &estimate.expressions;
    let contempt = || scores.get(Expression::Contempt).filter(|_| label == Expression::Other);
    scores.get(label).or_else(contempt).map(Probability::get)
}

/// The pack's own score, else the sum of both expressions, as Liu et al. (arXiv 2503.07969) rank them.
fn compound(estimate: &Estimate, label: Compound) -> Option<f32> {
    let own = estimate.compounds.get(label).map(Probability::get);
    let [first, second] = label.parts().map(|part| estimate.expressions.get(part).map(Probability::get));
    own.or_else(|| Some(first? + second?))
}

/// The place of the greatest score, the first of equals.
fn likeliest(scores: impl Iterator<Item = Option<f32>>) -> Option<usize> {
    let known = scores.enumerate().filter_map(|(i, score)| score.map(|score| (i, score)));
    known
        .fold(None, |best: Option<(usize, f32)>, (i, score)| match best {
            Some((_, most)) if most >= score => best,
            _ => Some((i, score)),
        })
        .map(|(i, _)| i)
}

/// Fills what no face answered: the last valence and arousal in any case, 0 before the first; of the rest what
/// is asked for.
pub fn fill(rows: &mut [Row], without_face: WithoutFace) {
    if rows.iter().all(|row| row.affect == [None, None]) {
        return hold(rows, without_face);
    }
    let mut last = [0.0; 2];
    for row in rows.iter_mut() {
        for (last, value) in last.iter_mut().zip(&mut row.affect) {
            *last = *value.get_or_insert(*last);
        }
    }
    hold(rows, without_face);
}

fn hold(rows: &mut [Row], without_face: WithoutFace) {
    if without_face == WithoutFace::Mark {
        return;
    }
    let mut last = Row::default();
    for row in rows {
        let silent = row.class.is_none() && row.units.iter().all(Option::is_none);
        if silent {
            *row = Row { affect: row.affect, ..last };
        } else {
            last = *row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{Arousal, Valence};

    fn estimate(expressions: &[(Expression, f32)]) -> Estimate {
        let mut estimate = Estimate::default();
        for &(label, p) in expressions {
            estimate.expressions.set(label, Probability::new(p).unwrap());
        }
        estimate
    }

    #[test]
    fn contempt_answers_for_other_where_there_is_one() {
        let scornful = estimate(&[(Expression::Neutral, 0.3), (Expression::Fear, 0.1), (Expression::Contempt, 0.6)]);
        assert_eq!(row(&scornful, None, 8).class, Some(7));
        assert_eq!(row(&scornful, None, 7).class, Some(0));
        assert_eq!(row(&scornful, Some(Expression::Contempt), 8).class, Some(7));
    }

    #[test]
    fn what_was_decided_counts_before_what_is_likeliest() {
        let unsure = estimate(&[(Expression::Neutral, 0.45), (Expression::Fear, 0.55)]);
        assert_eq!(row(&unsure, Some(Expression::Neutral), 8).class, Some(0));
        assert_eq!(row(&unsure, None, 8).class, Some(3));
    }

    #[test]
    fn a_unit_is_active_above_a_half_and_absent_where_the_pack_has_none() {
        let mut face = Estimate::default();
        face.action_units.set(ActionUnit::Au1, Probability::new(0.51).unwrap());
        face.action_units.set(ActionUnit::Au26, Probability::new(0.5).unwrap());
        let units = row(&face, None, 8).units;
        let of = |number| units[UNITS.iter().position(|&unit| unit == number).unwrap()];
        assert_eq!((of(1), of(26), of(2), of(20)), (Some(true), Some(false), None, None));
    }

    #[test]
    fn compounds_are_the_pack_s_own_or_the_sum_of_two_expressions() {
        let all = [
            (Expression::Fear, 0.3),
            (Expression::Surprise, 0.2),
            (Expression::Sadness, 0.4),
            (Expression::Anger, 0.1),
        ];
        let mut face = estimate(&all);
        assert_eq!(row(&face, None, 8).compound, Some(Compound::SadlyFearful.index()));
        face.compounds.set(Compound::SadlyAngry, Probability::new(0.9).unwrap());
        assert_eq!(row(&face, None, 8).compound, Some(Compound::SadlyAngry.index()));
    }

    #[test]
    fn where_no_face_was_numbers_hold_and_classes_as_asked() {
        let face = Estimate {
            valence: Valence::new(0.5),
            arousal: Arousal::new(-0.5),
            ..estimate(&[(Expression::Fear, 1.0)])
        };
        let rows = || [Row::default(), row(&face, None, 8), Row::default()];
        let (mut marked, mut held) = (rows(), rows());
        fill(&mut marked, WithoutFace::Mark);
        fill(&mut held, WithoutFace::Hold);
        assert_eq!(marked.map(|row| row.affect), [[Some(0.0); 2], [Some(0.5), Some(-0.5)], [Some(0.5), Some(-0.5)]]);
        assert_eq!(marked.map(|row| row.class), [None, Some(3), None]);
        assert_eq!(held.map(|row| row.class), [None, Some(3), Some(3)]);
    }

    #[test]
    fn a_video_without_a_face_stays_without_an_answer() {
        let mut rows = [Row::default(); 3];
        fill(&mut rows, WithoutFace::Hold);
        assert_eq!(rows, [Row::default(); 3]);
    }
}
