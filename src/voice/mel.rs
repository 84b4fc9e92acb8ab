//! Log-mel features of sound of 16 kHz, frame by frame: what a voice pack was trained on.
//!
//! The definition is one for the daemon and for the recipe: a periodic Hann window of 25 ms in the middle of a
//! frame of 32 ms, a new frame each 10 ms, the power of its spectrum in triangular bands that are evenly spaced on
//! the mel scale (the formula of HTK, bands not normalised), and the natural logarithm. Nothing is padded: the first
//! frame ends with sample 512. `tests/voice_features.rs` holds it against torchaudio.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples a second.
pub const RATE: u32 = 16_000;
/// Samples in the window: 25 ms.
pub const WINDOW: usize = 400;
/// Samples from one frame to the next: 10 ms.
pub const HOP: usize = 160;
/// Samples in a frame, with the window in its middle.
pub const FFT: usize = 512;
/// Bands in a frame.
pub const BANDS: usize = 64;
/// Where the lowest band begins, in hertz.
pub const LOW_HZ: f32 = 60.0;
/// Where the highest band ends, in hertz.
pub const HIGH_HZ: f32 = 7600.0;
/// The least power whose logarithm is taken, so that digital silence is a number.
pub const FLOOR: f32 = 1e-8;

/// Lines of the spectrum: from 0 Hz to half of [`RATE`].
const LINES: usize = FFT / 2 + 1;

/// One frame: the logarithm of the power in each band, the lowest first.
pub type Frame = [f32; BANDS];

/// A frame in which nothing was heard.
pub fn silence() -> Frame {
    [FLOOR.ln(); BANDS]
}

/// A triangle over lines of the spectrum.
struct Band {
    /// The first line with a weight …
    first: usize,
    /// … and the weights from there on.
    weights: Box<[f32]>,
}

/// Makes frames of samples as they come. All buffers are made at the start.
pub struct Mel {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Box<[f32]>,
    bands: Box<[Band]>,
    /// The samples of the frame that is being gathered, and how many are there.
    gathered: [f32; FFT],
    filled: usize,
    windowed: Box<[f32]>,
    spectrum: Box<[Complex<f32>]>,
    scratch: Box<[Complex<f32>]>,
    power: Box<[f32]>,
    frame: Frame,
}

impl Default for Mel {
    fn default() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        Self {
            window: window(),
            bands: bands(),
            gathered: [0.0; FFT],
            filled: 0,
            windowed: fft.make_input_vec().into(),
            spectrum: fft.make_output_vec().into(),
            scratch: fft.make_scratch_vec().into(),
            power: vec![0.0; LINES].into(),
            frame: silence(),
            fft,
        }
    }
}

impl Mel {
    /// Takes samples from −1 to 1, as many as there are, and gives each frame that they complete to `take`.
    pub fn push(&mut self, mut samples: &[f32], mut take: impl FnMut(&Frame)) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(FFT - self.filled));
            self.gathered[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            samples = later;
            if self.filled == FFT {
                self.transform();
                take(&self.frame);
                self.gathered.copy_within(HOP.., 0);
                self.filled = FFT - HOP;
            }
        }
    }

    /// Forgets what was gathered: the next sample is the first of another sound.
    pub fn reset(&mut self) {
        self.filled = 0;
    }

    fn transform(&mut self) {
        for ((out, sample), weight) in self.windowed.iter_mut().zip(&self.gathered).zip(&self.window) {
            *out = sample * weight;
        }
        // It fails for buffers of other lengths only, and these are its own.
        if self.fft.process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch).is_err() {
            self.spectrum.fill(Complex::default());
        }
        for (power, line) in self.power.iter_mut().zip(&self.spectrum) {
            *power = line.norm_sqr();
        }
        for (out, band) in self.frame.iter_mut().zip(&self.bands) {
            let lines = &self.power[band.first..band.first + band.weights.len()];
            let sum: f32 = lines.iter().zip(&band.weights).map(|(power, weight)| power * weight).sum();
            *out = sum.max(FLOOR).ln();
        }
    }
}

/// The periodic Hann window, zero on both sides of it in the frame.
fn window() -> Box<[f32]> {
    let mut window = vec![0.0; FFT];
    for (i, weight) in window[(FFT - WINDOW) / 2..][..WINDOW].iter_mut().enumerate() {
        *weight = (0.5 - 0.5 * (TAU * i as f64 / WINDOW as f64).cos()) as f32;
    }
    window.into()
}

/// The triangles: each rises from the corner below to its own and falls to the corner above.
fn bands() -> Box<[Band]> {
    let (low, high) = (mel(f64::from(LOW_HZ)), mel(f64::from(HIGH_HZ)));
    let corner = |i: usize| hertz(low + (high - low) * i as f64 / (BANDS + 1) as f64);
    let line = |i: usize| f64::from(RATE) * i as f64 / FFT as f64;
    let triangle = |band: usize| {
        let [below, own, above] = [corner(band), corner(band + 1), corner(band + 2)];
        let weight = |hz: f64| ((hz - below) / (own - below)).min((above - hz) / (above - own)).max(0.0);
        let inside: Vec<usize> = (0..LINES).filter(|&i| weight(line(i)) > 0.0).collect();
        Band {
            first: inside.first().copied().unwrap_or(0),
            weights: inside.iter().map(|&i| weight(line(i)) as f32).collect(),
        }
    };
    (0..BANDS).map(triangle).collect()
}

fn mel(hertz: f64) -> f64 {
    2595.0 * (1.0 + hertz / 700.0).log10()
}

fn hertz(mel: f64) -> f64 {
    700.0 * (10f64.powf(mel / 2595.0) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|i| 0.5 * (std::f32::consts::TAU * hertz * i as f32 / RATE as f32).sin()).collect()
    }

    fn frames(mel: &mut Mel, samples: &[f32]) -> Vec<Frame> {
        let mut all = Vec::new();
        mel.push(samples, |frame| all.push(*frame));
        all
    }

    #[test]
    fn a_tone_stands_out_in_the_band_around_it_and_in_no_other() {
        for (hertz, expected) in [(440.0, 10), (1000.0, 21), (4000.0, 49)] {
            let last = *frames(&mut Mel::default(), &tone(hertz, 2000)).last().unwrap();
            let loudest = (0..BANDS).max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap();
            assert!(loudest.abs_diff(expected) <= 1, "{hertz} Hz in band {loudest}");
            assert!(last[loudest] - last[BANDS - 1 - loudest / 2] > 8.0, "{last:?}");
        }
    }

    #[test]
    fn how_the_sound_is_cut_into_pieces_does_not_matter() {
        let sound = tone(700.0, 4000);
        let whole = frames(&mut Mel::default(), &sound);
        let (mut mel, mut pieces) = (Mel::default(), Vec::new());
        for piece in sound.chunks(7) {
            pieces.extend(frames(&mut mel, piece));
        }
        assert_eq!(whole.len(), 1 + (4000 - FFT) / HOP);
        assert_eq!(whole, pieces);
    }

    #[test]
    fn silence_is_the_floor_and_a_reset_forgets_what_was_before() {
        let mut mel = Mel::default();
        assert_eq!(frames(&mut mel, &[0.0; FFT]), [silence()]);
        mel.reset();
        mel.push(&tone(300.0, 400), |_| panic!("not full yet"));
        mel.reset();
        assert_eq!(frames(&mut mel, &[0.0; FFT]), [silence()]);
    }
}
