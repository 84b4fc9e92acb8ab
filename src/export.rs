//! Estimates in the formats of others, for the files that `affectd infer` and `affectd replay` write: EmotionML, which
//! the W3C recommends, and tables as OpenFace writes them.
//!
//! Both are written line by line: nothing is held back, so a file may grow as long as the disk allows. What a format has
//! no word for is left out, and said to be so in `docs/exports.md`; nothing is made up to fill a field.

pub mod csv;
pub mod emotionml;
pub mod openface;
mod xml;

use std::time::Duration;

/// So many milliseconds, rounded. A duration that does not fit is the longest there is.
fn millis(duration: Duration) -> u64 {
    let rounded = duration.saturating_add(Duration::from_micros(500));
    u64::try_from(rounded.as_millis()).unwrap_or(u64::MAX)
}
