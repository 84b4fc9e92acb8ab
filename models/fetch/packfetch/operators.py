"""TensorFlow Lite operators written as ONNX nodes.

Pictures are NHWC in TensorFlow Lite and NCHW here: a value of rank 4 is always kept
in NCHW, any other rank in the order it has. One function per operator; ``OPERATORS``
lists those the models of the catalogue use. What is not listed, or has an option
that is not handled, is refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import tflite

from .errors import UnsupportedError
from .onnx_graph import OnnxGraph
from .tflite_model import Model, Operator

# Where an NHWC axis lies in NCHW, and the permutation back.
_NCHW_AXIS = (0, 2, 3, 1)
_TO_NHWC = [0, 2, 3, 1]


@dataclass
class Translation:
    """A conversion under way: the source, the graph, and what has a value so far.

    ``names`` maps a tensor number to the name of its ONNX value, ``folded`` to a
    constant computed here (float16 weights made float32).
    """

    model: Model
    graph: OnnxGraph
    names: dict[int, str] = field(default_factory=dict)
    folded: dict[int, np.ndarray] = field(default_factory=dict)

    def constant(self, tensor: int) -> np.ndarray:
        """The constant value of ``tensor``; refuses one computed at run time."""
        value = self.folded.get(tensor)
        if value is None:
            value = self.model.constant(tensor)
        if value is None:
            raise UnsupportedError(f"tensor {tensor} must be constant")
        return value

    def value(self, tensor: int) -> str:
        """The ONNX name of a value computed at run time."""
        if tensor not in self.names:
            raise UnsupportedError(f"tensor {tensor} is used before it is computed")
        return self.names[tensor]


def dequantize(t: Translation, operator: Operator) -> None:
    """Float16 weights become float32 here: exact, and no engine has to do it."""
    value = t.constant(operator.inputs[0])
    if value.dtype != np.float16:
        raise UnsupportedError(f"DEQUANTIZE of {value.dtype}")
    t.folded[operator.outputs[0]] = value.astype(np.float32)


def conv_2d(t: Translation, operator: Operator) -> None:
    """Weights OHWI become OIHW."""
    options = operator.options(tflite.Conv2DOptions)
    weights = t.constant(operator.inputs[1]).transpose(0, 3, 1, 2)
    channels = t.model.shape(operator.inputs[0])[3]
    if weights.shape[1] != channels:
        raise UnsupportedError("grouped CONV_2D")
    _conv(t, operator, options, weights, group=1)


def depthwise_conv_2d(t: Translation, operator: Operator) -> None:
    """Weights 1HWC become C1HW, one group a channel."""
    options = operator.options(tflite.DepthwiseConv2DOptions)
    weights = t.constant(operator.inputs[1]).transpose(3, 0, 1, 2)
    channels = t.model.shape(operator.inputs[0])[3]
    if weights.shape[0] != channels:
        raise UnsupportedError("DEPTHWISE_CONV_2D with a depth multiplier")
    _conv(t, operator, options, weights, group=channels)


def _conv(
    t: Translation,
    operator: Operator,
    options: tflite.Conv2DOptions | tflite.DepthwiseConv2DOptions,
    weights: np.ndarray,
    group: int,
) -> None:
    source, _, bias = operator.inputs
    kernel = weights.shape[2:]
    strides = (options.StrideH(), options.StrideW())
    dilations = (options.DilationHFactor(), options.DilationWFactor())
    inputs = [
        t.value(source),
        t.graph.constant("weights", weights),
        t.graph.constant("bias", t.constant(bias)),
    ]
    result = t.graph.node(
        "Conv",
        inputs,
        kernel_shape=list(kernel),
        strides=list(strides),
        dilations=list(dilations),
        group=group,
        pads=_pads(t.model.shape(source), options.Padding(), kernel, strides, dilations),
    )
    _finish(t, operator, options.FusedActivationFunction(), result)


def add(t: Translation, operator: Operator) -> None:
    """Both sides are computed values of one shape: the residual sums of the networks."""
    left, right = operator.inputs
    if t.model.shape(left) != t.model.shape(right):
        raise UnsupportedError("ADD of different shapes")
    result = t.graph.node("Add", [t.value(left), t.value(right)])
    options = operator.options(tflite.AddOptions)
    _finish(t, operator, options.FusedActivationFunction(), result)


def relu(t: Translation, operator: Operator) -> None:
    """max(x, 0)."""
    t.names[operator.outputs[0]] = t.graph.node("Relu", [t.value(operator.inputs[0])])


def prelu(t: Translation, operator: Operator) -> None:
    """max(x, 0) − slope · max(−x, 0), one slope a channel: tract's own PRelu is slow."""
    source, slopes = operator.inputs
    slope = t.constant(slopes)
    if slope.ndim != 3 or slope.shape[:2] != (1, 1):
        raise UnsupportedError(f"PRELU with slopes of shape {slope.shape}")
    value = t.value(source)
    above = t.graph.node("Relu", [value])
    below = t.graph.node("Relu", [t.graph.node("Neg", [value])])
    slope = t.graph.constant("slope", slope.transpose(2, 0, 1))
    t.names[operator.outputs[0]] = t.graph.node("Sub", [above, t.graph.node("Mul", [below, slope])])


