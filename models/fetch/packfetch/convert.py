"""TensorFlow Lite bytes in, ONNX bytes out: one NCHW picture to named outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .errors import UnsupportedError
from .onnx_graph import OnnxGraph
from .operators import OPERATORS, Translation
from .tflite_model import Model

INPUT = "input"

# Goes on from a network's own outputs, 1×numbers each, by their names in the order the
# network gives them. Returns the shape of each output of the whole by its name.
Head = Callable[[OnnxGraph, Sequence[str]], dict[str, tuple[int, ...]]]


def to_onnx(data: bytes, name: str, outputs: Sequence[str]) -> bytes:
    """Convert a float model with one picture as input.

    The ONNX model takes ``input``, f32 of 1×C×H×W, and gives ``outputs`` in the
    order of the TensorFlow Lite model's outputs, 1×anchors×numbers. Height and width
    are left open: nothing but convolutions looks at the picture, so it may have any
    size that is halved without a rest as often as the network does it.
    The same input gives the same bytes. Raises ``UnsupportedError``.
    """
    model, translation = _translated(data)
    if len(model.outputs) != len(outputs):
        raise UnsupportedError(f"{len(model.outputs)} outputs where {len(outputs)} are named")
    shapes = {}
    for tensor, output in zip(model.outputs, outputs, strict=True):
        shape = model.shape(tensor)
        if len(shape) != 3:
            raise UnsupportedError(f"output {output} of shape {shape} is not one row an anchor")
        shapes[output] = (shape[0], "anchors", shape[2])
        translation.graph.node("Identity", [translation.value(tensor)], output)
    batch, _, _, channels = model.shape(model.inputs[0])
    return translation.graph.finish(name, {INPUT: (batch, channels, "height", "width")}, shapes)


def to_onnx_with(data: bytes, name: str, head: Head) -> bytes:
    """Convert a float model with one picture as input and put ``head`` behind it.

    Every output of the TensorFlow Lite model is a picture of one pixel, and reaches the
    head as 1×channels. The size of the input is the model's own.
    The same input gives the same bytes. Raises ``UnsupportedError``.
    """
    model, translation = _translated(data)
    values = []
    for tensor in model.outputs:
        shape = model.shape(tensor)
        if len(shape) != 4 or shape[:3] != (1, 1, 1):
            raise UnsupportedError(f"an output of shape {shape} is not one pixel")
        sizes = translation.graph.constant("shape", np.array([1, shape[3]], np.int64))
        values.append(translation.graph.node("Reshape", [translation.value(tensor), sizes]))
    shapes = head(translation.graph, values)
    batch, height, width, channels = model.shape(model.inputs[0])
    return translation.graph.finish(name, {INPUT: (batch, channels, height, width)}, shapes)


def _translated(data: bytes) -> tuple[Model, Translation]:
    """The model, and its operators as nodes of a graph that is still to be finished."""
    model = Model(data)
    if len(model.inputs) != 1 or len(model.shape(model.inputs[0])) != 4:
        raise UnsupportedError("the input must be one picture")
    translation = Translation(model, OnnxGraph(), names={model.inputs[0]: INPUT})
    for operator in model.operators():
        if operator.name not in OPERATORS:
            raise UnsupportedError(f"operator {operator.name}")
        OPERATORS[operator.name](translation, operator)
    return model, translation
