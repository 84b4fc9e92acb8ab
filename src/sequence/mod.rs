//! What a face showed over a while: its readings are kept, laid out in even steps, and read as a whole.
//!
//! ```text
//! reading (when it comes) ─► ring of its face ─► window (even rows, gaps masked) ─► sequence models ─► mean ─► Estimate
//!                 voice ───► ring of the voice ──────┘
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | [`ring`] | the latest readings, as many as a window can tell apart |
//! | [`window`] | rows at even steps out of them |
//! | `sequencer` | all of it, face by face |
//!
//! Pure apart from the models. Room is taken when a face comes, given on when it goes, and a reading allocates nothing.

pub mod ring;
mod sequencer;
#[cfg(test)]
mod tests;
pub mod window;

pub use sequencer::{Sequenced, Sequencer, VoiceRow, WindowModel};
pub use window::Tolerance;
