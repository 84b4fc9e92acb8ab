//! Where a source is, as the user writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::CaptureError;
use super::launch_line::{LaunchLine, redact};

/// The address of a camera, a microphone or a file.
///
/// Written `file:PATH` (or the bare path), `v4l:CAMERA[?size=1280x720&fps=30&format=mjpeg]`,
/// `alsa:DEVICE` or `gst:PIPELINE`; displayed the same way, but for secrets. What CAMERA may be, [`CameraPlace`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A clip, its sound, or a photo.
    File(PathBuf),
    /// A camera.
    V4l(CameraAddress),
    /// A microphone: the name of an ALSA device.
    Alsa(String),
    /// Pictures from a GStreamer pipeline; can be read by builds with the feature `gstreamer`.
    Gst(LaunchLine),
}

/// Why `gst:` is refused by a build without it, and what to do.
pub(super) const NO_GSTREAMER: &str =
    "this affectd was built without GStreamer; build one that has it: cargo build --release --features gstreamer";

/// A camera, and what is asked of it; what is not asked is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraAddress {
    /// Which camera.
    pub place: CameraPlace,
    /// The width and height, in pixels.
    pub size: Option<(u32, u32)>,
    /// The frames a second.
    pub fps: Option<u32>,
    /// The format on the wire.
    pub format: Option<CameraFormat>,
}

/// Which camera is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraPlace {
    /// A device node, as `/dev/video0`, or a link to one, as `/dev/v4l/by-id/…`.
    Node(PathBuf),
    /// The one of this name, or with this in its name, whatever its case: `name=HD Webcam`.
    Name(String),
    /// The one that is plugged in there, in the driver's words: `usb-0000:00:14.0-1`, or `bus=` and any text.
    Bus(String),
}

impl CameraPlace {
    /// What drivers' names of places begin with; such a text needs no `bus=` in front.
    const BUSES: [&str; 4] = ["usb-", "platform:", "PCI:", "pci-"];

    fn parse(given: &str) -> Self {
        match given.split_once('=') {
            Some(("name", name)) => Self::Name(name.into()),
            Some(("bus", bus)) => Self::Bus(bus.into()),
            _ if Self::BUSES.iter().any(|start| given.starts_with(start)) => Self::Bus(given.into()),
            _ => Self::Node(given.into()),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Node(node) => node.as_os_str().is_empty(),
            Self::Name(text) | Self::Bus(text) => text.is_empty(),
        }
    }
}

impl fmt::Display for CameraPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "{}", node.display()),
            Self::Name(name) => write!(f, "name={name}"),
            Self::Bus(bus) if Self::BUSES.iter().any(|start| bus.starts_with(start)) => f.write_str(bus),
            Self::Bus(bus) => write!(f, "bus={bus}"),
        }
    }
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
        let refused = |reason: &str| CaptureError::Address { given: redact(given), reason: reason.into() };
        if given.contains('\0') {
            return Err(refused("a name cannot hold a zero byte"));
        }
        let address = match given.split_once(':') {
            Some(("file", path)) => Self::File(path.into()),
            Some(("v4l", camera)) => Self::V4l(camera.parse().map_err(|reason: String| refused(&reason))?),
            Some(("alsa", device)) => Self::Alsa(device.into()),
            Some(("gst", _)) if !cfg!(feature = "gstreamer") => return Err(refused(NO_GSTREAMER)),
            Some(("gst", line)) => Self::Gst(LaunchLine::new(line)),
            Some((scheme @ ("rtsp" | "rtsps" | "http" | "https"), _)) => {
                return Err(refused(&format!(
                    "{scheme:?} is no kind of source: a network camera is read through GStreamer, gst:PIPELINE"
                )));
            }
            Some((scheme, _)) if !scheme.contains(['/', '.']) => {
                return Err(refused(&format!("{scheme:?} is no kind of source")));
            }
            _ if given.starts_with("/dev/") => return Err(refused("a device needs its kind in front")),
            _ => Self::File(given.into()),
        };
        let named = match &address {
            Self::File(path) => !path.as_os_str().is_empty(),
            Self::V4l(camera) => !camera.place.is_empty(),
            Self::Alsa(device) => !device.is_empty(),
            Self::Gst(line) => !line.is_empty(),
        };
        if named { Ok(address) } else { Err(refused("the name is missing")) }
    }
}

