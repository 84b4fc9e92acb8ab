//! In place of a broker of our own, in builds without the feature `embedded-broker`.

use crate::publish::BrokerAddress;

/// There is none.
pub(super) enum EmbeddedBroker {}

impl EmbeddedBroker {
    /// # Errors
    /// Always, with what to do.
    pub fn start() -> anyhow::Result<Self> {
        anyhow::bail!("this build of affectd has none; give the address of another with --broker")
    }

    pub fn address(&self) -> BrokerAddress {
        match *self {}
    }
}
