//! Clips, their sound and photos, decoded by ffmpeg (photos by ourselves).
//!
//! Time is clip time: frames come at a constant rate, so frame n is n periods from the start. A clip of
//! a varying rate is evened out by ffmpeg, which repeats and drops frames. [`super::paced`] plays a clip
//! as if it were a camera.

use std::path::Path;
use std::time::{Duration, Instant};

use tracing::warn;

use super::ffmpeg::{Ffmpeg, Filled};
use super::y4m::{FRAME, Header};
use super::{CaptureError, Frame, Read, Sound, SoundSource, VideoSource};
use crate::clock::Monotonic;
use crate::picture::{Picture, photo};

/// How long ffmpeg may take to open a file.
const OPENING: Duration = Duration::from_secs(10);

/// The most frames a second that a clip is read at. Phones write time bases that look like 120 or 240
/// frames a second into clips of 30, and evening those out would repeat every frame.
const MAX_RATE: u32 = 60;

/// The longest header of raw video that is believed, in bytes.
const MAX_HEADER: usize = 256;

/// Samples a second of a file's sound.
const SAMPLE_RATE: u32 = 16_000;

/// Samples in a period of a file's sound: 0.1 seconds.
const PERIOD: usize = 1600;

/// The endings of names that are photos.
const PHOTOS: [&str; 10] = ["bmp", "jpeg", "jpg", "pbm", "pgm", "png", "ppm", "tif", "tiff", "webp"];

/// The endings of names that are sound without pictures.
const SOUNDS: [&str; 12] = ["aac", "aif", "aiff", "amr", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav", "wma"];

/// Whether a file is a photo, by its name.
pub fn is_photo(path: &Path) -> bool {
    ends_in(path, &PHOTOS)
}

/// Whether a file is sound without pictures, by its name.
pub fn is_sound(path: &Path) -> bool {
    ends_in(path, &SOUNDS)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let own = path.extension().and_then(|ending| ending.to_str());
    own.is_some_and(|own| endings.iter().any(|ending| ending.eq_ignore_ascii_case(own)))
}

/// The frames of a clip.
pub struct Clip {
    ffmpeg: Ffmpeg,
    header: Header,
    /// The frame that is being read; it goes to the caller whole.
    picture: Picture,
    mark: [u8; FRAME.len()],
    /// How much of the mark and of the picture has been read.
    filled: (usize, usize),
    number: u64,
    ended: bool,
}

impl Clip {
    /// Opens a clip and reads what its frames are.
    ///
    /// # Errors
    /// When it cannot be opened, or ffmpeg is not there.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let source_name = name(path);
        check(path)?;
        // 4:2:0 and grey pass unconverted, in their own range; anything else becomes 4:2:0.
        let filter = format!("fps=fps='min(source_fps,{MAX_RATE})',format=pix_fmts=yuv420p|yuvj420p|gray");
        let output = ["-map", "0:V:0", "-vf", &filter, "-f", "yuv4mpegpipe", "-strict", "-1"];
        let mut ffmpeg = Ffmpeg::start(&source_name, path, &output)?;
        let header = read_header(&mut ffmpeg)?;
        let mut picture = Picture::default();
        let Header { width, height, format, range, .. } = header;
        picture.reset(format, range, width, height).map_err(|error| ffmpeg.refused(error))?;
        Ok(Self { ffmpeg, header, picture, mark: [0; FRAME.len()], filled: (0, 0), number: 0, ended: false })
    }
}

impl VideoSource for Clip {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        if self.ended {
            return Ok(Read::Ended);
        }
        let deadline = Instant::now() + timeout;
        match self.ffmpeg.fill(&mut self.mark, &mut self.filled.0, deadline)? {
            Filled::Whole if &self.mark == FRAME => {}
            Filled::Whole => return Err(self.ffmpeg.failed("ffmpeg sent something else than a frame")),
            Filled::TimedOut => return Ok(Read::TimedOut),
            Filled::Ended => {
                self.ffmpeg.finish().map_err(|reason| self.ffmpeg.failed(reason))?;
                self.ended = true;
                return Ok(Read::Ended);
            }
        }
        let Header { width, height, format, range, .. } = self.header;
        // The buffer is one that the caller gave back; what has been read of this frame stays in it.
        let bytes = self.picture.reset(format, range, width, height).map_err(|error| self.ffmpeg.failed(error))?;
        match self.ffmpeg.fill(bytes, &mut self.filled.1, deadline)? {
            Filled::Whole => {}
            Filled::TimedOut => return Ok(Read::TimedOut),
            Filled::Ended => {
                let reason = self.ffmpeg.finish().err();
                return Err(self.ffmpeg.failed(reason.as_deref().unwrap_or("it ends within a frame")));
            }
        }
        std::mem::swap(&mut self.picture, &mut frame.picture);
        frame.number = self.number;
        frame.captured_at = Monotonic::new(self.header.time(self.number));
        self.number += 1;
        self.filled = (0, 0);
        Ok(Read::Filled)
    }

    fn frame_rate(&self) -> Option<f32> {
        Some(self.header.frame_rate())
    }

    fn frames_hint(&self) -> Option<u64> {
        let seconds = self.ffmpeg.log().duration()?.as_secs_f64();
        Some((seconds * f64::from(self.header.frame_rate())).round() as u64)
    }
}

