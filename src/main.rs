//! Parse, dispatch, exit.

use std::process::ExitCode;

use affectd::cli::Cli;
use affectd::commands;
use affectd::exit::Exit;
use clap::Parser;

fn main() -> ExitCode {
    #[cfg(target_arch = "x86_64")]
    affectd::handover::to_faster_build();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_error) => {
            // Help and version are not errors, and go to standard output.
            let exit = if help_or_error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = help_or_error.print();
            return exit.into();
        }
    };
    commands::run(&cli).into()
}
