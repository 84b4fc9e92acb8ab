//! The microphone: does sound come, is it more than digital silence, does it clip?

use std::sync::Arc;
use std::time::Duration;

use super::{Case, Finding};
use crate::capture::alsa::{MicrophoneAccess, MicrophoneInfo, microphones};
use crate::capture::level::{Level, level};
use crate::capture::{self, CaptureError, Read, Sound, SoundSource};
use crate::clock::SystemClock;

/// How much is listened to.
const LISTEN: Duration = Duration::from_millis(1500);
/// A sample of at least this size is at its limit; full scale is 1.
const LIMIT: f32 = 0.999;
/// More samples than this share at their limit are no accident.
const CLIPPING: f64 = 1e-3;
/// A room that is quieter than this, in decibels below the full range, is not one: the gain is too low.
const QUIET: f32 = -75.0;

/// A microphone, of which is counted what its level does not tell.
struct Watched {
    source: Box<dyn SoundSource>,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    samples: u64,
    at_limit: u64,
    not_finite: u64,
}

impl SoundSource for Watched {
    fn sample_rate(&self) -> u32 {
        self.source.sample_rate()
    }

    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError> {
        let read = self.source.read(sound, timeout)?;
        if read == Read::Filled {
            let count = |is: fn(f32) -> bool| sound.samples.iter().filter(|sample| is(**sample)).count() as u64;
            self.counts.samples += sound.samples.len() as u64;
            self.counts.at_limit += count(|sample| sample.abs() >= LIMIT);
            self.counts.not_finite += count(|sample| !sample.is_finite());
        }
        Ok(read)
    }
}

/// Lists the microphones, and listens for a moment to the configured one.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let mut found: Vec<_> = microphones().iter().map(microphone).collect();
    let Some(address) = &case.config.audio else {
        found.push(Finding::skipped("microphone", "source.audio is not set: nothing is listened to"));
        return found;
    };
    let heard = capture::open_sound(address, Arc::new(SystemClock)).and_then(|source| {
        let mut watched = Watched { source, counts: Counts::default() };
        let level = level(&mut watched, LISTEN)?;
        Ok((level, watched.counts, watched.sample_rate()))
    });
    found.push(match heard {
        Err(error) => failed("microphone", &error),
        Ok((level, counts, rate)) => judge(&address.to_string(), level, counts, rate),
    });
    found
}

/// A microphone of this machine, whether it is the configured one or not.
fn microphone(found: &MicrophoneInfo) -> Finding {
    let MicrophoneInfo { name, device, switched_off, access, .. } = found;
    let named = format!("alsa:{device} ({name})");
    if !switched_off.is_empty() {
        let says = format!("{named}: {}", switched_off.join(", "));
        return Finding::warning("microphone", says, "switch it on: `alsamixer`, F4 for capture, space bar");
    }
    match access {
        MicrophoneAccess::Free(offer) => {
            let rates = offer.rates.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let (least, most) = (offer.channels.start(), offer.channels.end());
            Finding::good("microphone", format!("{named}: {rates} Hz; {least} to {most} channels"))
        }
        MicrophoneAccess::Busy(holders) => {
            let holders = holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let by = if holders.is_empty() { "another program".to_owned() } else { holders };
            Finding::warning(
                "microphone",
                format!("{named} is held by {by}"),
                "stop that program, if affectd is to have it",
            )
        }
        MicrophoneAccess::Denied => {
            let remedy = "sudo usermod --append --groups audio $USER, then log in anew";
            Finding::warning("microphone", format!("{named} may not be opened by this user"), remedy)
        }
        MicrophoneAccess::Failed(why) => Finding::warning(
            "microphone",
            format!("{named} cannot be asked: {why}"),
            "plug it in anew, and see `dmesg`",
        ),
    }
}

