//! What may be sensed, and what of it may be told.
//!
//! | part | what it decides |
//! |---|---|
//! | [`gate`] | whether the camera and the microphone are read at all |

pub mod gate;

pub use gate::{Gate, Reason, Sensing, StillMuted};
