//! From sound to what a voice appears like: resample, take the offset off, find voice, make features, ask the model.
//!
//! ```text
//! sound ─► clipping? ─► centre ─► 16 kHz ─┬─► activity ─┐
//!                                         └─► mel ──────┴─► window ─(each hop, with voice)─► model ─► VoiceReading
//! ```
//!
//! Buffers are made once; a piece of sound allocates nothing. A reading is of the window's latest moment; no voice,
//! no estimate.

use std::time::Duration;

use super::activity::{AFTER, Activity, BEFORE, is_tone};
use super::level::{Centre, Clipping, power};
use super::mel::{FFT, HOP, Mel, RATE};
use super::resample::Resample;
use super::window::{Content, Row, Window};
use super::{Embedding, SoundQuality, VoiceError, VoiceRead, VoiceReading};
use crate::affect::{Confidence, Estimate};
use crate::capture::Sound;
use crate::clock::Monotonic;

/// The share of a window that must be voice for an estimate: of three seconds half a second, two or three syllables.
const LEAST_VOICE: f32 = 0.15;

/// The share of a window from which on more voice adds no more trust.
const ENOUGH_VOICE: f32 = 0.5;

/// The time over which [`VoicePath::speaking`] is averaged, in rows: 0.2 s, longer than the stops within words.
const SPEAKING_ROWS: f32 = 20.0;

/// Sound that comes so much later than the samples before it let expect misses the moments between: silence takes
/// their place, so that what was heard before stays where it was in time.
const LOST: Duration = Duration::from_millis(30);

/// Sound that comes so much later or earlier than the samples before it let expect belongs to another sound: some
/// was lost, or the source began anew.
const GAP: Duration = Duration::from_millis(500);

/// The voice path of one microphone.
pub struct VoicePath<M> {
    model: M,
    window: Window,
    /// Rows from one reading to the next, and how many came since the last one.
    hop: usize,
    since_reading: usize,
    front: Option<Front>,
    mel: Mel,
    activity: Activity,
    /// Feature frames since the start of this sound.
    frames: u64,
    /// The samples of 16 kHz of this sound, and the mean square of the latest of them.
    heard: u64,
    power: f32,
    /// Whether waves were cut off in sound that no row was made of yet.
    clipped: bool,
    speaking: f32,
    /// Rows that still belong to the voice before them.
    ringing: usize,
}

/// What stands before the resampler, for one rate.
struct Front {
    rate: u32,
    resample: Resample,
    centre: Centre,
    clipping: Clipping,
    piece: Box<[f32]>,
    /// Samples that came in since the start of this sound.
    taken: u64,
    /// When the first of them was captured, by the latest stamp.
    begun: Monotonic,
    /// When the next one should be.
    expected: Option<Monotonic>,
}

impl Front {
    fn new(rate: u32) -> Result<Self, VoiceError> {
        // At the rate of the features a piece is a hop, so that no more than one frame ends in it.
        let piece = vec![0.0; (rate as usize * HOP / RATE as usize).max(1)].into();
        Ok(Self {
            rate,
            resample: Resample::new(rate)?,
            centre: Centre::new(rate),
            clipping: Clipping::default(),
            piece,
            taken: 0,
            begun: Monotonic::default(),
            expected: None,
        })
    }

    fn lasting(&self, samples: u64) -> Duration {
        Duration::from_nanos(samples.saturating_mul(1_000_000_000) / u64::from(self.rate))
    }

    /// Whether sound of that moment does not go on where the last ended.
    fn is_elsewhere(&self, at: Monotonic) -> bool {
        self.expected.is_some_and(|expected| at.since(expected) > GAP || expected.since(at) > GAP)
    }

    /// How many samples are missing before sound of that moment, which goes on where the last ended.
    fn missing(&self, at: Monotonic) -> u64 {
        let late = self.expected.map_or(Duration::ZERO, |expected| at.since(expected));
        if late > LOST { (late.as_secs_f64() * f64::from(self.rate)) as u64 } else { 0 }
    }

    fn reset(&mut self) {
        self.resample.reset();
        self.centre.reset();
        self.clipping = Clipping::default();
        self.taken = 0;
        self.expected = None;
    }
}

impl<M: VoiceRead> VoicePath<M> {
    /// A path with an opened model.
    pub fn new(model: M) -> Self {
        Self {
            window: Window::new(model.rows()),
            hop: model.hop().max(1),
            since_reading: 0,
            model,
            front: None,
            mel: Mel::default(),
            activity: Activity::default(),
            frames: 0,
            heard: 0,
            power: 0.0,
            clipped: false,
            speaking: 0.0,
            ringing: 0,
        }
    }

    /// Takes sound of `rate` samples a second, and gives each reading that falls due in it to `take`. The first one
    /// is due when a whole window was heard. Where a moment is missing, there is silence; sound that does not go on
    /// where the last ended begins anew.
    ///
    /// # Errors
    /// When there is no such rate, or the model failed; the next sound may be heard all the same.
    pub fn hear(&mut self, sound: &Sound, rate: u32, mut take: impl FnMut(&VoiceReading)) -> Result<(), VoiceError> {
        let mut front = self.front_for(rate, sound.captured_at)?;
        let mut missing = front.missing(sound.captured_at);
        front.begun = sound.captured_at - front.lasting(front.taken + missing);
        let mut result = Ok(());
        while missing > 0 {
            let count = front.piece.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
            front.piece[..count].fill(0.0);
            result = result.and(self.push(&mut front, count, &mut take));
            missing -= count as u64;
        }
        for samples in sound.samples.chunks(front.piece.len()) {
            let piece = &mut front.piece[..samples.len()];
            piece.copy_from_slice(samples);
            self.clipped |= front.clipping.is_in(piece);
            front.centre.apply(piece);
            result = result.and(self.push(&mut front, samples.len(), &mut take));
        }
        front.expected = Some(sound.captured_at + front.lasting(sound.samples.len() as u64));
        self.front = Some(front);
        result
    }