fn judge(address: &str, level: Option<Level>, counts: Counts, rate: u32) -> Finding {
    let wrong = |says: String, remedy: &str| Finding::wrong("microphone", says, remedy);
    let Some(level) = level else {
        let says = format!("{address} can be opened, and no sound comes");
        return wrong(says, "plug it in anew; give another of those that `arecord -L` shows");
    };
    if counts.not_finite > 0 {
        return wrong(format!("{address} gives samples that are no numbers"), "give it as alsa:plughw:CARD,DEVICE");
    }
    if level.is_digital_silence() {
        let says = format!("{address} gives nothing but digital silence");
        return wrong(
            says,
            "switch it on; unmute its capture channel: `alsamixer`, F4, space; look for a mute key on it",
        );
    }
    let says = format!("{address}: {rate} Hz, level {:.0} dB, peak {:.0} dB", level.rms, level.peak);
    let share = counts.at_limit as f64 / counts.samples.max(1) as f64;
    if share > CLIPPING {
        let remedy = "turn its capture gain down: `alsamixer`, F4";
        return Finding::warning("microphone", format!("{says}; {:.1} % of it is clipped", share * 100.0), remedy);
    }
    if level.rms < QUIET {
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
        error => Finding::failed(what, &error.to_string(), "give another source"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::machine;
    use super::*;
    use crate::capture::fake::FakeMicrophone;

    fn level(rms: f32, peak: f32) -> Option<Level> {
        Some(Level { rms, peak, heard: LISTEN })
    }

    fn judged(level: Option<Level>, at_limit: u64, not_finite: u64) -> Finding {
        judge("alsa:default", level, Counts { samples: 24_000, at_limit, not_finite }, 16_000)
    }

    #[test]
    fn silence_clipping_and_a_whisper_are_told_apart() {
        for (finding, grade, says) in [
            (judged(level(-23.0, -9.5), 3, 0), Grade::Good, "alsa:default: 16000 Hz, level -23 dB, peak -10 dB"),
            (judged(None, 0, 0), Grade::Wrong, "no sound comes"),
            (judged(level(-120.0, -120.0), 0, 0), Grade::Wrong, "digital silence"),
            (judged(level(-20.0, -3.0), 0, 1), Grade::Wrong, "no numbers"),
            (judged(level(-3.0, 0.0), 240, 0), Grade::Warning, "1.0 % of it is clipped"),
            (judged(level(-90.0, -80.0), 0, 0), Grade::Warning, "hardly anything"),
        ] {
            assert_eq!(finding.grade, grade, "{finding:?}");
            assert!(finding.says.contains(says), "{finding:?}");
            assert_eq!(finding.remedy.is_none(), grade == Grade::Good, "{finding:?}");
        }
    }

    #[test]
    fn what_is_clipped_is_counted_while_the_level_is_taken() {
        let source = Box::new(FakeMicrophone::tone(400.0, 1.0));
        let mut watched = Watched { source, counts: Counts::default() };
        super::level(&mut watched, Duration::from_millis(300)).unwrap();
        let Counts { samples, at_limit, not_finite } = watched.counts;
        assert!(at_limit > 0 && at_limit < samples && not_finite == 0, "{:?}", watched.counts);
    }

    #[test]
    fn a_microphone_that_cannot_be_had_says_why() {
        let told = |switched_off, access| {
            let text = String::new;
            let (name, device) = ("USB Audio".to_owned(), "plughw:CARD=Device,DEV=0".to_owned());
            microphone(&MicrophoneInfo { card: text(), name, device_name: text(), device, switched_off, access })
        };
        let of = |access| told(Vec::new(), access);
        let off = told(vec!["Mic is switched off".to_owned()], MicrophoneAccess::Denied);
        assert_eq!((off.grade, off.says.contains("Mic is switched off")), (Grade::Warning, true), "{off:?}");
        let busy = of(MicrophoneAccess::Busy(Vec::new()));
        assert_eq!(
            (busy.grade, &*busy.says),
            (Grade::Warning, "alsa:plughw:CARD=Device,DEV=0 (USB Audio) is held by another program",)
        );
        assert!(of(MicrophoneAccess::Denied).remedy.unwrap().contains("groups audio"));
        assert!(of(MicrophoneAccess::Failed("No such device".to_owned())).remedy.unwrap().contains("dmesg"));
    }

    #[test]
    fn without_a_microphone_in_the_configuration_it_is_skipped() {
        assert_eq!(look(&machine(&[]).1).pop().unwrap().grade, Grade::Skipped);
    }

    #[test]
    fn the_real_library_hears_silence_where_there_is_nothing() {
        // ALSA's null device gives zeros as fast as they are read.
        let (_root, mut case) = machine(&[]);
        case.config.audio = Some("alsa:null".parse().unwrap());
        let finding = look(&case).pop().unwrap();
        assert!(finding.says.contains("digital silence"), "{finding:?}");
        case.config.audio = Some("alsa:no_such_microphone".parse().unwrap());
        let finding = look(&case).pop().unwrap();
        assert!(
            finding.says.contains("cannot be opened") && finding.remedy.unwrap().contains("arecord"),
            "{}",
            finding.says
        );
    }
}
