//! Where a source is, as the user writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::CaptureError;

/// The address of a camera, a microphone or a file.
///
/// Written `file:PATH` (or the bare path), `v4l:DEVICE[?size=1280x720&fps=30&format=mjpeg]` or
/// `alsa:DEVICE`; displayed the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A clip, its sound, or a photo.
    File(PathBuf),
    /// A camera.
    V4l(CameraAddress),
    /// A microphone: the name of an ALSA device.
    Alsa(String),
}

/// A camera, and what is asked of it; what is not asked is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraAddress {
    /// The device node, as `/dev/video0`.
    pub device: PathBuf,
    /// The width and height, in pixels.
    pub size: Option<(u32, u32)>,
    /// The frames a second.
    pub fps: Option<u32>,
    /// The format on the wire.
    pub format: Option<CameraFormat>,
}

/// A format that cameras deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CameraFormat {
    /// JPEG frames.
    Mjpeg,
    /// Interleaved Y U Y V.
    Yuyv,
    /// Luma, then interleaved chroma of a quarter.
    Nv12,
    /// Luma alone.
    Grey,
    /// Interleaved R G B.
    Rgb24,
}

impl CameraFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Mjpeg, Self::Yuyv, Self::Nv12, Self::Grey, Self::Rgb24];

    /// The word in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mjpeg => "mjpeg",
            Self::Yuyv => "yuyv",
            Self::Nv12 => "nv12",
            Self::Grey => "grey",
            Self::Rgb24 => "rgb24",
        }
    }

    /// The four letters that drivers know it by.
    pub fn code(self) -> &'static [u8; 4] {
        match self {
            Self::Mjpeg => b"MJPG",
            Self::Yuyv => b"YUYV",
            Self::Nv12 => b"NV12",
            Self::Grey => b"GREY",
            Self::Rgb24 => b"RGB3",
        }
    }
}

impl FromStr for Address {
    type Err = CaptureError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let refused = |reason: &str| CaptureError::Address { given: given.into(), reason: reason.into() };
        if given.contains('\0') {
            return Err(refused("a name cannot hold a zero byte"));
        }
        let address = match given.split_once(':') {
            Some(("file", path)) => Self::File(path.into()),
            Some(("v4l", camera)) => Self::V4l(camera.parse().map_err(|reason: String| refused(&reason))?),
            Some(("alsa", device)) => Self::Alsa(device.into()),
            Some((scheme, _)) if !scheme.contains(['/', '.']) => {
                return Err(refused(&format!("{scheme:?} is no kind of source")));
            }
            _ if given.starts_with("/dev/") => return Err(refused("a device needs its kind in front")),
            _ => Self::File(given.into()),
        };
        let named = match &address {
            Self::File(path) => !path.as_os_str().is_empty(),
            Self::V4l(camera) => !camera.device.as_os_str().is_empty(),
            Self::Alsa(device) => !device.is_empty(),
        };
        if named { Ok(address) } else { Err(refused("the name is missing")) }
    }
}

impl FromStr for CameraAddress {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let (device, query) = given.split_once('?').unwrap_or((given, ""));
        let mut camera = Self { device: device.into(), size: None, fps: None, format: None };
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("size", size)) => camera.size = Some(parse_size(size)?),
                Some(("fps", fps)) => camera.fps = Some(parse_fps(fps)?),
                Some(("format", format)) => camera.format = Some(parse_format(format)?),
                _ => return Err(format!("{part:?} is not size=, fps= or format=")),
            }
        }
        Ok(camera)
    }
}

fn parse_size(given: &str) -> Result<(u32, u32), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=crate::picture::MAX_SIDE).contains(side));
    given
        .split_once('x')
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| format!("{given:?} is not a size such as 1280x720"))
}

fn parse_fps(given: &str) -> Result<u32, String> {
    given
        .parse()
        .ok()
        .filter(|fps| (1..=1000).contains(fps))
        .ok_or_else(|| format!("{given:?} is not a number of frames a second from 1 to 1000"))
}

fn parse_format(given: &str) -> Result<CameraFormat, String> {
    CameraFormat::ALL
        .into_iter()
        .find(|format| format.name() == given)
        .ok_or_else(|| format!("{given:?} is not one of {}", CameraFormat::ALL.map(CameraFormat::name).join(", ")))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::V4l(camera) => write!(f, "v4l:{camera}"),
            Self::Alsa(device) => write!(f, "alsa:{device}"),
        }
    }
}

impl fmt::Display for CameraAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.device.display())?;
        let size = self.size.map(|(width, height)| format!("size={width}x{height}"));
        let fps = self.fps.map(|fps| format!("fps={fps}"));
        let format = self.format.map(|format| format!("format={}", format.name()));
        for (i, part) in [size, fps, format].into_iter().flatten().enumerate() {
            write!(f, "{}{part}", if i == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn camera(device: &str) -> CameraAddress {
        CameraAddress { device: device.into(), size: None, fps: None, format: None }
    }

    #[test]
    fn every_form_is_understood() {
        for (given, expected) in [
            ("clip.mp4", Address::File("clip.mp4".into())),
            ("./a:b.mp4", Address::File("./a:b.mp4".into())),
            ("file:a:b.mp4", Address::File("a:b.mp4".into())),
            ("file:/dev/stdin", Address::File("/dev/stdin".into())),
            ("v4l:/dev/video0", Address::V4l(camera("/dev/video0"))),
            (
                "v4l:/dev/video2?size=640x480&fps=15&format=yuyv",
                Address::V4l(CameraAddress {
                    size: Some((640, 480)),
                    fps: Some(15),
                    format: Some(CameraFormat::Yuyv),
                    ..camera("/dev/video2")
                }),
            ),
            ("alsa:plughw:1,0", Address::Alsa("plughw:1,0".into())),
        ] {
            assert_eq!(given.parse::<Address>().unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_source_is_refused_with_the_reason_and_the_forms() {
        for (given, reason) in [
            ("", "the name is missing"),
            ("file:", "the name is missing"),
            ("v4l:?fps=30", "the name is missing"),
            ("rtsp://camera", "\"rtsp\" is no kind of source"),
            ("/dev/video0", "a device needs its kind in front"),
            ("v4l:/dev/video0?size=big", "\"big\" is not a size such as 1280x720"),
            ("v4l:/dev/video0?size=0x480", "is not a size"),
            ("v4l:/dev/video0?fps=0", "is not a number of frames a second"),
            ("v4l:/dev/video0?format=h264", "\"h264\" is not one of mjpeg, yuyv, nv12, grey, rgb24"),
            ("v4l:/dev/video0?zoom=2", "\"zoom=2\" is not size=, fps= or format="),
            ("clip\0.mp4", "zero byte"),
        ] {
            let message = given.parse::<Address>().unwrap_err().to_string();
            assert!(message.contains(reason) && message.contains("v4l:DEVICE"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_displayed_as_it_is_written(
            path in "[a-z/.: ?&=]{1,20}",
            size in prop::option::of((1..9999u32, 1..9999u32)),
            fps in prop::option::of(1..=1000u32),
            format in prop::option::of(prop::sample::select(&CameraFormat::ALL[..])),
        ) {
            let device = PathBuf::from(path.replace('?', "_"));
            for address in [
                Address::File(path.clone().into()),
                Address::Alsa(path),
                Address::V4l(CameraAddress { device, size, fps, format }),
            ] {
                prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
            }
        }

        #[test]
        fn no_text_panics(given in ".*") {
            let _ = given.parse::<Address>();
        }
    }
}
