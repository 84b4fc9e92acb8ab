//! The embedded engine: tract, in Rust throughout, on one thread.
//!
//! A file is given as bytes, never as a path: what was hashed is what is parsed, and an ONNX file cannot
//! pull in external data from elsewhere. All shapes are made static before tract optimises, so that a run
//! decides nothing.

use std::fmt::Display;

use allocation_counter::opt_out;
use tract_onnx::prelude::{
    Arc, Datum, Framework, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable, IntoTValue, TValue, TVec,
    Tensor, TractError, TractResult, TypedModel, TypedRunnableModel, TypedSimpleState, tvec,
};

use super::engine::{Engine, EngineError, Signature};
use super::guard::guarded;
use super::onnx::{check_input, graph, output_places, parse, refuse_quantised_softmax};
use super::spec::OutputSpec;

/// The name in `pack.toml`.
pub const NAME: &str = "tract";

/// A model in tract.
pub struct Tract {
    plan: Arc<TypedRunnableModel>,
    state: TypedSimpleState,
    /// Whether the plan keeps something from run to run: tract begins a recurrent node where it ended the last time, as
    /// for a stream, and ours are given whole windows.
    remembers: bool,
    /// Shared with the plan while it runs, and ours alone in between, so that it can be filled in place.
    input: Arc<Tensor>,
}

impl Tract {
    /// Loads the bytes of an ONNX file.
    ///
    /// # Errors
    /// When the file is damaged, has other inputs or outputs than the signature, or holds something that
    /// tract does not know or is known to do wrong.
    pub fn load(onnx: &[u8], signature: &Signature<'_>) -> Result<Self, EngineError> {
        guarded(|| load(onnx, signature)).unwrap_or_else(|panicked| Err(not_loaded(panicked)))
    }

    fn run_plan(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> TractResult<()> {
        match Arc::get_mut(&mut self.input) {
            Some(tensor) => tensor.try_as_plain_ram_mut()?.as_slice_mut()?.copy_from_slice(input),
            None => self.input = Arc::new(Tensor::from_shape(self.input.shape(), input)?),
        }
        let mut ran = None;
        // What tract allocates is not ours: counts of allocations leave it out.
        opt_out(|| ran = Some(self.run_afresh()));
        let values = ran.transpose()?.unwrap_or_default();
        for (output, value) in outputs.iter_mut().zip(&values) {
            output.copy_from_slice(value.try_as_plain_ram()?.as_slice()?);
        }
        Ok(())
    }

    fn run_afresh(&mut self) -> TractResult<TVec<TValue>> {
        if self.remembers {
            self.state = self.plan.spawn()?;
        }
        self.state.run(tvec!(Arc::clone(&self.input).into_tvalue()))
    }
}

impl Engine for Tract {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), EngineError> {
        let done = guarded(|| self.run_plan(input, outputs).map_err(one_line));
        done.unwrap_or_else(Err).map_err(|reason| {
            // What a failed run left behind must not meet the next one.
            if let Ok(fresh) = self.plan.spawn() {
                self.state = fresh;
            }
            EngineError::Run { reason }
        })
    }
}

fn load(onnx: &[u8], signature: &Signature<'_>) -> Result<Tract, EngineError> {
    let proto = parse(onnx)?;
    let graph = graph(&proto)?;
    check_input(graph, signature)?;
    let places = output_places(graph, signature)?;
    refuse_quantised_softmax(graph)?;
    let model = tract_onnx::onnx().model_for_proto_model(&proto).map_err(failed)?;
    let model = optimised(model, &places, signature).map_err(failed)?;
    check_outputs(&model, signature)?;
    ready(model, signature).map_err(failed)
}

fn ready(model: TypedModel, signature: &Signature<'_>) -> TractResult<Tract> {
    let plan = model.into_runnable()?;
    let input = Arc::new(Tensor::zero::<f32>(signature.input)?);
    let state = plan.spawn()?;
    let remembers = state.op_states.iter().any(Option::is_some);
    Ok(Tract { state, plan, remembers, input })
}

/// Makes every shape static, keeps only the outputs that are used, and lets tract optimise the rest.
fn optimised(mut model: InferenceModel, places: &[usize], signature: &Signature<'_>) -> TractResult<TypedModel> {
    model.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), signature.input))?;
    let outlets = model.output_outlets()?.to_vec();
    let used: Vec<_> = places.iter().filter_map(|&place| outlets.get(place).copied()).collect();
    model.select_output_outlets(&used)?;
    model.into_optimized()
}

fn check_outputs(model: &TypedModel, signature: &Signature<'_>) -> Result<(), EngineError> {
    for (i, OutputSpec { tensor, shape, .. }) in signature.outputs.iter().enumerate() {
        let fact = model.output_fact(i).map_err(failed)?;
        if fact.datum_type != f32::datum_type() || fact.shape.as_concrete() != Some(shape) {
            let (name, expected) = (tensor.clone(), shape.clone());
            return Err(EngineError::Output { name, found: format!("{fact:?}"), expected });
        }
    }
    Ok(())
}

fn failed(error: TractError) -> EngineError {
    not_loaded(one_line(error))
}

fn not_loaded(reason: impl Display) -> EngineError {
    EngineError::Load { reason: reason.to_string() }
}

/// The whole chain of what tract said, outermost first.
fn one_line(error: TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}
