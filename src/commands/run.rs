//! `affectd run`: the daemon.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::session::{Session, runtime};
use super::setup;
use crate::capture::paced::Speed;
use crate::capture::{self, LiveVideo, SoundSource, VideoSource, reopen::Reopening};
use crate::cli::RunArgs;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::logging;

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
    let (mut chain, mut identity, packs) = setup::live_chain(&config, models)?;
    let clock = Arc::new(SystemClock);
    let mut video = LiveVideo::new(config.video.clone(), config.camera, Speed::NORMAL, clock.clone());
    let source = Reopening::<_, dyn VideoSource>::new(move || video.open());
    let hearing = match config.audio.clone() {
        Some(audio) => {
            let open = move || capture::open_live_sound(&audio, Speed::NORMAL, Arc::new(SystemClock));
            let sound = Box::new(Reopening::<_, dyn SoundSource>::sound(open));
            Some(setup::hear(sound, &mut chain, &mut identity, &packs, clock.clone()).context("source.audio is set")?)
        }
        None => None,
    };
    let session = Session {
        source: Box::new(source),
        chain,
        hearing,
        identity,
        packs,
        hangup: Some(hangup),
        publish: config.publish_settings()?,
        recorder: None,
        clock,
    };
    runtime.block_on(session.play())?;
    Ok(Exit::Ok)
}
