//! What a device can be told to do: one verb is one topic.

use std::fmt;

/// A command, by the last level of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Sense nothing.
    Mute,
    /// Sense again.
    Unmute,
    /// Look at the model packs now.
    Reload,
    /// Learn a neutral face.
    Calibrate,
    /// Write more to the log, or less.
    LogLevel,
    /// Tell how everything is.
    Health,
    /// End a stage and start it anew.
    RestartStage,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Mute, Self::Unmute, Self::Reload, Self::Calibrate, Self::LogLevel, Self::Health, Self::RestartStage];

    /// Those that are carried out when the configuration says nothing: what people need who are sensed, and nothing that
    /// changes how the device works.
    pub const SAFE: [Self; 3] = [Self::Mute, Self::Unmute, Self::Health];

    /// Its name, as it stands in the topic.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Reload => "reload",
            Self::Calibrate => "calibrate",
            Self::LogLevel => "log-level",
            Self::Health => "health",
            Self::RestartStage => "restart-stage",
        }
    }

    /// The verb of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_is_found_by_its_name_alone() {
        for verb in Verb::ALL {
            assert_eq!(Verb::named(verb.name()), Some(verb));
        }
        for other in ["", "Mute", "mute ", "loglevel", "reboot"] {
            assert_eq!(Verb::named(other), None, "{other:?}");
        }
    }
}
