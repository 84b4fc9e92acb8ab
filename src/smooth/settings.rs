//! What can be set about smoothing, and which values are refused.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key} = {value} cannot be used: {remedy}")]
pub struct SettingsError {
    /// Which one, by the names of the fields that lead to it, such as `baseline.limit`.
    pub key: String,
    /// What was given.
    pub value: String,
    /// What to give instead.
    pub remedy: String,
}

impl SettingsError {
    /// Refuses `value` for `key`.
    pub(crate) fn new(key: impl Into<String>, value: impl Debug, remedy: impl Into<String>) -> Self {
        Self { key: key.into(), value: format!("{value:?}"), remedy: remedy.into() }
    }
}

/// Refuses a value outside `range`; a number that is not finite is outside every range.
pub(crate) fn within<T: PartialOrd + Debug>(
    key: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), SettingsError> {
    if range.contains(&value) {
        return Ok(());
    }
    let remedy = format!("choose a value from {:?} to {:?}", range.start(), range.end());
    Err(SettingsError::new(key, value, remedy))
}

/// How the One-Euro filter is tuned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneEuroSettings {
    /// The cut-off frequency while the value rests, in hertz, 0.01 to 30. Lower is smoother and slower.
    pub min_cutoff: f32,
    /// How much the cut-off rises per unit of speed (β in the paper), in hertz per unit a second, 0 to 100.
    /// Higher follows quick changes more closely.
    pub speed_weight: f32,
    /// The cut-off frequency of the speed itself, in hertz, 0.01 to 30.
    pub speed_cutoff: f32,
}

impl Default for OneEuroSettings {
    fn default() -> Self {
        // Measured: docs/decisions/0017.
        Self { min_cutoff: 0.5, speed_weight: 1.0, speed_cutoff: 1.0 }
    }
}

impl OneEuroSettings {
    /// A filter that lets everything through.
    pub fn none() -> Self {
        Self { min_cutoff: 1e9, ..Self::default() }
    }
}

/// How a person's neutral face is learned and taken off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselineSettings {
    /// Whether every new face is learned from its first calm seconds. Off unless asked for: whoever comes
    /// in frowning or smiling would otherwise have a part of it taken off for as long as they stay.
    pub automatic: bool,
    /// How long confident frames are gathered before the baseline holds, 0.5 to 60 s.
    pub learn_for: Duration,
    /// The most that is taken off a probability or moved in valence and arousal, 0 (nothing) to 0.5.
    pub limit: f32,
}

impl Default for BaselineSettings {
    fn default() -> Self {
        Self { automatic: false, learn_for: Duration::from_secs(3), limit: 0.3 }
    }
}

/// How estimates are smoothed and judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothSettings {
    /// The filter of valence and arousal.
    pub one_euro: OneEuroSettings,
    /// The time constant of expression and compound probabilities while they hardly change, 0 (no smoothing)
    /// to 10 s.
    pub expression_time: Duration,
    /// The time constant of action unit probabilities, 0 (no smoothing) to 10 s.
    pub action_unit_time: Duration,
    /// A change of probability of this size comes through at twice the pace, one of double the size at five
    /// times the pace ([`super::ema::Pace`]); 0.01 to 100, where nothing is quickened.
    pub quick_change: f32,
    /// How long the last estimate stands while a face gives none, 0 to 60 s.
    pub hold: Duration,
    /// An estimate with less confidence than this is passed over like a missing one, 0 to 1.
    pub min_confidence: f32,
    /// Below this probability the label is `unknown`, 0 to 1.
    pub unknown_below: f32,
    /// The same for a voice, which is told less surely than a face, 0 to 1.
    pub voice_unknown_below: f32,
    /// How far below that a label which is known may fall before it is `unknown`, 0 to 1.
    pub unknown_slack: f32,
    /// By how much another label must be more probable before it takes over, 0 to 1.
    pub label_lead: f32,
    /// The person's neutral face.
    pub baseline: BaselineSettings,
}

impl Default for SmoothSettings {
    fn default() -> Self {
        Self {
            one_euro: OneEuroSettings::default(),
            // Measured: docs/decisions/0017.
            expression_time: Duration::from_millis(200),
            action_unit_time: Duration::from_millis(200),
            quick_change: 0.25,
            hold: Duration::from_millis(500),
            min_confidence: 0.25,
            unknown_below: 0.4,
            // Measured: docs/decisions/0018.
            voice_unknown_below: 0.25,
            unknown_slack: 0.1,
            label_lead: 0.12,
            baseline: BaselineSettings::default(),
        }
    }
}

impl SmoothSettings {
    /// Nothing is smoothed, held or withheld for little trust: what stands is what the frame gave.
    pub fn none() -> Self {
        let none = Duration::ZERO;
        Self {
            expression_time: none,
            action_unit_time: none,
            hold: none,
            min_confidence: 0.0,
            unknown_slack: 0.0,
            label_lead: 0.0,
            one_euro: OneEuroSettings::none(),
            ..Self::default()
        }
    }

    /// Whether every value lies in its range.
    ///
    /// # Errors
    /// Names the first one that does not.
    pub fn check(&self) -> Result<(), SettingsError> {
        const HERTZ: RangeInclusive<f32> = 0.01..=30.0;
        const SHARE: RangeInclusive<f32> = 0.0..=1.0;
        let seconds = |most| Duration::ZERO..=Duration::from_secs(most);
        within("one_euro.min_cutoff", self.one_euro.min_cutoff, HERTZ)?;
        within("one_euro.speed_weight", self.one_euro.speed_weight, 0.0..=100.0)?;
        within("one_euro.speed_cutoff", self.one_euro.speed_cutoff, HERTZ)?;
        within("expression_time", self.expression_time, seconds(10))?;
        within("action_unit_time", self.action_unit_time, seconds(10))?;
        within("hold", self.hold, seconds(60))?;
        within("min_confidence", self.min_confidence, SHARE)?;
        within("unknown_below", self.unknown_below, SHARE)?;
        within("voice_unknown_below", self.voice_unknown_below, SHARE)?;
        within("quick_change", self.quick_change, 0.01..=100.0)?;
        within("unknown_slack", self.unknown_slack, SHARE)?;
        within("label_lead", self.label_lead, SHARE)?;
        let learning = Duration::from_millis(500)..=Duration::from_secs(60);
        within("baseline.learn_for", self.baseline.learn_for, learning)?;
        within("baseline.limit", self.baseline.limit, 0.0..=0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_their_own_check() {
        assert_eq!(SmoothSettings::default().check(), Ok(()));
    }

    #[test]
    fn a_value_outside_its_range_is_refused_by_name_with_the_range() {
        let settings = SmoothSettings { unknown_below: 1.5, ..SmoothSettings::default() };
        let said = settings.check().unwrap_err().to_string();
        assert_eq!(said, "unknown_below = 1.5 cannot be used: choose a value from 0.0 to 1.0");
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused() {
        for bad in [f32::NAN, f32::INFINITY] {
            let one_euro = OneEuroSettings { speed_weight: bad, ..OneEuroSettings::default() };
            let refused = SmoothSettings { one_euro, ..SmoothSettings::default() }.check().unwrap_err();
            assert_eq!(refused.key, "one_euro.speed_weight");
        }
    }
}
