//! What can be wrong with a pack, a model or a run of it. Every message names the pack, the file or key,
//! what was found and what to do.

use std::fmt::Write;
use std::path::PathBuf;

use thiserror::Error;

use super::digest::Sha256Sum;
use super::engine::EngineError;
use super::trust::{Distrust, KeyId};

/// A problem and the pack that has it.
#[derive(Debug, Error)]
#[error("{}", printable(pack, problem))]
pub struct ModelError {
    pack: String,
    problem: Box<Problem>,
}

impl ModelError {
    /// A problem of the pack of that name (or folder, when it has no name yet).
    pub(super) fn new(pack: impl Into<String>, problem: Problem) -> Self {
        Self { pack: pack.into(), problem: Box::new(problem) }
    }

    /// Which pack.
    pub fn pack(&self) -> &str {
        &self.pack
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// What is wrong.
#[derive(Debug, Error)]
pub enum Problem {
    /// The folder is not there.
    #[error("there is no such folder; check the path, or run `make models` in the source tree")]
    NoFolder,
    /// The folder has no `pack.toml`.
    #[error("the folder has no pack.toml, so it is not a model pack")]
    NoManifest,
    /// A file is there and cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file, within the pack.
        file: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// `pack.toml` is not TOML, or a key is unknown, missing or of another type.
    #[error("pack.toml{}: {message}; the keys are listed in docs/model-packs.md", place(*line, text))]
    Syntax {
        /// The line, from 1, when the parser knows.
        line: Option<usize>,
        /// That line's text.
        text: String,
        /// What the parser said.
        message: String,
    },
    /// The manifest has a schema that this program does not know.
    #[error("pack.toml has schema = {found}, and this affectd reads schema {known}; use a matching affectd or pack")]
    Schema {
        /// What the manifest says.
        found: i64,
        /// What this program reads.
        known: u32,
    },
    /// The signature, or the lack of one, is not accepted.
    #[error("{why}; {}{}", why.remedy(), known(trusted))]
    Distrusted {
        /// What is wrong with it.
        why: Distrust,
        /// The keys that are trusted.
        trusted: Vec<KeyId>,
    },
    /// A key that this pack needs is absent.
    #[error("pack.toml has no {key}, which a pack with kind = {kind:?} needs")]
    Absent {
        /// The key.
        key: String,
        /// The pack's kind.
        kind: &'static str,
    },
    /// A value does not mean anything that works.
    #[error("pack.toml has {key} = {found}; {wanted}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        found: String,
        /// What it must be.
        wanted: String,
    },
    /// A file that the manifest names is not there.
    #[error(
        "{} is missing; run `make models` in the source tree: third-party detectors are fetched and \
         converted by it, never shipped", file.display()
    )]
    FileMissing {
        /// The file, within the pack.
        file: PathBuf,
    },
    /// A file is not the one that the manifest means.
    #[error(
        "{} has SHA-256 {found}, and pack.toml expects {expected}; fetch or retrain it with `make models`, \
         and never edit the sum by hand", file.display()
    )]
    Hash {
        /// The file, within the pack.
        file: PathBuf,
        /// What the manifest says.
        expected: Sha256Sum,
        /// What the file has.
        found: Sha256Sum,
    },
    /// A golden file has the wrong number of samples.
    #[error("{} has {found} bytes, and {expected} are needed: {meaning}; export the pack again", file.display())]
    Length {
        /// The file, within the pack.
        file: PathBuf,
        /// Bytes needed.
        expected: u64,
        /// Bytes found.
        found: u64,
        /// How the number needed comes about.
        meaning: String,
    },
    /// No variant is made for an engine that is here and may be used.
    #[error(
        "no variant suits: it has variants for {}, and this affectd runs {}{}",
        list(offered),
        list(in_use),
        because(why)
    )]
    NoEngine {
        /// The engines of the pack's variants.
        offered: Vec<String>,
        /// The engines that may be used.
        in_use: &'static [&'static str],
        /// Why one of the former is not among the latter, when more is known than that it is unknown.
        why: Option<String>,
    },
    /// The licence forbids commercial use, and the configuration says that it is commercial.
    #[error(
        "its licence {licence} forbids commercial use, and models.commercial is true; choose another pack, or set \
         it to false if that is what you do"
    )]
    NotCommercial {
        /// The licence of the weights.
        licence: String,
    },
    /// The pack is of another kind than was asked for.
    #[error("is of kind {found:?}, and a pack of kind {wanted:?} is needed here")]
    Kind {
        /// The pack's kind.
        found: &'static str,
        /// The kind needed.
        wanted: &'static str,
    },
    /// A pack that this one builds on is not there, or another one is.
    #[error("it needs {needs}, and {found}; {remedy}")]
    Related {
        /// What it builds on.
        needs: String,
        /// What is there instead.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The engine refused the file, or failed on it.
    #[error("{} in {engine}: {error}", file.display())]
    Engine {
        /// The engine.
        engine: String,
        /// The ONNX file, within the pack.
        file: PathBuf,
        /// What it said.
        error: EngineError,
    },
    /// A number is not finite.
    #[error("{place} has a value that is not finite ({found}) at position {index}; it is not used")]
    NotFinite {
        /// The output or file.
        place: String,
        /// The value.
        found: f32,
        /// Where, counted from 0.
        index: usize,
    },
    /// An engine gives other numbers than the training framework gave.
    #[error(
        "{} in {engine} is refused: output {output} differs from its golden vector by {worst:e}, and {tolerance:e} \
         is tolerated; export the model another way or use another engine", file.display()
    )]
    Disagrees {
        /// The engine.
        engine: &'static str,
        /// The ONNX file, within the pack.
        file: PathBuf,
        /// The output that differs most beyond the tolerance.
        output: &'static str,
        /// The greatest absolute difference.
        worst: f32,
        /// The greatest that is tolerated.
        tolerance: f32,
    },
}

