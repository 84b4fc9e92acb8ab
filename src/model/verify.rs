//! Golden vectors: does an engine, on this processor, give what the training framework gave?
//!
//! Engines choose their kernels at run time and rewrite the graph at load time, so the same file may give
//! other numbers elsewhere, and nothing else would notice.

use std::path::PathBuf;
use std::time::Duration;

use super::engines::Engines;
use super::error::{ModelError, Problem};
use super::loaded::Model;
use super::pack::{GoldenFile, Pack, Variant};
use crate::clock::Clock;

/// How often a model is run on for its time alone.
const TIMED_RUNS: usize = 10;

/// How one engine did on one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The engine.
    pub engine: &'static str,
    /// The ONNX file, within the pack.
    pub file: PathBuf,
    /// How its weights are stored.
    pub precision: String,
    /// The greatest absolute difference that is tolerated.
    pub tolerance: f32,
    /// Each output's difference, in the order of [`Pack::outputs`].
    pub outputs: Vec<Difference>,
    /// How long loading took.
    pub load: Duration,
    /// How long the fastest run took: the one that was least disturbed.
    pub run: Duration,
    /// How long the run in the middle of all took.
    pub median: Duration,
}

/// How far one output is from its golden vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The output's key.
    pub output: &'static str,
    /// The greatest absolute difference.
    pub worst: f32,
    /// In which sample, from 0.
    pub sample: usize,
}

impl Report {
    /// The output that differs most, when that is more than is tolerated.
    pub fn disagreement(&self) -> Option<Difference> {
        let worst = self.outputs.iter().copied().max_by(|a, b| a.worst.total_cmp(&b.worst));
        worst.filter(|difference| difference.worst > self.tolerance)
    }
}

/// Runs a variant's engine, one of `engines`, on the golden inputs and compares. The report may be of an engine that
/// disagrees; [`refuse_disagreement`] makes an error of it.
///
/// # Errors
/// When the variant cannot be opened or run, or a golden file is missing, damaged or not finite.
pub fn compare(pack: &Pack, variant: &Variant, engines: &Engines, clock: &dyn Clock) -> Result<Report, ModelError> {
    let started = clock.now();
    let mut model = Model::open_variant(pack, variant, engines)?;
    let load = clock.now().since(started);

    let standard = pack.golden.as_ref().map_or(0.0, |golden| golden.tolerance);
    let mut goldens = pack.golden_files().map(|golden| numbers(pack, &golden)).collect::<Result<Vec<_>, _>>()?;
    let inputs = goldens.remove(0);
    let mut outputs: Vec<_> =
        pack.outputs.iter().map(|o| Difference { output: o.key, worst: 0.0, sample: 0 }).collect();
    for (sample, input) in inputs.chunks_exact(pack.input.numbers()).enumerate() {
        model.input_mut().copy_from_slice(input);
        model.run()?;
        for (i, (difference, golden)) in outputs.iter_mut().zip(&goldens).enumerate() {
            let found = model.output(i);
            let expected = golden.chunks_exact(found.len()).nth(sample).unwrap_or_default();
            let worst = found.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0.0, f32::max);
            if worst > difference.worst {
                (difference.worst, difference.sample) = (worst, sample);
            }
        }
    }
    let (run, median) = timed(&mut model, clock)?;
    let (file, precision) = (variant.file.path.clone(), variant.precision.clone());
    let tolerance = variant.tolerance.unwrap_or(standard);
    Ok(Report { engine: model.engine(), file, precision, tolerance, outputs, load, run, median })
}

/// How long the fastest run takes, and the one in the middle.
fn timed(model: &mut Model, clock: &dyn Clock) -> Result<(Duration, Duration), ModelError> {
    let mut times = [Duration::ZERO; TIMED_RUNS];
    for time in &mut times {
        let started = clock.now();
        model.run()?;
        *time = clock.now().since(started);
    }
    times.sort_unstable();
    Ok((times[0], times[TIMED_RUNS / 2]))
}

/// Lets a report pass whose engine agrees.
///
/// # Errors
/// When an output differs by more than is tolerated.
pub fn refuse_disagreement(pack: &Pack, report: &Report) -> Result<(), ModelError> {
    match report.disagreement() {
        None => Ok(()),
        Some(Difference { output, worst, .. }) => Err(pack.error(Problem::Disagrees {
            engine: report.engine,
            file: report.file.clone(),
            output,
            worst,
            tolerance: report.tolerance,
        })),
    }
}

/// The numbers of a golden file.
fn numbers(pack: &Pack, golden: &GoldenFile<'_>) -> Result<Vec<f32>, ModelError> {
    let file = golden.file;
    let bytes = file.read(&pack.dir).map_err(|problem| pack.error(problem))?;
    golden.check_length(bytes.len() as u64).map_err(|problem| pack.error(problem))?;
    let numbers: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    match numbers.iter().position(|v| !v.is_finite()) {
        None => Ok(numbers),
        Some(index) => {
            let place = file.path.display().to_string();
            Err(pack.error(Problem::NotFinite { place, found: numbers[index], index }))
        }
    }
}
