//! The task that keeps a connection to the broker: connect, speak, and after a loss wait and begin again.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use self::backoff::Backoff;
use self::cause::Cause;
use self::dialer::Dialer;
use self::session::{Ended, Session, Subject};
use self::stop::Stop;
use super::address::BrokerAddress;
use super::inbox::Inbox;
use super::settings::PublishSettings;
use super::{PublishError, Topics};

mod aliases;
mod backoff;
mod cause;
mod dialer;
mod link;
mod listen;
mod message;
mod probe;
mod session;
mod stop;
mod tls;
mod trouble;

pub use link::Arrival;
pub use listen::Listener;
pub use probe::{Acceptance, probe};
pub use trouble::Trouble;

/// A connection that held this long was a good one: after its loss the waits begin anew. One that broke
/// sooner (a broker that lets us in and throws us out) is tried ever more rarely.
const GOOD: Duration = Duration::from_secs(10);

/// The keep-alives that MQTT and its client allow.
const KEEP_ALIVE: std::ops::RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(18 * 3600);

/// How the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// The first attempt is under way.
    Connecting,
    /// The broker has let us in.
    Online,
    /// There is none, and this is why; it is tried again.
    Away(Trouble),
    /// Publishing has ended.
    Ended,
}

/// Everything the task needs.
pub(super) struct Task {
    dialer: Dialer,
    broker: BrokerAddress,
    client: String,
    subject: Subject,
    says: watch::Sender<Connection>,
    stop: Stop,
}

impl Task {
    pub(super) fn new(
        settings: &PublishSettings,
        inbox: Arc<Inbox>,
        says: watch::Sender<Connection>,
        order: watch::Receiver<Option<Duration>>,
        arrivals: mpsc::Sender<Arrival>,
    ) -> Result<Self, PublishError> {
        if !KEEP_ALIVE.contains(&settings.keep_alive) {
            return Err(PublishError::KeepAlive { given: settings.keep_alive });
        }
        let device = inbox.identity().device.clone();
        let topics = Topics::new(&settings.prefix, &device);
        let client = format!("affectd-{device}");
        let dialer = Dialer::new(settings, &client, Some(&topics))?;
        let subject = Subject {
            inbox,
            device,
            topics,
            patience: settings.keep_alive * 5 / 2,
            encoding: settings.encoding,
            event_expiry: settings.event_expiry,
            subscriptions: settings.subscriptions.clone(),
            arrivals,
        };
        Ok(Self { dialer, broker: settings.broker.clone(), client, subject, says, stop: Stop::new(order) })
    }

    /// Publishes until told to stop; whether the broker acknowledged the farewell.
    pub(super) async fn run(mut self) -> bool {
        let clean = self.keep_connected().await;
        self.subject.inbox.close();
        self.says.send_replace(Connection::Ended);
        clean
    }

    async fn keep_connected(&mut self) -> bool {
        let mut backoff = Backoff::default();
        let mut afresh = false;
        loop {
            let (sender, line) = if afresh { self.dialer.dial_afresh() } else { self.dialer.dial() };
            let connected = || {
                info!(broker = %self.broker, "Connected to the broker.");
                self.says.send_replace(Connection::Online);
            };
            match Session::new(&self.subject, sender).run(line, &mut self.stop, connected).await {
                Ended::Stopped { clean } => return clean,
                Ended::Lost { cause, connected_at } => {
                    afresh = matches!(cause, Cause::TooLarge) || (afresh && connected_at.is_none());
                    if connected_at.is_some_and(|at: Instant| at.elapsed() >= GOOD) {
                        backoff = Backoff::default();
                    }
                    self.lost(cause, connected_at.is_some()).await;
                }
            }
            select! {
                () = sleep(backoff.next(chance())) => {}
                () = self.stop.changed() => {}
            }
            let finished = self.stop.finishing() && self.subject.inbox.waiting_events() == 0;
            if self.stop.over() || finished {
                return false;
            }
        }
    }

    /// Tells of a loss: in the log when it is news, to whoever watches always.
    async fn lost(&self, cause: Cause, connected: bool) {
        self.subject.inbox.lost();
        let trouble = Trouble::of(cause, &self.broker, &self.client, connected).await;
        let now = Connection::Away(trouble.clone());
        if *self.says.borrow() != now {
            warn!("Events wait, states are dropped: {trouble}.");
            self.says.send_replace(now);
        }
    }
}

/// A number from 0 to 1 that differs between boards that started at the same moment.
fn chance() -> f64 {
    RandomState::new().hash_one(Instant::now()) as f64 / u64::MAX as f64
}
