//! Tasks, classes and units, and what folders and headers call them.

use crate::affect::{Compound, Expression, Label};
use crate::metrics;

/// The expressions of Aff-Wild2 in its order; until 2021 the first seven.
pub const CLASSES: [Expression; metrics::CLASSES] = [
    Expression::Neutral,
    Expression::Anger,
    Expression::Disgust,
    Expression::Fear,
    Expression::Happiness,
    Expression::Sadness,
    Expression::Surprise,
    Expression::Other,
];

/// The action units of all editions. 2020: 1, 2, 4, 6, 12, 15, 20, 25; from 2021 on: all but 20.
pub const UNITS: [u8; metrics::UNITS] = [1, 2, 4, 6, 7, 10, 12, 15, 20, 23, 24, 25, 26];

/// The unit that only 2020 has.
pub(super) const ONLY_IN_2020: u8 = 20;

/// How a unit is called in headers: "AU12".
pub fn unit_name(number: u8) -> String {
    format!("AU{number}")
}

/// What is annotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Valence and arousal.
    Va,
    /// Expressions.
    Expr,
    /// Action units.
    Au,
    /// Compound expressions.
    Compound,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Va, Self::Expr, Self::Au, Self::Compound];

    /// The folder that submissions are written to.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Va => "VA_Set",
            Self::Expr => "EXPR_Set",
            Self::Au => "AU_Set",
            Self::Compound => "C-EXPR_Set",
        }
    }

    /// The task of a folder by its name: `VA_Set`, `EXPR_Classification_Challenge`, `au` and the like.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        let first = name.split('_').next()?.to_ascii_lowercase();
        match &*first {
            "va" => Some(Self::Va),
            "expr" => Some(Self::Expr),
            "au" => Some(Self::Au),
            "c-expr" | "c-expr-db" | "cexpr" | "compound" => Some(Self::Compound),
            _ => None,
        }
    }

    /// The header of its files, for people who look for the fault in theirs.
    pub(super) fn usual_header(self) -> &'static str {
        match self {
            Self::Va => "valence,arousal",
            Self::Expr => "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other",
            Self::Au => "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26",
            Self::Compound => {
                "Fearfully Surprised,Happily Surprised,Sadly Surprised,Disgustedly Surprised,\
                 Angrily Surprised,Sadly Fearful,Sadly Angry"
            }
        }
    }
}

/// The place of a name among expressions, whatever its case.
pub(super) fn class_of(name: &str) -> Option<usize> {
    CLASSES.iter().position(|class| class.name() == plain(name))
}

/// The place of a name among compound expressions, whatever its case and spaces.
pub(super) fn compound_of(name: &str) -> Option<usize> {
    Compound::ALL.iter().position(|compound| plain(compound.name()) == plain(name))
}

/// The number of a unit: 1 of "AU1", "au01" and "AU 1".
pub(super) fn unit_number(name: &str) -> Option<u8> {
    plain(name).strip_prefix("au")?.parse().ok()
}

/// In small letters, without what separates words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !"_-".contains(*c)).flat_map(char::to_lowercase).collect()
}
