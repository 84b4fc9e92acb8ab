//! How far estimates agree with annotations, by the figures of the ABAW challenges.
//!
//! What is counted of each video ([`Tally`]) can be added to what is counted of another, and every figure is
//! reckoned from such a sum: over all frames of all videos as one row, as the field does it. That makes
//! resampling whole videos ([`bootstrap`]) cheap. Pure: no file, no clock, no chance but a seeded one.
//!
//! | file | what it is for |
//! |---|---|
//! | `moments` | concordance (CCC) of two rows of numbers |
//! | `confusion` | one of several classes: F1 of each, their mean, accuracy |
//! | `binary` | active or not: F1, accuracy |
//! | `tally` | all of them, for one video or many |
//! | [`figures`] | the formulas of 2020, 2021 and from 2022 on |
//! | [`baseline`] | what saying always the same would score |
//! | [`bootstrap`] | how much of a figure is owed to which videos were measured |

pub mod baseline;
mod binary;
pub mod bootstrap;
mod confusion;
pub mod figures;
mod moments;
mod tally;

pub use binary::Binary;
pub use confusion::Confusion;
pub use figures::Figures;
pub use moments::Moments;
pub use tally::{Shape, Tally};

/// Expressions: neutral, anger, disgust, fear, happiness, sadness, surprise and, from 2022 on, other.
pub const CLASSES: usize = 8;

/// Action units that any edition has: the twelve of 2021 and AU20 of 2020.
pub const UNITS: usize = 13;

/// Compound expressions of C-EXPR-DB.
pub const COMPOUNDS: usize = 7;
