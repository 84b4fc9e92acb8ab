//! What counts as consent: a file or a topic that says so, and nothing else.
//!
//! A file is read several times a second by a thread of its own, so that one that the kernel makes up (the value of a
//! GPIO line) serves as well as one that a program writes: such files tell nobody when they change. Whatever is not a
//! clear yes is no consent: a file that is not there, cannot be read, is empty or says something else, a broker that is
//! away.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Gate;
use crate::clock::Clock;
use crate::health::Pulse;
use crate::supervise::{Lease, Left, Worker};

/// How often the file is read.
const EVERY: Duration = Duration::from_millis(200);

/// A read that takes so long hangs.
const HANGS: Duration = Duration::from_secs(5);

/// The most that is read of it, in bytes.
const LONGEST: u64 = 16;

/// The words for yes; capitals and blanks around them do not count.
const YES: [&str; 3] = ["1", "on", "true"];

/// Whether that says yes.
pub fn says_yes(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    YES.iter().any(|yes| text.eq_ignore_ascii_case(yes.as_bytes()))
}

/// Whether the file says yes.
fn file_says_yes(path: &Path) -> bool {
    // A pipe would be waited for until somebody writes into it.
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let mut text = Vec::with_capacity(LONGEST as usize);
    is_file && File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut text)).is_ok() && says_yes(&text)
}

/// The thread "consent": holds the gate shut while the file does not say yes.
pub fn worker(path: PathBuf, gate: Gate, clock: Arc<dyn Clock>, stop: Arc<AtomicBool>) -> Worker {
    let pulse = Arc::new(Pulse::default());
    let beat = pulse.clone();
    let body = move |lease: &Lease| {
        // A thread before this one may hang in a read: until this one has read, nobody has agreed.
        gate.consent(false, clock.now());
        while !stop.load(Ordering::Relaxed) {
            let given = file_says_yes(&path);
            if !lease.holds() {
                break;
            }
            gate.consent(given, clock.now());
            beat.beat(clock.now());
            thread::park_timeout(EVERY);
        }
        Left::Done
    };
    Worker::new("consent", vec![pulse], Some(HANGS), Arc::new(body))
}

/// A topic on which somebody else says whether there is consent.
#[derive(Debug, Clone)]
pub struct ConsentTopic {
    topic: String,
    gate: Gate,
}

impl ConsentTopic {
    /// Listens for that topic.
    pub fn new(topic: String, gate: Gate) -> Self {
        Self { topic, gate }
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Takes in what arrived on a topic. Tells whether it was this one.
    pub fn hear(&self, topic: &str, payload: &[u8], clock: &dyn Clock) -> bool {
        let is_mine = topic == self.topic;
        if is_mine {
            self.gate.consent(says_yes(payload), clock.now());
        }
        is_mine
    }

    /// The broker is away, and nobody could withdraw consent: there is none until it says so again.
    pub fn lose(&self, clock: &dyn Clock) {
        self.gate.consent(false, clock.now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::privacy::Consent;

    #[test]
    fn only_a_clear_yes_is_consent() {
        for yes in ["1", "1\n", "on", "ON\r\n", " true "] {
            assert!(says_yes(yes.as_bytes()), "{yes:?}");
        }
        for no in ["", "\n", "0", "0\n", "off", "yes?", "11", "10", "on off", "false", "1 0"] {
            assert!(!says_yes(no.as_bytes()), "{no:?}");
        }
        assert!(!says_yes(b"\xff1"));
    }

    #[test]
    fn a_file_is_consent_while_it_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("value");
        assert!(!file_says_yes(&path), "it is not there");
        assert!(!file_says_yes(dir.path()), "it is a folder");
        for (text, yes) in [("1\n", true), ("0\n", false), ("", false), ("1", true)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(file_says_yes(&path), yes, "{text:?}");
        }
        std::fs::write(&path, "1".repeat(1 << 20)).unwrap();
        assert!(!file_says_yes(&path));
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(!file_says_yes(&pipe));
    }

    #[test]
    fn a_topic_gives_and_takes_consent_and_a_broker_that_is_away_takes_it() {
        let gate = Gate::starting(Consent::BySignal, false, SystemClock.now());
        let topic = ConsentTopic::new("site/consent".to_owned(), gate.clone());
        assert!(!topic.hear("site/other", b"on", &SystemClock) && !gate.is_open());
        assert!(topic.hear("site/consent", b"on", &SystemClock) && gate.is_open());
        topic.lose(&SystemClock);
        assert!(!gate.is_open());
        topic.hear("site/consent", b"1", &SystemClock);
        assert!(topic.hear("site/consent", b"", &SystemClock) && !gate.is_open());
    }
}
