//! `affectd bench`: what this machine can do.

use std::path::Path;

use crate::cli::{BenchArgs, BenchCommand};
use crate::exit::Exit;

mod clip;
//mod faces;
mod report;
mod usage;

/// Runs the command.
///
/// # Errors
/// When the clip, the photos or the models cannot be used.
pub fn run(args: &BenchArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    match &args.what {
        Some(BenchCommand::Faces { .. }) => todo!(),
        None => clip::run(args, models),
    }
}