impl CameraAddress {
    /// A camera of which nothing is asked.
    pub fn new(place: CameraPlace) -> Self {
        Self { place, size: None, fps: None, format: None }
    }
}

impl FromStr for CameraAddress {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let (place, query) = given.split_once('?').unwrap_or((given, ""));
        let mut camera = Self::new(CameraPlace::parse(place));
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
            Self::Gst(line) => write!(f, "gst:{line}"),
        }
    }
}

impl fmt::Display for CameraAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
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

    fn camera(node: &str) -> CameraAddress {
        CameraAddress::new(CameraPlace::Node(node.into()))
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
            (
                "v4l:/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0",
                Address::V4l(camera("/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0")),
            ),
            (
                "v4l:name=HD Webcam: C=1?fps=15",
                Address::V4l(CameraAddress {
                    fps: Some(15),
                    ..CameraAddress::new(CameraPlace::Name("HD Webcam: C=1".into()))
                }),
            ),
            ("v4l:usb-0000:00:14.0-1", Address::V4l(CameraAddress::new(CameraPlace::Bus("usb-0000:00:14.0-1".into())))),
            ("v4l:bus=isa:1", Address::V4l(CameraAddress::new(CameraPlace::Bus("isa:1".into())))),
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
            ("v4l:name=", "the name is missing"),
            ("v4l:bus=?fps=30", "the name is missing"),
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
            assert!(message.contains(reason) && message.contains("v4l:CAMERA"), "{message}");
        }
    }

    #[test]
    fn a_refused_address_tells_no_password() {
        let message = "rtsp://admin:hidden@camera/live".parse::<Address>().unwrap_err().to_string();
        assert!(message.contains("rtsp://***@camera/live") && message.contains("gst:PIPELINE"), "{message}");
    }

    #[cfg(feature = "gstreamer")]
    #[test]
    fn a_pipeline_is_everything_behind_its_kind() {
        let pipeline = "gst:v4l2src device=/dev/video0 ! video/x-raw,format=NV12".parse::<Address>().unwrap();
        assert_eq!(pipeline, Address::Gst(LaunchLine::new("v4l2src device=/dev/video0 ! video/x-raw,format=NV12")));
        assert_eq!(pipeline.to_string().parse::<Address>().unwrap(), pipeline);
        let message = "gst: ".parse::<Address>().unwrap_err().to_string();
        assert!(message.contains("the name is missing"), "{message}");
    }

    #[cfg(not(feature = "gstreamer"))]
    #[test]
    fn a_pipeline_is_refused_by_a_build_without_gstreamer_with_the_remedy() {
        let message = "gst:rtspsrc user-pw=hidden".parse::<Address>().unwrap_err().to_string();
        assert!(message.contains("built without GStreamer; build one that has it: cargo build"), "{message}");
        assert!(!message.contains("hidden"), "{message}");
    }

    proptest! {
        #[test]
        fn an_address_is_displayed_as_it_is_written(
            path in "[a-z/.: ?&=]{1,20}",
            size in prop::option::of((1..9999u32, 1..9999u32)),
            fps in prop::option::of(1..=1000u32),
            format in prop::option::of(prop::sample::select(&CameraFormat::ALL[..])),
        ) {
            let text = path.replace('?', "_");
            let camera = |place| Address::V4l(CameraAddress { place, size, fps, format });
            for address in [
                Address::File(path.clone().into()),
                Address::Alsa(path),
                camera(CameraPlace::Node(format!("/dev/{text}").into())),
                camera(CameraPlace::Name(text.clone())),
                camera(CameraPlace::Bus(text)),
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
