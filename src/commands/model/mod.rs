//! `affectd model list | show | verify`: which packs there are, what is in one, and whether the engines
//! give what the training framework gave.

mod list;
mod show;
mod text;
mod verify;

use std::fs;

use serde::Serialize;

use crate::model::pack::Variant;
use crate::model::{ModelError, Pack, Problem};

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
    /// Whether this program has the engine.
    runs_here: bool,
}

impl<'a> VariantRow<'a> {
    fn new(pack: &Pack, variant: &'a Variant) -> Self {
        Self {
            engine: &variant.engine,
            file: variant.file.path.display().to_string(),
            precision: &variant.precision,
            bytes: fs::metadata(pack.dir().join(&variant.file.path)).ok().map(|file| file.len()),
            runs_here: variant.runs_here(),
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
