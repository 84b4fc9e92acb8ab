//! The task that keeps a connection to a broker: connect, speak, and after a loss wait and begin again.
//!
//! Of several brokers the preferred one is tried first, then each spare in its turn, and only then is there a wait. From a
//! spare we go back as soon as a scout was let in by one that is preferred: the connection is broken off, so the spare
//! says `offline` for us, and what it had not acknowledged is sent again there.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use self::backoff::Backoff;
use self::cause::Cause;
use self::dialer::{Dialer, Dialers};
use self::preference::Preference;
use self::session::{Ended, Session, Subject};
use self::stop::Stop;
use super::address::BrokerAddress;
use super::inbox::Inbox;
use super::settings::PublishSettings;
use super::{PublishError, Topics};

mod aliases;
mod backoff;
mod cause;
mod diagnosis;
mod dialer;
mod link;
mod listen;
mod message;
mod pin;
mod preference;
mod probe;
mod refusal;
mod scout;
mod session;
mod stop;
mod sweep;
mod tls;
mod trouble;
mod verdict;

pub use link::Arrival;
pub use listen::Listener;
pub use probe::{Acceptance, probe};
pub use refusal::Refusal;
pub use sweep::sweep;
pub use tls::client_identity;
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
    /// The broker has let us in; of several, the preferred one.
    Online,
    /// A spare broker has let us in, and the preferred one has not.
    OnSpare {
        /// Where we are.
        broker: BrokerAddress,
        /// What is wrong with the preferred one.
        trouble: Trouble,
    },
    /// There is none, and this is why; it is tried again.
    Away(Trouble),
    /// Publishing has ended.
    Ended,
}

/// Everything the task needs.
pub(super) struct Task {
    /// The preferred one first.
    brokers: Vec<Broker>,
    return_after: Duration,
    client: String,
    subject: Subject,
    says: watch::Sender<Connection>,
    stop: Stop,
}

/// One of the brokers.
struct Broker {
    address: BrokerAddress,
    dialer: Dialer,
    /// Comes under another name, so that nobody is thrown out where brokers share their sessions.
    scout: Dialer,
    /// What was wrong when it was tried last.
    trouble: Option<Trouble>,
    /// Whether it must forget what it keeps for us, of which we cannot take something.
    afresh: bool,
}

/// What came of an attempt.
enum Outcome {
    Ended(Ended),
    /// A preferred broker is back.
    Better(usize),
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
        if let Some(client) = settings.client.as_ref().filter(|client| tls::others_may_read(&client.key)) {
            let remedy = format!("chmod o= {}", client.key.display());
            warn!(remedy, "Everyone on this device may read the key that shows who it is.");
        }
        let device = inbox.identity().device.clone();
        let topics = Topics::new(&settings.prefix, &device);
        let client = format!("affectd-{device}");
        let dialers = Dialers::new(settings)?;
        let broker = |address: &BrokerAddress| Broker {
            address: address.clone(),
            dialer: dialers.to(address, &client, Some(&topics)),
            scout: dialers.to(address, &format!("{client}-scout"), None),
            trouble: None,
            afresh: false,
        };
        let brokers = settings.brokers().map(broker).collect();
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
        Ok(Self { brokers, return_after: settings.return_after, client, subject, says, stop: Stop::new(order) })
    }

    /// Publishes until told to stop; whether the broker acknowledged the farewell.
    pub(super) async fn run(mut self) -> bool {
        let clean = self.keep_connected().await;
        self.subject.inbox.close();
        self.says.send_replace(Connection::Ended);
        clean
    }

    async fn keep_connected(&mut self) -> bool {
        let (mut backoff, mut preference) = (Backoff::default(), Preference::new(self.brokers.len()));
        loop {
            let tried = preference.next();
            let wait = match self.attempt(tried).await {
                Outcome::Ended(Ended::Stopped { clean }) => return clean,
                Outcome::Ended(Ended::Lost { cause, connected_at }) => {
                    let held = connected_at.is_some_and(|at: Instant| at.elapsed() >= GOOD);
                    let wait = match held {
                        true => {
                            backoff = Backoff::default();
                            preference.lost();
                            true
                        }
                        false => preference.failed(),
                    };
                    self.lost(tried, cause, connected_at.is_some(), wait).await;
                    wait
                }
                Outcome::Better(better) => {
                    info!(broker = %self.brokers[better].address, "A preferred broker is back; going there.");
                    self.subject.inbox.lost();
                    preference.go_to(better);
                    false
                }
            };
            if wait {
                select! {
                    () = sleep(backoff.next(chance())) => {}
                    () = self.stop.changed() => {}
                }
            }
            let finished = self.stop.finishing() && self.subject.inbox.waiting_events() == 0;
            if self.stop.over() || finished {
                return false;
            }
        }
    }

    /// One connection to the broker of this number, from the attempt to its end.
    async fn attempt(&mut self, tried: usize) -> Outcome {
        let Self { brokers, return_after, subject, says, stop, .. } = self;
        let (preferred, broker) = (&brokers[..tried], &brokers[tried]);
        let connected = || {
            let address = &broker.address;
            let now = match preferred.first().map(|preferred| (&preferred.address, preferred.trouble.clone())) {
                Some((missed, Some(trouble))) => {
                    warn!(broker = %address, %missed, "Connected to a spare broker; the preferred one is looked for.");
                    Connection::OnSpare { broker: address.clone(), trouble }
                }
                _ => {
                    info!(broker = %address, "Connected to the broker.");
                    Connection::Online
                }
            };
            says.send_replace(now);
        };
        let (sender, line) = broker.dialer.begin(broker.afresh);
        let scouts = preferred.iter().map(|broker| &broker.scout);
        select! {
            ended = Session::new(subject, sender).run(line, stop, connected) => Outcome::Ended(ended),
            better = scout::better(scouts, *return_after, chance) => Outcome::Better(better),
        }
    }

    /// Tells of a loss: in the log when it is news, to whoever watches always. `wait`: no other broker is tried at once.
    async fn lost(&mut self, tried: usize, cause: Cause, connected: bool, wait: bool) {
        self.subject.inbox.lost();
        let broker = &mut self.brokers[tried];
        broker.afresh = matches!(cause, Cause::IncomingTooLarge) || (broker.afresh && !connected);
        let trouble = Trouble::of(cause, &broker.address, &self.client, connected).await;
        // What comes after a connection is news in any case.
        if connected || broker.trouble.as_ref() != Some(&trouble) {
            match wait {
                true => warn!("Events wait, states are dropped: {trouble}."),
                false => warn!("The next broker is tried: {trouble}."),
            }
        }
        broker.trouble = Some(trouble.clone());
        if connected {
            self.brokers[tried + 1..].iter_mut().for_each(|spare| spare.trouble = None);
        }
        let told = self.brokers[0].trouble.clone().unwrap_or(trouble);
        let now = Connection::Away(told);
        if *self.says.borrow() != now {
            self.says.send_replace(now);
        }
    }
}

/// A number from 0 to 1 that differs between boards that started at the same moment.
fn chance() -> f64 {
    RandomState::new().hash_one(Instant::now()) as f64 / u64::MAX as f64
}
