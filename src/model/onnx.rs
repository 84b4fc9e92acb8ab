//! What an ONNX file declares, before an engine takes it on: its inputs and outputs, and the nodes that
//! tract is known to do wrong.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Side;
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto, type_proto};

use super::engine::{EngineError, INPUT, Signature};
use super::spec::OutputSpec;

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
    if is_float && same_rank && sides.iter().map(|side| &side.value).zip(&signature.input).all(fits) {
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
