//! Home Assistant, as it is meant: whether it is told, and how.

use std::time::Duration;

use super::as_typed::AsTyped;
use crate::control::Verb;
use crate::publish::discovery::DiscoverySettings;

/// Whether and how Home Assistant is told of this device.
#[derive(Debug, Clone, PartialEq)]
pub struct HomeAssistant {
    /// Whether at all.
    pub enabled: bool,
    /// How; whether the board has a thermometer is not known from the configuration.
    pub discovery: DiscoverySettings,
}

impl HomeAssistant {
    /// What was typed of it.
    pub(super) fn of(typed: &AsTyped) -> Self {
        let typed_here = &typed.home_assistant;
        Self {
            enabled: typed_here.enabled.value,
            discovery: DiscoverySettings {
                prefix: typed_here.discovery_prefix.value.clone(),
                birth: typed_here.birth_topic.value.clone(),
                kinds: typed.events.kinds.value.clone(),
                state_interval: Duration::from_secs_f64(1.0 / f64::from(typed.publish.state_rate_hz.value)),
                mute: [Verb::Mute, Verb::Unmute].iter().all(|verb| typed.commands.allow.value.contains(verb)),
                thermometer: false,
            },
        }
    }
}
