//! From a node to a camera that is streaming: format, rate, controls, buffers.

use std::io;

use rustix::io::Errno;
use tracing::{debug, info, warn};
use v4l::format::{Colorspace, Quantization};
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format as Asked, FourCC};

use super::buffers::Buffers;
use super::choice::{self, Choice, LARGE};
use super::controls::{self, Controls};
use super::devices;
use super::guard::guarded;
use super::holders::holders;
use super::offers::{Format, format, offers, rate};
use super::rhythm::FEW;
use super::unpack::Layout;
use crate::capture::CaptureError;
use crate::capture::address::CameraAddress;
use crate::picture::Range;

/// A camera that has been started, and how its frames come.
pub(super) struct Started {
    pub buffers: Buffers,
    pub layout: Layout,
    /// The frames a second, when the driver tells.
    pub rate: Option<f32>,
}

/// Opens the camera at a node and starts it; `source` is what it is called in messages.
///
/// # Errors
/// When it is in use, or cannot deliver what is asked of it.
pub(super) fn start(
    node: &devices::Device,
    address: &CameraAddress,
    controls: &Controls,
    source: &str,
) -> Result<Started, CaptureError> {
    let refused = |error: io::Error| refusal(&error, node, source);
    let device = Device::with_path(&node.node).map_err(refused)?;
    let choices = choice::rank(&offers(&device), address).map_err(|reason| CaptureError::Open {
        source_name: source.into(),
        reason,
        remedy: "ask for what it offers: v4l2-ctl --list-formats-ext tells more".into(),
    })?;
    let layout = set_format(&device, &choices, source).map_err(refused)?;
    let rate = match device.set_params(&Parameters::with_fps(choice::fps(address))) {
        Ok(given) => rate(given.interval),
        Err(error) => {
            debug!(source, %error, "The camera's frame rate cannot be set.");
            None
        }
    };
    for trouble in controls::apply(controls, &device) {
        warn!(source, "{trouble}");
    }
    let buffers = Buffers::start(&device).map_err(refused)?;
    info!(source, camera = %node, ?layout, rate, "The camera is open.");
    tell_cost(&layout, rate, source);
    Ok(Started { buffers, layout, rate })
}

/// Sets the best format that the driver agrees to. A driver may give another than it was asked for, which is as good
/// when it can be read.
fn set_format(device: &Device, choices: &[Choice], source: &str) -> io::Result<Layout> {
    let mut refusal = None;
    for choice in choices {
        let (width, height) = choice.size;
        let asked = Asked::new(width, height, FourCC::new(choice.format.code()));
        let given = match guarded("its format", || device.set_format(&asked)) {
            Ok(given) => given,
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INVAL)) => {
                refusal.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        let Format::Read(format) = format(given.fourcc) else {
            let reason = format!("it gives {} instead of {}", given.fourcc, asked.fourcc);
            refusal.get_or_insert(io::Error::other(reason));
            continue;
        };
        if (format, given.width, given.height) != (choice.format, width, height) {
            warn!(source, asked = %choice, "The camera gives {} {}x{}.", format.name(), given.width, given.height);
        }
        return Ok(Layout {
            format,
            range: range(given.quantization, given.colorspace),
            width: given.width,
            height: given.height,
            stride: given.stride as usize,
        });
    }
    Err(refusal.unwrap_or_else(|| Errno::INVAL.into()))
}

/// Says what will not go well although everything works.
fn tell_cost(layout: &Layout, rate: Option<f32>, source: &str) {
    let pixels = u64::from(layout.width) * u64::from(layout.height);
    if pixels > LARGE {
        warn!(
            source,
            "Pictures of {}x{} take {:.0} times the work of 1280x720: if the camera offers less, ask for it (?size=).",
            layout.width,
            layout.height,
            pixels as f32 / (1280.0 * 720.0)
        );
    }
    if let Some(rate) = rate.filter(|rate| *rate < FEW) {
        warn!(source, rate, "The camera gives too few frames a second to follow faces by; events will come late.");
    }
}

/// Why a camera could not be opened or started.
fn refusal(error: &io::Error, node: &devices::Device, source: &str) -> CaptureError {
    let remedy = match Errno::from_io_error(error) {
        Some(Errno::BUSY) => {
            let programs: Vec<String> =
                holders(&node.node).iter().map(|holder| format!("{} (process {})", holder.name, holder.pid)).collect();
            match programs.as_slice() {
                [] => remedy(error).to_owned(),
                programs => format!("stop the program that uses it: {}", programs.join(" or ")),
            }
        }
        _ => remedy(error).to_owned(),
    };
    CaptureError::Open { source_name: source.into(), reason: error.to_string(), remedy }
}

/// What to do about an error of the system.
pub(super) fn remedy(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::BUSY) => "stop the other program that uses it",
        Some(Errno::ACCESS | Errno::PERM) => "add the user to the group video",
        Some(Errno::NODEV | Errno::NXIO | Errno::IO) => "plug it in again, and check the cable and the power supply",
        Some(Errno::NOSPC) => "the USB bus has no room for it: plug it into another socket, or ask for less (?size=)",
        _ => "check the device and its cable: v4l2-ctl --list-devices",
    }
}

/// The range of raw frames; by default limited, but for the colour space of JPEG.
fn range(quantization: Quantization, colorspace: Colorspace) -> Range {
    match (quantization, colorspace) {
        (Quantization::FullRange, _) | (Quantization::Default, Colorspace::JPEG) => Range::Full,
        _ => Range::Limited,
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_range_is_the_drivers_or_the_usual_one() {
        assert_eq!(range(Quantization::FullRange, Colorspace::SRGB), Range::Full);
        assert_eq!(range(Quantization::Default, Colorspace::JPEG), Range::Full);
        assert_eq!(range(Quantization::Default, Colorspace::SRGB), Range::Limited);
        assert_eq!(range(Quantization::LimitedRange, Colorspace::JPEG), Range::Limited);
    }

    #[test]
    fn a_busy_device_names_who_has_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let node = devices::device(file.path().into());
        let mut sleep = Command::new("sleep").arg("60").stdin(Stdio::from(file.reopen().unwrap())).spawn().unwrap();
        let message = refusal(&Errno::BUSY.into(), &node, "v4l:/dev/video0").to_string();
        sleep.kill().unwrap();
        sleep.wait().unwrap();
        assert!(
            message.contains(&format!("stop the program that uses it: sleep (process {})", sleep.id())),
            "{message}"
        );
        let message = refusal(&Errno::BUSY.into(), &node, "v4l:/dev/video0").to_string();
        assert!(message.ends_with("stop the other program that uses it"), "{message}");
    }

    #[test]
    fn each_error_has_its_remedy() {
        assert!(remedy(&Errno::NODEV.into()).contains("plug it in again"));
        assert!(remedy(&Errno::ACCESS.into()).contains("group video"));
        assert!(remedy(&Errno::NOSPC.into()).contains("another socket"));
    }
}
