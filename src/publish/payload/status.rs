//! The payload of `status`: one bare word, so that anything can read it.

/// Whether the daemon is there. Retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Status", inline, rename_all = "snake_case"))]
pub enum Status {
    /// It is connected and at work.
    Online,
    /// It was stopped as one stops a service.
    Stopped,
    /// It is gone without a farewell. The broker says this: it is the connection's will.
    Offline,
}

impl Status {
    /// The payload, without quotation marks.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Stopped => "stopped",
            Self::Offline => "offline",
        }
    }
}