fn read_header(ffmpeg: &mut Ffmpeg) -> Result<Header, CaptureError> {
    let deadline = Instant::now() + OPENING;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match ffmpeg.fill(&mut byte, &mut 0, deadline)? {
            Filled::Whole if byte == *b"\n" => break,
            Filled::Whole if line.len() < MAX_HEADER => line.extend(byte),
            Filled::Whole => return Err(ffmpeg.refused("ffmpeg sent no header")),
            other => return Err(no_output(ffmpeg, other, "video")),
        }
    }
    Header::parse(&line).map_err(|reason| ffmpeg.refused(reason))
}

/// Why a file gave nothing at all.
fn no_output(ffmpeg: &mut Ffmpeg, how: Filled, kind: &str) -> CaptureError {
    if how == Filled::TimedOut {
        return ffmpeg.refused(format!("ffmpeg gave nothing for {} s", OPENING.as_secs()));
    }
    let reason = ffmpeg.finish().err();
    if ffmpeg.log().lacks_stream() {
        return ffmpeg.refused(format!("it has no {kind}"));
    }
    ffmpeg.refused(reason.unwrap_or_else(|| format!("its {kind} is empty")))
}

/// The sound of a clip: one channel of 16 kHz.
pub struct ClipSound {
    ffmpeg: Ffmpeg,
    bytes: [u8; 4 * PERIOD],
    filled: usize,
    given: u64,
    /// Samples that were no numbers.
    broken: u64,
    ended: bool,
}

impl ClipSound {
    /// Opens the sound of a file.
    ///
    /// # Errors
    /// When it cannot be opened, has no sound, or ffmpeg is not there.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let source_name = name(path);
        check(path)?;
        let rate = SAMPLE_RATE.to_string();
        let output = ["-map", "0:a:0", "-f", "f32le", "-ar", &rate, "-ac", "1"];
        let ffmpeg = Ffmpeg::start(&source_name, path, &output)?;
        let mut sound = Self { ffmpeg, bytes: [0; 4 * PERIOD], filled: 0, given: 0, broken: 0, ended: false };
        match sound.ffmpeg.fill(&mut sound.bytes[..4], &mut sound.filled, Instant::now() + OPENING)? {
            Filled::Whole => Ok(sound),
            other => Err(no_output(&mut sound.ffmpeg, other, "sound")),
        }
    }
}

impl SoundSource for ClipSound {
    fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError> {
        if self.ended {
            return Ok(Read::Ended);
        }
        match self.ffmpeg.fill(&mut self.bytes, &mut self.filled, Instant::now() + timeout)? {
            Filled::Whole => {}
            Filled::TimedOut => return Ok(Read::TimedOut),
            Filled::Ended => {
                self.ffmpeg.finish().map_err(|reason| self.ffmpeg.failed(reason))?;
                self.ended = true;
                if self.broken > 0 {
                    let source = self.ffmpeg.source_name();
                    warn!(
                        source,
                        samples = self.broken,
                        "The sound holds samples that are no numbers; they were silence."
                    );
                }
                if self.filled < 4 {
                    return Ok(Read::Ended);
                }
            }
        }
        sound.samples.clear();
        let broken = &mut self.broken;
        sound.samples.extend(self.bytes[..self.filled].chunks_exact(4).map(|bytes| sample(bytes, broken)));
        sound.captured_at = Monotonic::new(Duration::from_nanos(self.given * 1_000_000_000 / u64::from(SAMPLE_RATE)));
        self.given += sound.samples.len() as u64;
        self.filled = 0;
        Ok(Read::Filled)
    }
}

/// A sample from −1 to 1; broken sound may decode to anything, which is counted.
fn sample(bytes: &[u8], broken: &mut u64) -> f32 {
    let value = bytes.try_into().map_or(0.0, f32::from_le_bytes);
    *broken += u64::from(!value.is_finite());
    if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) }
}

/// A photo, as a clip of one frame.
pub struct Photo {
    picture: Option<Picture>,
}

impl Photo {
    /// Loads a photo.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let mut picture = Picture::default();
        photo::load(path, &mut picture)?;
        Ok(Self { picture: Some(picture) })
    }
}

impl VideoSource for Photo {
    fn read(&mut self, frame: &mut Frame, _timeout: Duration) -> Result<Read, CaptureError> {
        let Some(picture) = self.picture.take() else { return Ok(Read::Ended) };
        *frame = Frame { picture, number: 0, captured_at: Monotonic::default() };
        Ok(Read::Filled)
    }

    fn frame_rate(&self) -> Option<f32> {
        None
    }

    fn frames_hint(&self) -> Option<u64> {
        Some(1)
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Refuses what ffmpeg would only be vague about.
fn check(path: &Path) -> Result<(), CaptureError> {
    let refused =
        |reason: String, remedy: &str| CaptureError::Open { source_name: name(path), reason, remedy: remedy.into() };
    let about =
        std::fs::metadata(path).map_err(|error| refused(error.to_string(), "check the path and its permissions"))?;
    if about.is_dir() {
        return Err(refused("it is a directory".into(), "give a file within it"));
    }
    if about.is_file() && about.len() == 0 {
        return Err(refused("it is empty".into(), "copy or record it again"));
    }
    Ok(())
}
