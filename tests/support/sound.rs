//! Sounds as files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use affectd::capture::fake::FakeMicrophone;
use affectd::capture::{Sound, SoundSource};
use affectd::clock::{Clock, SystemClock};

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

/// Samples as the bytes of 16-bit sound.
pub fn as_16_bit(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()).collect()
}

/// A microphone without hardware: what is fed into a FIFO, ALSA's `file` plugin gives as if it were captured.
///
/// It is fed in whole periods, for the plugin repeats old samples after a short read; and when it is let go of, the
/// plugin repeats the last period for ever, as fast as it is read.
pub struct FifoMicrophone {
    config: PathBuf,
    does: Arc<AtomicU8>,
}

const PLAYS: u8 = 0;
const HOLDS: u8 = 1;
const IS_GONE: u8 = 2;

impl FifoMicrophone {
    /// `alsa:mic` for programs with [`FifoMicrophone::config`]; gives the sound over and over, at its pace. 16 kHz.
    pub fn giving(dir: &Path, sound: &[f32]) -> Self {
        let (fifo, config, does) = (dir.join("microphone"), dir.join("asound.conf"), Arc::new(AtomicU8::new(PLAYS)));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let slave = "slave.pcm { type null }";
        let text = format!("pcm.mic {{ type file {slave} file /dev/null infile \"{}\" format raw }}\n", fifo.display());
        fs::write(&config, text).unwrap();
        let (bytes, told) = (as_16_bit(sound), does.clone());
        // Opening waits for a reader that may never come, so nobody waits for the thread.
        thread::spawn(move || {
            let mut fifo = OpenOptions::new().write(true).open(fifo).unwrap();
            let mut due = SystemClock.now();
            for period in bytes.chunks_exact(2 * FakeMicrophone::PERIOD).cycle() {
                while told.load(Ordering::Relaxed) == HOLDS {
                    thread::sleep(Duration::from_millis(10));
                    due = SystemClock.now();
                }
                if told.load(Ordering::Relaxed) == IS_GONE || fifo.write_all(period).is_err() {
                    return;
                }
                due = due + Duration::from_millis(20);
                thread::sleep(due.since(SystemClock.now()));
            }
        });
        Self { config, does }
    }

    /// The file for `ALSA_CONFIG_PATH`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Gives nothing for now.
    pub fn hold(&self) {
        self.does.store(HOLDS, Ordering::Relaxed);
    }

    /// Gives sound again.
    pub fn play(&self) {
        self.does.store(PLAYS, Ordering::Relaxed);
    }

    /// Lets go: the plugin floods.
    pub fn flood(&self) {
        self.does.store(IS_GONE, Ordering::Relaxed);
    }
}

impl Drop for FifoMicrophone {
    fn drop(&mut self) {
        self.flood();
    }
}
