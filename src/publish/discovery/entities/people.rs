//! Who is in view and how they appear, and whether somebody speaks.
//!
//! Their states come up to five times a second and Home Assistant keeps every change in its database: so numbers are
//! told to one decimal, which is all that the estimates are worth there.

use std::time::Duration;

use super::{List, template};
use crate::affect::{Expression, Label};
use crate::events::Kind;
use crate::publish::discovery::component::{Entity, Platform};
use crate::publish::discovery::{DiscoverySettings, Identity, Topics};

/// Seconds without a state after which nobody knows who is there: longer than a model or a camera takes to come back
/// by itself.
const EXPIRES: u64 = 15;

/// Seconds without a state of a voice after which nobody speaks: a voice that goes on is told every one and a half.
const SILENT: u64 = 5;

/// As many states in a row may be lost.
const LOST: u32 = 3;

/// "No label" is for Home Assistant the state `unknown`, which a template says by `None`: unsure, or nobody there.
const EXPRESSION: &str = "{% set label = (value_json.expression | default({})).label | default('unknown') %}\
                          {{ none if label == 'unknown' else label }}";

/// A voice is on when there is enough of it to be read: see `LEAST_VOICE` of the voice path.
const VOICE: &str = "{{ 'ON' if value_json.voice_activity >= 0.15 else 'OFF' }}";

pub(super) fn list(list: &mut List<'_>, identity: &Identity, topics: &Topics, settings: &DiscoverySettings) {
    let can = |kind| identity.capabilities.contains(&kind);
    let scene = || Entity {
        state_topic: Some(topics.scene()),
        expire_after: Some(waits(EXPIRES, settings.state_interval)),
        ..Entity::default()
    };
    let faces = Entity {
        name: "Faces",
        value_template: template("{{ value_json.faces }}"),
        state_class: Some("measurement"),
        unit: Some("faces"),
        icon: Some("mdi:account-group"),
        ..scene()
    };
    list.put("faces", Platform::Sensor, true, faces);
    let presence = Entity {
        name: "Presence",
        value_template: template("{{ 'ON' if value_json.faces > 0 else 'OFF' }}"),
        device_class: Some("occupancy"),
        ..scene()
    };
    list.put("presence", Platform::BinarySensor, true, presence);
    let expression = Entity {
        name: "Expression",
        value_template: template(EXPRESSION),
        device_class: Some("enum"),
        options: Expression::ALL.iter().map(|label| label.name()).collect(),
        icon: Some("mdi:emoticon-outline"),
        ..scene()
    };
    list.put("expression", Platform::Sensor, can(Kind::Expression), expression);
    let valence = Entity { name: "Valence", icon: Some("mdi:thumbs-up-down-outline"), ..number("valence", scene()) };
    list.put("valence", Platform::Sensor, can(Kind::Valence), valence);
    let arousal = Entity { name: "Arousal", icon: Some("mdi:pulse"), ..number("arousal", scene()) };
    list.put("arousal", Platform::Sensor, can(Kind::Arousal), arousal);
    let voice = Entity {
        name: "Voice",
        state_topic: Some(topics.voice()),
        value_template: template(VOICE),
        device_class: Some("sound"),
        off_delay: Some(waits(SILENT, settings.state_interval)),
        ..Entity::default()
    };
    list.put("voice", Platform::BinarySensor, identity.pack_of("voice").is_some(), voice);
}

/// A number from −1 to 1 that is absent when there is none.
fn number(field: &str, entity: Entity) -> Entity {
    Entity {
        // Adding 0 makes 0.0 of −0.0.
        value_template: template(format!(
            "{{{{ value_json.{field} | round(1) + 0 if value_json.{field} is defined else none }}}}"
        )),
        state_class: Some("measurement"),
        precision: Some(1),
        ..entity
    }
}

/// Whole seconds to wait for a state: at least so many, and never fewer than some states take that may come so far
/// apart.
fn waits(least: u64, interval: Duration) -> u64 {
    least.max((interval * LOST).as_secs() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_that_come_seldom_are_waited_for_longer() {
        assert_eq!(waits(EXPIRES, Duration::from_millis(200)), 15);
        assert_eq!(waits(EXPIRES, Duration::from_secs(10)), 31);
    }
}
