//! A pack as meant: only values that work, in the types that the rest of the program speaks.
//!
//! [`Pack::describe`] reads the manifest alone; [`Pack::load`] also checks every file's SHA-256 and the
//! golden vectors' lengths. What only the ONNX file can tell, its shapes, is checked when a
//! [`Model`](super::Model) is opened.

use std::io::{self, ErrorKind};
use std::iter;
use std::path::{Path, PathBuf};

use super::digest::Sha256Sum;
use super::error::{ModelError, Problem};
use super::file::{open_bounded, read_bounded};
use super::manifest::{self, Manifest};
pub use super::manifest::{Data, Licence};
use super::spec::{DetectorSpec, EnsembleSpec, FrameSpec, Input, InputSpec, Kind, OutputSpec, SequenceSpec, VoiceSpec};
use super::trust::{Signed, Trust};

/// The most that is read of a file of a pack, in bytes: far beyond what a board could run.
const LARGEST: u64 = 256 << 20;

/// A model pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Its version: three numbers with dots between.
    pub version: String,
    /// What it is, in one sentence.
    pub summary: String,
    /// What it is for, with what only that kind has.
    pub kind: Kind,
    /// On what terms the weights may be used.
    pub licence: Licence,
    /// The input.
    pub input: Input,
    /// The outputs that are used, in the order of [`Model::output`](super::Model::output). Detector: boxes,
    /// scores. Frame, voice and sequence: expression, valence_arousal, action_units, embedding, compound, as far as
    /// there are.
    pub outputs: Vec<OutputSpec>,
    /// The ONNX files, in the order of preference; an ensemble has none.
    pub variants: Vec<Variant>,
    /// What the training framework gave; absent of an ensemble.
    pub golden: Option<Golden>,
    /// What it was trained on.
    pub data: Vec<Data>,
    /// What was measured of it.
    pub measured: Vec<Measured>,
    /// Whether it is signed, and by whom.
    pub signed: Signed,
    /// The SHA-256 of the manifest: with the sums in it, that of the whole pack.
    pub sum: Sha256Sum,
    /// The manifest as it was read and verified.
    pub(super) manifest: Manifest,
    /// The folder.
    pub(super) dir: PathBuf,
}

/// One ONNX file and the engine it is made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The engine's name; this program need not have it.
    pub engine: String,
    /// The ONNX file.
    pub file: PackFile,
    /// How the weights are stored, in words: "f32", "int8-weight-only".
    pub precision: String,
    /// The greatest absolute difference from the golden vectors that is tolerated, when it is not
    /// [`Golden::tolerance`]: a file that computes in integers rounds more than others. Finite, above 0.
    pub tolerance: Option<f32>,
}

/// Golden vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// How many samples, at least 1.
    pub samples: usize,
    /// The greatest absolute difference that is tolerated; finite, above 0.
    pub tolerance: f32,
    /// The inputs.
    pub input: PackFile,
    /// What the training framework gave, in the order of [`Pack::outputs`].
    pub outputs: Vec<PackFile>,
}

/// A golden file and what must be in it.
pub(super) struct GoldenFile<'a> {
    /// "input", or the output's key.
    pub key: &'static str,
    /// The file.
    pub file: &'a PackFile,
    /// How many samples.
    pub samples: usize,
    /// How many numbers a sample has.
    pub numbers: usize,
}

impl GoldenFile<'_> {
    /// Checks the length of the file, in bytes.
    pub fn check_length(&self, found: u64) -> Result<(), Problem> {
        let expected = [self.samples, self.numbers, size_of::<f32>()].iter().map(|&n| n as u64).product();
        if found == expected {
            return Ok(());
        }
        let Self { key, samples, numbers, .. } = self;
        let meaning = format!("{samples} samples of {numbers} numbers (labels, or size) of {key}, four bytes each");
        Err(Problem::Length { file: self.file.path.clone(), expected, found, meaning })
    }
}

/// A number that was measured, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What.
    pub what: String,
    /// The number, finite.
    pub value: f64,
    /// On which data.
    pub on: String,
    /// The command that measures it again.
    pub command: String,
    /// When.
    pub date: jiff::civil::Date,
}

/// A file of the pack. Its path has no way out of the folder, other than a link someone put there; and
/// whatever it leads to must have the sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    /// The path within the pack.
    pub path: PathBuf,
    /// What the file must hold.
    pub sha256: Sha256Sum,
}

impl PackFile {
    /// Checks the sum, reading piece by piece; gives the length in bytes.
    fn check(&self, dir: &Path) -> Result<u64, Problem> {
        let file = open_bounded(&dir.join(&self.path), LARGEST);
        let (found, length) = file.and_then(Sha256Sum::of_file).map_err(|e| self.unread(e))?;
        self.expect(found).map(|()| length)
    }

    /// Reads the whole file; what comes back has the sum.
    pub(super) fn read(&self, dir: &Path) -> Result<Vec<u8>, Problem> {
        let bytes = read_bounded(&dir.join(&self.path), LARGEST).map_err(|e| self.unread(e))?;
        self.expect(Sha256Sum::of(&bytes)).map(|()| bytes)
    }

    fn expect(&self, found: Sha256Sum) -> Result<(), Problem> {
        if found == self.sha256 {
            return Ok(());
        }
        Err(Problem::Hash { file: self.path.clone(), expected: self.sha256, found })
    }

