//! The subscriber beside the pipeline: what it shows has been to the broker and back.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::screen::Screen;
use crate::publish::payload::Status;
use crate::publish::{Arrival, Listener, Topics};

/// How long the broker may take to let the subscriber in.
const GREETING: Duration = Duration::from_secs(10);

/// Shows what arrives until the device says goodbye or the connection fails, and returns the screen.
///
/// `listening` is told once everything that follows will be seen, or that the broker cannot be reached.
pub async fn watch(
    mut listener: Listener,
    topics: Topics,
    mut screen: Screen,
    listening: oneshot::Sender<()>,
) -> Screen {
    let connected = timeout(GREETING, listener.connect()).await;
    // The session begins in any case: the publisher has a patience, and words for trouble, of its own.
    let _ = listening.send(());
    if !matches!(connected, Ok(Ok(()))) {
        return screen;
    }
    // The broker may still keep the goodbye of an earlier run.
    let mut online = false;
    while let Ok(arrival) = listener.next().await {
        if arrival.topic != topics.status() {
            show(&mut screen, &topics, &arrival);
        } else if arrival.payload == Status::Online.word().as_bytes() {
            online = true;
        } else if online {
            break;
        }
    }
    screen
}

fn show(screen: &mut Screen, topics: &Topics, arrival: &Arrival) {
    let Ok(payload) = serde_json::from_slice::<Value>(&arrival.payload) else { return };
    if arrival.topic == topics.events() {
        screen.event(&payload);
    } else if arrival.topic.contains("/faces/") {
        screen.face(&payload);
    }
}
