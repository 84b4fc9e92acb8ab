use super::super::level::decibels;
use super::super::mel::BANDS;
use super::super::testing::{noise, speech, tone};
use super::super::window::COLUMNS;
use super::*;
use crate::affect::{Arousal, Valence};

/// Three seconds, each second anew; its arousal is the share of rows with voice, its embedding how often it was asked.
struct Stub {
    input: Vec<f32>,
    asked: [f32; 1],
}

const ROWS: usize = 300;

fn path() -> VoicePath<Stub> {
    VoicePath::new(Stub { input: vec![0.0; ROWS * COLUMNS], asked: [0.0] })
}

impl VoiceRead for Stub {
    fn rows(&self) -> usize {
        ROWS
    }

    fn hop(&self) -> usize {
        100
    }

    fn input_mut(&mut self) -> &mut [f32] {
        &mut self.input
    }

    fn estimate(&mut self) -> Result<Estimate, VoiceError> {
        assert!(self.input.iter().all(|number| number.is_finite()));
        self.asked[0] += 1.0;
        let voiced = self.input.chunks_exact(COLUMNS).map(|row| row[BANDS]).sum::<f32>();
        let loudest = self.input.iter().fold(f32::MIN, |most, &x| most.max(x));
        Ok(Estimate {
            arousal: Arousal::new(voiced / ROWS as f32),
            valence: Valence::new(loudest / 100.0),
            ..Estimate::default()
        })
    }

    fn embedding(&self) -> Option<&[f32]> {
        Some(&self.asked)
    }
}

/// What sound of that rate gives, in periods of 20 ms from `start` on; with its end.
fn readings(path: &mut VoicePath<Stub>, samples: &[f32], rate: u32, start: Duration) -> Vec<VoiceReading> {
    let mut all = Vec::new();
    let mut captured_at = Monotonic::new(start);
    for period in samples.chunks(rate as usize / 50) {
        let sound = Sound { samples: period.to_vec(), captured_at };
        path.hear(&sound, rate, |reading| all.push(reading.clone())).unwrap();
        captured_at = captured_at + Duration::from_millis(20);
    }
    path.finish(|reading| all.push(reading.clone())).unwrap();
    all
}

fn ends(readings: &[VoiceReading]) -> Vec<u128> {
    readings.iter().map(|reading| reading.captured_at.since_zero().as_millis()).collect()
}

#[test]
fn a_voice_is_read_each_second_once_a_window_is_full_and_at_its_end() {
    let all = readings(&mut path(), &speech(5.5), 16_000, Duration::from_secs(100));
    // A frame ends 12 ms after its hop, and the last one 8 ms before the sound.
    assert_eq!(ends(&all), [103_022, 104_022, 105_022, 105_492]);
    for reading in &all {
        assert!(reading.activity.get() > 0.8 && reading.confidence.get() > 0.6, "{reading:?}");
        assert!(reading.estimate.is_some() && reading.span == Duration::from_secs(3), "{reading:?}");
    }
    assert_eq!(all[3].embedding.as_ref().map(Embedding::numbers), Some(&[4.0][..]));
}

#[test]
fn silence_noise_and_tones_say_nothing() {
    for sound in [vec![0.0; 64_000], noise(0.1, 4.0), tone(300.0, 0.2, 4.0)] {
        let all = readings(&mut path(), &sound, 16_000, Duration::ZERO);
        assert!(all.len() >= 2);
        for reading in all {
            assert!(reading.activity.get() < LEAST_VOICE, "{reading:?}");
            assert_eq!((&reading.estimate, &reading.embedding), (&None, &None));
        }
    }
}

#[test]
fn a_sound_shorter_than_a_window_is_read_once_at_its_end() {
    let all = readings(&mut path(), &speech(1.2), 16_000, Duration::ZERO);
    assert_eq!(ends(&all), [1_192]);
    assert!(all[0].estimate.is_some() && all[0].activity.get() > 0.8, "{:?}", all[0]);
    assert_eq!(all[0].span, Duration::from_millis(1_170));
    // Too little to say anything about, and too little for a single frame.
    assert_eq!(readings(&mut path(), &speech(0.3), 16_000, Duration::ZERO)[0].estimate, None);
    assert_eq!(readings(&mut path(), &speech(0.02), 16_000, Duration::ZERO), []);
}