    fn unread(&self, reason: io::Error) -> Problem {
        let file = self.path.clone();
        match reason.kind() {
            ErrorKind::NotFound => Problem::FileMissing { file },
            _ => Problem::Unreadable { file, reason },
        }
    }
}

impl Pack {
    /// Reads the manifest of a folder, verifies its signature and takes it to mean something; opens no other
    /// file.
    ///
    /// # Errors
    /// When the folder or its manifest is not there, `trust` refuses it, or the manifest is wrong.
    pub fn describe(dir: &Path, trust: &Trust) -> Result<Self, ModelError> {
        let described = || {
            let bytes = manifest::read(dir)?;
            let signed = trust.judge(&bytes, dir)?;
            super::parse::parse(Manifest::from_bytes(&bytes)?, signed, Sha256Sum::of(&bytes), dir)
        };
        described().map_err(|problem| ModelError::new(dir.display().to_string(), problem))
    }

    /// Reads a pack, signed by whomever, and checks all of its files.
    ///
    /// # Errors
    /// As [`Pack::describe`], and when a file is missing, has another SHA-256 or the wrong length.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let pack = Self::describe(dir, &Trust::default())?;
        pack.check_files()?;
        Ok(pack)
    }

    /// Checks the SHA-256 of every file, and that the golden vectors have the lengths that follow from
    /// the shapes.
    ///
    /// # Errors
    /// When a file is missing, has another SHA-256 or the wrong length.
    pub fn check_files(&self) -> Result<(), ModelError> {
        self.files_problem().map_err(|problem| self.error(problem))
    }

    fn files_problem(&self) -> Result<(), Problem> {
        let mut checked: Vec<&PackFile> = Vec::new();
        for Variant { file, .. } in &self.variants {
            // Engines may share a file.
            if !checked.contains(&file) {
                file.check(&self.dir)?;
                checked.push(file);
            }
        }
        self.golden_files().try_for_each(|golden| golden.check_length(golden.file.check(&self.dir)?))
    }

    /// The golden files: the input, then the outputs in the order of [`Pack::outputs`].
    pub(super) fn golden_files(&self) -> impl Iterator<Item = GoldenFile<'_>> {
        let outputs = self.outputs.iter().map(|output| (output.key, output.numbers()));
        let mut keys = iter::once(("input", self.input.numbers())).chain(outputs);
        self.golden.iter().flat_map(move |golden| {
            let files = iter::once(&golden.input).chain(&golden.outputs);
            let samples = golden.samples;
            let file = move |(file, (key, numbers))| GoldenFile { key, file, samples, numbers };
            files.zip(keys.by_ref().collect::<Vec<_>>()).map(file)
        })
    }

    /// Lets a pack pass whose licence allows commercial use.
    ///
    /// # Errors
    /// When it does not.
    pub fn refuse_unless_commercial(&self) -> Result<(), ModelError> {
        if self.licence.commercial_use {
            return Ok(());
        }
        Err(self.error(Problem::NotCommercial { licence: self.licence.weights.clone() }))
    }

    /// Name and version: "mtanet 0.1.0".
    pub fn id(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// The manifest, as typed.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How a detector's outputs are read.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn detector(&self) -> Result<DetectorSpec, ModelError> {
        match &self.kind {
            Kind::Detector(spec) => Ok(*spec),
            other => Err(self.is_no("detector", other)),
        }
    }

    /// How a frame model is fed and read.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn frame(&self) -> Result<&FrameSpec, ModelError> {
        match &self.kind {
            Kind::Frame(spec) => Ok(spec),
            other => Err(self.is_no("frame", other)),
        }
    }

    /// How a voice model is fed and read.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn voice(&self) -> Result<&VoiceSpec, ModelError> {
        match &self.kind {
            Kind::Voice(spec) => Ok(spec),
            other => Err(self.is_no("voice", other)),
        }
    }

    /// How a sequence model is fed and read.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn sequence(&self) -> Result<&SequenceSpec, ModelError> {
        match &self.kind {
            Kind::Sequence(spec) => Ok(spec),
            other => Err(self.is_no("sequence", other)),
        }
    }

    /// What an ensemble is made of.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn ensemble(&self) -> Result<&EnsembleSpec, ModelError> {
        match &self.kind {
            Kind::Ensemble(spec) => Ok(spec),
            other => Err(self.is_no("ensemble", other)),
        }
    }

    /// The picture that a detector or a frame model reads.
    ///
    /// # Errors
    /// When the pack reads none.
    pub fn picture(&self) -> Result<InputSpec, ModelError> {
        match &self.input {
            Input::Picture(picture) => Ok(*picture),
            Input::Rows(_) | Input::Nothing => Err(self.is_no("detector or frame", &self.kind)),
        }
    }

    fn is_no(&self, wanted: &'static str, found: &Kind) -> ModelError {
        self.error(Problem::Kind { found: found.name(), wanted })
    }

    /// What messages call it: its name, version and folder.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", self.id(), self.dir.display())
    }

    /// A problem of this pack.
    pub(super) fn error(&self, problem: Problem) -> ModelError {
        ModelError::new(self.label(), problem)
    }
}
