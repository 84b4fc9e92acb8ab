//! One file per sub-command. Here `anyhow` begins: below, errors are typed.

use std::path::Path;

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, ModelCommand};
use crate::exit::Exit;

pub mod check;
pub mod files;
pub mod model;

/// Does what the command line says.
///
/// # Errors
/// Whatever stops a command; the caller prints it once.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    todo!()
}
