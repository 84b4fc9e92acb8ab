//! Where frames and sound come from: small blocking traits, a fake beside each device.
//!
//! A source runs on its own named thread and hands frames on through a [`mailbox`], where a newer one
//! replaces an older one. A source never outlives its trouble silently: every failure is a
//! [`CaptureError`] that names the source and the remedy.

#![allow(clippy::disallowed_methods, reason = "sources wait for real devices and programs, in real time")]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::clock::{Clock, Monotonic};
use crate::picture::Picture;
use crate::picture::photo::PhotoError;

pub mod address;
pub mod alsa;
pub mod fake;
mod ffmpeg;
mod ffmpeg_log;
pub mod file;
#[cfg(feature = "gstreamer")]
pub mod gst;
pub mod launch_line;
pub mod level;
pub mod mailbox;
pub mod paced;
pub mod reopen;
mod utter;
pub mod v4l;
mod y4m;

pub use address::Address;

/// A picture with the time of its light.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The picture; its buffer is used again.
    pub picture: Picture,
    /// The number of the frame, counted by the source from 0; a gap is a frame the source lost.
    pub number: u64,
    /// When it was captured: the driver's stamp, or the time within the clip for files.
    pub captured_at: Monotonic,
}

/// Sound: 32-bit float samples from −1 to 1, one channel.
#[derive(Clone, Default)]
pub struct Sound {
    /// The samples; the buffer is used again.
    pub samples: Vec<f32>,
    /// When the first sample was captured.
    pub captured_at: Monotonic,
}

impl fmt::Debug for Sound {
    /// How much there is; the samples have no text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sound").field("samples", &self.samples.len()).field("captured_at", &self.captured_at).finish()
    }
}

/// How a read ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Something was read.
    Filled,
    /// Nothing came within the time.
    TimedOut,
    /// The source has ended: a clip's last frame is behind us.
    Ended,
}

/// A source of frames. Blocking: belongs on a thread of its own.
pub trait VideoSource: Send {
    /// Reads the next frame into `frame`, waiting no longer than about `timeout`.
    ///
    /// # Errors
    /// When the source failed; it may be opened anew.
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError>;

    /// Lets go of the device until the next read, where that can be done: whoever looks at a camera's light sees that
    /// nobody uses it.
    fn release(&mut self) {}

    /// The nominal frames a second, when the source knows.
    fn frame_rate(&self) -> Option<f32>;

    /// How many frames were damaged on their way and left out since the source was opened.
    fn damaged(&self) -> u64 {
        0
    }

    /// About how many frames there are in all, when the source has an end and knows: for a progress bar.
    fn frames_hint(&self) -> Option<u64> {
        None
    }
}

/// A source of sound. Blocking: belongs on a thread of its own.
pub trait SoundSource: Send {
    /// Samples a second.
    fn sample_rate(&self) -> u32;

    /// Reads the next period into `sound`, waiting no longer than about `timeout`.
    ///
    /// # Errors
    /// When the source failed; it may be opened anew.
    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError>;

    /// Lets go of the device until the next read, where that can be done.
    fn release(&mut self) {}

    /// Whether nothing but digital silence has come for some seconds: it is muted, or not connected.
    fn quiet(&self) -> bool {
        false
    }
}

