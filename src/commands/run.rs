//! `affectd run`: the daemon.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use super::session::home_assistant::Announcer;
use super::session::{Session, runtime, thermometers};
use super::setup;
use crate::capture::paced::Speed;
use crate::capture::{self, LiveVideo, SoundSource, VideoSource, reopen::Reopening};
use crate::cli::RunArgs;
use crate::clock::{Clock, SystemClock};
use crate::exit::Exit;
use crate::logging;
use crate::outlet::Recorder;
use crate::pipeline::{Supply, Vitals};

/// Runs the daemon until it is asked to stop.
///
/// # Errors
/// When the configuration or a model pack is wrong. A camera or a broker that is away is waited for.
pub fn run(args: &RunArgs, models: Option<&Path>, verbose: u8) -> anyhow::Result<Exit> {
    let config = setup::config(args.config.as_deref())?;
    logging::for_daemon(logging::raised(config.log.level, verbose), config.log.format);
    let runtime = runtime()?;
    // Caught from here on, for a signal that nobody catches ends the process.
    let hangup = {
        let _context = runtime.enter();
        signal(SignalKind::hangup())?
    };
    let (opened, mut identity, packs) = setup::live_chain(&config, models)?;
    let (clock, vitals) = (Arc::new(SystemClock), Arc::new(Vitals::default()));
    match config.privacy.context {
        Some(context) => info!(context = context.name(), "The device stands where its configuration declares."),
        None => warn!("Where this device stands is not declared; write context below [privacy], see docs/privacy.md."),
    }
    let video = LiveVideo::new(config.video.clone(), config.camera, Speed::NORMAL, clock.clone());
    let pulse = vitals.camera.clone();
    let sources = Supply::of(move || {
        let video = video.clone();
        let source = Reopening::<_, dyn VideoSource>::new(move || video.open()).telling(pulse.clone());
        Ok::<_, Infallible>(Box::new(source) as Box<dyn VideoSource>)
    });
    let hearing = match config.audio.clone() {
        Some(audio) => {
            let pulse = vitals.microphone.clone();
            let sources = Supply::of(move || {
                let audio = audio.clone();
                let open = move || capture::open_live_sound(&audio, Speed::NORMAL, Arc::new(SystemClock));
                let source = Reopening::<_, dyn SoundSource>::sound(open).telling(pulse.clone());
                Ok::<_, Infallible>(Box::new(source) as Box<dyn SoundSource>)
            });
            Some(setup::hearing(sources, &mut identity, &packs).context("source.audio is set")?)
        }
        None => None,
    };
    let recorder = setup::recorder(args.record.as_deref(), &config.device, Recorder::append)?;
    match &config.publish.outbox.dir {
        Some(folder) => {
            info!(folder = %folder.display(), "Events that the broker has not acknowledged are kept there.")
        }
        None => info!(
            "Events wait for the broker in memory only: a restart or a power cut loses them. Name a folder as outbox.dir, \
             or let systemd give one (StateDirectory)."
        ),
    }
    let mut publish = config.publish_settings()?;
    let has_thermometer = thermometers(&config.limits).read().temperature.is_some();
    let announcer = Announcer::new(&config, has_thermometer, &identity);
    publish.subscriptions.extend(announcer.as_ref().and_then(Announcer::subscription));
    let session = Session {
        sources,
        opened,
        hearing,
        identity,
        packs,
        vitals,
        hangup: Some(hangup),
        gate: config.privacy.gate(SystemClock.now()),
        publish,
        announcer,
        recorder,
        witness: None,
        clock,
    };
    runtime.block_on(session.play())?;
    Ok(Exit::Ok)
}
