//! One file or folder per sub-command: what the words on the command line do. Here `anyhow` begins;
//! below, errors are typed.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::{CheckArgs, Cli, Command, ModelCommand};
use crate::config::ConfigErrors;
use crate::exit::Exit;
use crate::logging;

pub mod bench;
pub mod check;
mod describe;
pub mod doctor;
pub mod eval;
mod files;
pub mod finding;
pub mod infer;
mod lines;
pub mod model;
mod reload;
pub mod replay;
pub mod run;
mod session;
mod setup;
pub mod simulate;

/// Does what the command line says. Whatever stops it is said on standard error, once.
pub fn run(cli: &Cli) -> Exit {
    match dispatch(cli) {
        Ok(exit) => exit,
        Err(error) if closed_by_reader(&error) => Exit::Ok,
        Err(error) => match error.downcast_ref::<ConfigErrors>() {
            Some(errors) => {
                eprint!("{errors}");
                Exit::Config
            }
            None => {
                eprintln!("affectd: {error:#}");
                Exit::Failed
            }
        },
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<Exit> {
    let models = cli.models.as_deref();
    match cli.command {
        Command::Run(_) => {}
        Command::Simulate(_) => logging::for_many_devices(cli.verbose),
        _ => logging::for_commands(cli.verbose),
    }
    match &cli.command {
        Command::Run(args) => run::run(args, models, cli.verbose),
        Command::Replay(args) => replay::run(args, models),
        Command::Infer(args) => infer::run(args, models),
        Command::Eval(args) => eval::run(args, models),
        Command::Check(args) => check(args, models),
        Command::Doctor(args) => doctor::run(args, models),
        Command::Model(command) => model(command, models),
        Command::Bench(args) => bench::run(args, models),
        Command::Simulate(args) => simulate::run(args),
        Command::Completions { shell } => describe::completions(*shell, &mut io::stdout().lock()).map(|()| Exit::Ok),
        Command::Man { dir } => describe::man(dir).map(|()| Exit::Ok),
    }
}

fn check(args: &CheckArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    let scope = if args.post_update { check::Scope::Update } else { check::Scope::Start };
    Ok(match check::run(&args.config, models, scope, args.json, &mut io::stdout().lock())? {
        check::Verdict::Good => Exit::Ok,
        check::Verdict::WrongConfiguration => Exit::Config,
        check::Verdict::WrongSurroundings => Exit::Failed,
    })
}

fn model(command: &ModelCommand, models: Option<&Path>) -> anyhow::Result<Exit> {
    let (ModelCommand::List(how) | ModelCommand::Show { how, .. } | ModelCommand::Verify { how, .. }) = command;
    let config = setup::config(how.config.as_deref())?;
    let (registry, engines) = (setup::registry(&config, models)?, setup::engines_present(&config));
    let out = &mut io::stdout().lock();
    let exit = match command {
        ModelCommand::List(_) => model::list(&registry, &engines, how.json, out).map(|()| Exit::Ok),
        ModelCommand::Show { name, .. } => model::show(&registry, name, &engines, how.json, out).map(|()| Exit::Ok),
        ModelCommand::Verify { names, .. } => {
            model::verify(&registry, names, &engines, how.json, out).map(|verdict| match verdict {
                model::Verdict::Accepted => Exit::Ok,
                model::Verdict::Refused => Exit::Failed,
            })
        }
    }?;
    out.flush()?;
    Ok(exit)
}

/// Whether output stopped because its reader, `head` perhaps, has enough: no failure of ours.
fn closed_by_reader(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