#[test]
fn the_level_does_not_decide_whether_a_voice_is_read() {
    let (mut quiet, loud) = (speech(4.0), speech(4.0));
    quiet.iter_mut().for_each(|sample| *sample *= 0.003);
    let [quiet, loud] = [quiet, loud].map(|sound| readings(&mut path(), &sound, 16_000, Duration::ZERO));
    let (quiet, loud) = (&quiet[0], &loud[0]);
    assert!(quiet.estimate.is_some() && (quiet.activity.get() - loud.activity.get()).abs() < 0.1);
    assert!((loud.quality.level - quiet.quality.level - 50.5).abs() < 1.0, "{quiet:?} {loud:?}");
}

#[test]
fn an_offset_does_not_change_what_is_heard() {
    let mut sound = speech(4.0);
    let clean = readings(&mut path(), &sound, 16_000, Duration::ZERO);
    sound.iter_mut().for_each(|sample| *sample += 0.3);
    let shifted = readings(&mut path(), &sound, 16_000, Duration::ZERO);
    let (clean, shifted) = (&clean[0], &shifted[0]);
    assert!((clean.quality.level - shifted.quality.level).abs() < 0.5, "{clean:?} {shifted:?}");
    assert!((clean.activity.get() - shifted.activity.get()).abs() < 0.03, "{clean:?} {shifted:?}");
}

#[test]
fn clipping_is_told_and_lowers_the_confidence() {
    let mut sound = speech(3.5);
    let clean = readings(&mut path(), &sound, 16_000, Duration::ZERO);
    assert_eq!(clean[0].quality.clipped, Confidence::MIN);
    sound.iter_mut().for_each(|sample| *sample = (*sample * 20.0).clamp(-1.0, 1.0));
    let clipped = readings(&mut path(), &sound, 16_000, Duration::ZERO);
    assert!(clipped[0].quality.clipped.get() > 0.3, "{:?}", clipped[0]);
    assert!(clipped[0].confidence < clean[0].confidence);
}

#[test]
fn sound_of_any_rate_is_the_same_voice_at_the_same_time() {
    let sound = speech(4.0);
    let own = readings(&mut path(), &sound, 16_000, Duration::ZERO);
    for (rate, times) in [(48_000, 3), (192_000, 12)] {
        // Each sample held: rough, but a voice.
        let held: Vec<f32> = sound.iter().flat_map(|&sample| std::iter::repeat_n(sample, times)).collect();
        let other = readings(&mut path(), &held, rate, Duration::ZERO);
        assert_eq!(ends(&other), ends(&own), "{rate}");
        assert!((other[0].activity.get() - own[0].activity.get()).abs() < 0.1, "{rate}: {:?}", other[0]);
    }
}

#[test]
fn sound_that_was_lost_begins_a_window_anew() {
    let (mut path, mut all) = (path(), Vec::new());
    for (start, seconds) in [(0.0, 2.5), (60.0, 2.0), (62.0, 1.5)] {
        let sound = Sound { samples: speech(seconds), captured_at: Monotonic::new(Duration::from_secs_f32(start)) };
        path.hear(&sound, 16_000, |reading| all.push(reading.clone())).unwrap();
    }
    assert_eq!(ends(&all), [63_022]);
}

