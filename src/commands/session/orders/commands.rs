//! Which commands a device takes, as it is configured, and what is left of those of an earlier run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::warn;

use super::means::{Means, Stages};
use super::remembered::Remembered;
use crate::clock::Monotonic;
use crate::config::Config;
use crate::control::ControlSettings;
use crate::privacy::{Gate, Reason};
use crate::publish::payload::Encoding;
use crate::publish::{DeviceId, Prefix, PublishSettings, Topics};

/// Which commands a device takes, and where.
pub struct Commands {
    pub(super) control: ControlSettings,
    pub(super) device: DeviceId,
    pub(super) prefix: Prefix,
    pub(super) topics: Topics,
    pub(super) encoding: Encoding,
    remembered: Remembered,
    learn_for: Duration,
}

impl Commands {
    /// Those of the configuration, for that device.
    pub fn of(config: &Config, device: &DeviceId) -> Self {
        let PublishSettings { prefix, encoding, .. } = &config.publish;
        Self {
            control: config.commands.clone(),
            device: device.clone(),
            topics: Topics::new(prefix, device),
            prefix: prefix.clone(),
            encoding: *encoding,
            remembered: Remembered::within(config.state_dir.as_deref()),
            learn_for: config.smooth.baseline.learn_for,
        }
    }

    /// What to listen to: nothing when no command is taken.
    pub fn subscription(&self) -> Option<String> {
        (!self.control.allow.is_empty()).then(|| self.topics.commands())
    }

    /// Shuts the gate when a command of an earlier run did, and nobody took it back.
    pub fn recall(&self, gate: &Gate, now: Monotonic) {
        if let Some(file) = self.remembered.muted() {
            gate.mute(Reason::Command, now);
            let remedy = "send the command unmute, or remove the file and restart affectd";
            warn!(file = %file.display(), remedy, "Muted by a command before this start; nothing is sensed.");
        }
    }

    /// What it takes to carry them out on these stages.
    pub fn means(&self, stages: Stages) -> Means {
        let remembered = Arc::new(Mutex::new(self.remembered.clone()));
        Means { stages, remembered, learn_for: self.learn_for }
    }
}
