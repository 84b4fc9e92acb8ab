//! A component of Home Assistant's MQTT discovery, key by key.
//!
//! The keys are the abbreviations that Home Assistant documents for MQTT discovery ("Supported abbreviations in MQTT
//! discovery messages"); the fields carry the full names. What is absent has Home Assistant's default.

use serde::Serialize;

/// What a component is to Home Assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Platform {
    Sensor,
    BinarySensor,
    Event,
    Switch,
}

/// Where Home Assistant shows it: with what the device is for when absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Category {
    Diagnostic,
}

/// One entity of the device, or the word that the device does not have it (any more).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Component {
    #[serde(rename = "p")]
    pub platform: Platform,
    /// Without it the component is only its platform, which is how Home Assistant is told to remove it.
    #[serde(flatten)]
    pub entity: Option<Entity>,
}

/// What an entity reads, and how it is shown. Topics that are absent are those of the device.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Entity {
    #[serde(rename = "uniq_id")]
    pub unique_id: String,
    /// Follows the device's name.
    pub name: &'static str,
    #[serde(rename = "stat_t", skip_serializing_if = "Option::is_none")]
    pub state_topic: Option<String>,
    /// A Jinja template that makes a state of a payload.
    #[serde(rename = "val_tpl", skip_serializing_if = "Option::is_none")]
    pub value_template: Option<String>,
    #[serde(rename = "dev_cla", skip_serializing_if = "Option::is_none")]
    pub device_class: Option<&'static str>,
    #[serde(rename = "stat_cla", skip_serializing_if = "Option::is_none")]
    pub state_class: Option<&'static str>,
    #[serde(rename = "unit_of_meas", skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// Decimals that are shown.
    #[serde(rename = "sug_dsp_prc", skip_serializing_if = "Option::is_none")]
    pub precision: Option<u8>,
    /// The states of a sensor whose class is `enum`.
    #[serde(rename = "ops", skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<&'static str>,
    #[serde(rename = "evt_typ", skip_serializing_if = "Vec::is_empty")]
    pub event_types: Vec<String>,
    #[serde(rename = "ent_cat", skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Only where there is no device class that brings one.
    #[serde(rename = "ic", skip_serializing_if = "Option::is_none")]
    pub icon: Option<&'static str>,
    /// Seconds without a message after which the entity is unavailable.
    #[serde(rename = "exp_aft", skip_serializing_if = "Option::is_none")]
    pub expire_after: Option<u64>,
    /// Seconds after which what is on counts as off.
    #[serde(rename = "off_dly", skip_serializing_if = "Option::is_none")]
    pub off_delay: Option<u64>,
    #[serde(rename = "json_attr_t", skip_serializing_if = "Option::is_none")]
    pub attributes_topic: Option<String>,
    #[serde(rename = "json_attr_tpl", skip_serializing_if = "Option::is_none")]
    pub attributes_template: Option<String>,
    #[serde(rename = "cmd_t", skip_serializing_if = "Option::is_none")]
    pub command_topic: Option<String>,
    #[serde(rename = "pl_on", skip_serializing_if = "Option::is_none")]
    pub payload_on: Option<&'static str>,
    #[serde(rename = "pl_off", skip_serializing_if = "Option::is_none")]
    pub payload_off: Option<&'static str>,
    #[serde(rename = "stat_on", skip_serializing_if = "Option::is_none")]
    pub state_on: Option<&'static str>,
    #[serde(rename = "stat_off", skip_serializing_if = "Option::is_none")]
    pub state_off: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<u8>,
}
