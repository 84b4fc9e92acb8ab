//! What is said on standard error, or to the journal.
//!
//! Levels are defined by what an operator must do. ERROR: something was lost, act. WARN: nothing is lost yet,
//! look. INFO: what a healthy device says, a few lines a day. DEBUG and TRACE: for us.

use std::io::IsTerminal;
use std::sync::OnceLock;

use thiserror::Error;
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::LogFormat;

mod journal;

/// Starts logging for the daemon. Text that leads to systemd's journal goes there with its fields.
pub fn for_daemon(level: Level, format: LogFormat) {
    if format == LogFormat::Text
        && let Some(journal) = journal::layer()
    {
        return start(level, journal);
    }
    // systemd adds time stamps; a terminal gets them, too, for they do no harm.
    let layer = fmt::layer().with_ansi(is_terminal()).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => start(level, layer),
        LogFormat::Json => start(level, layer.json()),
    }
}

/// Starts logging for the other commands: quiet, unless asked with -v.
pub fn for_commands(verbose: u8) {
    start(
        raised(Level::WARN, verbose),
        fmt::layer().with_ansi(is_terminal()).without_time().with_target(false).with_writer(std::io::stderr),
    );
}

/// Starts logging for many devices in one process: what each publisher says of its connection is told by the one who
/// conducts them, unless asked with -v.
pub fn for_many_devices(verbose: u8) {
    let layer = fmt::layer().with_ansi(is_terminal()).without_time().with_target(false).with_writer(std::io::stderr);
    let quiet = Targets::new().with_default(Level::TRACE).with_target("affectd::publish", LevelFilter::OFF);
    start(raised(Level::WARN, verbose), layer.with_filter((verbose == 0).then_some(quiet)));
}

/// The level, raised a step for each -v.
pub fn raised(level: Level, verbose: u8) -> Level {
    const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    let place = LEVELS.iter().position(|&known| known == level).unwrap_or_default();
    LEVELS[(place + usize::from(verbose)).min(LEVELS.len() - 1)]
}

/// The log of this process: the level that it started with, and the way to another. There is one, as there is one log.
static STARTED: OnceLock<(Level, reload::Handle<Targets, Registry>)> = OnceLock::new();

/// The level of the log cannot be changed.
#[derive(Debug, Error)]
pub enum LevelError {
    /// Nothing is logged.
    #[error("this process keeps no log")]
    NoLog,
    /// The log does not take it.
    #[error("the log does not take another level: {0}")]
    Refused(#[from] reload::Error),
}

/// Writes lines down to `level` from now on, or as at the start (`None`). Tells which level that is.
///
/// # Errors
/// When there is no log, or it cannot be changed.
pub fn change_level(level: Option<Level>) -> Result<Level, LevelError> {
    let (first, log) = STARTED.get().ok_or(LevelError::NoLog)?;
    let level = level.unwrap_or(*first);
    log.reload(targets(level))?;
    Ok(level)
}

/// Colour is for eyes, not for the journal.
fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

fn start<L>(level: Level, layer: L)
where
    L: Layer<Registry> + Send + Sync + 'static,
{
    let (filter, log) = reload::Layer::new(targets(level));
    // Only tests start twice in one process; the first start then stands.
    if tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().is_ok() {
        let _ = STARTED.set((level, log));
    }
}

/// What is written at `level`.
fn targets(level: Level) -> Targets {
    // Other crates speak of their own insides: only what they call a warning concerns an operator. The
    // embedded broker calls every departure a warning.
    let others = LevelFilter::from_level(level.min(Level::WARN));
    Targets::new().with_default(others).with_target("affectd", level).with_target("rumqttd", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_raises_the_level_one_step_up_to_the_last() {
        assert_eq!(raised(Level::WARN, 0), Level::WARN);
        assert_eq!(raised(Level::WARN, 1), Level::INFO);
        assert_eq!(raised(Level::INFO, 9), Level::TRACE);
    }

    #[test]
    fn other_crates_do_not_speak_of_their_insides_at_any_level() {
        for level in [Level::ERROR, Level::INFO, Level::TRACE] {
            let targets = targets(level);
            assert!(targets.would_enable("affectd::control", &level));
            assert!(!targets.would_enable("rumqttc", &Level::INFO) && !targets.would_enable("rumqttd", &Level::ERROR));
            assert_eq!(targets.would_enable("rumqttc", &Level::WARN), level >= Level::WARN);
        }
    }
}
