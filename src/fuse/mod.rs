//! A face and a voice, taken together: late fusion, weighted by how far each can be relied on.
//!
//! ```text
//! mouths ─┐
//!         ├─► who speaks ─► that face ─┐
//! voice ──┘                            ├─► fused, and how far the two disagree
//!              nobody in particular ─► scene
//! ```
//!
//! Everything here is pure. A missing side is normal: then there is nothing to fuse, and what the other side gave
//! stands for itself. Fusion of features, where a network reads both sides at once, is the work of a sequence pack.
//!
//! | file | what it is for |
//! |---|---|
//! | [`pool`] | two estimates become one, and how far they disagree |
//! | [`speaker`] | whose mouth moves while there is a voice |
//! | [`together`] | both, frame by frame |

pub mod pool;
pub mod speaker;
pub mod together;

pub use pool::{Fused, Side, fuse};
pub use speaker::{SpeakerSettings, WhoSpeaks};
pub use together::{Fusion, FusionSettings, Together};
