//! What an ONNX file declares, before an engine takes it on: its inputs and outputs, whether all of it is
//! there, and the nodes that tract is known to do wrong.

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Side;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto, ValueInfoProto, type_proto,
};
use tract_onnx::prelude::Framework;

use super::engine::{EngineError, INPUT, Signature};
use super::spec::OutputSpec;

/// Reads the bytes of an ONNX file, as far as every engine needs it: there is a graph, it is said which
/// operators it means, and all of its numbers are in the file.
pub(super) fn parse(onnx: &[u8]) -> Result<ModelProto, EngineError> {
    let refused = |reason: String| EngineError::Load { reason };
    let proto = tract_onnx::onnx().proto_model_for_read(&mut &*onnx).map_err(|error| refused(format!("{error:#}")))?;
    // The last thing in a file, usually: without it an engine would guess what every node means.
    if proto.opset_import.is_empty() {
        return Err(refused("it names no operator set".to_owned()));
    }
    let functions = proto.functions.iter().flat_map(|function| &function.node);
    let outside = graph(&proto)?.find_outside().or_else(|| functions.into_iter().find_map(Parts::find_outside));
    match outside {
        None => Ok(proto),
        Some(tensor) => Err(EngineError::External { tensor: tensor.name.clone() }),
    }
}

/// The file's graph.
pub(super) fn graph(proto: &ModelProto) -> Result<&GraphProto, EngineError> {
    proto.graph.as_ref().ok_or_else(|| EngineError::Load { reason: "it holds no graph".to_owned() })
}

/// What may hold a tensor whose numbers are in another file. ONNX Runtime would look for that in the
/// working directory, and no sum of the pack would cover it.
trait Parts {
    fn find_outside(&self) -> Option<&TensorProto>;
}

impl Parts for GraphProto {
    fn find_outside(&self) -> Option<&TensorProto> {
        let weights = self.initializer.iter().find_map(Parts::find_outside);
        let sparse = || self.sparse_initializer.iter().find_map(Parts::find_outside);
        weights.or_else(sparse).or_else(|| self.node.iter().find_map(Parts::find_outside))
    }
}

impl Parts for NodeProto {
    fn find_outside(&self) -> Option<&TensorProto> {
        self.attribute.iter().find_map(Parts::find_outside)
    }
}

impl Parts for AttributeProto {
    fn find_outside(&self) -> Option<&TensorProto> {
        let tensor = self.t.iter().chain(&self.tensors).find_map(Parts::find_outside);
        let sparse = || self.sparse_tensor.iter().chain(&self.sparse_tensors).find_map(Parts::find_outside);
        tensor.or_else(sparse).or_else(|| self.g.iter().chain(&self.graphs).find_map(Parts::find_outside))
    }
}

impl Parts for SparseTensorProto {
    fn find_outside(&self) -> Option<&TensorProto> {
        self.values.iter().chain(&self.indices).find_map(Parts::find_outside)
    }
}

impl Parts for TensorProto {
    fn find_outside(&self) -> Option<&TensorProto> {
        let outside = self.data_location == Some(DataLocation::External as i32) || !self.external_data.is_empty();
        outside.then_some(self)
    }
}

/// The sides of the input that the file leaves open under a name, with the lengths that they are to have.
pub(super) fn open_sides<'a>(graph: &'a GraphProto, signature: &Signature<'_>) -> Vec<(&'a str, usize)> {
    let input = graph.input.iter().find(|input| input.name == INPUT);
    let sides = input.and_then(|input| match input.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => Some(&tensor.shape.as_ref()?.dim),
    });
    let named = |side: &'a Option<Side>| match side {
        Some(Side::DimParam(name)) if !name.is_empty() => Some(name.as_str()),
        _ => None,
    };
    let sides = sides.into_iter().flatten().zip(signature.input);
    sides.filter_map(|(side, &length)| Some((named(&side.value)?, length))).collect()
}

/// Whether numbers are quantised while the model runs, other than weights that were quantised before.
pub(super) fn quantises_as_it_runs(graph: &GraphProto) -> bool {
    graph.node.iter().any(|node| node.op_type == "QuantizeLinear")
}

