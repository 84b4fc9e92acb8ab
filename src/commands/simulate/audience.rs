//! The subscribers of a simulation: what a dashboard and an event store would receive of the fleet.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use super::ledger::Key;
use super::records::Feed;
use super::shared::Shared;
use crate::clock::Clock;
use crate::events::Stage;
use crate::publish::payload::Encoding;
use crate::publish::{Arrival, Listener, Trouble};

/// How long the broker may take to let a subscriber in.
const GREETING: Duration = Duration::from_secs(10);

/// The subscribers at work.
pub struct Audience {
    listening: JoinSet<Trouble>,
}

/// What is read of an event.
#[derive(Deserialize)]
struct EventSeen {
    id: String,
    #[serde(rename = "type")]
    stage: String,
    at: String,
}

/// What is read of a state.
#[derive(Deserialize)]
struct StateSeen {
    captured_at: String,
}

impl Audience {
    /// Subscribes to everything the fleet will say.
    ///
    /// # Errors
    /// When the settings cannot work, or the broker does not let a subscriber in.
    pub async fn gather(shared: &Arc<Shared>) -> anyhow::Result<Self> {
        let mut listening = JoinSet::new();
        for feed in Feed::ALL {
            let client = format!("affectd-simulate-{}-{}", std::process::id(), feed.name());
            let mut listener = Listener::new(&shared.plan.publish, client, shared.roster.filter(feed.levels()))?;
            match timeout(GREETING, listener.connect()).await {
                Ok(connected) => connected.context("a subscriber cannot listen")?,
                Err(_) => bail!("{} did not let a subscriber in within {GREETING:?}", shared.plan.publish.broker),
            }
            listening.spawn(listen(feed, listener, shared.clone()));
        }
        Ok(Self { listening })
    }

    /// Resolves when a subscriber lost its connection: from then on what arrives is not known.
    pub async fn lost(&mut self) -> anyhow::Error {
        let why = match self.listening.join_next().await {
            Some(Ok(trouble)) => trouble.to_string(),
            Some(Err(error)) => error.to_string(),
            None => "none is left".to_owned(),
        };
        anyhow::anyhow!("a subscriber lost its connection, so what arrives is not known any more: {why}")
    }
}

async fn listen(feed: Feed, mut listener: Listener, shared: Arc<Shared>) -> Trouble {
    loop {
        match listener.next().await {
            Ok(arrival) => take(feed, &arrival, &shared),
            Err(trouble) => return trouble,
        }
    }
}

/// Takes a message in, when it is of one of our devices.
fn take(feed: Feed, arrival: &Arrival, shared: &Shared) {
    let Some(device) = shared.roster.number(&arrival.topic) else { return };
    let now = shared.clock.now();
    let age = |stamp: Timestamp| shared.clock.age(stamp, now);
    let encoding = shared.plan.publish.encoding;
    let (mut key, mut took) = (None, None);
    match feed {
        Feed::Events => {
            if let Some((seen, at)) = event_in(&arrival.payload, encoding) {
                (key, took) = (Some(seen), Some(age(at)));
            }
        }
        Feed::Faces | Feed::Scenes => took = captured_at(&arrival.payload, encoding).map(age),
        Feed::Statuses | Feed::Healths => {}
    }
    let mut records = shared.records();
    records.arrived(feed, arrival.topic.len() + arrival.payload.len(), took);
    if let Some(key) = key {
        records.ledger.received(key);
    }
    if feed == Feed::Statuses {
        records.status(device, &arrival.payload);
    }
}

fn event_in(payload: &[u8], encoding: Encoding) -> Option<(Key, Timestamp)> {
    let seen: EventSeen = decode(payload, encoding)?;
    let stage = match &*seen.stage {
        "new" => Stage::New,
        "update" => Stage::Update,
        "end" => Stage::End,
        _ => return None,
    };
    let (id, at): (Uuid, Timestamp) = (seen.id.parse().ok()?, seen.at.parse().ok()?);
    Some((Key::new(id, stage, at.as_microsecond()), at))
}

fn captured_at(payload: &[u8], encoding: Encoding) -> Option<Timestamp> {
    decode::<StateSeen>(payload, encoding)?.captured_at.parse().ok()
}

fn decode<T: DeserializeOwned>(payload: &[u8], encoding: Encoding) -> Option<T> {
    match encoding {
        Encoding::Json => serde_json::from_slice(payload).ok(),
        Encoding::Cbor => ciborium::from_reader(payload).ok(),
    }
}
