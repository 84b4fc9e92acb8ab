//! What the made-up devices are called, and which of them a topic is of. Pure.

use crate::publish::{DeviceId, Prefix, TopicError};

/// What every made-up device's id begins with.
const BEGINS: &str = "simulated-";

/// The devices of a simulation, numbered from 0; their ids count from `simulated-0001`.
#[derive(Debug, Clone)]
pub struct Roster {
    prefix: Prefix,
    lead: String,
    devices: usize,
}

impl Roster {
    /// So many devices below a prefix.
    pub fn new(prefix: &Prefix, devices: usize) -> Self {
        Self { prefix: prefix.clone(), lead: format!("{prefix}/{BEGINS}"), devices }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.devices
    }

    /// The first levels of their topics.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The id of a device.
    ///
    /// # Errors
    /// When it cannot stand in a topic.
    pub fn id(&self, number: usize) -> Result<DeviceId, TopicError> {
        format!("{BEGINS}{:04}", number + 1).parse()
    }

    /// The device that a topic is of; `None` for any other device's.
    pub fn number(&self, topic: &str) -> Option<usize> {
        let (digits, _) = topic.strip_prefix(&self.lead)?.split_once('/')?;
        let number = digits.parse::<usize>().ok()?.checked_sub(1)?;
        (number < self.devices).then_some(number)
    }

    /// The filter for topics that end so, of all devices.
    pub fn filter(&self, rest: &str) -> String {
        format!("{}/+/{rest}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Topics;

    #[test]
    fn a_topic_leads_back_to_its_device() {
        let roster = Roster::new(&"site-3/affect".parse().unwrap(), 12_000);
        for number in [0, 998, 9_998, 11_999] {
            let topics = Topics::new(roster.prefix(), &roster.id(number).unwrap());
            assert_eq!(roster.number(&topics.events()), Some(number));
        }
    }

    #[test]
    fn other_devices_are_none_of_ours() {
        let roster = Roster::new(&Prefix::default(), 10);
        for topic in [
            "affect/kiosk-7/events",
            "affect/simulated-0011/events",
            "affect/simulated-0000/events",
            "site/simulated-0001/events",
        ] {
            assert_eq!(roster.number(topic), None, "{topic}");
        }
    }
}
