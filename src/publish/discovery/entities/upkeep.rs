//! How the device itself is: what whoever looks after it wants to see. All of it is read from `health`, which is
//! retained: it does not expire, and is unavailable with the device.

use super::{List, template};
use crate::health::{Level, Stage};
use crate::publish::discovery::component::{Category, Entity, Platform};
use crate::publish::discovery::{DiscoverySettings, Identity, Topics};

/// What is wrong, by the names of the stages.
const REASONS: &str = "{% set found = namespace(ill={}) %}\
                       {% for name, stage in value_json.stages.items() if stage.why is defined %}\
                       {% set found.ill = dict(found.ill, **{name: stage.why}) %}{% endfor %}\
                       {{ found.ill | to_json }}";

pub(super) fn list(list: &mut List<'_>, identity: &Identity, topics: &Topics, settings: &DiscoverySettings) {
    let health =
        || Entity { state_topic: Some(topics.health()), category: Some(Category::Diagnostic), ..Entity::default() };
    let hears = identity.pack_of("voice").is_some();
    for stage in Stage::ALL {
        let (id, name) = shown(stage);
        let of_stage = format!("value_json.stages.get('{}', {{}})", stage.name());
        let entity = Entity {
            name,
            value_template: template(format!("{{{{ {of_stage}.get('state') }}}}")),
            device_class: Some("enum"),
            options: [Level::Ok, Level::Degraded, Level::Failed].map(Level::word).to_vec(),
            icon: Some("mdi:heart-pulse"),
            // Not all that a stage has: what changes every few seconds would fill Home Assistant's database.
            attributes_topic: Some(topics.health()),
            attributes_template: template(format!(
                "{{% set stage = {of_stage} %}}\
                 {{{{ {{'why': stage.get('why'), 'restarts': stage.get('restarts')}} | to_json }}}}"
            )),
            ..health()
        };
        let takes_part = hears || !matches!(stage, Stage::Microphone | Stage::Voice);
        list.put(id, Platform::Sensor, takes_part, entity);
    }
    let problem = Entity {
        name: "Problem",
        value_template: template("{{ 'OFF' if value_json.state == 'ok' else 'ON' }}"),
        device_class: Some("problem"),
        attributes_topic: Some(topics.health()),
        attributes_template: template(REASONS),
        ..health()
    };
    list.put("problem", Platform::BinarySensor, true, problem);
    let throttled = Entity {
        name: "Throttled",
        value_template: template("{{ 'ON' if value_json.throttled else 'OFF' }}"),
        device_class: Some("heat"),
        ..health()
    };
    list.put("throttled", Platform::BinarySensor, settings.thermometer, throttled);
    let temperature = Entity {
        name: "Temperature",
        value_template: template("{{ value_json.temperature | default(none) }}"),
        device_class: Some("temperature"),
        unit: Some("°C"),
        ..measured(health())
    };
    list.put("temperature", Platform::Sensor, settings.thermometer, temperature);
    let rates = [("frame_rate", "Frame rate", "camera"), ("reading_rate", "Frames read", "faces")];
    for (id, name, stage) in rates {
        let entity = Entity {
            name,
            value_template: template(format!("{{{{ value_json.stages.get('{stage}', {{}}).get('fps') }}}}")),
            device_class: Some("frequency"),
            unit: Some("Hz"),
            ..measured(health())
        };
        list.put(id, Platform::Sensor, true, entity);
    }
    for (id, name, share) in [("latency", "Latency", "p50"), ("latency_p99", "Latency, 99 %", "p99")] {
        let entity = Entity {
            name,
            value_template: template(format!(
                "{{{{ value_json.stages.get('faces', {{}}).get('latency_ms', {{}}).get('{share}') }}}}"
            )),
            device_class: Some("duration"),
            unit: Some("ms"),
            ..measured(health())
        };
        list.put(id, Platform::Sensor, true, entity);
    }
}

/// A number that is worth a curve.
fn measured(entity: Entity) -> Entity {
    Entity { state_class: Some("measurement"), precision: Some(0), ..entity }
}

/// The id and the name of a stage's entity. The ids are for ever.
const fn shown(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Camera => ("camera", "Camera"),
        Stage::Microphone => ("microphone", "Microphone"),
        Stage::Faces => ("face_models", "Face models"),
        Stage::Voice => ("voice_models", "Voice models"),
        Stage::Packs => ("packs", "Model packs"),
        Stage::Mqtt => ("broker", "Broker"),
        Stage::Outbox => ("outbox", "Outbox"),
        Stage::Machine => ("board", "Board"),
    }
}
