//! Which events are told, from when on and how often.

use std::time::Duration;

use crate::smooth::hysteresis::Band;
use crate::smooth::{SettingsError, within};

/// When a face counts as present.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PresenceRule {
    /// Whether presence is told. Off, it is still watched: nothing is told of a face that is not present.
    pub enabled: bool,
    /// How long a face must be in view, 0 to 60 s.
    pub seen_for: Duration,
    /// How long it must be out of view before everything about it ends, 0.1 to 600 s.
    pub unseen_for: Duration,
}

/// When something begins and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Whether it is told.
    pub enabled: bool,
    /// It begins at this value or above: a probability, or the size of valence or arousal; 0.01 to 1.
    pub enter: f32,
    /// It ends below this value, 0.01 to `enter`.
    pub leave: f32,
    /// How long either must last, 0 to 60 s.
    pub dwell: Duration,
}

impl Rule {
    const fn new(enabled: bool, enter: f32, leave: f32) -> Self {
        Self { enabled, enter, leave, dwell: Duration::from_millis(300) }
    }

    /// The rule as thresholds; nothing enters as long as it is not `allowed`, but its time counts.
    pub(super) fn band(&self, allowed: bool) -> Band {
        let enter_after = if allowed { self.dwell } else { Duration::MAX };
        Band { enter: self.enter, leave: self.leave, enter_after, leave_after: self.dwell }
    }

    fn check(&self, kind: &str) -> Result<(), SettingsError> {
        within(&format!("{kind}.enter"), self.enter, 0.01..=1.0)?;
        within(&format!("{kind}.leave"), self.leave, 0.01..=self.enter)?;
        within(&format!("{kind}.dwell"), self.dwell, Duration::ZERO..=Duration::from_secs(60))
    }
}

/// What is told, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventSettings {
    /// A face is there.
    pub presence: PresenceRule,
    /// An expression other than neutral appears.
    pub expression: Rule,
    /// A compound expression appears, with models that give any. Off unless asked for: the expression it
    /// is made of is told already.
    pub compound: Rule,
    /// An action unit is active; one rule for all of them.
    pub action_unit: Rule,
    /// Valence is positive or negative.
    pub valence: Rule,
    /// Arousal is high or low.
    pub arousal: Rule,
    /// Someone speaks. It ends after [`PresenceRule::unseen_for`] without a voice.
    pub voice: Rule,
    /// An update is told when the peak has risen by this much, 0.01 to 1.
    pub peak_step: f32,
    /// An update is told after this long in any case, 1 to 3600 s.
    pub update_every: Duration,
    /// Updates of one event come no closer than this, 0 to 60 s.
    pub update_gap: Duration,
}

impl Default for EventSettings {
    fn default() -> Self {
        let presence =
            PresenceRule { enabled: true, seen_for: Duration::from_millis(300), unseen_for: Duration::from_secs(1) };
        Self {
            presence,
            expression: Rule::new(true, 0.5, 0.35),
            compound: Rule::new(false, 0.5, 0.35),
            action_unit: Rule::new(true, 0.6, 0.4),
            valence: Rule::new(true, 0.3, 0.2),
            arousal: Rule::new(true, 0.3, 0.2),
            voice: Rule::new(true, 0.5, 0.35),
            peak_step: 0.1,
            update_every: Duration::from_secs(10),
            update_gap: Duration::from_millis(500),
        }
    }
}

impl EventSettings {
    /// Whether every value lies in its range and no threshold to leave lies above the one to enter.
    ///
    /// # Errors
    /// Names the first one that does not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let minute = Duration::from_secs(60);
        within("presence.seen_for", self.presence.seen_for, Duration::ZERO..=minute)?;
        within("presence.unseen_for", self.presence.unseen_for, Duration::from_millis(100)..=10 * minute)?;
        self.expression.check("expression")?;
        self.compound.check("compound")?;
        self.action_unit.check("action_unit")?;
        self.valence.check("valence")?;
        self.arousal.check("arousal")?;
        self.voice.check("voice")?;
        within("peak_step", self.peak_step, 0.01..=1.0)?;
        within("update_every", self.update_every, Duration::from_secs(1)..=60 * minute)?;
        within("update_gap", self.update_gap, Duration::ZERO..=minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_their_own_check() {
        assert_eq!(EventSettings::default().check(), Ok(()));
    }

    #[test]
    fn a_threshold_to_leave_above_the_one_to_enter_is_refused() {
        let mut settings = EventSettings::default();
        settings.valence.leave = 0.4;
        let said = settings.check().unwrap_err().to_string();
        assert_eq!(said, "valence.leave = 0.4 cannot be used: choose a value from 0.01 to 0.3");
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let mut settings = EventSettings::default();
        settings.action_unit.enter = f32::NAN;
        assert_eq!(settings.check().unwrap_err().key, "action_unit.enter");
    }
}
