//! The microphone: does sound come, is it more than digital silence, does it clip?

use std::sync::Arc;
use std::time::Duration;

use super::{Case, Finding};
use crate::capture::{self, CaptureError, Read, Sound, SoundSource};
use crate::clock::{Clock, SystemClock};

/// How much is listened to.
const LISTEN: Duration = Duration::from_millis(1500);
/// How long it may take to come.
const PATIENCE: Duration = Duration::from_secs(4);
/// A sample of at least this size is at its limit; full scale is 1.
const LIMIT: f32 = 0.999;
/// More samples than this share at their limit are no accident.
const CLIPPING: f64 = 1e-3;
/// A room that is quieter than this, in dB below full scale, is not one: the gain is too low.
const QUIET: f64 = -75.0;

/// What was heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Heard {
    samples: u64,
    squares: f64,
    peak: f32,
    zeros: u64,
    at_limit: u64,
    not_finite: u64,
}

impl Heard {
    fn add(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.samples += 1;
            if !sample.is_finite() {
                self.not_finite += 1;
                continue;
            }
            self.squares += f64::from(sample).powi(2);
            self.peak = self.peak.max(sample.abs());
            self.zeros += u64::from(sample == 0.0);
            self.at_limit += u64::from(sample.abs() >= LIMIT);
        }
    }

    /// The level, in dB below full scale; minus infinity for zeros.
    fn level(&self) -> f64 {
        10.0 * (self.squares / self.samples.max(1) as f64).log10()
    }
}

/// Listens for a moment to the configured microphone.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let Some(address) = &case.config.audio else {
        return vec![Finding::skipped("microphone", "source.audio is not set: nothing is listened to")];
    };
    let opened = capture::open_sound(address, Arc::new(SystemClock));
    let listened = opened.and_then(|mut source| {
        let rate = source.sample_rate();
        listen(source.as_mut(), rate).map(|heard| (heard, rate))
    });
    vec![match listened {
        Err(error) => failed("microphone", &error),
        Ok((heard, rate)) => judge(&address.to_string(), &heard, rate),
    }]
}

fn listen(source: &mut dyn SoundSource, rate: u32) -> Result<Heard, CaptureError> {
    let (mut heard, mut sound) = (Heard::default(), Sound::default());
    let enough = (f64::from(rate) * LISTEN.as_secs_f64()) as u64;
    let begun = SystemClock.now();
    while heard.samples < enough {
        let left = PATIENCE.saturating_sub(SystemClock.now().since(begun));
        if left.is_zero() {
            break;
        }
        match source.read(&mut sound, left)? {
            Read::Filled => heard.add(&sound.samples),
            Read::TimedOut => {}
            Read::Ended => break,
        }
    }
    Ok(heard)
}

fn judge(address: &str, heard: &Heard, rate: u32) -> Finding {
    let wrong = |says: String, remedy: &str| Finding::wrong("microphone", says, remedy);
    if heard.samples == 0 {
        let says = format!("{address} can be opened, and no sound comes");
        return wrong(says, "plug it in anew; give another of those that `arecord -L` shows");
    }
    if heard.not_finite > 0 {
        return wrong(format!("{address} gives samples that are no numbers"), "give it as alsa:plughw:CARD,DEVICE");
    }
    if heard.zeros == heard.samples {
        let says = format!("{address} gives nothing but digital silence");
        return wrong(
            says,
            "switch it on; unmute its capture channel: `alsamixer`, F4, space; look for a mute key on it",
        );
    }
    let says = format!("{address}: {rate} Hz, level {:.0} dB, peak {:.0} dB", heard.level(), 20.0 * heard.peak.log10());
    let share = heard.at_limit as f64 / heard.samples as f64;
    if share > CLIPPING {
        let remedy = "turn its capture gain down: `alsamixer`, F4";
        return Finding::warning("microphone", format!("{says}; {:.1} % of it is clipped", share * 100.0), remedy);
    }
    if heard.level() < QUIET {
        let remedy = "turn its capture gain up: `alsamixer`, F4; is it the right microphone?";
        return Finding::warning("microphone", format!("{says}: hardly anything"), remedy);
    }
    Finding::good("microphone", says)
}

/// A source that failed, with its own remedy.
pub(super) fn failed(what: &'static str, error: &CaptureError) -> Finding {
    match error {
        CaptureError::Open { source_name, reason, remedy } => {
            Finding::wrong(what, format!("{source_name} cannot be opened: {reason}"), remedy)
        }
        CaptureError::Failed { source_name, reason, remedy } => {
            Finding::wrong(what, format!("{source_name} failed: {reason}"), remedy)
        }
        error => Finding::wrong(what, error.to_string(), "give another source"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::{machine, one};
    use super::*;

    fn judged(samples: &[f32]) -> Finding {
        let mut heard = Heard::default();
        heard.add(samples);
        judge("alsa:default", &heard, 16_000)
    }

    fn tone(size: f32) -> Vec<f32> {
        (0..1600).map(|i| (size * (i as f32 * 0.3).sin()).clamp(-1.0, 1.0)).collect()
    }

    #[test]
    fn a_level_is_told_in_decibels() {
        let finding = judged(&tone(0.1));
        assert_eq!((finding.grade, &*finding.says), (Grade::Good, "alsa:default: 16000 Hz, level -23 dB, peak -20 dB"));
    }

    #[test]
    fn silence_clipping_and_a_whisper_are_told_apart() {
        for (samples, grade, says) in [
            (vec![], Grade::Wrong, "no sound comes"),
            (vec![0.0; 1600], Grade::Wrong, "digital silence"),
            (vec![0.1, f32::NAN], Grade::Wrong, "no numbers"),
            (tone(3.0), Grade::Warning, "is clipped"),
            (tone(1e-4), Grade::Warning, "hardly anything"),
        ] {
            let finding = judged(&samples);
            assert_eq!(finding.grade, grade);
            assert!(finding.says.contains(says) && finding.remedy.is_some(), "{finding:?}");
        }
    }

    #[test]
    fn without_a_microphone_in_the_configuration_it_is_skipped() {
        assert_eq!(one(look(&machine(&[]).1)).grade, Grade::Skipped);
    }

    #[test]
    fn the_real_library_hears_silence_where_there_is_nothing() {
        // ALSA's null device gives zeros as fast as they are read.
        let (_root, mut case) = machine(&[]);
        case.config.audio = Some("alsa:null".parse().unwrap());
        let finding = one(look(&case));
        assert!(finding.says.contains("digital silence"), "{finding:?}");
        case.config.audio = Some("alsa:no_such_microphone".parse().unwrap());
        let finding = one(look(&case));
        assert!(
            finding.says.contains("cannot be opened") && finding.remedy.unwrap().contains("arecord"),
            "{}",
            finding.says
        );
    }
}
