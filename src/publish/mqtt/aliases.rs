//! Numbers that stand for topics on one connection (MQTT 5, topic alias): a topic is said in full once, then by its
//! number. Pure.

/// The topics that have a number, as many as the broker allows.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    topics: Vec<String>,
    most: usize,
    /// The number that is given anew when all are taken.
    next: usize,
}

impl Aliases {
    /// None given yet; the broker takes numbers up to `most`.
    pub(super) fn new(most: u16) -> Self {
        Self { topics: Vec::new(), most: most.into(), next: 0 }
    }

    /// The topic as it is to be said, and its number, if it has one.
    pub(super) fn shorten(&mut self, topic: String) -> (String, Option<u16>) {
        if self.most == 0 {
            return (topic, None);
        }
        if let Some(index) = self.topics.iter().position(|known| *known == topic) {
            return (String::new(), number(index));
        }
        let index = if self.topics.len() < self.most {
            self.topics.push(topic.clone());
            self.topics.len() - 1
        } else {
            let index = self.next;
            self.topics[index].clone_from(&topic);
            self.next = (index + 1) % self.most;
            index
        };
        (topic, number(index))
    }
}

fn number(index: usize) -> Option<u16> {
    u16::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What a broker understands is what was meant, however few numbers it allows.
        #[test]
        fn the_broker_understands_every_topic(most in 0u16..5, topics in prop::collection::vec(0u8..8, 0..60)) {
            let (mut aliases, mut broker) = (Aliases::new(most), HashMap::new());
            for topic in topics.iter().map(|n| format!("affect/a/faces/{n}/state")) {
                let (said, number) = aliases.shorten(topic.clone());
                prop_assert!(number.is_none_or(|number| (1..=most).contains(&number)));
                if let (Some(number), false) = (number, said.is_empty()) {
                    broker.insert(number, said.clone());
                }
                let understood = if said.is_empty() { broker[&number.unwrap()].clone() } else { said };
                prop_assert_eq!(understood, topic);
            }
        }
    }

    #[test]
    fn a_topic_is_said_in_full_once() {
        let mut aliases = Aliases::new(10);
        assert_eq!(aliases.shorten("a".to_owned()), ("a".to_owned(), Some(1)));
        assert_eq!(aliases.shorten("a".to_owned()), (String::new(), Some(1)));
        assert_eq!(Aliases::new(0).shorten("a".to_owned()), ("a".to_owned(), None));
    }
}
