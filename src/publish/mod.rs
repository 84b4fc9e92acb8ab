//! What leaves the device: topics, payloads, MQTT.
//!
//! ```text
//!  pipeline thread                    │  one tokio task
//!  PublishHandle ── states ─► latest ─┼─► payload ─► session ─► link ─► broker
//!                └─ events ─► outbox ─┘                 ▲
//!                              │ thread "outbox": disk │
//!                                              lost? back off, again
//! ```
//!
//! Two kinds of message, two promises. A *state* (a face, the scene, a voice) is worth something only while it is
//! fresh: only the newest is kept, let out at a limited rate, and dropped while the broker is away. An
//! *event* must arrive: it waits in the outbox until the broker has acknowledged it, and is sent again, under
//! the same id, after a connection was lost. Whatever is dropped is counted.
//!
//! Frames and sound never come here: there is no type for them.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::clock::Clock;

mod address;
mod announcements;
#[cfg(feature = "embedded-broker")]
pub mod broker;
mod counts;
pub mod discovery;
mod fingerprint;
mod identity;
mod inbox;
mod latest;
mod mqtt;
pub mod outbox;
pub mod payload;
mod settings;
mod state;
mod topics;
mod wall;

pub use address::{AddressError, BrokerAddress, Transport};
pub use announcements::Announcement;
pub use counts::Counts;
pub use fingerprint::KeyFingerprint;
pub use identity::{Identity, PackInfo};
pub use inbox::{PublishHandle, Reply};
pub use mqtt::{Acceptance, Arrival, Connection, Listener, Refusal, Trouble, client_identity, probe, sweep};
pub use outbox::{
    DAMAGED as OUTBOX_DAMAGED, FILE as OUTBOX_FILE, GROWTH as OUTBOX_GROWTH, OutboxSettings, OutboxStanding, Place,
};
pub use settings::{ClientIdentity, Credentials, Protocol, PublishSettings, Secret};
pub use state::{Answer, FaceState, FusedState, SceneState, State, VoiceState};
pub use topics::{DeviceId, Prefix, TopicError, Topics};
pub use wall::Wall;

use inbox::Inbox;
use mqtt::Task;
use outbox::Keeper;

/// Messages to us that may wait to be looked at.
const ARRIVALS: usize = 64;

/// How long after its deadline the task may still be busy (with a name that takes its time to resolve).
const GRACE: Duration = Duration::from_millis(200);

/// Why publishing cannot begin. A broker that cannot be reached is no such reason: it is tried for ever.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The file of certificate authorities cannot be used.
    #[error("the certificate authorities in {path} cannot be read: {reason}; give a PEM file with a CERTIFICATE in it")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The system trusts nobody.
    #[error(
        "this system has no certificate authorities ({reason}), so no broker can be trusted; install the package \
         ca-certificates, or give the broker's own authority as a file"
    )]
    NoAuthorities {
        /// What was said on looking for them.
        reason: String,
    },
    /// The certificate that says who we are, or its key, cannot be used.
    #[error("who we are cannot be shown by {path}: {reason}")]
    ClientIdentity {
        /// The file.
        path: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The cryptography does not fit together.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// What rustls said.
        reason: String,
    },
    /// The thread that keeps events on the disk cannot start.
    #[error("the thread that keeps events on the disk cannot start: {0}; end other programs")]
    Thread(#[source] std::io::Error),
    /// The keep-alive is out of range.
    #[error("a keep-alive of {given:?} is not possible; write a time from 5 s to 18 h, for example 20 s")]
    KeepAlive {
        /// What was given.
        given: Duration,
    },
}

/// How publishing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell {
    /// Whether the broker acknowledged that we stopped. If not, it says `offline` when it notices.
    pub clean: bool,
    /// Events that the broker has not acknowledged and the disk does not have: they are lost.
    pub lost_events: usize,
}

/// Publishes until it is stopped. Dropping it without [`Publisher::stop`] breaks the connection off, as a crash
/// would: the broker then says `offline`.
pub struct Publisher {
    inbox: Arc<Inbox>,
    connection: watch::Receiver<Connection>,
    arrivals: Option<mpsc::Receiver<Arrival>>,
    stop: watch::Sender<Option<Duration>>,
    task: JoinHandle<bool>,
    keeper: Option<Keeper>,
}

impl Publisher {
    /// Starts to publish, from a task on `runtime`. The broker need not be there yet.
    ///
    /// # Errors
    /// When the settings cannot work: see [`PublishError`].
    pub fn start(
        settings: &PublishSettings,
        identity: Identity,
        clock: Arc<dyn Clock>,
        runtime: &Handle,
    ) -> Result<Self, PublishError> {
        let inbox = Arc::new(Inbox::new(settings, identity, clock.clone()));
        let (stop, stopping) = watch::channel(None);
        let (says, connection) = watch::channel(Connection::Connecting);
        let (hands, arrivals) = mpsc::channel(ARRIVALS);
        let task = Task::new(settings, inbox.clone(), says, stopping, hands)?;
        let keep = |folder| Keeper::start(inbox.outbox().clone(), folder, clock);
        let keeper = settings.outbox.dir.clone().map(keep).transpose().map_err(PublishError::Thread)?;
        Ok(Self { inbox, connection, arrivals: Some(arrivals), stop, task: runtime.spawn(task.run()), keeper })
    }

    /// The end for the pipeline; may be cloned.
    pub fn handle(&self) -> PublishHandle {
        PublishHandle::new(self.inbox.clone())
    }

    /// How the connection is, now and whenever it changes.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// What comes to us on the topics of [`PublishSettings::subscriptions`]; given once. What nobody takes in time is
    /// dropped and counted.
    pub fn arrivals(&mut self) -> Option<mpsc::Receiver<Arrival>> {
        self.arrivals.take()
    }

    /// Sends what waits, says `stopped`, and ends; gives up after `deadline`. What the broker has not acknowledged by
    /// then is written to the disk, when there is one: for that no more time is given than for the rest.
    pub async fn stop(mut self, deadline: Duration) -> Farewell {
        // The task may have ended already; then there is nobody to tell.
        let _ = self.stop.send(Some(deadline));
        let clean = match timeout(deadline + GRACE, &mut self.task).await {
            Ok(ended) => ended.unwrap_or(false),
            Err(_) => {
                self.task.abort();
                false
            }
        };
        if let Some(keeper) = self.keeper.take() {
            let writing = tokio::task::spawn_blocking(move || keeper.stop());
            if !matches!(timeout(deadline, writing).await, Ok(Ok(()))) {
                warn!("The disk does not take the events that wait.");
            }
            let kept = self.inbox.waiting_events() - self.inbox.outbox().in_memory_only();
            if kept > 0 {
                info!(kept, "Events wait on the disk for the next start.");
            }
        }
        Farewell { clean, lost_events: self.inbox.outbox().in_memory_only() }
    }
}
