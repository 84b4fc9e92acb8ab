//! What is said on standard error, or to the journal.
//!
//! Levels are defined by what an operator must do. ERROR: something was lost, act. WARN: nothing is lost yet,
//! look. INFO: what a healthy device says, a few lines a day. DEBUG and TRACE: for us.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

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

/// Colour is for eyes, not for the journal.
fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

fn start<L>(level: Level, layer: L)
where
    L: Layer<tracing_subscriber::Registry> + Send + Sync + 'static,
{
    // Other crates speak of their own insides: only what they call a warning concerns an operator. The
    // embedded broker calls every departure a warning.
    let others = LevelFilter::from_level(level.min(Level::WARN));
    let targets =
        Targets::new().with_default(others).with_target("affectd", level).with_target("rumqttd", LevelFilter::OFF);
    // Only tests start twice in one process; the first start then stands.
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
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
}
