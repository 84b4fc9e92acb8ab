//! Whether the packs that are configured compute what they should, in the engines that will run them here.

use crate::clock::SystemClock;
use crate::commands::finding::Finding;
use crate::commands::setup::{self, Readers};
use crate::config::Config;
use crate::model::verify::{compare, refuse_disagreement};
use crate::model::{Pack, RegistryError};

/// What the finding is called.
const WHAT: &str = "golden";

/// Runs the golden vectors of every pack that is configured. An engine that refuses a pack or computes something else
/// makes way for the next, as at a start, where the configuration leaves the choice.
pub fn vectors(config: &Config) -> Finding {
    let packs = match configured(config) {
        Ok(packs) => packs,
        Err(error) => return Finding::wrong(WHAT, error.to_string(), "mend the packs first: `affectd model list`"),
    };
    let engines = setup::engines_present(config);
    let mut agree = Vec::new();
    for pack in &packs {
        let run = engines.open(pack, |variant| {
            let report = compare(pack, variant, &engines, &SystemClock)?;
            refuse_disagreement(pack, &report).map(|()| report)
        });
        match run {
            Ok(report) => agree.push(format!("{} in {}", pack.id(), report.engine)),
            Err(error) => {
                let remedy = format!("stay with the version before, and see `affectd model verify {}`", pack.name);
                return Finding::wrong(WHAT, error.to_string(), remedy);
            }
        }
    }
    Finding::good(WHAT, agree.join(", "))
}

/// The packs with a network of their own that the configuration puts to work.
fn configured(config: &Config) -> Result<Vec<Pack>, RegistryError> {
    let registry = setup::registry(config, None)?;
    let Readers { face, sequences } = Readers::find(&registry, config)?;
    let mut packs = vec![setup::pack(&registry, config, &config.models.detector)?, face];
    packs.extend(sequences.into_iter().flat_map(|sequences| sequences.members).map(|(member, _)| member));
    if config.audio.is_some() {
        packs.push(setup::pack(&registry, config, &config.models.voice)?);
    }
    Ok(packs)
}
