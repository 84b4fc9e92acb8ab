//! Writes ONNX files a few nodes long, with tract's own protobuf types.

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, type_proto,
};

/// The bytes of a file with that graph, opset 17.
pub fn file(graph: GraphProto) -> Vec<u8> {
    file_of(graph, ModelProto { ir_version: 8, ..Default::default() })
}

/// The bytes of a file with that graph, opset 17, and what else `model` says.
pub fn file_of(graph: GraphProto, model: ModelProto) -> Vec<u8> {
    let opset_import = vec![OperatorSetIdProto { version: 17, ..Default::default() }];
    ModelProto { opset_import, graph: Some(graph), ..model }.encode_to_vec()
}

/// An attribute that is a whole number.
pub fn whole(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Int as i32, i, ..Default::default() }
}

/// A graph of those nodes and weights, from f32 inputs to f32 outputs.
pub fn graph(
    inputs: &[(&str, &[i64])],
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
    outputs: &[&str],
) -> GraphProto {
    GraphProto {
        name: "tiny".to_owned(),
        input: inputs.iter().map(|(name, shape)| value(name, Some(shape))).collect(),
        output: outputs.iter().map(|name| value(name, None)).collect(),
        node: nodes,
        initializer: weights,
        ..Default::default()
    }
}

/// A node named after its first output.
pub fn node(op: &str, input: &[&str], output: &[&str]) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let name = output[0].to_owned();
    NodeProto { op_type: op.to_owned(), input: owned(input), output: owned(output), name, ..Default::default() }
}

/// A weight of f32.
pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    weight(name, dims, DataType::Float, values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

/// A weight of u8.
pub fn bytes(name: &str, dims: &[i64], values: &[u8]) -> TensorProto {
    weight(name, dims, DataType::Uint8, values.to_vec())
}

fn weight(name: &str, dims: &[i64], kind: DataType, raw_data: Vec<u8>) -> TensorProto {
    TensorProto { name: name.to_owned(), dims: dims.to_vec(), data_type: kind as i32, raw_data, ..Default::default() }
}

fn value(name: &str, shape: Option<&[i64]>) -> ValueInfoProto {
    let side = |&side: &i64| Dimension { value: Some(dimension::Value::DimValue(side)), ..Default::default() };
    let shape = shape.map(|sides| TensorShapeProto { dim: sides.iter().map(side).collect() });
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..Default::default() }
}
