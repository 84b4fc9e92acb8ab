//! The figures of each edition, from what was counted.
//!
//! | edition | expressions | action units | valence, arousal | all tasks |
//! |---|---|---|---|---|
//! | 2020, 2021 | 0.67 · mean F1 + 0.33 · accuracy | 0.5 · mean F1 + 0.5 · accuracy | mean CCC | – |
//! | from 2022 on | mean F1 | mean F1 | mean CCC | mean CCC + both mean F1s |

use super::confusion::share;
use super::{Binary, Confusion, Shape, Tally};

/// Valence and arousal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AffectFigures {
    /// Concordance of valence.
    pub ccc_valence: f64,
    /// Concordance of arousal.
    pub ccc_arousal: f64,
    /// Their mean, the score of every edition.
    pub mean_ccc: f64,
}

/// Classes that exclude each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassesFigures {
    /// The mean F1 of all classes that the annotations name: the score from 2022 on.
    pub macro_f1: f64,
    /// The mean F1 of the classes that occur.
    pub macro_f1_present: f64,
    /// The share of right answers.
    pub accuracy: f64,
    /// 0.67 · mean F1 + 0.33 · accuracy: the score of 2020 and 2021.
    pub score_2020: f64,
}

/// Action units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitsFigures {
    /// The mean F1 of the units that the annotations name: the score from 2022 on.
    pub mean_f1: f64,
    /// The share of right answers among all cells (one for each frame and unit).
    pub accuracy: f64,
    /// Half of each: the score of 2020 and 2021.
    pub score_2021: f64,
}

/// Every figure there is an annotation for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Valence and arousal; both must be annotated somewhere.
    pub va: Option<AffectFigures>,
    /// Expressions.
    pub expr: Option<ClassesFigures>,
    /// Expressions by the seven classes of 2020 and 2021, where the annotations have an eighth.
    pub expr_seven: Option<ClassesFigures>,
    /// Action units.
    pub au: Option<UnitsFigures>,
    /// Compound expressions.
    pub compound: Option<ClassesFigures>,
}

/// How many figures have a name.
pub const NAMED: usize = 13;

impl Figures {
    /// Reckons them.
    pub fn of(tally: &Tally, shape: Shape) -> Self {
        let seven = || classes(&tally.expressions.first(7), 7);
        Self {
            va: affect(tally),
            expr: classes(&tally.expressions, shape.classes),
            expr_seven: if shape.classes > 7 { seven() } else { None },
            au: units(tally, shape),
            compound: classes(&tally.compounds, super::COMPOUNDS),
        }
    }

    /// P of the multi-task challenges: mean CCC and both mean F1s, 0 to 3 for whoever is better than chance;
    /// `None` unless all three tasks are annotated.
    pub fn mtl(&self) -> Option<f64> {
        Some(self.va?.mean_ccc + self.expr?.macro_f1 + self.au?.mean_f1)
    }

    /// All figures with their names, as in the report.
    pub fn named(&self) -> [(&'static str, Option<f64>); NAMED] {
        let Self { va, expr, expr_seven, au, compound } = self;
        [
            ("va.ccc_valence", va.map(|va| va.ccc_valence)),
            ("va.ccc_arousal", va.map(|va| va.ccc_arousal)),
            ("va.mean_ccc", va.map(|va| va.mean_ccc)),
            ("expr.macro_f1", expr.map(|expr| expr.macro_f1)),
            ("expr.accuracy", expr.map(|expr| expr.accuracy)),
            ("expr.score_2020", expr.map(|expr| expr.score_2020)),
            ("expr.seven_classes.score_2020", expr_seven.map(|expr| expr.score_2020)),
            ("au.mean_f1", au.map(|au| au.mean_f1)),
            ("au.accuracy", au.map(|au| au.accuracy)),
            ("au.score_2021", au.map(|au| au.score_2021)),
            ("mtl.p", self.mtl()),
            ("compound.macro_f1", compound.map(|compound| compound.macro_f1)),
            ("compound.accuracy", compound.map(|compound| compound.accuracy)),
        ]
    }
}

fn affect(tally: &Tally) -> Option<AffectFigures> {
    let (ccc_valence, ccc_arousal) = (tally.valence.ccc()?, tally.arousal.ccc()?);
    Some(AffectFigures { ccc_valence, ccc_arousal, mean_ccc: (ccc_valence + ccc_arousal) / 2.0 })
}

fn classes<const N: usize>(confusion: &Confusion<N>, classes: usize) -> Option<ClassesFigures> {
    let (macro_f1, accuracy) = (confusion.macro_f1(classes)?, confusion.accuracy()?);
    let macro_f1_present = confusion.macro_f1_present()?;
    Some(ClassesFigures { macro_f1, macro_f1_present, accuracy, score_2020: 0.67 * macro_f1 + 0.33 * accuracy })
}

/// A unit that is named but nowhere active or said counts as 0, as with [`Confusion::macro_f1`].
fn units(tally: &Tally, shape: Shape) -> Option<UnitsFigures> {
    let named: Vec<&Binary> =
        tally.units.iter().zip(shape.units).filter(|(_, named)| *named).map(|(unit, _)| unit).collect();
    let cells: u64 = named.iter().map(|unit| unit.count()).sum();
    if cells == 0 {
        return None;
    }
    let mean_f1 = named.iter().map(|unit| unit.f1()).sum::<f64>() / named.len() as f64;
    let accuracy = share(named.iter().map(|unit| unit.right()).sum(), cells);
    Some(UnitsFigures { mean_f1, accuracy, score_2021: 0.5 * mean_f1 + 0.5 * accuracy })
}
