//! `affectd model list | show | verify`: which packs there are, what is in one, and whether the engines
//! give what the training framework gave.

mod list;
mod show;
mod text;
mod verify;

use std::fs;

use serde::Serialize;

use crate::model::pack::Variant;
use crate::model::{Engines, ModelError, Pack, Problem};

pub use list::list;
pub use show::show;
pub use verify::{Verdict, verify};

/// One variant, as `list` and `show` tell of it.
#[derive(Debug, Serialize)]
struct VariantRow<'a> {
    engine: &'a str,
    file: String,
    precision: &'a str,
    /// `None` when the file is not there.
    bytes: Option<u64>,
    /// Whether the engine is here.
    runs_here: bool,
    /// Whether it is the variant that is used.
    used: bool,
}

impl<'a> VariantRow<'a> {
    fn new(pack: &Pack, variant: &'a Variant, engines: &Engines) -> Self {
        Self {
            engine: &variant.engine,
            file: variant.file.path.display().to_string(),
            precision: &variant.precision,
            bytes: fs::metadata(pack.dir().join(&variant.file.path)).ok().map(|file| file.len()),
            runs_here: engines.has(&variant.engine),
            used: engines.preferred(pack).is_ok_and(|preferred| preferred == variant),
        }
    }
}

/// How a pack's files are, in a word.
fn state(problem: Option<&ModelError>) -> &'static str {
    match problem.map(ModelError::problem) {
        None => "present",
        Some(Problem::FileMissing { .. }) => "missing",
        Some(_) => "damaged",
    }
}
