//! The other engine: ONNX Runtime, where its library is installed.
//!
//! Nothing of it is linked: the library is looked for when affectd starts, so one program serves boards
//! with it and without, and whichever processors it was built for. A file is given as bytes, as to tract.
//! Its buffers are made once and shared with the library; a run copies numbers in and out.
//!
//! | file | what it is for |
//! |---|---|
//! | `library` | where the library is, and whether a file can be it |
//! | `runtime` | the library, loaded, once for the process |
//! | `providers` | what it computes on |
//! | `cache` | where providers keep what they compile |

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use allocation_counter::opt_out;
use ort::ep::CPU;
use ort::memory::Allocator;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::{Tensor, TensorElementType};
use tracing::{info, warn};

use super::digest::Sha256Sum;
use super::engine::{Engine, EngineError, Signature};
use super::guard::guarded;
use super::onnx::{check_input, graph, open_sides, output_places, parse, quantises_as_it_runs};
use super::spec::OutputSpec;

pub mod cache;
mod library;
mod providers;
mod runtime;

pub use providers::Provider;
pub use runtime::{Runtime, RuntimeError};

/// The name in `pack.toml`.
pub const NAME: &str = "ort";

/// How models are run in ONNX Runtime.
#[derive(Debug, Clone)]
pub struct Ort {
    runtime: Runtime,
    threads: NonZeroUsize,
    /// Those beside the processor that the library has, in the order of preference.
    providers: Vec<Provider>,
    /// Those that were asked for and that it does not have.
    lacking: Vec<Provider>,
    cache: PathBuf,
    /// Those that did not work; what was said of them is not said again.
    failed: Arc<Mutex<Vec<Provider>>>,
}

/// Which ONNX file is loaded, for the folder of what is compiled of it.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The pack's name and version.
    pub pack: &'a str,
    /// The file's sum.
    pub sha256: &'a Sha256Sum,
}

impl Ort {
    /// Runs models in `runtime`, each on so many threads, on the first of `providers` that works; what those
    /// compile is kept below `cache`.
    pub fn new(runtime: Runtime, threads: NonZeroUsize, providers: &[Provider], cache: PathBuf) -> Self {
        let built_in = |provider: &Provider| guarded(|| provider.is_built_in()).unwrap_or(false);
        // The processor can do everything: nothing is ever left to what stands after it.
        let wanted = providers.iter().take_while(|&&provider| provider != Provider::Cpu);
        let (providers, lacking) = wanted.partition(|provider| built_in(provider));
        Self { runtime, threads, providers, lacking, cache, failed: Arc::default() }
    }

    /// ONNX Runtime.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The providers that were asked for and that the library was built without.
    pub fn lacking(&self) -> &[Provider] {
        &self.lacking
    }

    /// Loads the bytes of an ONNX file.
    ///
    /// # Errors
    /// When the file is damaged, has other inputs or outputs than the signature, or holds something that
    /// this ONNX Runtime does not know.
    pub fn load(&self, onnx: &[u8], signature: &Signature<'_>, origin: Origin<'_>) -> Result<Network, EngineError> {
        guarded(|| self.open(onnx, signature, origin)).unwrap_or_else(|panicked| Err(not_loaded(panicked)))
    }

    fn open(&self, onnx: &[u8], signature: &Signature<'_>, origin: Origin<'_>) -> Result<Network, EngineError> {
        let proto = parse(onnx)?;
        let graph = graph(&proto)?;
        check_input(graph, signature)?;
        output_places(graph, signature)?;
        let prepared = || -> ort::Result<SessionBuilder> {
            let mut builder = self.plain(quantises_as_it_runs(graph))?;
            for (name, length) in open_sides(graph, signature) {
                builder = builder.with_dimension_override(name, length as i64)?;
            }
            Ok(builder)
        };
        let (builder, on) = self.with_providers(prepared().map_err(not_loaded)?, origin);
        let network = self.commit(builder, onnx, signature);
        let Err(error) = network else { return network };
        if on.is_empty() {
            return Err(error);
        }
        warn!(pack = origin.pack, on = names(&on), %error, "The model does not open there; the processor runs it.");
        self.commit(prepared().map_err(not_loaded)?, onnx, signature)
    }

