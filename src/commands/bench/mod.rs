//! `affectd bench`: what this machine can do.

use std::io;
use std::path::Path;

use crate::capture::file::is_sound;
use crate::cli::{BenchArgs, BenchCommand};
use crate::clock::SystemClock;
use crate::exit::Exit;

use super::setup;

mod annotations;
mod clip;
mod faces;
mod report;
mod smoothing;
mod sound;
pub(super) mod usage;

/// Runs the command.
///
/// # Errors
/// When the clip, the photos or the models cannot be used.
pub fn run(args: &BenchArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    match &args.what {
        Some(BenchCommand::Faces { dir, json }) => {
            let config = setup::config(None)?;
            let (registry, engines) = (setup::registry(&config, models)?, setup::engines(&config)?);
            faces::faces(&registry, &engines, dir, &SystemClock, *json, &mut io::stdout().lock())?;
            Ok(Exit::Ok)
        }
        Some(BenchCommand::Smoothing(args)) => smoothing::run(args, models),
        None => match args.clip.as_deref().filter(|clip| is_sound(clip)) {
            Some(file) => sound::run(file, args.json, models),
            None => clip::run(args, models),
        },
    }
}
