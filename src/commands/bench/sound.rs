//! How fast a sound goes through the voice path: all of it, as fast as the machine can, on one thread.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use super::usage;
use crate::capture::{self, Address, Read, Sound};
use crate::clock::SystemClock;
use crate::commands::setup;
use crate::exit::Exit;
use crate::voice::VoiceReading;

/// How long the decoder may take for the next period.
const PATIENCE: Duration = Duration::from_secs(30);

/// Seconds of sound before allocations are counted: buffers find their size in these, and the engine its own.
const WARM_UP: f64 = 4.0;

/// Runs the measurement and prints it.
///
/// # Errors
/// When the sound or the voice pack cannot be used.
pub fn run(file: &Path, as_json: bool, models: Option<&Path>) -> anyhow::Result<Exit> {
    let config = setup::config(None)?;
    let (registry, engines) = (setup::registry(&config, models)?, setup::engines(&config)?);
    let (mut path, pack) = setup::open_voice(&registry, &config, &engines)?;
    let name = file.display().to_string();
    let mut source = capture::open_sound(&Address::File(file.to_owned()), Arc::new(SystemClock))?;
    let (mut sound, mut seconds, mut cpu) = (Sound::default(), 0.0, Duration::ZERO);
    let (mut windows, mut estimates, mut allocations) = (0_u64, 0_u64, 0);
    loop {
        match source.read(&mut sound, PATIENCE)? {
            Read::Filled => {}
            Read::TimedOut => bail!("{name}: the decoder gave nothing for {PATIENCE:?}"),
            Read::Ended => break,
        }
        let mut count = |reading: &VoiceReading| {
            windows += 1;
            estimates += u64::from(reading.estimate.is_some());
        };
        // Only the voice path is of interest: the decoder stands in for a microphone.
        let (before, mut heard) = (usage::own_cpu(), Ok(()));
        let rate = source.sample_rate();
        let counted = allocation_counter::measure(|| heard = path.hear(&sound, rate, &mut count));
        cpu += usage::own_cpu().saturating_sub(before);
        heard.with_context(|| name.clone())?;
        if seconds >= WARM_UP {
            allocations += counted.count_total;
        }
        seconds += sound.samples.len() as f64 / f64::from(rate);
    }
    if seconds <= 0.0 {
        bail!("{name}: there is no sound in it");
    }
    let per_second = cpu.as_secs_f64() * 1e3 / seconds;
    let allocations = (seconds > WARM_UP).then(|| allocations as f64 / (seconds - WARM_UP));
    if as_json {
        let report = json!({
            "sound": name, "seconds": seconds, "pack": pack.id(), "engine": pack.engine, "windows": windows,
            "estimates": estimates, "cpu_ms_per_second": per_second, "allocations_per_second": allocations,
        });
        println!("{report:#}");
        return Ok(Exit::Ok);
    }
    println!("{name}: {seconds:.1} s, {windows} windows, {estimates} of them with a voice");
    println!("{} on {}\n", pack.id(), pack.engine);
    println!("processor    {per_second:.3} ms a second of sound, the decoder left out");
    match allocations {
        Some(allocations) => println!("allocations  {allocations:.2} a second of sound, those of the engine with them"),
        None => println!("allocations  not counted: the sound is too short"),
    }
    Ok(Exit::Ok)
}
