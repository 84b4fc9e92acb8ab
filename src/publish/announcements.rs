//! What others must find whenever they come: retained messages that are said on every connection, and again when
//! they change. Pure.

use std::collections::BTreeMap;

/// A retained message. An empty payload removes what the broker has kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Where it is kept.
    pub topic: String,
    /// What is kept, as it goes out.
    pub payload: Vec<u8>,
}

/// How new an announcement is: rising with every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Version(u64);

#[derive(Debug)]
struct Entry {
    announcer: &'static str,
    payload: Vec<u8>,
    version: Version,
}

/// All announcements by topic. One that was taken back stays, empty, so that a broker that was away then is told, too.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    by_topic: BTreeMap<String, Entry>,
    newest: Version,
}

impl Announcements {
    /// Takes the place of what `announcer` announced before: what is no longer among it is removed from the broker.
    pub(super) fn replace(&mut self, announcer: &'static str, announcements: Vec<Announcement>) {
        let gone = self.by_topic.iter().filter(|(topic, entry)| {
            entry.announcer == announcer && !announcements.iter().any(|announcement| announcement.topic == **topic)
        });
        let gone: Vec<_> = gone.map(|(topic, _)| Announcement { topic: topic.clone(), payload: Vec::new() }).collect();
        for Announcement { topic, payload } in gone.into_iter().chain(announcements) {
            if self.by_topic.get(&topic).is_some_and(|entry| entry.payload == payload) {
                continue;
            }
            self.newest.0 += 1;
            self.by_topic.insert(topic, Entry { announcer, payload, version: self.newest });
        }
    }

    /// The oldest that is newer than `told`.
    pub(super) fn after(&self, told: Version) -> Option<(Version, Announcement)> {
        let newer = self.by_topic.iter().filter(|(_, entry)| entry.version > told);
        newer.min_by_key(|(_, entry)| entry.version).map(|(topic, entry)| {
            (entry.version, Announcement { topic: topic.clone(), payload: entry.payload.clone() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(topic: &str, payload: &str) -> Announcement {
        Announcement { topic: topic.to_owned(), payload: payload.into() }
    }

    /// Everything newer than `told`, and how far that leads.
    fn news(announcements: &Announcements, mut told: Version) -> (Version, Vec<(String, String)>) {
        let mut news = Vec::new();
        while let Some((version, Announcement { topic, payload })) = announcements.after(told) {
            told = version;
            news.push((topic, String::from_utf8(payload).unwrap()));
        }
        (told, news)
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(topic, payload)| (topic.to_owned(), payload.to_owned())).collect()
    }

    #[test]
    fn a_new_connection_is_told_everything_and_an_old_one_only_what_changed() {
        let mut announcements = Announcements::default();
        announcements.replace("notice", vec![announcement("notice", "on")]);
        announcements.replace("home", vec![announcement("home/a", "1"), announcement("home/b", "2")]);
        let (told, all) = news(&announcements, Version::default());
        assert_eq!(all, owned(&[("notice", "on"), ("home/a", "1"), ("home/b", "2")]));
        announcements.replace("notice", vec![announcement("notice", "muted")]);
        announcements.replace("home", vec![announcement("home/a", "1"), announcement("home/b", "2")]);
        assert_eq!(news(&announcements, told).1, owned(&[("notice", "muted")]));
        assert_eq!(news(&announcements, Version::default()).1.len(), 3);
    }

    #[test]
    fn what_is_no_longer_announced_is_removed_and_nothing_of_others() {
        let mut announcements = Announcements::default();
        announcements.replace("notice", vec![announcement("notice", "on")]);
        announcements.replace("home", vec![announcement("home/a", "1"), announcement("home/b", "2")]);
        let (told, _) = news(&announcements, Version::default());
        announcements.replace("home", vec![announcement("home/b", "2")]);
        assert_eq!(news(&announcements, told).1, owned(&[("home/a", "")]));
        // A broker that was away meanwhile is told, too.
        let (told, all) = news(&announcements, Version::default());
        assert_eq!(all, owned(&[("notice", "on"), ("home/b", "2"), ("home/a", "")]));
        announcements.replace("home", vec![announcement("home/a", "1"), announcement("home/b", "2")]);
        assert_eq!(news(&announcements, told).1, owned(&[("home/a", "1")]));
    }
}
