//! How long each stage of the face path took, lately: for `bench` and health.

use crate::latency::Latencies;

/// The latest durations of each stage.
#[derive(Debug, Clone, Default)]
pub struct Timings {
    /// Following everyone from the last frame, per frame.
    pub follow: Latencies,
    /// A look of the detector at a whole frame, letterboxing included.
    pub detect: Latencies,
    /// A close look of the detector at one face.
    pub detect_closely: Latencies,
    /// Aligning one face and judging its quality.
    pub align: Latencies,
    /// The face model on one face.
    pub model: Latencies,
}

impl Timings {
    /// Each stage with its name, in the order of the path.
    pub fn stages(&self) -> [(&'static str, &Latencies); 5] {
        [
            ("follow", &self.follow),
            ("detect", &self.detect),
            ("detect closely", &self.detect_closely),
            ("align, judge (a face)", &self.align),
            ("face model (a face)", &self.model),
        ]
    }
}
