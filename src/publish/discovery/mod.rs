//! Home Assistant finds a device by itself: MQTT discovery, device-based.
//!
//! ```text
//!  Identity ─┐
//!  Topics ───┼─► announcement ─► <discovery prefix>/device/affectd-<device>/config, retained
//!  settings ─┘        ▲
//!                     └── again: another pack at work, Home Assistant has started
//! ```
//!
//! One retained message tells which entities there are and how each is read from the topics that are published anyway;
//! nothing is published for Home Assistant alone. What the loaded packs cannot tell is not announced, and what they
//! cannot tell any more is taken back. Pure, but for [`memory`], which keeps what was announced beyond the process, so
//! that it can be taken back when it is no longer wanted.
//!
//! Source of the format: Home Assistant's documentation of its MQTT integration, "Device discovery payload".

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use self::component::Component;
use self::device::{DeviceBlock, ObjectId, Origin};
use super::{Announcement, DeviceId, Identity, Prefix, Topics};
use crate::events::Kind;

mod component;
mod device;
mod entities;
pub mod memory;

/// What Home Assistant says on its birth topic when it has started.
const BIRTH: &[u8] = b"online";

/// Whether the device is there is for Home Assistant yes or no; `status` has a third word.
const AVAILABILITY: &str = "{{ 'online' if value == 'online' else 'offline' }}";

/// How to announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverySettings {
    /// Home Assistant's discovery prefix.
    pub prefix: Prefix,
    /// The topic of its birth message.
    pub birth: Prefix,
    /// The kinds of event that are told.
    pub kinds: Vec<Kind>,
    /// The shortest time between two states.
    pub state_interval: Duration,
    /// Whether muting by command is allowed.
    pub mute: bool,
    /// Whether the board has a thermometer.
    pub thermometer: bool,
}

/// The announcement, as it goes out.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Discovery<'a> {
    #[serde(rename = "dev")]
    device: DeviceBlock<'a>,
    #[serde(rename = "o")]
    origin: Origin<'a>,
    #[serde(rename = "avty_t")]
    availability_topic: String,
    #[serde(rename = "avty_tpl")]
    availability_template: &'static str,
    #[serde(rename = "cmps")]
    components: BTreeMap<&'static str, Component>,
}

impl DiscoverySettings {
    /// The topic that a device is announced on.
    pub fn topic(&self, device: &DeviceId) -> String {
        format!("{}/device/{}/config", self.prefix, ObjectId::of(device))
    }

    /// The device, with what its packs can tell.
    pub fn announcement(&self, identity: &Identity, topics: &Topics) -> Announcement {
        let object = ObjectId::of(&identity.device);
        let discovery = Discovery {
            device: DeviceBlock::of(identity, &object),
            origin: Origin::of(identity),
            availability_topic: topics.status(),
            availability_template: AVAILABILITY,
            components: entities::components(identity, topics, self, &object),
        };
        // String keys only, written to memory: there is nothing that could fail.
        let payload = serde_json::to_vec(&discovery).unwrap_or_default();
        Announcement { topic: self.topic(&identity.device), payload }
    }

    /// Whether a message says that Home Assistant has started just now. One that the broker had kept tells of the past.
    pub fn is_birth(&self, topic: &str, payload: &[u8], retained: bool) -> bool {
        !retained && topic == self.birth.as_str() && payload == BIRTH
    }
}

#[cfg(test)]
mod tests;