def pad(t: Translation, operator: Operator) -> None:
    """Zeros around a picture or added channels. tract wants the zero as a rank-0 constant."""
    widths = t.constant(operator.inputs[1]).astype(np.int64)
    if widths.shape != (4, 2):
        raise UnsupportedError(f"PAD of rank {widths.shape[0]}")
    before_then_after = widths[[0, 3, 1, 2]].T.reshape(-1)
    t.names[operator.outputs[0]] = t.graph.node(
        "Pad",
        [
            t.value(operator.inputs[0]),
            t.graph.constant("pads", before_then_after),
            t.graph.constant("zero", np.array(0, np.float32)),
        ],
        mode="constant",
    )


def max_pool_2d(t: Translation, operator: Operator) -> None:
    """Padding never wins a maximum in either format, so SAME carries over as pads."""
    options = operator.options(tflite.Pool2DOptions)
    source = operator.inputs[0]
    kernel = (options.FilterHeight(), options.FilterWidth())
    strides = (options.StrideH(), options.StrideW())
    result = t.graph.node(
        "MaxPool",
        [t.value(source)],
        kernel_shape=list(kernel),
        strides=list(strides),
        pads=_pads(t.model.shape(source), options.Padding(), kernel, strides, (1, 1)),
    )
    _finish(t, operator, options.FusedActivationFunction(), result)


def resize_bilinear(t: Translation, operator: Operator) -> None:
    """The three ways TensorFlow Lite places the corners have a name each in ONNX."""
    options = operator.options(tflite.ResizeBilinearOptions)
    if options.AlignCorners():
        mode = "align_corners"
    elif options.HalfPixelCenters():
        mode = "half_pixel"
    else:
        mode = "asymmetric"
    _, height, width, channels = t.model.shape(operator.outputs[0])
    before = t.model.shape(operator.inputs[0])
    if before[3] != channels or height % before[1] != 0 or width % before[2] != 0:
        raise UnsupportedError("RESIZE_BILINEAR by something else than a whole number")
    scales = np.array([1, 1, height // before[1], width // before[2]], np.float32)
    t.names[operator.outputs[0]] = t.graph.node(
        "Resize",
        [t.value(operator.inputs[0]), "", t.graph.constant("scales", scales)],
        mode="linear",
        coordinate_transformation_mode=mode,
    )


def reshape(t: Translation, operator: Operator) -> None:
    """A picture becomes one row of numbers an anchor, however many anchors there are.

    It is put back into NHWC first: the meaning of its elements' order.
    """
    shape = t.model.shape(operator.outputs[0])
    if len(shape) != 3:
        raise UnsupportedError(f"RESHAPE to {shape}")
    source = t.value(operator.inputs[0])
    if len(t.model.shape(operator.inputs[0])) == 4:
        source = t.graph.node("Transpose", [source], perm=_TO_NHWC)
    sizes = t.graph.constant("shape", np.array([shape[0], -1, shape[2]], np.int64))
    t.names[operator.outputs[0]] = t.graph.node("Reshape", [source, sizes])


def concatenation(t: Translation, operator: Operator) -> None:
    """The axis is translated for pictures and kept otherwise."""
    options = operator.options(tflite.ConcatenationOptions)
    rank = len(t.model.shape(operator.outputs[0]))
    axis = options.Axis() % rank
    result = t.graph.node(
        "Concat",
        [t.value(tensor) for tensor in operator.inputs],
        axis=_NCHW_AXIS[axis] if rank == 4 else axis,
    )
    _finish(t, operator, options.FusedActivationFunction(), result)


def _finish(t: Translation, operator: Operator, activation: int, result: str) -> None:
    """Apply the activation fused into an operator and record the operator's value."""
    if activation == tflite.ActivationFunctionType.RELU:
        result = t.graph.node("Relu", [result])
    elif activation != tflite.ActivationFunctionType.NONE:
        raise UnsupportedError(f"fused activation {activation} of {operator.name}")
    t.names[operator.outputs[0]] = result


def _pads(
    shape: Sequence[int],
    padding: int,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[int]:
    """ONNX pads (top, left, bottom, right) of an NHWC ``shape``.

    SAME gives the output ceil(size / stride); an odd pixel goes to the bottom and the
    right, which is where ONNX's own ``auto_pad`` values differ between exporters.
    """
    if padding == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    before, after = [], []
    for size, k, stride, dilation in zip(shape[1:3], kernel, strides, dilations, strict=True):
        reach = (-(-size // stride) - 1) * stride + (k - 1) * dilation + 1
        total = max(reach - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


OPERATORS: dict[str, Callable[[Translation, Operator], None]] = {
    "ADD": add,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "MAX_POOL_2D": max_pool_2d,
    "PAD": pad,
    "PRELU": prelu,
    "RELU": relu,
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
}