    /// Takes the first `count` samples of the piece.
    fn push(
        &mut self,
        front: &mut Front,
        count: usize,
        take: &mut impl FnMut(&VoiceReading),
    ) -> Result<(), VoiceError> {
        let Front { resample, piece, taken, begun, .. } = front;
        let mut result = Ok(());
        // A resampler gives the sound of several pieces at once.
        resample.push(&piece[..count], |samples| {
            if let Err(error) = self.listen(samples, *begun, take) {
                result = Err(error);
            }
            self.clipped = false;
        });
        *taken += count as u64;
        result
    }

    /// Ends the sound: what it gives beyond the last reading, or, when it was shorter than a window, at all. The next
    /// sound begins anew.
    ///
    /// # Errors
    /// When the model failed.
    pub fn finish(&mut self, mut take: impl FnMut(&VoiceReading)) -> Result<(), VoiceError> {
        let Some(mut front) = self.front.take() else { return Ok(()) };
        let mut result = Ok(());
        let begun = front.begun;
        front.resample.finish(|samples| {
            if let Err(error) = self.listen(samples, begun, &mut take) {
                result = Err(error);
            }
        });
        self.front = Some(front);
        if result.is_ok() && self.since_reading > 0 {
            result = self.read(begun).map(|reading| take(&reading));
        }
        self.reset();
        result
    }

    /// How much of the last moments was voice, 0 to 1.
    pub fn speaking(&self) -> Confidence {
        bounded(self.speaking)
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Forgets what was heard: another sound begins.
    pub fn reset(&mut self) {
        if let Some(front) = &mut self.front {
            front.reset();
        }
        self.mel.reset();
        self.activity.reset();
        self.window.reset();
        (self.since_reading, self.frames, self.heard) = (0, 0, 0);
        (self.power, self.clipped, self.speaking, self.ringing) = (0.0, false, 0.0, 0);
    }

    /// The front for that rate and moment, taken out.
    fn front_for(&mut self, rate: u32, at: Monotonic) -> Result<Front, VoiceError> {
        if self.front.as_ref().is_some_and(|front| front.rate != rate || front.is_elsewhere(at)) {
            self.reset();
        }
        match self.front.take() {
            Some(front) if front.rate == rate => Ok(front),
            _ => Front::new(rate),
        }
    }

    /// Takes samples of 16 kHz.
    fn listen(
        &mut self,
        samples: &[f32],
        begun: Monotonic,
        take: &mut impl FnMut(&VoiceReading),
    ) -> Result<(), VoiceError> {
        for samples in samples.chunks(HOP) {
            self.activity.push(samples);
            self.power = power(samples);
            self.heard += samples.len() as u64;
            let Self { mel, activity, window, frames, power, clipped, speaking, ringing, .. } = self;
            let mut added = 0;
            mel.push(samples, |frame| {
                let answer = activity.of_frame(*frames);
                let found = answer.voiced && !is_tone(frame);
                *speaking += (f32::from(found) - *speaking) / SPEAKING_ROWS;
                let voiced = found || *ringing > 0;
                *ringing = if found { AFTER } else { ringing.saturating_sub(1) };
                window.push(Row { frame: *frame, voiced, score: answer.score, power: *power, clipped: *clipped });
                if found {
                    window.begin_earlier(BEFORE);
                }
                *frames += 1;
                added += 1;
            });
            self.since_reading += added;
            if added > 0 && self.window.is_full() && self.since_reading >= self.hop {
                let reading = self.read(begun)?;
                take(&reading);
            }
        }
        Ok(())
    }

    /// Reads the window as it is now.
    fn read(&mut self, begun: Monotonic) -> Result<VoiceReading, VoiceError> {
        self.since_reading = 0;
        let content = self.window.content();
        let rows = self.model.rows();
        let share = |rows: usize, of: usize| rows as f32 / of.max(1) as f32;
        let estimate = if share(content.voiced, rows) < LEAST_VOICE { None } else { Some(self.estimate()?) };
        let end = self.frames.saturating_sub(1) * HOP as u64 + FFT as u64;
        let lasting = |samples: u64| Duration::from_nanos(samples * 1_000_000_000 / u64::from(RATE));
        Ok(VoiceReading {
            captured_at: begun + lasting(end.min(self.heard)),
            span: lasting((content.heard * HOP) as u64),
            activity: bounded(share(content.voiced, content.heard)),
            quality: SoundQuality { level: content.level, clipped: bounded(share(content.clipped, content.voiced)) },
            confidence: confidence(&content, rows),
            embedding: estimate.and_then(|_| self.model.embedding()).and_then(Embedding::of),
            estimate,
        })
    }

    fn estimate(&mut self) -> Result<Estimate, VoiceError> {
        self.window.fill(self.model.input_mut());
        self.model.estimate()
    }
}

/// How far the window's sound lets its estimate be trusted: how likely the voice is, how much of it there is, how
/// much of it is not clipped.
fn confidence(content: &Content, rows: usize) -> Confidence {
    let amount = (content.voiced as f32 / (ENOUGH_VOICE * rows as f32)).min(1.0);
    let whole = 1.0 - content.clipped as f32 / content.voiced.max(1) as f32;
    bounded(content.score * amount * whole)
}

fn bounded(value: f32) -> Confidence {
    Confidence::new(value).unwrap_or(Confidence::MIN)
}

#[cfg(test)]
mod tests;
