//! Sounds in, lines out: one per window, or one per sound.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::super::lines::Lines;
use super::super::setup;
use super::DECODER_PATIENCE;
use super::summary::Summary;
use crate::capture::{self, Address, Read, Sound};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::model::VoiceModel;
use crate::outlet::voice_state;
use crate::privacy::Extent;
use crate::publish::{Identity, PackInfo};
use crate::smooth::VoiceSmoother;
use crate::voice::{VoicePath, VoiceReading};

/// From this share of clipped voice on it is worth a word.
const MUCH_CLIPPED: f32 = 0.1;

/// Reads the voices of files.
pub struct Voices {
    path: VoicePath<VoiceModel>,
    smoother: VoiceSmoother,
    unknown_below: f32,
    summary: bool,
    extent: Extent,
    identity: Identity,
    pack: PackInfo,
}

impl Voices {
    /// Opens the voice pack; with `summary` there will be one line for each file.
    ///
    /// # Errors
    /// When the pack cannot be used.
    pub fn open(config: &Config, models: Option<&Path>, summary: bool) -> anyhow::Result<Self> {
        let (registry, engines) = (setup::registry(config, models)?, setup::engines(config)?);
        let (path, pack) = setup::open_voice(&registry, config, &engines)?;
        let (smoother, unknown_below) = (VoiceSmoother::new(config.smooth), config.smooth.voice_unknown_below);
        let (extent, identity) = (config.privacy.extent, setup::voice_identity(config, &pack));
        Ok(Self { path, smoother, unknown_below, summary, extent, identity, pack })
    }

    /// Writes what the sound of a file says; gives back what is worth a word besides.
    ///
    /// # Errors
    /// When the sound or the model fails, or a line cannot be written. Lines written before stay.
    pub fn read(&mut self, file: &Path, lines: &mut Lines<impl Write>) -> anyhow::Result<Option<String>> {
        self.path.reset();
        self.smoother.reset();
        let name = file.display().to_string();
        let mut sound_source = capture::open_sound(&Address::File(file.to_owned()), Arc::new(SystemClock))?;
        let (mut sound, mut summary, mut readings) = (Sound::default(), Summary::default(), Vec::new());
        loop {
            let read = sound_source.read(&mut sound, DECODER_PATIENCE)?;
            let rate = sound_source.sample_rate();
            let mut keep = |reading: &VoiceReading| readings.push(reading.clone());
            match read {
                Read::Filled => self.path.hear(&sound, rate, &mut keep).with_context(|| name.clone())?,
                Read::TimedOut => bail!(
                    "{name}: the decoder gave nothing for {DECODER_PATIENCE:?}; is the file on a disk that answers?"
                ),
                Read::Ended => self.path.finish(&mut keep).with_context(|| name.clone())?,
            }
            for reading in readings.drain(..) {
                summary.add(&reading);
                if !self.summary {
                    self.write(file, &reading, lines)?;
                }
            }
            if read == Read::Ended {
                break;
            }
        }
        let Some(whole) = summary.state(self.unknown_below).map(|whole| self.extent.voice(whole)) else {
            bail!("{name}: its sound is shorter than 32 ms; there is nothing to read in it");
        };
        if self.summary {
            let written = lines.write_voice(&file.to_string_lossy(), None, &whole, &self.identity, &self.pack);
            written.context("the lines cannot be written")?;
        }
        let clipped = whole.quality.clipped.get();
        Ok((clipped > MUCH_CLIPPED).then(|| {
            let percent = clipped * 100.0;
            format!("{name}: {percent:.0} % of the voice is clipped, so it is read less surely; record it less loud")
        }))
    }

    fn write(&mut self, file: &Path, reading: &VoiceReading, lines: &mut Lines<impl Write>) -> anyhow::Result<()> {
        let state = self.extent.voice(voice_state(&self.smoother.update(reading)));
        let time: Duration = reading.captured_at.since_zero();
        let source = &file.to_string_lossy();
        let written = lines.write_voice(source, Some(time.as_secs_f32()), &state, &self.identity, &self.pack);
        written.context("the lines cannot be written")
    }
}
