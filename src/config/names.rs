//! Names that become part of an MQTT topic or of a folder: what they may be made of.

use std::borrow::Cow;
use std::fmt;

use super::value::{Invalid, Text};

/// The longest device id and pack name.
const LONGEST: usize = 64;
/// The longest client id: what brokers usually take.
const LONGEST_CLIENT_ID: usize = 128;
/// The longest topic prefix.
const LONGEST_PREFIX: usize = 128;

/// The id of this device: a level of every topic, and of Home Assistant's object ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceId(String);

impl DeviceId {
    /// The id that a host of this name has by default: its first label, every other character a dash.
    pub fn of_host(host_name: &str) -> Self {
        let label = host_name.split('.').next().unwrap_or_default();
        let reduced: String = label.chars().map(|c| if is_allowed(c) { c } else { '-' }).take(LONGEST).collect();
        let trimmed = reduced.trim_matches('-');
        Self(if trimmed.is_empty() { "affectd" } else { trimmed }.to_owned())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Text for DeviceId {
    fn allowed() -> Cow<'static, str> {
        format!("1 to {LONGEST} of the characters a-z, A-Z, 0-9, _ and -").into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        fits(text, LONGEST)?;
        match text.chars().find(|&c| !is_allowed(c)) {
            None => Ok(Self(text.to_owned())),
            Some(bad) => {
                let remedy = format!("for example {}", super::value::quoted(Self::of_host(text).as_str()));
                Err(Invalid::because(format!("holds {bad:?}")).so(remedy))
            }
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// The levels that every topic begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPrefix(String);

impl TopicPrefix {
    /// The prefix of our own choice.
    pub(super) fn affect() -> Self {
        Self("affect".to_owned())
    }

    /// The prefix, without a slash at either end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for TopicPrefix {
    fn allowed() -> Cow<'static, str> {
        format!("topic levels with / between them, {LONGEST_PREFIX} characters at most, without + # $ and blanks")
            .into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        fits(text, LONGEST_PREFIX)?;
        if let Some(bad) = text.chars().find(|&c| "+#$".contains(c) || c.is_whitespace() || c.is_control()) {
            return Err(Invalid::because(format!("holds {bad:?}")));
        }
        if text.split('/').any(str::is_empty) {
            return Err(Invalid::because("has an empty level").so("take away the / that is at an end or doubled"));
        }
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// The name of a model pack: that of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackName(String);

impl PackName {
    /// A name that is known to be good: for defaults.
    pub(super) fn known(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for PackName {
    fn allowed() -> Cow<'static, str> {
        format!("the name of a pack's folder: 1 to {LONGEST} of the characters a-z, A-Z, 0-9, _ and -").into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        fits(text, LONGEST)?;
        match text.chars().find(|&c| !is_allowed(c)) {
            None => Ok(Self(text.to_owned())),
            Some('/') => Err(Invalid::because("is a path").so("write the folder above it as models.dir")),
            Some(bad) => Err(Invalid::because(format!("holds {bad:?}"))),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// The name that this client gives itself at the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// The id of the client that speaks for a device.
    pub(super) fn of_device(device: &DeviceId) -> Self {
        Self(format!("affectd-{device}"))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for ClientId {
    fn allowed() -> Cow<'static, str> {
        format!("1 to {LONGEST_CLIENT_ID} characters without blanks").into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        fits(text, LONGEST_CLIENT_ID)?;
        match text.chars().find(|&c| c.is_whitespace() || c.is_control()) {
            None => Ok(Self(text.to_owned())),
            Some(bad) => Err(Invalid::because(format!("holds {bad:?}"))),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn fits(text: &str, longest: usize) -> Result<(), Invalid> {
    match text.chars().count() {
        0 => Err(Invalid::because("is empty")),
        n if n > longest => Err(Invalid::because(format!("is {n} characters long"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_reduced_to_what_a_topic_level_may_hold() {
        for (host, id) in [
            ("kiosk-7", "kiosk-7"),
            ("kiosk-7.shop.example.org", "kiosk-7"),
            ("käse stand#3", "k-se-stand-3"),
            ("", "affectd"),
            ("...", "affectd"),
            ("日本", "affectd"),
        ] {
            assert_eq!(DeviceId::of_host(host).as_str(), id, "{host}");
        }
        assert_eq!(DeviceId::of_host(&"a".repeat(300)).as_str().len(), LONGEST);
    }

    #[test]
    fn what_a_host_is_called_by_default_is_an_id_that_may_be_written() {
        for host in ["kiosk-7", "käse stand#3", "", "a\u{0}b", "x/y+z"] {
            let id = DeviceId::of_host(host);
            assert_eq!(DeviceId::parse(id.as_str()), Ok(id));
        }
    }

    #[test]
    fn a_prefix_may_have_levels_but_no_wildcard() {
        assert!(TopicPrefix::parse("site-3/affect").is_ok());
        for bad in ["", "/affect", "affect/", "a//b", "a/+/b", "a/#", "$SYS", "a b", "a\u{0}"] {
            assert!(TopicPrefix::parse(bad).is_err(), "{bad:?}");
        }
    }
}
