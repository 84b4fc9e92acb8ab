//! Affect events as an event entity: what begins and what ends, while it happens.

use super::{List, template};
use crate::events::Kind;
use crate::publish::discovery::component::{Entity, Platform};
use crate::publish::discovery::{DiscoverySettings, Identity, Topics};

/// The event with its type as Home Assistant wants it; nothing for an event that goes on, and for one that had to wait
/// for the broker: Home Assistant dates events by their arrival, so it would greet somebody who has left.
const EVENT: &str = "{% if not value_json.historical and value_json.type != 'update' %}\
                     {{ dict(value_json, event_type=value_json.kind ~ '_' ~ value_json.type) | to_json }}{% endif %}";

pub(super) fn list(list: &mut List<'_>, identity: &Identity, topics: &Topics, settings: &DiscoverySettings) {
    let told: Vec<Kind> = identity.capabilities.iter().copied().filter(|kind| settings.kinds.contains(kind)).collect();
    let types = told.iter().flat_map(|&kind| ["new", "end"].map(|step| format!("{}_{step}", kind.name())));
    let event = Entity {
        name: "Affect event",
        state_topic: Some(topics.events()),
        value_template: template(EVENT),
        event_types: types.collect(),
        icon: Some("mdi:emoticon-happy-outline"),
        qos: Some(1),
        ..Entity::default()
    };
    list.put("event", Platform::Event, !told.is_empty(), event);
}
