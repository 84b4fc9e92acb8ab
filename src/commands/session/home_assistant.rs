//! The device in Home Assistant while a session lasts: announced, announced again when its packs or Home Assistant are
//! new, and taken back where it was announced before and is not wanted any more.
//!
//! What was announced is remembered before it goes out, so that no announcement is ever left behind by a process that
//! died; it is forgotten once the broker had the time to take it back.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::Notify;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::config::Config;
use crate::publish::discovery::DiscoverySettings;
use crate::publish::discovery::memory::Memory;
use crate::publish::{Announcement, Arrival, Connection, Identity, PublishHandle, Topics};

/// Who announces, to the publisher.
const ANNOUNCER: &str = "home assistant";

/// How long a connection stands until everything that was announced has reached the broker, whatever else waits.
const SETTLED: Duration = Duration::from_secs(10);

/// Home Assistant has started, and every device of it hears so at the same moment: they answer within this time.
const SPREAD_MS: u64 = 2_000;

/// Where Home Assistant's birth messages are heard.
#[derive(Clone)]
pub struct Births {
    settings: Arc<DiscoverySettings>,
    heard: Arc<Notify>,
}

impl Births {
    /// Takes what arrived on the topic of birth messages. Tells whether it was this one.
    pub fn hear(&self, arrival: &Arrival) -> bool {
        if self.settings.is_birth(&arrival.topic, &arrival.payload, arrival.retained) {
            self.heard.notify_one();
        }
        arrival.topic == self.settings.birth.as_str()
    }
}

/// Announces the device.
pub struct Announcer {
    settings: Arc<DiscoverySettings>,
    topics: Topics,
    enabled: bool,
    memory: Option<Memory>,
    /// Announced before, and not wanted now.
    stale: Vec<String>,
    heard: Arc<Notify>,
}

impl Announcer {
    /// An announcer for the device; `None` where there is nothing to announce and nothing to take back. `thermometer`
    /// says whether the board has one.
    pub fn new(config: &Config, thermometer: bool, identity: &Identity) -> Option<Self> {
        let (wanted, memory) = (&config.home_assistant, config.state_dir.as_deref().map(Memory::at));
        let settings = DiscoverySettings { thermometer, ..wanted.discovery.clone() };
        let topic = settings.topic(&identity.device);
        let former = memory.as_ref().map(Memory::recall).transpose();
        let former = former.inspect_err(|error| warn!("{error}.")).ok().flatten().unwrap_or_default();
        let stale: Vec<_> = former.into_iter().filter(|known| !wanted.enabled || *known != topic).collect();
        if !wanted.enabled && stale.is_empty() {
            return None;
        }
        Some(Self {
            settings: Arc::new(settings),
            topics: Topics::new(&config.publish.prefix, &identity.device),
            enabled: wanted.enabled,
            memory,
            stale,
            heard: Arc::default(),
        })
    }

    /// What is listened to.
    pub fn subscription(&self) -> Option<String> {
        self.enabled.then(|| self.settings.birth.as_str().to_owned())
    }

    /// Where what arrives is to be told.
    pub fn births(&self) -> Births {
        Births { settings: self.settings.clone(), heard: self.heard.clone() }
    }

    /// Announces until the session ends.
    pub async fn run(
        mut self,
        publish: PublishHandle,
        mut identity: Receiver<Arc<Identity>>,
        mut connection: Receiver<Connection>,
    ) {
        let topic = self.settings.topic(&identity.borrow().device);
        let now: Vec<_> = self.enabled.then_some(topic).into_iter().collect();
        self.remember(&[&now[..], &self.stale].concat());
        for topic in &self.stale {
            info!(topic, "Taken back from Home Assistant, where it is no longer wanted.");
        }
        self.announce(&publish, &identity);
        let mut settling = !self.stale.is_empty();
        loop {
            select! {
                changed = identity.changed() => match changed {
                    Ok(()) => self.announce(&publish, &identity),
                    Err(_) => return,
                },
                () = self.heard.notified() => {
                    sleep(Duration::from_millis(chance() % SPREAD_MS)).await;
                    publish.announce_again(ANNOUNCER);
                }
                () = settled(&mut connection), if settling => {
                    settling = false;
                    self.stale.clear();
                    self.remember(&now);
                }
            }
        }
    }

    fn announce(&self, publish: &PublishHandle, identity: &Receiver<Arc<Identity>>) {
        let removed = |topic: &String| Announcement { topic: topic.clone(), payload: Vec::new() };
        let device = self.enabled.then(|| self.settings.announcement(&identity.borrow(), &self.topics));
        publish.announce(ANNOUNCER, self.stale.iter().map(removed).chain(device).collect());
    }

    fn remember(&self, topics: &[String]) {
        if let Some(Err(error)) = self.memory.as_ref().map(|memory| memory.remember(topics)) {
            warn!("{error}.");
        }
    }
}

/// Resolves when a connection has stood for [`SETTLED`].
async fn settled(connection: &mut Receiver<Connection>) {
    loop {
        let is_online = connection.wait_for(|connection| *connection == Connection::Online).await.is_ok();
        select! {
            () = sleep(SETTLED), if is_online => return,
            Ok(()) = connection.changed(), if is_online => {}
            // Publishing has ended; nothing is settled any more.
            else => std::future::pending().await,
        }
    }
}

/// A number that differs between boards that are asked at the same moment.
fn chance() -> u64 {
    RandomState::new().hash_one(0)
}
