"""TensorFlow Lite bytes in, ONNX bytes out: one NCHW picture to named outputs."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import UnsupportedError
from .onnx_graph import OnnxGraph
from .operators import OPERATORS, Translation
from .tflite_model import Model

INPUT = "input"


def to_onnx(data: bytes, name: str, outputs: Sequence[str]) -> bytes:
    """Convert a float model with one picture as input.

    The ONNX model takes ``input``, f32 of 1×C×H×W, and gives ``outputs`` in the
    order of the TensorFlow Lite model's outputs, 1×anchors×numbers. Height and width
    are left open: nothing but convolutions looks at the picture, so it may have any
    size that is halved without a rest as often as the network does it.
    The same input gives the same bytes. Raises ``UnsupportedError``.
    """
    model = Model(data)
    if len(model.inputs) != 1 or len(model.shape(model.inputs[0])) != 4:
        raise UnsupportedError("the input must be one picture")
    if len(model.outputs) != len(outputs):
        raise UnsupportedError(f"{len(model.outputs)} outputs where {len(outputs)} are named")

    batch, _, _, channels = model.shape(model.inputs[0])
    translation = Translation(model, OnnxGraph(), names={model.inputs[0]: INPUT})
    for operator in model.operators():
        if operator.name not in OPERATORS:
            raise UnsupportedError(f"operator {operator.name}")
        OPERATORS[operator.name](translation, operator)

    shapes = {}
    for tensor, output in zip(model.outputs, outputs, strict=True):
        shape = model.shape(tensor)
        if len(shape) != 3:
            raise UnsupportedError(f"output {output} of shape {shape} is not one row an anchor")
        shapes[output] = (shape[0], "anchors", shape[2])
        translation.graph.node("Identity", [translation.value(tensor)], output)
    return translation.graph.finish(name, {INPUT: (batch, channels, "height", "width")}, shapes)