/// Checks that the file has one input, named [`INPUT`], f32, of the signature's shape. A side that the
/// file leaves open (a batch, say) fits any.
pub(super) fn check_input(graph: &GraphProto, signature: &Signature<'_>) -> Result<(), EngineError> {
    // Old exporters list the weights among the inputs.
    let is_weight = |input: &&ValueInfoProto| graph.initializer.iter().any(|weight| weight.name == input.name);
    let inputs: Vec<&ValueInfoProto> = graph.input.iter().filter(|input| !is_weight(input)).collect();
    let [input] = inputs[..] else { return Err(EngineError::Inputs { found: names(inputs) }) };
    if input.name != INPUT {
        return Err(EngineError::Inputs { found: names(inputs) });
    }
    let mismatch = |found| EngineError::Input { found, expected: signature.input.to_vec() };
    let Some(type_proto::Value::TensorType(tensor)) = input.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return Err(mismatch("of no type".to_owned()));
    };
    let sides = tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim);
    let fits = |(found, wanted): (&Option<Side>, &usize)| match found {
        Some(Side::DimValue(side)) => usize::try_from(*side) == Ok(*wanted),
        Some(Side::DimParam(_)) | None => true,
    };
    let same_rank = sides.len() == signature.input.len();
    let is_float = tensor.elem_type == DataType::Float as i32;
    if is_float && same_rank && sides.iter().map(|side| &side.value).zip(signature.input).all(fits) {
        return Ok(());
    }
    let side = |side: &Option<Side>| match side {
        Some(Side::DimValue(side)) => side.to_string(),
        Some(Side::DimParam(name)) => name.clone(),
        None => "?".to_owned(),
    };
    let shape: Vec<String> = sides.iter().map(|s| side(&s.value)).collect();
    let kind = DataType::try_from(tensor.elem_type).map_or("of an unknown type", |t| t.as_str_name());
    Err(mismatch(format!("{} {kind}", shape.join("×"))))
}

/// Where each output of the signature stands among the file's outputs.
pub(super) fn output_places(graph: &GraphProto, signature: &Signature<'_>) -> Result<Vec<usize>, EngineError> {
    let place = |wanted: &OutputSpec| {
        graph
            .output
            .iter()
            .position(|output| output.name == wanted.tensor)
            .ok_or_else(|| EngineError::NoOutput { wanted: wanted.tensor.clone(), found: names(&graph.output) })
    };
    signature.outputs.iter().map(place).collect()
}

/// Refuses a softmax whose path runs from a DequantizeLinear to a QuantizeLinear through nodes of one input
/// only. tract 0.23.9 takes such a path for element-wise and makes a table of it, one byte in and one byte
/// out: each number becomes the softmax of itself alone, without a word.
pub(super) fn refuse_quantised_softmax(graph: &GraphProto) -> Result<(), EngineError> {
    let is_softmax = |node: &&NodeProto| matches!(node.op_type.as_str(), "Softmax" | "LogSoftmax");
    let quantised = |node: &&NodeProto| {
        let before = |node: &NodeProto| node.input.first().and_then(|value| maker(graph, value));
        let after = |node: &NodeProto| node.output.first().and_then(|value| reader(graph, value));
        reaches(graph, node, "DequantizeLinear", before) && reaches(graph, node, "QuantizeLinear", after)
    };
    match graph.node.iter().filter(is_softmax).find(quantised) {
        None => Ok(()),
        Some(node) => Err(EngineError::Unsound {
            node: node.name.clone(),
            reason: "tract is silently wrong on a softmax that is quantised on both sides; leave it in float \
                     when quantising, or use another engine",
        }),
    }
}

/// Whether `step` leads from a node to an `op`, over nodes of one input.
fn reaches<'a>(
    graph: &GraphProto,
    from: &'a NodeProto,
    op: &str,
    step: impl Fn(&'a NodeProto) -> Option<&'a NodeProto>,
) -> bool {
    // No path is longer than the graph, and a damaged file may go in circles.
    let mut path = std::iter::successors(step(from), |node| step(node)).take(graph.node.len());
    path.find(|node| node.op_type == op || node.input.len() != 1).is_some_and(|node| node.op_type == op)
}

/// The node that makes a value.
fn maker<'a>(graph: &'a GraphProto, value: &str) -> Option<&'a NodeProto> {
    graph.node.iter().find(|node| node.output.iter().any(|output| output == value))
}

/// The first node that reads a value.
fn reader<'a>(graph: &'a GraphProto, value: &str) -> Option<&'a NodeProto> {
    graph.node.iter().find(|node| node.input.iter().any(|input| input == value))
}

fn names<'a>(values: impl IntoIterator<Item = &'a ValueInfoProto>) -> Vec<String> {
    values.into_iter().map(|value| value.name.clone()).collect()
}
