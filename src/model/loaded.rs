//! An opened model: fill the input, run, read the outputs.
//!
//! The buffers are made once. A run that gives a number which is not finite is an error, so nothing that
//! reads an output has to ask.

use std::path::PathBuf;

use super::engine::{Engine, EngineError, Signature};
use super::engines::Engines;
use super::error::{ModelError, Problem};
use super::ort::Origin;
use super::pack::{Pack, Variant};
use super::spec::OutputSpec;

/// One variant's ONNX file, read and checked: models are opened from it, of one size or of several.
pub struct ModelFile {
    /// The pack, as its errors call it.
    pack: String,
    /// The pack's name and version.
    id: String,
    variant: Variant,
    onnx: Vec<u8>,
    engines: Engines,
}

impl ModelFile {
    /// Reads one of the pack's variants, to be opened in one of `engines`.
    ///
    /// # Errors
    /// When its file is missing or another one.
    pub fn read(pack: &Pack, variant: &Variant, engines: &Engines) -> Result<Self, ModelError> {
        let onnx = variant.file.read(&pack.dir).map_err(|problem| pack.error(problem))?;
        Ok(Self { pack: pack.label(), id: pack.id(), variant: variant.clone(), onnx, engines: engines.clone() })
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &str {
        &self.variant.engine
    }

    /// Opens it for an input of that shape, to give these outputs.
    ///
    /// # Errors
    /// When its engine is not here, or refuses it.
    pub fn open(&self, input: &[usize], outputs: &[OutputSpec]) -> Result<Model, ModelError> {
        let Variant { engine, file, .. } = &self.variant;
        let signature = Signature { input, outputs };
        let origin = Origin { pack: &self.id, sha256: &file.sha256 };
        let engine = self.engines.load(engine, &self.onnx, &signature, origin).map_err(|error| {
            let (engine, file) = (engine.clone(), file.path.clone());
            ModelError::new(&*self.pack, Problem::Engine { engine, file, error })
        })?;
        Ok(Model {
            pack: self.pack.clone(),
            file: file.path.clone(),
            engine,
            input: vec![0.0; input.iter().product()],
            keys: outputs.iter().map(|o| o.key).collect(),
            outputs: outputs.iter().map(|o| vec![0.0; o.numbers()]).collect(),
        })
    }
}

/// A pack's model in an engine.
pub struct Model {
    /// The pack, as its errors call it.
    pack: String,
    file: PathBuf,
    engine: Box<dyn Engine>,
    input: Vec<f32>,
    keys: Vec<&'static str>,
    outputs: Vec<Vec<f32>>,
}

impl Model {
    /// Opens the pack in the engine that is preferred for it.
    ///
    /// # Errors
    /// When there is none, its file is missing or another one, or the engine refuses it.
    pub fn open(pack: &Pack, engines: &Engines) -> Result<Self, ModelError> {
        engines.open(pack, |variant| Self::open_variant(pack, variant, engines))
    }

    /// Opens one of the pack's variants.
    ///
    /// # Errors
    /// When its engine is not here, its file is missing or another one, or the engine refuses it.
    pub fn open_variant(pack: &Pack, variant: &Variant, engines: &Engines) -> Result<Self, ModelError> {
        ModelFile::read(pack, variant, engines)?.open(&pack.input.shape(), &pack.outputs)
    }

    /// The input to fill: 1×channels×height×width or 1×rows×columns, as [`Pack::input`] says or it was opened for.
    pub fn input_mut(&mut self) -> &mut [f32] {
        &mut self.input
    }

    /// Runs the model on the input.
    ///
    /// # Errors
    /// When the engine fails, or an output has a number that is not finite; the outputs are then not to be
    /// read.
    pub fn run(&mut self) -> Result<(), ModelError> {
        self.engine.run(&self.input, &mut self.outputs).map_err(|error| self.failed(error))?;
        for (key, output) in self.keys.iter().zip(&self.outputs) {
            // Without an early end the pass vectorises; only a bad output is searched.
            let all_finite = output.iter().fold(true, |finite, v| finite & v.is_finite());
            if !all_finite {
                let index = output.iter().position(|v| !v.is_finite()).unwrap_or_default();
                let place = format!("output {key}");
                return Err(self.error(Problem::NotFinite { place, found: output[index], index }));
            }
        }
        Ok(())
    }

    /// What the last run gave: output `i` of [`Pack::outputs`].
    ///
    /// # Panics
    /// When there is no such output.
    pub fn output(&self, i: usize) -> &[f32] {
        &self.outputs[i]
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &'static str {
        self.engine.name()
    }

    fn failed(&self, error: EngineError) -> ModelError {
        self.error(Problem::Engine { engine: self.engine.name().to_owned(), file: self.file.clone(), error })
    }

    fn error(&self, problem: Problem) -> ModelError {
        ModelError::new(&*self.pack, problem)
    }
}
