//! Where frames and sound come from: small blocking traits, a fake beside each device.
//!
//! A source runs on its own named thread and hands frames on through a [`mailbox`], where a newer one
//! replaces an older one. A source never outlives its trouble silently: every failure is a
//! [`CaptureError`] that names the source and the remedy.

use std::time::Duration;

use thiserror::Error;

use crate::clock::Monotonic;
use crate::picture::Picture;

pub mod mailbox;

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
#[derive(Debug, Clone, Default)]
pub struct Sound {
    /// The samples; the buffer is used again.
    pub samples: Vec<f32>,
    /// When the first sample was captured.
    pub captured_at: Monotonic,
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

    /// The nominal frames a second, when the source knows.
    fn frame_rate(&self) -> Option<f32>;
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
}

/// Why a source could not be opened or read.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The address is not of a known form.
    #[error("{given:?} is not a source: write file:PATH, v4l:DEVICE (v4l:/dev/video0) or alsa:DEVICE (alsa:default)")]
    Address {
        /// What was given.
        given: String,
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
}
