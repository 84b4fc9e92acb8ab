//! Where pictures may come from, as it is written in the configuration.

use std::borrow::Cow;
use std::path::PathBuf;

use super::value::{Invalid, Text};

/// The address of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// x
    File(PathBuf),
    /// x
    V4l(PathBuf),
}

impl Address {
    pub(super) fn first_camera() -> Self {
        Self::V4l("/dev/video0".into())
    }
}

impl Text for Address {
    fn allowed() -> Cow<'static, str> {
        "v4l:DEVICE or file:PATH".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            Some(("v4l", rest)) if !rest.is_empty() => Ok(Self::V4l(rest.split('?').next().unwrap_or_default().into())),
            Some(("file", rest)) if !rest.is_empty() => Ok(Self::File(rest.into())),
            _ => Err(Invalid::because("is not the address of a camera or file")),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::File(p) => format!("file:{}", p.display()).into(),
            Self::V4l(p) => format!("v4l:{}", p.display()).into(),
        }
    }
}
