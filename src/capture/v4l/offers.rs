//! What a camera offers: formats, sizes and frames a second.

use std::fmt;
use std::io;
use std::path::Path;

use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;
use v4l::{Device, FourCC, Fraction};

use super::super::address::CameraFormat;
use super::guard::guarded;

/// Something a camera can deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// How its frames are laid out.
    pub format: Format,
    /// The widths and heights.
    pub sizes: Sizes,
    /// The most frames a second, when the driver says; of a range of sizes, at the largest.
    pub fps: Option<f32>,
}

/// A format, known or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// One that affectd reads.
    Read(CameraFormat),
    /// One that it does not read, by its four letters, as `H264`.
    Unread(String),
}

/// The sizes of an offer, in pixels: widths and heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// This one.
    One((u32, u32)),
    /// All between two, in steps.
    Range {
        /// The smallest.
        least: (u32, u32),
        /// The largest.
        most: (u32, u32),
        /// From one to the next; 0 counts as 1.
        step: (u32, u32),
    },
}

impl Sizes {
    /// The size that is nearest to what is wanted.
    pub fn nearest(self, (width, height): (u32, u32)) -> (u32, u32) {
        let side = |wanted: u32, least: u32, most: u32, step: u32| {
            let wanted = wanted.clamp(least.min(most), most);
            wanted - (wanted - least.min(wanted)) % step.max(1)
        };
        match self {
            Self::One(size) => size,
            Self::Range { least, most, step } => {
                (side(width, least.0, most.0, step.0), side(height, least.1, most.1, step.1))
            }
        }
    }

    /// The largest size.
    pub fn largest(self) -> (u32, u32) {
        match self {
            Self::One(size) | Self::Range { most: size, .. } => size,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(format) => f.write_str(format.name()),
            Self::Unread(letters) => f.write_str(letters),
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One((width, height)) => write!(f, "{width}x{height}"),
            Self::Range { least, most, .. } => write!(f, "{}x{} to {}x{}", least.0, least.1, most.0, most.1),
        }
    }
}

/// Everything that the camera behind a node offers, whether affectd reads it or not.
///
/// # Errors
/// When the node cannot be opened.
pub fn offers_of(node: &Path) -> io::Result<Vec<Offer>> {
    Ok(offers(&Device::with_path(node)?))
}

/// Everything that a camera offers; nothing when it is no camera.
pub(super) fn offers(device: &Device) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (format, code) in formats(device) {
        for sizes in sizes(device, code) {
            let fps = fastest(device, code, sizes.largest());
            offers.push(Offer { format: format.clone(), sizes, fps });
        }
    }
    offers
}

/// The sizes of a format. Capture cards list none: their picture is as large as what is plugged into them.
fn sizes(device: &Device, code: FourCC) -> Vec<Sizes> {
    let listed = device.enum_framesizes(code).unwrap_or_default();
    if listed.is_empty() {
        let now = guarded("its format", || device.format());
        return now.into_iter().map(|now| Sizes::One((now.width, now.height))).collect();
    }
    let sizes = |size| match size {
        FrameSizeEnum::Discrete(size) => Sizes::One((size.width, size.height)),
        FrameSizeEnum::Stepwise(sizes) => Sizes::Range {
            least: (sizes.min_width, sizes.min_height),
            most: (sizes.max_width, sizes.max_height),
            step: (sizes.step_width, sizes.step_height),
        },
    };
    listed.into_iter().map(|found| sizes(found.size)).collect()
}

/// The formats by name and code. Where the driver's list cannot be read, those that affectd reads are tried.
fn formats(device: &Device) -> Vec<(Format, FourCC)> {
    match guarded("its formats", || device.enum_formats()) {
        Ok(listed) => listed.into_iter().map(|found| (format(found.fourcc), found.fourcc)).collect(),
        Err(_) => CameraFormat::ALL.map(|format| (Format::Read(format), FourCC::new(format.code()))).into(),
    }
}

/// The format of a code.
pub(super) fn format(code: FourCC) -> Format {
    match CameraFormat::ALL.into_iter().find(|format| format.code() == &code.repr) {
        Some(format) => Format::Read(format),
        None => Format::Unread(String::from_utf8_lossy(&code.repr).trim().to_owned()),
    }
}

fn fastest(device: &Device, code: FourCC, (width, height): (u32, u32)) -> Option<f32> {
    let intervals = device.enum_frameintervals(code, width, height).unwrap_or_default();
    let rates = intervals.iter().filter_map(|found| match &found.interval {
        FrameIntervalEnum::Discrete(interval) => rate(*interval),
        FrameIntervalEnum::Stepwise(intervals) => rate(intervals.min),
    });
    rates.reduce(f32::max)
}

/// Frames a second of an interval.
pub(super) fn rate(interval: Fraction) -> Option<f32> {
    let rate = interval.denominator as f32 / interval.numerator as f32;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_finite() {
        assert_eq!(rate(Fraction::new(1, 30)), Some(30.0));
        assert_eq!(rate(Fraction::new(0, 30)), None);
        assert_eq!(rate(Fraction::new(1, 0)), None);
    }

    #[test]
    fn sizes_in_steps_come_near_what_is_wanted() {
        let range = |least, most, step| Sizes::Range { least, most, step };
        assert_eq!(range((32, 32), (3280, 2464), (2, 2)).nearest((1280, 720)), (1280, 720));
        assert_eq!(range((16, 16), (640, 480), (16, 16)).nearest((1280, 720)), (640, 480));
        assert_eq!(range((32, 32), (640, 480), (8, 8)).nearest((101, 7)), (96, 32));
        assert_eq!(range((0, 0), (0, 0), (0, 0)).nearest((101, 7)), (0, 0));
        assert_eq!(Sizes::One((640, 480)).nearest((101, 7)), (640, 480));
    }

    #[test]
    fn formats_go_by_their_four_letters() {
        assert_eq!(format(FourCC::new(b"MJPG")), Format::Read(CameraFormat::Mjpeg));
        assert_eq!(format(FourCC::new(b"Y16 ")).to_string(), "Y16");
    }

    #[test]
    fn what_is_no_camera_offers_nothing() {
        assert_eq!(offers_of("/dev/null".as_ref()).unwrap(), []);
        assert!(offers_of("/dev/no-such-camera".as_ref()).is_err());
    }
}
