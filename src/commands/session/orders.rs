//! Carries out what the device is told over MQTT, and replies to each command.
//!
//! ```text
//!  broker ─► arrivals ─► control (pure) ─┬─► at once: mute, unmute, log-level, health ─┬─► reply ─► broker
//!                                        └─► beside: reload, calibrate, restart-stage ─┘
//! ```
//!
//! What takes its time is waited for beside the rest, so that nobody who wants silence waits for a model to be opened.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{Level, debug, info, warn};

pub use self::commands::Commands;
use self::means::{Done, Failure, Means, Outcome};
use crate::clock::{Clock, Monotonic};
use crate::control::{Command, Control, Message, Refusal, answer};
use crate::health::Health;
use crate::logging;
use crate::privacy::Sensing;
use crate::publish::payload::notice::SensingName;
use crate::publish::payload::number::Stamp;
use crate::publish::payload::reply::{Code, ReplyPayload, ResultPayload};
use crate::publish::payload::{Encoding, HealthPayload, encode};
use crate::publish::{Arrival, DeviceId, PublishHandle, Reply, Topics};

mod commands;
pub mod means;
mod remembered;

/// Commands that may be under way at a time.
const UNDER_WAY: usize = 8;

/// Who asked for something, and where the reply goes.
#[derive(Debug)]
struct Asker {
    verb: String,
    id: Option<String>,
    topic: String,
    correlation: Option<Vec<u8>>,
}

/// Who carries commands out.
pub struct Orders {
    control: Control,
    means: Means,
    publish: PublishHandle,
    device: DeviceId,
    topics: Topics,
    encoding: Encoding,
    clock: Arc<dyn Clock>,
    under_way: JoinSet<(Asker, Outcome)>,
    /// When the log is to be as configured again.
    level_until: Option<Instant>,
}

impl Orders {
    /// Carries commands out with these means, and replies through `publish`.
    pub fn new(commands: Commands, means: Means, publish: PublishHandle, clock: Arc<dyn Clock>) -> Self {
        let Commands { control, device, prefix, topics, encoding, .. } = commands;
        let (control, under_way) = (Control::new(control, prefix, encoding), JoinSet::new());
        Self { control, means, publish, device, topics, encoding, clock, under_way, level_until: None }
    }

    /// Carries out the commands among what arrives, until nothing can any more.
    pub async fn carry_out(mut self, mut arrivals: mpsc::Receiver<Arrival>) {
        let commands = self.topics.commands();
        loop {
            tokio::select! {
                arrival = arrivals.recv() => match arrival {
                    Some(arrival) => {
                        if let Some(verb) = arrival.topic.strip_prefix(commands.trim_end_matches('+')) {
                            self.take(verb, &arrival);
                        }
                    }
                    None => return,
                },
                Some(ended) = self.under_way.join_next() => match ended {
                    Ok((asker, outcome)) => self.reply(asker, outcome),
                    Err(error) => warn!(%error, "A command came to no end."),
                },
                () = over(self.level_until) => {
                    self.level_until = None;
                    match logging::change_level(None) {
                        Ok(level) => info!(%level, "The log is as configured again."),
                        Err(error) => warn!(%error, "The log stays as it is."),
                    }
                }
            }
        }
    }

    /// Judges a message, and begins what it says.
    fn take(&mut self, verb: &str, arrival: &Arrival) {
        let Arrival { payload, retained, reply_to, correlation, .. } = arrival;
        let now = self.clock.now();
        let message = Message {
            verb,
            payload,
            retained: *retained,
            reply_to: reply_to.as_deref(),
            correlation: correlation.as_ref().map_or(0, Vec::len),
        };
        let found = self.control.judge(message, now, self.publish.stamp(now));
        let code = found.order.as_ref().err().map(Refusal::code);
        let asked_for = reply_to.as_ref().filter(|topic| answer::asked_for(topic, self.control.prefix()).is_ok());
        let asker = Asker {
            verb: answer::repeated(verb).to_owned(),
            id: found.id,
            topic: asked_for.cloned().unwrap_or_else(|| answer::usual(&self.topics, verb)),
            // What was too much to read is too much to send back.
            correlation: correlation.clone().filter(|_| code != Some(Code::TooLarge)),
        };
        match found.order {
            Ok(command) => self.begin(command, asker),
            Err(refusal) => {
                let (verb, reason) = (&asker.verb, &refusal);
                if self.control.refused(refusal.code()) == 1 {
                    warn!(verb, %reason, "Command refused; further ones like it are only counted.");
                } else {
                    debug!(verb, %reason, "Command refused.");
                }
                self.tell(&asker, Err((refusal.code(), &refusal.to_string(), &refusal.remedy())));
            }
        }
    }

