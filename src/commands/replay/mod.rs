//! `affectd replay`: a clip through the live pipeline, its events shown as the broker delivers them.
//!
//! What is shown has travelled the whole way: pipeline, publisher, broker, and back to a subscriber here.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::info;

use super::lines::Form;
use super::session::{Ending, Session, runtime};
use super::setup::{self, Packs};
use crate::capture::file::is_photo;
use crate::capture::{self, Address, SoundSource};
use crate::cli::ReplayArgs;
use crate::clock::{Clock, SystemClock};
use crate::exit::Exit;
use crate::model::RegistryError;
use crate::outlet::{Recorder, Witness};
use crate::pipeline::Supply;
use crate::privacy::Gate;
#[cfg(feature = "embedded-broker")]
use crate::publish::broker::EmbeddedBroker;
use crate::publish::{BrokerAddress, DeviceId, Listener, Topics};

#[cfg(not(feature = "embedded-broker"))]
mod no_broker;
mod screen;
mod states;
mod watch;

#[cfg(not(feature = "embedded-broker"))]
use no_broker::EmbeddedBroker;

use screen::Screen;
use states::States;

/// How long the subscriber may still wait for the goodbye after the pipeline has ended.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs the command.
///
/// # Errors
/// When the clip, a model pack, the recording or the broker's address cannot be used.
pub fn run(args: &ReplayArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    let mut config = setup::config(args.config.as_deref())?;
    let device: DeviceId = args.device.parse().context("--device")?;
    config.device = device.clone();
    if let Address::File(_) = &args.clip {
        // Whom a clip shows was not there when this device was muted.
        config.state_dir = None;
    }
    let (opened, mut identity, packs) = setup::live_chain(&config, models)?;
    let clock = Arc::new(SystemClock);

    let embedded = match &args.broker {
        Some(_) => None,
        None => Some(EmbeddedBroker::start().context("the broker in this process")?),
    };
    config.publish.broker = match (&args.broker, &embedded) {
        (Some(url), _) => url.parse::<BrokerAddress>().context("--broker")?,
        (None, Some(broker)) => broker.address(),
        (None, None) => config.publish.broker,
    };
    // One broker is asked for, and shown.
    config.publish.spares.clear();

    // What the service of the same configuration keeps is not ours to publish.
    config.publish.outbox.dir = args.outbox.clone();

    let recorder = setup::recorder(args.record.as_deref(), &device, Recorder::create)?;
    // Opened last, for a clip's time begins to run here.
    let source = capture::open_live(&args.clip, args.speed, clock.clone())?;
    let started = clock.now();
    let hearing = match sound(args, &packs, clock.clone())? {
        Some(sound) => Some(setup::hearing(Supply::once(sound), &mut identity, &packs)?),
        None => None,
    };
    let witness = match &args.write {
        Some(path) => {
            let form = Form::of(args.format, &config.events);
            let states = States::create(path, form, &args.clip, identity.clone(), clock.clone(), started)
                .with_context(|| format!("{}: the faces cannot be written", path.display()))?;
            Some(Box::new(states) as Box<dyn Witness>)
        }
        None => None,
    };

    let screen = Screen::new(!args.quiet, std::io::stdout().is_terminal());
    screen.opening(&args.clip.to_string(), &identity, &config.publish, embedded.is_some());
    let topics = Topics::new(&config.publish.prefix, &device);
    let listener = Listener::new(&config.publish, format!("affectd-{device}-replay"), topics.everything())?;
    // In a clip is nobody who could be asked; before a camera there is.
    let gate = match &args.clip {
        Address::File(_) => Gate::open(clock.now()),
        _ => packs.config.privacy.gate(clock.now()),
    };
    // At a terminal that is closed, replay ends like any other command: a hangup is not caught.
    let (publish, hangup) = (config.publish, None);
    let sources = Supply::once(source);
    let vitals = Arc::default();
    let session = Session {
        sources,
        opened,
        hearing,
        identity,
        packs,
        vitals,
        hangup,
        gate,
        publish,
        // A clip is no device that Home Assistant should know.
        announcer: None,
        recorder,
        witness,
        clock,
    };
    let (ending, screen) = runtime()?.block_on(watched(session, listener, topics, screen))?;
    if let Some(screen) = screen {
        screen.summary(&ending);
    }
    Ok(exit_of(&ending))
}

/// The sound that belongs to what is replayed: a clip's own, or beside a camera what the configuration names. None
/// where there is no sound, or no pack that could read a voice in it: a clip can be replayed without.
fn sound(
    args: &ReplayArgs,
    packs: &Packs,
    clock: Arc<dyn Clock>,
) -> Result<Option<Box<dyn SoundSource>>, RegistryError> {
    let address = match &args.clip {
        Address::File(clip) if is_photo(clip) => None,
        Address::File(_) => Some(&args.clip),
        _ => packs.config.audio.as_ref(),
    };
    let Some(address) = address else { return Ok(None) };
    match packs.registry.describe(packs.config.models.voice.as_str()) {
        Err(RegistryError::NoPack { .. }) => {
            info!("There is no voice pack; the sound is not read.");
            return Ok(None);
        }
        described => described?,
    };
    match capture::open_live_sound(address, args.speed, clock) {
        Ok(sound) => Ok(Some(sound)),
        Err(error) => {
            info!(%error, "No sound is read.");
            Ok(None)
        }
    }
}

/// Plays the session with the subscriber beside it. Without a broker there is no goodbye, and no screen comes
/// back.
async fn watched(
    session: Session,
    listener: Listener,
    topics: Topics,
    screen: Screen,
) -> anyhow::Result<(Ending, Option<Screen>)> {
    let (listening, ready) = oneshot::channel();
    let mut watching = tokio::spawn(watch::watch(listener, topics, screen, listening));
    // An error means that the subscriber has ended: it has nothing to wait for.
    let _ = ready.await;
    let ending = session.play().await?;
    let screen = match timeout(LAST_WORDS, &mut watching).await {
        Ok(screen) => Some(screen?),
        Err(_) => {
            watching.abort();
            None
        }
    };
    Ok((ending, screen))
}

/// A clip that failed midway, or events that never reached the broker, are failures.
fn exit_of(ending: &Ending) -> Exit {
    if let Some(error) = &ending.report.error {
        eprintln!("affectd: {error}");
        return Exit::Failed;
    }
    if ending.farewell.lost_events > 0 {
        eprintln!("affectd: {} events did not reach the broker; is it running?", ending.farewell.lost_events);
        return Exit::Failed;
    }
    Exit::Ok
}
