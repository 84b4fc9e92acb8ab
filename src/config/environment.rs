//! What the configuration takes from outside its file: a few variables and the host's name.
//!
//! This is the one place that reads the process environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where systemd puts the credentials of a service.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Where systemd says that a service may keep what must last: one folder, or several with colons between them.
const STATE_DIRECTORY: &str = "STATE_DIRECTORY";

/// The variables that override keys, and the name of this host.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<&'static str, OsString>,
    host_name: String,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let names = super::reference::sections().into_iter().flat_map(|s| s.keys).filter_map(|key| key.environment);
        let names = names.chain([CREDENTIALS_DIRECTORY, STATE_DIRECTORY]);
        let variables = names.filter_map(|name| Some((name, std::env::var_os(name)?))).collect();
        // Linux tells its name here; without it the device is called by the default below.
        let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { variables, host_name: host_name.trim().to_owned() }
    }

    /// An environment with this host name and without variables.
    pub fn named(host_name: &str) -> Self {
        Self { variables: BTreeMap::new(), host_name: host_name.to_owned() }
    }

    /// The same environment with one more variable.
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    /// The value of a variable; one that is set to nothing counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.get(name).filter(|value| !value.is_empty())
    }

    /// Where a credential of that name is, if systemd passed it.
    pub(super) fn credential(&self, name: &str) -> Option<PathBuf> {
        Some(Path::new(self.variable(CREDENTIALS_DIRECTORY)?).join(name))
    }

    /// The folder for what must last, if systemd passed one.
    pub(super) fn state_directory(&self) -> Option<PathBuf> {
        std::env::split_paths(self.variable(STATE_DIRECTORY)?).find(|folder| folder.is_absolute())
    }

    /// The name of this host; empty when it has none.
    pub(super) fn host_name(&self) -> &str {
        &self.host_name
    }
}
