//! Which engines are here, and which of them runs a pack.
//!
//! tract is part of the program. ONNX Runtime is here when its library is, and is faster; so by default it
//! is taken where a pack has a file for it, and nothing fails that would not fail without it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tracing::{info, warn};

use super::engine::{Engine, EngineError, Signature};
use super::error::{ModelError, Problem};
use super::ort::{self, Origin, Ort, Provider, Runtime, RuntimeError};
use super::pack::{Pack, Variant};
use super::tract::{self, Tract};

/// Which engine is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineChoice {
    /// ONNX Runtime where it is installed, tract elsewhere.
    Auto,
    /// tract alone.
    Tract,
    /// ONNX Runtime alone.
    Ort,
}

/// What is asked of the engines.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// Which engine.
    pub choice: EngineChoice,
    /// ONNX Runtime's library; looked for in the usual places when absent.
    pub library: Option<PathBuf>,
    /// What ONNX Runtime computes on, in the order of preference.
    pub providers: Vec<Provider>,
    /// How many threads ONNX Runtime uses for a model.
    pub threads: NonZeroUsize,
    /// The folder for what providers compile.
    pub cache: PathBuf,
}

/// The engine that is asked for is not here.
#[derive(Debug, Error)]
#[error("models.engine is \"ort\", and {0}")]
pub struct EngineMissing(#[from] pub RuntimeError);

/// ONNX Runtime, as far as this process knows of it.
#[derive(Debug, Clone)]
enum OnnxRuntime {
    Here(Ort),
    Absent(RuntimeError),
    NotAsked,
}

/// The engines that are here.
#[derive(Debug, Clone)]
pub struct Engines {
    choice: EngineChoice,
    onnx_runtime: OnnxRuntime,
}

impl Engines {
    /// The engines for a start, as asked for: says in the log which and why. `executable` is this program's
    /// own path.
    ///
    /// # Errors
    /// When ONNX Runtime is asked for by name and is not here.
    pub fn start(settings: &EngineSettings, executable: Option<&Path>) -> Result<Self, EngineMissing> {
        let engines = match settings.choice {
            EngineChoice::Tract => Self::embedded(),
            EngineChoice::Auto | EngineChoice::Ort => Self::present(settings, executable),
        };
        match &engines.onnx_runtime {
            OnnxRuntime::Here(ort) => ort::announce(ort),
            OnnxRuntime::NotAsked => {}
            OnnxRuntime::Absent(why) if settings.choice == EngineChoice::Ort => return Err(why.clone().into()),
            OnnxRuntime::Absent(why @ RuntimeError::NotFound { .. }) => info!(%why, "tract runs the models."),
            OnnxRuntime::Absent(why) => warn!(%why, "tract runs the models."),
        }
        Ok(engines)
    }

    /// Whatever engines are here, in the order that is asked for, without a word in the log.
    pub fn present(settings: &EngineSettings, executable: Option<&Path>) -> Self {
        let onnx_runtime = match Runtime::find(settings.library.as_deref(), executable) {
            Ok(runtime) => {
                let EngineSettings { threads, providers, cache, .. } = settings;
                OnnxRuntime::Here(Ort::new(runtime, *threads, providers, cache.clone()))
            }
            Err(why) => OnnxRuntime::Absent(why),
        };
        Self { choice: settings.choice, onnx_runtime }
    }

    /// tract alone.
    pub fn embedded() -> Self {
        Self { choice: EngineChoice::Tract, onnx_runtime: OnnxRuntime::NotAsked }
    }

    /// ONNX Runtime, when it is here.
    pub fn onnx_runtime(&self) -> Option<&Ort> {
        match &self.onnx_runtime {
            OnnxRuntime::Here(ort) => Some(ort),
            OnnxRuntime::Absent(_) | OnnxRuntime::NotAsked => None,
        }
    }

    /// Why ONNX Runtime, which was looked for, is not here.
    pub fn missing(&self) -> Option<&RuntimeError> {
        match &self.onnx_runtime {
            OnnxRuntime::Absent(why) => Some(why),
            OnnxRuntime::Here(_) | OnnxRuntime::NotAsked => None,
        }
    }

    /// Whether the engine of that name is here.
    pub fn has(&self, engine: &str) -> bool {
        self.why_absent(engine).is_none()
    }

    /// Why the engine of that name is not here; `None` when it is.
    pub fn why_absent(&self, engine: &str) -> Option<String> {
        match (engine, &self.onnx_runtime) {
            (tract::NAME, _) | (ort::NAME, OnnxRuntime::Here(_)) => None,
            (ort::NAME, OnnxRuntime::Absent(why)) => Some(why.to_string()),
            (ort::NAME, OnnxRuntime::NotAsked) => Some("models.engine is \"tract\"".to_owned()),
            _ => Some("this affectd has no such engine".to_owned()),
        }
    }

    /// The engines that may run a pack, the preferred one first.
    pub fn in_use(&self) -> &'static [&'static str] {
        match (self.choice, self.has(ort::NAME)) {
            (EngineChoice::Auto, true) => &[ort::NAME, tract::NAME],
            (EngineChoice::Auto, false) | (EngineChoice::Tract, _) => &[tract::NAME],
            (EngineChoice::Ort, true) => &[ort::NAME],
            (EngineChoice::Ort, false) => &[],
        }
    }

    /// The variant that is used of a pack: the first for the preferred engine that it has one for.
    ///
    /// # Errors
    /// When it has none for an engine in use.
    pub fn preferred<'a>(&self, pack: &'a Pack) -> Result<&'a Variant, ModelError> {
        self.suitable(pack).next().ok_or_else(|| {
            let offered: Vec<_> = pack.variants.iter().map(|variant| variant.engine.clone()).collect();
            let why = offered.iter().find(|engine| *engine == ort::NAME).and_then(|engine| self.why_absent(engine));
            pack.error(Problem::NoEngine { offered, in_use: self.in_use(), why })
        })
    }

    /// Opens a pack with the preferred engine. When any engine will do, one that refuses the file makes way
    /// for the next.
    ///
    /// # Errors
    /// When there is no engine for it, or `open` fails with the last.
    pub fn open<T, E>(&self, pack: &Pack, open: impl Fn(&Variant) -> Result<T, E>) -> Result<T, E>
    where
        E: From<ModelError> + std::fmt::Display,
    {
        let preferred = self.preferred(pack)?;
        if self.choice == EngineChoice::Auto && preferred.engine != self.in_use()[0] {
            info!(pack = pack.id(), engine = preferred.engine, "The pack has no file for a faster engine.");
        }
        let refusal = match open(preferred) {
            Err(refusal) if self.choice == EngineChoice::Auto => refusal,
            done => return done,
        };
        let Some(next) = self.suitable(pack).find(|variant| variant.engine != preferred.engine) else {
            return Err(refusal);
        };
        warn!(%refusal, engine = next.engine, "The model is run by another engine.");
        open(next)
    }

    /// Loads the bytes of an ONNX file into the engine of that name.
    ///
    /// # Errors
    /// When that engine is not here, or it refuses the file.
    pub fn load(
        &self,
        engine: &str,
        onnx: &[u8],
        signature: &Signature<'_>,
        origin: Origin<'_>,
    ) -> Result<Box<dyn Engine>, EngineError> {
        match (engine, &self.onnx_runtime) {
            (tract::NAME, _) => Ok(Box::new(Tract::load(onnx, signature)?)),
            (ort::NAME, OnnxRuntime::Here(ort)) => Ok(Box::new(ort.load(onnx, signature, origin)?)),
            _ => Err(EngineError::Absent { why: self.why_absent(engine).unwrap_or_default() }),
        }
    }

    /// The variants for engines in use, the preferred one first.
    fn suitable<'a>(&self, pack: &'a Pack) -> impl Iterator<Item = &'a Variant> + use<'a> {
        let of = |engine: &'static str| pack.variants.iter().filter(move |variant| variant.engine == engine);
        self.in_use().iter().flat_map(move |engine| of(engine))
    }
}
