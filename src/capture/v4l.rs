//! Cameras, by way of Video4Linux.
//!
//! Frames are taken from the driver's own mapped buffers, always the newest, and carry the driver's
//! stamp. What needs no device is in `choice` and `unpack`.

use std::io::{self, ErrorKind};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use tracing::{debug, info, warn};
use v4l::buffer::{Flags, Metadata, Type};
use v4l::device::Handle;
use v4l::format::{Colorspace, Quantization};
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC};

use self::choice::{choose, fps};
use self::guard::guarded;
use self::offers::{offers, rate};
use self::unpack::{Layout, unpack};
use super::address::CameraAddress;
use super::{CaptureError, Frame, Read, VideoSource};
use crate::clock::{Clock, Monotonic};
use crate::picture::{Range, jpeg};

mod choice;
pub mod devices;
mod guard;
pub mod holders;
pub mod offers;
mod unpack;

/// The buffers that the driver may fill ahead; a frame is overwritten only when all are waiting.
const BUFFERS: u32 = 4;

/// So many damaged frames in a row are not an accident.
const MAX_DAMAGED: u32 = 30;

/// A camera that is streaming.
pub struct Camera {
    /// Taken out only when the camera is dropped.
    stream: Option<Stream<'static>>,
    handle: Arc<Handle>,
    source_name: String,
    layout: Layout,
    rate: Option<f32>,
    decoder: jpeg::Decoder,
    numbers: Numbers,
    /// How many of the last frames were damaged, without a whole one between.
    damaged: u32,
    clock: Arc<dyn Clock>,
}

impl Camera {
    /// Opens a camera and starts it.
    ///
    /// # Errors
    /// When there is no such camera, it is in use, or it cannot deliver what is asked of it.
    pub fn open(address: &CameraAddress, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        let source_name = format!("v4l:{}", address.device.display());
        let refused = |error: io::Error| CaptureError::Open {
            source_name: source_name.clone(),
            reason: error.to_string(),
            remedy: remedy(&error).into(),
        };
        let device = Device::with_path(&address.device).map_err(refused)?;
        let offer = choose(&offers(&device), address).map_err(|reason| CaptureError::Open {
            source_name: source_name.clone(),
            reason,
            remedy: "list the cameras and what they offer: v4l2-ctl --list-devices; v4l2-ctl --list-formats-ext".into(),
        })?;
        let (width, height) = offer.size;
        let wanted = Format::new(width, height, FourCC::new(offer.format.code()));
        let given = guarded("its format", || device.set_format(&wanted)).map_err(refused)?;
        if given.fourcc != wanted.fourcc {
            return Err(refused(io::Error::other(format!("it gives {} instead of {}", given.fourcc, wanted.fourcc))));
        }
        let rate = match device.set_params(&Parameters::with_fps(fps(address))) {
            Ok(given) => rate(given.interval),
            Err(error) => {
                debug!(source = source_name, %error, "The camera's frame rate cannot be set.");
                offer.fps
            }
        };
        let layout = Layout {
            format: offer.format,
            range: range(given.quantization, given.colorspace),
            width: given.width,
            height: given.height,
            stride: given.stride as usize,
        };
        let stream = start(&device).map_err(refused)?;
        info!(source = source_name, ?layout, rate, "The camera is open.");
        Ok(Self {
            stream: Some(stream),
            handle: device.handle(),
            source_name,
            layout,
            rate,
            decoder: jpeg::Decoder::default(),
            numbers: Numbers::default(),
            damaged: 0,
            clock,
        })
    }

    /// Takes the newest frame that waits; false when it turns out to be of no use.
    fn take(&mut self, frame: &mut Frame) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        loop {
            let (buffer, about) = stream.next()?;
            if readable(&self.handle, Duration::ZERO)? {
                // There is a newer one.
                continue;
            }
            let bytes = buffer.get(..about.bytesused as usize).unwrap_or(buffer);
            if about.flags.contains(Flags::ERROR) || bytes.is_empty() {
                return Ok(false);
            }
            if let Err(reason) = unpack(&self.layout, bytes, &mut self.decoder, &mut frame.picture) {
                self.damaged += 1;
                if self.damaged >= MAX_DAMAGED {
                    return Err(io::Error::other(format!("{MAX_DAMAGED} frames in a row are damaged: {reason}")));
                }
                debug!(source = self.source_name, reason, "A frame was damaged on its way and is left out.");
                return Ok(false);
            }
            self.damaged = 0;
            frame.number = self.numbers.next(about.sequence);
            frame.captured_at = stamp(about).unwrap_or_else(|| self.clock.now());
            return Ok(true);
        }
    }
}

impl VideoSource for Camera {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let taken = match readable(&self.handle, left) {
                Ok(true) => self.take(frame),
                waited => waited,
            };
            match taken {
                Ok(true) => return Ok(Read::Filled),
                Ok(false) if left.is_zero() => return Ok(Read::TimedOut),
                Ok(false) => {}
                Err(error) if passes(&error) => {}
                Err(error) => {
                    return Err(CaptureError::Failed {
                        source_name: self.source_name.clone(),
                        reason: error.to_string(),
                        remedy: remedy(&error).into(),
                    });
                }
            }
        }
    }

    fn frame_rate(&self) -> Option<f32> {
        self.rate
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        match stream.stop() {
            Err(error) if error.raw_os_error() != Some(Errno::NODEV.raw_os_error()) => {
                // The library's own clean-up would try the same and panic. What leaks is four buffers.
                warn!(source = self.source_name, %error, "The camera could not be stopped; its buffers are left.");
                mem::forget(stream);
            }
            _ => {}
        }
    }
}

