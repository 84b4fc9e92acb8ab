//! What whoever says always the same would score on the same annotations: a figure that is not above these
//! has shown nothing.

use super::{Figures, Shape, Tally};

/// The trivial answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baselines {
    /// Every unit active, the most frequent class (known from these very annotations), the mean valence and
    /// arousal (likewise).
    pub all_ones: Figures,
    /// The same, but no unit active.
    pub all_zeros: Figures,
    /// The expression that is annotated most often.
    pub class: Option<usize>,
    /// The compound expression that is annotated most often.
    pub compound: Option<usize>,
}

impl Baselines {
    /// Reckons them from what is annotated; what was said makes no difference.
    pub fn of(tally: &Tally, shape: Shape) -> Self {
        let class = tally.expressions.most_frequent();
        let compound = tally.compounds.most_frequent();
        let figures = |active| {
            let constant = Tally {
                valence: tally.valence.constant(),
                arousal: tally.arousal.constant(),
                unsaid: 0,
                expressions: class.map_or_else(Default::default, |class| tally.expressions.constant(class)),
                units: tally.units.map(|unit| unit.constant(active)),
                compounds: compound.map_or_else(Default::default, |class| tally.compounds.constant(class)),
            };
            Figures::of(&constant, shape)
        };
        Self { all_ones: figures(true), all_zeros: figures(false), class, compound }
    }
}
