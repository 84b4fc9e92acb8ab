//! How faces are searched for, followed and judged.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::track::TrackSettings;
use crate::affect::Confidence;

/// Settings of the face path. Any values work; the defaults were chosen on real clips.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceSettings {
    /// How often the detector looks at the whole picture; in between, faces are followed. A new face is
    /// found within this time and two frames.
    pub detect_every: Duration,
    /// How soon the detector may look again when a face was lost from view; it then does not wait for
    /// its turn.
    pub detect_again: Duration,
    /// How soon after a close look at one face the points of the next small face may be refined by
    /// another. Close looks that tell whether something is a face do not wait.
    pub refine_every: Duration,
    /// How often the face model reads a face; in between, what it gave stands. Zero reads every frame.
    pub read_every: Duration,
    /// What scores at least this, 0 to 1, is looked at closely; it is believed when it then has the score
    /// that the detector's pack says.
    pub doubt_score: Confidence,
    /// What scores at least this, 0 to 1, is believed without a close look.
    pub sure_score: Confidence,
    /// How long a face keeps its number without being detected.
    pub keep_for: Duration,
    /// The least correlation at which a followed face still counts as the same, −1 to 1.
    pub min_likeness: f32,
    /// The shorter side of the smallest face that is read, in frame pixels.
    pub min_size: f32,
    /// The greatest turn to a side of a face that is read, in degrees from frontal.
    pub max_yaw: f32,
    /// The least sharpness of a face that is read, 0 to 1.
    pub min_sharpness: f32,
    /// The mean luma of a face that is read, 0 (black) to 1 (white).
    pub brightness: RangeInclusive<f32>,
}

impl Default for FaceSettings {
    fn default() -> Self {
        Self {
            detect_every: Duration::from_millis(200),
            detect_again: Duration::from_millis(50),
            refine_every: Duration::from_millis(250),
            read_every: Duration::from_millis(90),
            doubt_score: Confidence::new(0.2).unwrap_or(Confidence::MAX),
            sure_score: Confidence::new(0.8).unwrap_or(Confidence::MAX),
            keep_for: Duration::from_millis(700),
            min_likeness: 0.8,
            min_size: 32.0,
            max_yaw: 60.0,
            min_sharpness: 0.1,
            brightness: 0.1..=0.95,
        }
    }
}

impl FaceSettings {
    /// What of this concerns tracks; `trust_score` comes from the detector's pack.
    pub fn tracks(&self, trust_score: Confidence) -> TrackSettings {
        TrackSettings { trust_score, sure_score: self.sure_score, keep_for: self.keep_for }
    }
}