    fn begin(&mut self, command: Command, asker: Asker) {
        let (now, means) = (self.clock.now(), self.means.clone());
        match command {
            // Silence begins here; to remember it may take a slow disk its time.
            Command::Mute => self.beside(asker, means.mute(now, self.publish.stamp(now))),
            Command::Unmute => self.beside(asker, means.unmute(now, self.publish.stamp(now))),
            Command::Health => self.reply(asker, Ok(Done::Health)),
            Command::LogLevel { level, lasting } => {
                let changed = self.change_level(level, lasting);
                self.reply(asker, changed);
            }
            _ if self.under_way.len() >= UNDER_WAY => {
                let busy = Failure::new("too many commands are under way", "wait until they were replied to");
                self.reply(asker, Err(busy));
            }
            Command::Reload => self.beside(asker, means.reload()),
            Command::Calibrate(of) => self.beside(asker, means.calibrate(of)),
            Command::RestartStage(stage) => self.beside(asker, means.restart(stage)),
        }
    }

    fn beside(&mut self, asker: Asker, work: impl Future<Output = Outcome> + Send + 'static) {
        self.under_way.spawn(async move { (asker, work.await) });
    }

    fn change_level(&mut self, level: Option<Level>, lasting: Option<Duration>) -> Outcome {
        let changed = logging::change_level(level);
        let level = changed.map_err(|error| Failure::new(error, "set log.level and restart affectd"))?;
        self.level_until = lasting.map(|lasting| Instant::now() + lasting);
        Ok(Done::LogLevel { level, lasting })
    }

    /// Says what a command that was carried out came to.
    fn reply(&mut self, asker: Asker, outcome: Outcome) {
        let outcome = outcome.and_then(|done| match (done, self.publish.current_health()) {
            (Done::Health, None) => Err(Failure::new("nothing is known of this device yet", "ask again in a second")),
            (done, health) => Ok((done, health)),
        });
        self.control.carried_out(outcome.is_ok());
        let verb = &asker.verb;
        match outcome {
            Ok((done, health)) => {
                info!(verb, id = asker.id, "Command carried out.");
                self.tell(&asker, Ok((done, health.as_deref())));
            }
            Err(Failure { reason, remedy }) => {
                warn!(verb, id = asker.id, reason, remedy, "Command did not work.");
                self.tell(&asker, Err((Code::Failed, &reason, &remedy)));
            }
        }
    }

    fn tell(&self, asker: &Asker, outcome: Result<(Done, Option<&Health>), (Code, &str, &str)>) {
        let at = self.publish.stamp(self.clock.now()).into();
        let blank = ReplyPayload::new(self.device.as_str(), &asker.verb, asker.id.as_deref(), at);
        let payload = match outcome {
            Ok((done, health)) => ReplyPayload { ok: true, result: self.result(done, health), ..blank },
            Err((code, reason, remedy)) => {
                ReplyPayload { code: Some(code), reason: Some(reason), remedy: Some(remedy), ..blank }
            }
        };
        let payload = encode(&payload, self.encoding);
        self.publish.reply(Reply { topic: asker.topic.clone(), payload, correlation: asker.correlation.clone() });
    }

    fn result<'a>(&'a self, done: Done, health: Option<&'a Health>) -> Option<ResultPayload<'a>> {
        let stamp = |at: Monotonic| Stamp::from(self.publish.stamp(at));
        Some(match done {
            Done::Sensing { remembered } => {
                let (sensing, since) = self.means.stages.gate.state();
                let (state, why) = match sensing {
                    Sensing::On => (SensingName::Sensing, None),
                    Sensing::Muted(reason) => (SensingName::Muted, Some(reason.into())),
                };
                ResultPayload::Sensing { state, why, since: stamp(since), remembered }
            }
            Done::Packs(packs) => ResultPayload::Packs { packs },
            Done::Calibrating { faces, lasting } => {
                let faces = faces.into_iter().map(|face| face.0).collect();
                ResultPayload::Calibrate { faces, seconds: lasting.as_secs() as u32 }
            }
            Done::LogLevel { level, lasting } => {
                let for_s = lasting.map(|lasting| lasting.as_secs() as u32);
                ResultPayload::LogLevel { level: level.into(), for_s }
            }
            Done::Health => {
                let health = Box::new(HealthPayload::of(health?, &self.device, stamp));
                ResultPayload::Health { health, commands: self.control.counts().clone() }
            }
            Done::Restarting(stage) => ResultPayload::Stage { stage },
        })
    }
}

/// Resolves at that moment; never without one.
async fn over(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