impl Problem {
    /// Whether it may pass by itself because files of the pack are still being copied.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoFolder
            | Self::NoManifest
            | Self::Unreadable { .. }
            | Self::Syntax { .. }
            | Self::Absent { .. }
            | Self::Distrusted { .. }
            | Self::FileMissing { .. }
            | Self::Hash { .. }
            | Self::Length { .. }
            | Self::Related { .. } => true,
            Self::Schema { .. }
            | Self::Value { .. }
            | Self::NoEngine { .. }
            | Self::NotCommercial { .. }
            | Self::Kind { .. }
            | Self::Engine { .. }
            | Self::NotFinite { .. }
            | Self::Disagrees { .. } => false,
        }
    }
}

/// " (trusted: 1234, 5678)", when there are keys.
fn known(trusted: &[KeyId]) -> String {
    let ids: Vec<_> = trusted.iter().map(KeyId::to_string).collect();
    if ids.is_empty() { String::new() } else { format!(" (trusted: {})", ids.join(", ")) }
}

/// What a pack says of itself may hold anything: nothing of it may steer a terminal or a log.
fn printable(pack: &str, problem: &Problem) -> String {
    let message = format!("model pack {pack}: {problem}");
    message.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// ", line 3 (`text`)", as far as known.
fn place(line: Option<usize>, text: &str) -> String {
    line.map_or_else(String::new, |line| format!(", line {line} (`{}`)", text.trim()))
}

/// "; REASON", when there is one.
fn because(why: &Option<String>) -> String {
    why.as_ref().map_or_else(String::new, |why| format!("; {why}"))
}

/// "a, b and c"; "none" when empty.
pub(super) fn list<S: AsRef<str>>(items: &[S]) -> String {
    let Some((last, others)) = items.split_last() else { return "none".to_owned() };
    let mut text = String::new();
    for (i, item) in others.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{}", if i == 0 { "" } else { ", " }, item.as_ref());
    }
    if others.is_empty() { last.as_ref().to_owned() } else { format!("{text} and {}", last.as_ref()) }
}
