//! The mute switch: on while nothing is sensed. Its state is the retained notice, not what was asked for, so it shows a
//! mute that came from elsewhere, and one that was refused springs back.

use super::{List, template};
use crate::publish::discovery::component::{Entity, Platform};
use crate::publish::discovery::{DiscoverySettings, Topics};

/// The verb that Home Assistant, which has one command topic for a switch, mutes and unmutes with.
pub(in crate::publish::discovery) const VERB: &str = "mute";

pub(super) fn list(list: &mut List<'_>, topics: &Topics, settings: &DiscoverySettings) {
    let mute = Entity {
        name: "Mute",
        state_topic: Some(topics.notice()),
        value_template: template("{{ value_json.state }}"),
        state_on: Some("muted"),
        state_off: Some("sensing"),
        command_topic: Some(topics.command(VERB)),
        payload_on: Some(r#"{"on":true}"#),
        payload_off: Some(r#"{"on":false}"#),
        icon: Some("mdi:eye-off-outline"),
        qos: Some(1),
        ..Entity::default()
    };
    list.put("mute", Platform::Switch, settings.mute, mute);
}
