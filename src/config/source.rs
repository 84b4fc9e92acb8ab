//! Where pictures may come from, as it is written in the configuration.

use std::borrow::Cow;

use super::value::{Invalid, Text};

/// The address of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    pub(super) fn first_camera() -> Self {
        Self("v4l:/dev/video0".to_owned())
    }
}

impl Text for Address {
    fn allowed() -> Cow<'static, str> {
        "v4l:DEVICE or file:PATH".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            Some(("v4l" | "file", rest)) if !rest.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(Invalid::because("is not the address of a camera or file")),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}