/// Maps the buffers and starts the stream with one of them in hand, as the library's `next` expects:
/// it would otherwise start the stream by itself and wait for the first frame without end.
fn start(device: &Device) -> io::Result<Stream<'static>> {
    let mut stream = Stream::with_buffers(device, Type::VideoCapture, BUFFERS)?;
    // Drivers may map more or fewer than asked; how many is known only by queueing them.
    let queued = (1..).take_while(|&index| stream.queue(index).is_ok()).count();
    if queued == 0 {
        return Err(io::Error::other("it has fewer than two buffers"));
    }
    stream.start()?;
    Ok(stream)
}

/// Waits until a frame waits, or the device has something to complain of.
fn readable(handle: &Handle, timeout: Duration) -> io::Result<bool> {
    // Rounded up, so that a rest of less than a millisecond is not spent spinning.
    let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    Ok(handle.poll(PollFlags::IN.bits() as i16, millis)? > 0)
}

/// Whether an error passes by itself.
fn passes(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// When a buffer was captured, if the driver stamps with the monotonic clock.
fn stamp(about: &Metadata) -> Option<Monotonic> {
    let monotonic = about.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    let (seconds, micros) = (u64::try_from(about.timestamp.sec).ok()?, u64::try_from(about.timestamp.usec).ok()?);
    monotonic.then(|| Monotonic::new(Duration::from_secs(seconds) + Duration::from_micros(micros)))
}

/// Makes of the driver's sequence, which begins anywhere and wraps, numbers from 0 on.
#[derive(Debug, Default)]
struct Numbers {
    last: Option<(u32, u64)>,
}

impl Numbers {
    fn next(&mut self, sequence: u32) -> u64 {
        let number = self.last.map_or(0, |(last, number)| match sequence.wrapping_sub(last) {
            // Some drivers do not count, and some begin anew.
            0 | 0x8000_0000.. => number + 1,
            step => number + u64::from(step),
        });
        self.last = Some((sequence, number));
        number
    }
}

/// The range of raw frames; by default limited, but for the colour space of JPEG.
fn range(quantization: Quantization, colorspace: Colorspace) -> Range {
    match (quantization, colorspace) {
        (Quantization::FullRange, _) | (Quantization::Default, Colorspace::JPEG) => Range::Full,
        _ => Range::Limited,
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::BUSY) => "another program uses it: stop that program",
        Some(Errno::ACCESS | Errno::PERM) => "add the user to the group video",
        Some(Errno::NODEV | Errno::NXIO | Errno::IO) => "plug it in again, and check the cable and the power supply",
        _ => "check the device and its cable: v4l2-ctl --list-devices",
    }
}

#[cfg(test)]
mod tests {
    use v4l::Timestamp;

    use super::*;
    use crate::clock::SystemClock;

    fn open(device: &std::path::Path) -> String {
        let address = CameraAddress { device: device.into(), size: None, fps: None, format: None };
        Camera::open(&address, Arc::new(SystemClock)).err().unwrap().to_string()
    }

    #[test]
    fn what_is_no_camera_is_named_with_a_remedy() {
        let missing = open("/dev/no-such-camera".as_ref());
        assert!(missing.starts_with("v4l:/dev/no-such-camera cannot be opened: No such file"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(open(file.path()).contains("it offers no picture"), "{}", open(file.path()));
    }

    #[test]
    fn numbers_begin_at_zero_and_show_what_was_lost() {
        let mut numbers = Numbers::default();
        let sequence = [u32::MAX - 1, u32::MAX, 2, 2, 0, 1];
        assert_eq!(sequence.map(|sequence| numbers.next(sequence)), [0, 1, 4, 5, 6, 7]);
    }

    #[test]
    fn only_a_monotonic_stamp_is_believed() {
        let timestamp = Timestamp::new(12, 345_678);
        let monotonic = Metadata { flags: Flags::TIMESTAMP_MONOTONIC | Flags::DONE, timestamp, ..Metadata::default() };
        assert_eq!(stamp(&monotonic), Some(Monotonic::new(Duration::from_micros(12_345_678))));
        assert_eq!(stamp(&Metadata { flags: Flags::TIMESTAMP_COPY, ..monotonic }), None);
    }

    #[test]
    fn the_range_is_the_drivers_or_the_usual_one() {
        assert_eq!(range(Quantization::FullRange, Colorspace::SRGB), Range::Full);
        assert_eq!(range(Quantization::Default, Colorspace::JPEG), Range::Full);
        assert_eq!(range(Quantization::Default, Colorspace::SRGB), Range::Limited);
        assert_eq!(range(Quantization::LimitedRange, Colorspace::JPEG), Range::Limited);
    }

    #[test]
    fn errors_that_pass_are_told_from_those_that_do_not() {
        for errno in [Errno::INTR, Errno::AGAIN] {
            assert!(passes(&errno.into()));
        }
        assert!(!passes(&Errno::NODEV.into()));
        assert!(remedy(&Errno::NODEV.into()).contains("plug it in again"));
        assert!(remedy(&Errno::BUSY.into()).contains("another program"));
    }
}
