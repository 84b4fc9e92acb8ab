//! `affectd model verify [NAME…]`.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::SignatureRow;
use super::text::{json, table};
use crate::clock::SystemClock;
use crate::model::pack::Variant;
use crate::model::verify::{Difference, Report, compare, refuse_disagreement};
use crate::model::{Engines, ModelError, Pack, Registry};

/// How a verification ended; the exit status follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every pack may be used.
    Accepted,
    /// At least one pack was refused.
    Refused,
}

/// What came of one variant, or of a pack that did not get as far.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Outcome {
    pub pack: String,
    pub engine: Option<String>,
    file: Option<String>,
    pub precision: Option<String>,
    pub verdict: Word,
    /// Absent when the pack was refused before it was known.
    signature: Option<SignatureRow>,
    /// Why it was refused or not run.
    pub reason: Option<String>,
    tolerance: Option<f32>,
    outputs: Vec<Output>,
    load_ms: Option<f64>,
    run_ms: Option<f64>,
    /// Of the run in the middle of all; `run_ms` is of the fastest.
    pub median_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::commands) enum Word {
    Agrees,
    Refused,
    NotRun,
}

/// How far one output is from its golden vector.
#[derive(Debug, Serialize)]
struct Output {
    name: &'static str,
    worst: f32,
    sample: usize,
}

/// Compares the engines with the golden vectors of the packs of those names, or of every pack when none is
/// named. Each variant whose engine is here is run.
///
/// # Errors
/// When the folder cannot be read or `out` cannot be written. What is wrong with a pack is an outcome.
pub fn verify(
    registry: &Registry,
    names: &[String],
    engines: &Engines,
    as_json: bool,
    out: &mut impl Write,
) -> Result<Verdict> {
    let names = if names.is_empty() { registry.names()? } else { names.to_vec() };
    let outcomes = outcomes(registry, &names, engines);
    if as_json {
        json(out, &outcomes)?;
    } else {
        outcomes.iter().try_for_each(|outcome| outcome.write(out))?;
    }
    let refused = outcomes.iter().any(|outcome| outcome.verdict == Word::Refused);
    Ok(if refused { Verdict::Refused } else { Verdict::Accepted })
}

/// What comes of the packs of those names, and of the members of those that are ensembles.
pub(in crate::commands) fn outcomes(registry: &Registry, names: &[String], engines: &Engines) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for name in names {
        match registry.pack(name) {
            Ok(pack) if pack.ensemble().is_ok() => verify_ensemble(registry, &pack, engines, &mut outcomes),
            // As a member of an ensemble it may have been before.
            Ok(pack) if outcomes.iter().any(|outcome| outcome.pack == pack.id()) => {}
            Ok(pack) => outcomes.extend(verify_pack(&pack, engines)),
            Err(error) => outcomes.push(Outcome::refused(name.clone(), &error)),
        }
    }
    outcomes
}

/// An ensemble is as good as its members, which are verified with it, unless they were before.
fn verify_ensemble(registry: &Registry, pack: &Pack, engines: &Engines, outcomes: &mut Vec<Outcome>) {
    let members = match registry.members(pack) {
        Ok(members) => members,
        Err(error) => return outcomes.push(Outcome::refused(pack.id(), &error)),
    };
    let mut refused = Vec::new();
    for (member, _) in members {
        if !outcomes.iter().any(|outcome| outcome.pack == member.id()) {
            outcomes.extend(verify_pack(&member, engines));
        }
        if outcomes.iter().any(|outcome| outcome.pack == member.id() && outcome.verdict == Word::Refused) {
            refused.push(member.id());
        }
    }
    let outcome = match refused.is_empty() {
        true => Outcome::new(pack.id(), Word::Agrees),
        false => Outcome::refused(pack.id(), &format!("its members {} are refused", refused.join(" and "))),
    };
    outcomes.push(Outcome { signature: Some(SignatureRow::new(pack.signed)), ..outcome });
}

fn verify_pack(pack: &Pack, engines: &Engines) -> Vec<Outcome> {
    let signature = || Some(SignatureRow::new(pack.signed));
    if !pack.variants.iter().any(|variant| engines.has(&variant.engine))
        && let Err(error) = engines.preferred(pack)
    {
        return vec![Outcome { signature: signature(), ..Outcome::refused(pack.id(), &error) }];
    }
    let outcome = |variant: &Variant| {
        let bare = Outcome {
            engine: Some(variant.engine.clone()),
            file: Some(variant.file.path.display().to_string()),
            precision: Some(variant.precision.clone()),
            signature: signature(),
            ..Outcome::new(pack.id(), Word::NotRun)
        };
        if let Some(why) = engines.why_absent(&variant.engine) {
            return Outcome { reason: Some(why), ..bare };
        }
        match compare(pack, variant, engines, &SystemClock) {
            Ok(report) => bare.with(&report, refuse_disagreement(pack, &report).err()),
            Err(error) => Outcome { verdict: Word::Refused, reason: Some(error.to_string()), ..bare },
        }
    };
    pack.variants.iter().map(outcome).collect()
}

impl Outcome {
    fn new(pack: String, verdict: Word) -> Self {
        let (engine, file, precision, reason) = (None, None, None, None);
        let (tolerance, outputs, load_ms, run_ms, median_ms) = (None, Vec::new(), None, None, None);
        let signature = None;
        Self {
            pack,
            engine,
            file,
            precision,
            verdict,
            signature,
            reason,
            tolerance,
            outputs,
            load_ms,
            run_ms,
            median_ms,
        }
    }

    fn refused(pack: String, error: &impl ToString) -> Self {
        Self { reason: Some(error.to_string()), ..Self::new(pack, Word::Refused) }
    }

    fn with(self, report: &Report, refusal: Option<ModelError>) -> Self {
        let ms = |time: Duration| Some(time.as_secs_f64() * 1e3);
        let output = |o: &Difference| Output { name: o.output, worst: o.worst, sample: o.sample };
        Self {
            verdict: if refusal.is_some() { Word::Refused } else { Word::Agrees },
            reason: refusal.map(|error| error.to_string()),
            tolerance: Some(report.tolerance),
            outputs: report.outputs.iter().map(output).collect(),
            load_ms: ms(report.load),
            run_ms: ms(report.run),
            median_ms: ms(report.median),
            ..self
        }
    }

    fn write(&self, out: &mut impl Write) -> Result<()> {
        let word = match self.verdict {
            Word::Agrees => "agrees",
            Word::Refused => "REFUSED",
            Word::NotRun => "not run",
        };
        let about = [&self.engine, &self.precision, &self.file];
        let about = about.into_iter().flatten().map(|text| format!(", {text}")).collect::<String>();
        writeln!(out, "{}{about}: {word}", self.pack)?;
        if let Some(signature) = &self.signature {
            writeln!(out, "  signature: {signature}")?;
        }
        if let Some(reason) = &self.reason {
            writeln!(out, "  {reason}")?;
        }
        if let (Some(tolerance), Some(load), Some(run)) = (self.tolerance, self.load_ms, self.run_ms) {
            let mut lines = vec![["OUTPUT", "WORST DIFFERENCE", "TOLERATED", "SAMPLE"].map(str::to_owned)];
            lines.extend(self.outputs.iter().map(|o| {
                [o.name.to_owned(), format!("{:.1e}", o.worst), format!("{tolerance:.1e}"), o.sample.to_string()]
            }));
            table(out, "  ", &lines)?;
            writeln!(out, "  loaded in {load:.0} ms, fastest run {run:.2} ms")?;
        }
        Ok(())
    }
}