/// Why a source could not be opened or read.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The address is not of a known form.
    #[error(
        "{given:?} is not a source: {reason}; \
         write file:PATH, v4l:CAMERA (v4l:/dev/video0), alsa:DEVICE (alsa:default) or gst:PIPELINE"
    )]
    Address {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such device or file, or it may not be opened.
    #[error("{source_name} cannot be opened: {reason}; {remedy}")]
    Open {
        /// The source as the user wrote it.
        source_name: String,
        /// What the system said.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// It was open and failed.
    #[error("{source_name} failed: {reason}; {remedy}")]
    Failed {
        /// The source as the user wrote it.
        source_name: String,
        /// What the system or decoder said.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// It is a photo that cannot be loaded.
    #[error(transparent)]
    Photo(#[from] PhotoError),
}

/// Opens a source of frames. Stamps are the driver's, or, where it gives none, `clock`'s.
///
/// # Errors
/// When it cannot be opened, or gives sound only.
pub fn open_video(address: &Address, clock: Arc<dyn Clock>) -> Result<Box<dyn VideoSource>, CaptureError> {
    Ok(match address {
        Address::File(path) if file::is_photo(path) => Box::new(file::Photo::open(path)?),
        Address::File(path) => Box::new(file::Clip::open(path)?),
        Address::V4l(camera) => Box::new(v4l::Camera::open(camera, clock)?),
        #[cfg(feature = "gstreamer")]
        Address::Gst(line) => Box::new(gst::Source::open(line, clock)?),
        #[cfg(not(feature = "gstreamer"))]
        Address::Gst(_) => return Err(wrong_kind(address, address::NO_GSTREAMER, "or give another source")),
        Address::Alsa(_) => return Err(wrong_kind(address, "it is a microphone", "give a camera or a clip")),
    })
}

/// Opens a source of frames that come when they are due, stamped in `clock`'s time: a camera by itself, a clip
/// paced at `speed`.
///
/// # Errors
/// As [`open_video`].
pub fn open_live(
    address: &Address,
    speed: paced::Speed,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn VideoSource>, CaptureError> {
    let source = open_video(address, clock.clone())?;
    Ok(match address {
        Address::File(_) => Box::new(paced::Paced::new(source, speed, clock)),
        _ => source,
    })
}

/// A source of frames that come when they are due, as [`open_live`], which is opened again whenever it is lost: a
/// camera is remembered, so that it is found under another number and never mistaken for another.
#[derive(Clone)]
pub enum LiveVideo {
    /// A camera.
    Camera(v4l::Opener),
    /// Any other source, at its speed.
    Other(Address, paced::Speed, Arc<dyn Clock>),
}

impl LiveVideo {
    /// Opens nothing yet. `controls` are set at each opening of a camera.
    pub fn new(
        address: Address,
        controls: v4l::controls::Controls,
        speed: paced::Speed,
        clock: Arc<dyn Clock>,
    ) -> Self {
        match address {
            Address::V4l(camera) => Self::Camera(v4l::Opener::new(camera, controls, clock)),
            other => Self::Other(other, speed, clock),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`open_video`].
    pub fn open(&self) -> Result<Box<dyn VideoSource>, CaptureError> {
        match self {
            Self::Camera(camera) => Ok(Box::new(camera.open()?)),
            Self::Other(address, speed, clock) => open_live(address, *speed, clock.clone()),
        }
    }
}

/// Opens a source of sound, stamped by `clock`.
///
/// # Errors
/// When it cannot be opened, or has no sound.
pub fn open_sound(address: &Address, clock: Arc<dyn Clock>) -> Result<Box<dyn SoundSource>, CaptureError> {
    Ok(match address {
        Address::File(path) => Box::new(file::ClipSound::open(path)?),
        Address::Alsa(device) => Box::new(alsa::Microphone::open(device, clock)?),
        Address::V4l(_) | Address::Gst(_) => {
            return Err(wrong_kind(address, "it is a camera", "give a microphone or a clip"));
        }
    })
}

/// Opens a source of sound that comes when it is due, stamped in `clock`'s time: a microphone by itself, a file paced
/// at `speed`.
///
/// # Errors
/// As [`open_sound`].
pub fn open_live_sound(
    address: &Address,
    speed: paced::Speed,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn SoundSource>, CaptureError> {
    let source = open_sound(address, clock.clone())?;
    Ok(match address {
        Address::File(_) => Box::new(paced::PacedSound::new(source, speed, clock)),
        _ => source,
    })
}

fn wrong_kind(address: &Address, reason: &str, remedy: &str) -> CaptureError {
    CaptureError::Open { source_name: address.to_string(), reason: reason.into(), remedy: remedy.into() }
}
