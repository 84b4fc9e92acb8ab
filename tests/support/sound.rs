//! Sounds as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use affectd::capture::fake::FakeMicrophone;
use affectd::capture::{Sound, SoundSource};

/// Something like speech: 16 kHz, from −1 to 1.
pub fn speech(seconds: f32) -> Vec<f32> {
    let (mut microphone, mut sound, mut all) = (FakeMicrophone::voice(120.0), Sound::default(), Vec::new());
    let wanted = (seconds * FakeMicrophone::SAMPLE_RATE as f32) as usize;
    while all.len() < wanted {
        microphone.read(&mut sound, Duration::ZERO).unwrap();
        all.extend_from_slice(&sound.samples);
    }
    all.truncate(wanted);
    all
}

/// Writes a WAV file of 32-bit float samples, interleaved.
pub fn wav(dir: &Path, name: &str, rate: u32, channels: u16, samples: &[f32]) -> PathBuf {
    let path = dir.join(name);
    let data = samples.len() as u32 * 4;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + data).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(3_u16.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(channels) * 4).to_le_bytes());
    bytes.extend((channels * 4).to_le_bytes());
    bytes.extend(32_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(&path, bytes).unwrap();
    path
}
