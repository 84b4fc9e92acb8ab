//! What an engine is: something that was given an ONNX file and runs it.
//!
//! Engines take slices and fill slices, so that nothing of theirs reaches the rest of the program. The
//! shapes are settled when the file is loaded, and a run only moves numbers.

use thiserror::Error;

use super::error::list;
use super::spec::OutputSpec;

/// The name of the one input tensor.
pub const INPUT: &str = "input";

/// A model in an engine, ready to run.
pub trait Engine: Send {
    /// The engine's name, as in `pack.toml`.
    fn name(&self) -> &'static str;

    /// Runs the model on `input`, which has the length that was settled at loading. Each of `outputs` is
    /// filled with one output, in the order asked for at loading, and has its length already.
    ///
    /// # Errors
    /// When the engine fails. The model may be run again.
    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), EngineError>;
}

/// What a pack says of an ONNX file: the engine refuses a file of other shapes.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The shape of the tensor [`INPUT`].
    pub input: &'a [usize],
    /// The outputs that are used.
    pub outputs: &'a [OutputSpec],
}

/// Why an engine refused a file, or failed on it.
#[derive(Debug, Error)]
pub enum EngineError {
    /// There is no such engine here.
    #[error("{why}")]
    Absent {
        /// Why, and the remedy.
        why: String,
    },
    /// The inputs are other ones.
    #[error("its inputs are {}, and one named {INPUT:?} is needed; export it again", list(found))]
    Inputs {
        /// The names in the file.
        found: Vec<String>,
    },
    /// The input is not f32, or not of the manifest's shape.
    #[error(
        "its input is {found}, and pack.toml means {}; correct [input] or [window], or export it again",
        shape(expected)
    )]
    Input {
        /// What the file has.
        found: String,
        /// What the manifest means.
        expected: Vec<usize>,
    },
    /// There is no output of that name.
    #[error("it has no output {wanted:?}; its outputs are {}; correct [outputs] or export it again", list(found))]
    NoOutput {
        /// The name in the manifest.
        wanted: String,
        /// The names in the file.
        found: Vec<String>,
    },
    /// An output is not f32, or not of the shape that follows from the manifest.
    #[error(
        "its output {name:?} is {found}, and pack.toml means {}; correct the labels, sizes or kind in pack.toml, \
         or export it again",
        shape(expected)
    )]
    Output {
        /// The output.
        name: String,
        /// What the file has.
        found: String,
        /// What the manifest means.
        expected: Vec<usize>,
    },
    /// Some of its numbers are in another file.
    #[error(
        "its tensor {tensor:?} lies in another file, which is not read: a pack's ONNX file holds its own weights; \
         save it again as one file"
    )]
    External {
        /// The tensor.
        tensor: String,
    },
    /// The engine is known to be wrong on this file.
    #[error("node {node:?}: {reason}")]
    Unsound {
        /// The node.
        node: String,
        /// What is wrong, and the remedy.
        reason: &'static str,
    },
    /// The engine could not load the file.
    #[error(
        "it cannot be loaded: {reason}; the file is damaged or uses what this engine does not know: export it again"
    )]
    Load {
        /// What the engine said.
        reason: String,
    },
    /// The engine failed while running.
    #[error("it failed to run: {reason}; run `affectd model verify`")]
    Run {
        /// What the engine said.
        reason: String,
    },
}

/// "1×8".
fn shape(sides: &[usize]) -> String {
    sides.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}