#[test]
fn a_short_loss_is_a_silence_and_shifts_nothing_in_time() {
    let whole = readings(&mut path(), &speech(5.5), 16_000, Duration::from_secs(100));
    for (rate, times) in [(16_000, 1), (48_000, 3)] {
        let held: Vec<f32> = speech(5.5).iter().flat_map(|&sample| std::iter::repeat_n(sample, times)).collect();
        let (mut path, mut all) = (path(), Vec::new());
        for (number, period) in held.chunks(rate as usize / 50).enumerate() {
            // Between 1.0 and 1.4 s nothing comes.
            if (50..70).contains(&number) {
                continue;
            }
            let captured_at = Monotonic::new(Duration::from_millis(100_000 + 20 * number as u64));
            let sound = Sound { samples: period.to_vec(), captured_at };
            path.hear(&sound, rate, |reading| all.push(reading.clone())).unwrap();
        }
        path.finish(|reading| all.push(reading.clone())).unwrap();
        assert_eq!(ends(&all), ends(&whole), "{rate}");
        let shares = |all: &[VoiceReading]| -> Vec<f32> { all.iter().map(|one| one.activity.get()).collect() };
        let (lost, kept) = (shares(&all), shares(&whole));
        // 0.4 s of the first window's three are silence, but for what rings on; the third has nothing of it.
        assert!((0.04..0.16).contains(&(kept[0] - lost[0])), "{rate}: {lost:?} {kept:?}");
        assert!((kept[2] - lost[2]).abs() < 0.1, "{rate}: {lost:?} {kept:?}");
    }
}

#[test]
fn stamps_that_tremble_lose_nothing() {
    let (mut path, mut all) = (path(), Vec::new());
    for (number, period) in speech(4.0).chunks(320).enumerate() {
        let tremble = [0, 14, 3, 25, 9][number % 5];
        let captured_at = Monotonic::new(Duration::from_millis(20 * number as u64 + tremble));
        let sound = Sound { samples: period.to_vec(), captured_at };
        path.hear(&sound, 16_000, |reading| all.push(reading.clone())).unwrap();
    }
    assert_eq!(all.len(), 1);
    assert!((3_022..=3_050).contains(&ends(&all)[0]), "{:?}", ends(&all));
    assert!(all[0].activity.get() > 0.8, "{:?}", all[0]);
}

#[test]
fn a_rate_that_changes_begins_anew_and_one_that_is_none_is_refused() {
    let mut path = path();
    let sound = |samples| Sound { samples, captured_at: Monotonic::default() };
    path.hear(&sound(speech(2.9)), 16_000, |_| panic!("too early")).unwrap();
    path.hear(&sound(speech(2.9)), 48_000, |_| panic!("another sound")).unwrap();
    assert!(matches!(path.hear(&sound(vec![0.0]), 400, |_| ()), Err(VoiceError::Rate(_))));
    path.hear(&sound(speech(2.9)), 16_000, |_| panic!("another sound")).unwrap();
}

#[test]
fn a_steady_sound_allocates_nothing() {
    for rate in [16_000, 44_100, 192_000] {
        let mut path = path();
        let mut sound = Sound { samples: vec![0.0; rate as usize / 50], captured_at: Monotonic::default() };
        let voice = speech(5.0);
        let (mut hear, mut read) = (
            |path: &mut VoicePath<Stub>, period: usize| {
                for (i, sample) in sound.samples.iter_mut().enumerate() {
                    *sample = voice[(period * 320 + i * 320 / (rate as usize / 50)) % voice.len()];
                }
                sound.captured_at = Monotonic::new(Duration::from_millis(20 * period as u64));
                let mut readings = 0;
                path.hear(&sound, rate, |_| readings += 1).unwrap();
                readings
            },
            0,
        );
        hear(&mut path, 0);
        let counted = allocation_counter::measure(|| {
            for period in 1..225 {
                read += hear(&mut path, period);
            }
        });
        assert_eq!((counted.count_total, read), (0, 2), "{rate} Hz");
    }
}

#[test]
fn speaking_rises_with_a_voice_and_falls_after_it() {
    let mut path = path();
    let mut sound = speech(1.0);
    sound.extend([0.0; 16_000]);
    let mut speaking = Vec::new();
    for (i, period) in sound.chunks(320).enumerate() {
        let captured_at = Monotonic::new(Duration::from_millis(20 * i as u64));
        path.hear(&Sound { samples: period.to_vec(), captured_at }, 16_000, |_| ()).unwrap();
        speaking.push(path.speaking().get());
    }
    assert!(speaking[40] > 0.9 && speaking[99] < 0.1, "{speaking:?}");
    assert!(decibels(power(&sound[..16_000])) > -30.0);
}