    /// A session's settings, without providers.
    fn plain(&self, quantises_as_it_runs: bool) -> ort::Result<SessionBuilder> {
        Ok(Session::builder(&self.runtime.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_parallel_execution(false)?
            .with_inter_threads(1)?
            .with_intra_threads(self.threads.get())?
            // Threads that wait for the next frame must not burn the processor.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            // Where only weights are quantised this would undo their folding at every run.
            .with_quant_qdq(quantises_as_it_runs)?
            // An arena keeps what one run needed for the next; without it a run was no slower, and memory less.
            .with_execution_providers([CPU::default().with_arena_allocator(false).build()])?)
    }

    /// The same settings with every provider that can be registered, and which those are.
    fn with_providers(&self, mut builder: SessionBuilder, origin: Origin<'_>) -> (SessionBuilder, Vec<Provider>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut on = Vec::new();
        for &provider in &self.providers {
            if failed.contains(&provider) {
                continue;
            }
            let below = cache::folder(&cache::board(), origin.pack, origin.sha256, self.runtime.build());
            let Some(dispatch) = provider.dispatch(self.threads, Some(&self.cache.join(below))) else { continue };
            builder = match builder.with_execution_providers([dispatch]) {
                Ok(builder) => {
                    on.push(provider);
                    builder
                }
                Err(error) => {
                    let provider_name = provider.name();
                    warn!(provider = provider_name, %error, "The provider does not work here; the next one is taken.");
                    failed.push(provider);
                    error.recover()
                }
            };
        }
        (builder, on)
    }

    fn commit(
        &self,
        mut builder: SessionBuilder,
        onnx: &[u8],
        signature: &Signature<'_>,
    ) -> Result<Network, EngineError> {
        let session = builder.commit_from_memory(onnx).map_err(not_loaded)?;
        signature.outputs.iter().try_for_each(|output| check_output(&session, output))?;
        let mut network = Network::new(session, signature).map_err(not_loaded)?;
        // The first run settles what the session left open, and shows whether the outputs have their shapes.
        network.run_session().map_err(not_loaded)?;
        Ok(network)
    }
}

/// What affects all models, said once when affectd starts.
pub(super) fn announce(ort: &Ort) {
    info!(library = %ort.runtime.library().display(), version = ort.runtime.version(), "ONNX Runtime is used.");
    for provider in &ort.lacking {
        warn!(
            provider = provider.name(), library = %ort.runtime.library().display(),
            "This ONNX Runtime was built without the provider; the next one is taken. Install one that has it, or \
             take it out of models.providers."
        );
    }
}

/// A model in ONNX Runtime.
pub struct Network {
    session: Session,
    input: Tensor<f32>,
    /// Names the outputs and holds a tensor for each, which every run fills again.
    options: RunOptions<HasSelectedOutputs>,
}

impl Network {
    fn new(session: Session, signature: &Signature<'_>) -> ort::Result<Self> {
        let memory = Allocator::default();
        let mut input = Tensor::<f32>::new(&memory, signature.input.to_vec())?;
        input.extract_tensor_mut().1.fill(0.0);
        let mut outputs = OutputSelector::no_default();
        for OutputSpec { tensor, shape, .. } in signature.outputs {
            let held = Tensor::<f32>::new(&memory, shape.as_slice())?;
            outputs = outputs.with(tensor).preallocate(tensor, held);
        }
        Ok(Self { session, input, options: RunOptions::new()?.with_outputs(outputs) })
    }

    fn run_session(&mut self) -> ort::Result<ort::session::SessionOutputs<'_>> {
        self.session.run_with_options(ort::inputs![&self.input], &self.options)
    }

    fn move_numbers(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), String> {
        self.input.extract_tensor_mut().1.copy_from_slice(input);
        let given = self.run_session().map_err(one_line)?;
        for (output, (_, value)) in outputs.iter_mut().zip(given.iter()) {
            let (_, numbers) = value.try_extract_tensor::<f32>().map_err(one_line)?;
            output.copy_from_slice(numbers);
        }
        Ok(())
    }
}

impl Engine for Network {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), EngineError> {
        let mut done = Ok(Ok(()));
        // What ONNX Runtime and its binding allocate is not ours: counts of allocations leave it out.
        opt_out(|| done = guarded(|| self.move_numbers(input, outputs)));
        done.unwrap_or_else(Err).map_err(|reason| EngineError::Run { reason })
    }
}

/// Checks what the session says of an output; a side that it leaves open fits any, until the first run.
fn check_output(session: &Session, OutputSpec { tensor, shape, .. }: &OutputSpec) -> Result<(), EngineError> {
    let found = session.outputs().iter().find(|output| output.name() == tensor).map(|output| output.dtype());
    let fits = found.is_some_and(|found| {
        let sides = found.tensor_shape().map_or(&[][..], |sides| sides);
        let fit = |(&side, &wanted): (&i64, &usize)| side < 0 || usize::try_from(side) == Ok(wanted);
        let is_float = found.tensor_type() == Some(TensorElementType::Float32);
        is_float && sides.len() == shape.len() && sides.iter().zip(shape).all(fit)
    });
    if fits {
        return Ok(());
    }
    let found = found.map_or_else(|| "not there".to_owned(), ToString::to_string);
    Err(EngineError::Output { name: tensor.clone(), found, expected: shape.clone() })
}

fn not_loaded(reason: impl Display) -> EngineError {
    EngineError::Load { reason: one_line(reason) }
}

fn one_line(error: impl Display) -> String {
    error.to_string().replace('\n', " ")
}

fn names(providers: &[Provider]) -> String {
    let names: Vec<_> = providers.iter().map(|provider| provider.name()).collect();
    super::error::list(&names)
}
