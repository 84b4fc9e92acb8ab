//! The configured packs: does every engine that is here compute what it should, and how fast?

use super::{Case, Finding};
use crate::commands::model::{Outcome, Word, outcomes};
use crate::commands::setup;
use crate::config::PackName;

const REMEDY: &str = "install the pack anew (`apt-get install --reinstall affectd`, or `make models` in a checkout); if \
                      it stays so, set models.engine to the other engine";

/// Runs the golden vectors of every configured pack, and times a run.
pub(super) fn look(case: &Case) -> Vec<Finding> {
    let config = &case.config;
    let registry = match setup::registry(config, None) {
        Ok(registry) => registry,
        // The look at the models says why.
        Err(_) => return vec![Finding::skipped("pack", "no packs are found")],
    };
    let models = &config.models;
    let voice = config.audio.is_some().then_some(&models.voice);
    let names = [Some(&models.detector), Some(&models.face), models.sequence.as_ref(), voice];
    let names: Vec<_> = names.into_iter().flatten().map(PackName::as_str).map(str::to_owned).collect();
    let outcomes = outcomes(&registry, &names, &setup::engines_present(config));
    let (absent, ran): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| outcome.verdict == Word::NotRun);
    ran.into_iter().map(told).chain(not_run(&absent)).collect()
}

/// The files for engines that are not here, all in one: the look at the engine says why they are not.
fn not_run(outcomes: &[&Outcome]) -> Option<Finding> {
    let mut names: Vec<_> = outcomes
        .iter()
        .map(|Outcome { pack, engine, .. }| format!("{pack} in {}", engine.as_deref().unwrap_or("no engine")))
        .collect();
    names.dedup();
    (!names.is_empty())
        .then(|| Finding::skipped("pack", format!("not run, for the engine is not here: {}", names.join(", "))))
}

fn told(outcome: &Outcome) -> Finding {
    let Outcome { pack, engine, precision, reason, median_ms, .. } = outcome;
    let how = [engine, precision].into_iter().flatten().map(|word| format!(", {word}")).collect::<String>();
    let because = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match outcome.verdict {
        Word::Agrees => {
            let speed = median_ms.map(|ms| format!(", {ms:.1} ms a run (median)")).unwrap_or_default();
            Finding::good("pack", format!("{pack}{how}: computes what it should{speed}"))
        }
        Word::NotRun | Word::Refused => Finding::wrong("pack", format!("{pack}{how} is refused{because}"), REMEDY),
    }
}
