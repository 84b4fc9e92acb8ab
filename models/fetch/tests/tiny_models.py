"""Models of a few operators each, with sides that differ so that no axis can be mistaken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite
from tiny_tflite import Options, Writer

RELU = tflite.ActivationFunctionType.RELU
NONE = tflite.ActivationFunctionType.NONE
SAME = tflite.Padding.SAME
VALID = tflite.Padding.VALID
_OP = tflite.BuiltinOperator
_KIND = tflite.BuiltinOptions


def random(seed: int, *shape: int) -> np.ndarray:
    """Float32 in [-1, 1), the same for the same seed, exact in float16."""
    return (np.random.default_rng(seed).integers(-64, 64, shape) / 64).astype(np.float32)


def conv(
    w: Writer,
    source: int,
    weights: np.ndarray,
    shape: Sequence[int],
    *,
    stride: int = 1,
    dilation: int = 1,
    padding: int = SAME,
    activation: int = NONE,
) -> int:
    """CONV_2D with weights O×H×W×I and a random bias."""

    def options(b: object) -> int:
        tflite.Conv2DOptionsStart(b)
        tflite.Conv2DOptionsAddPadding(b, padding)
        tflite.Conv2DOptionsAddStrideH(b, stride)
        tflite.Conv2DOptionsAddStrideW(b, stride)
        tflite.Conv2DOptionsAddDilationHFactor(b, dilation)
        tflite.Conv2DOptionsAddDilationWFactor(b, dilation)
        tflite.Conv2DOptionsAddFusedActivationFunction(b, activation)
        return tflite.Conv2DOptionsEnd(b)

    inputs = [
        source,
        w.float16_weights(weights),
        w.float16_weights(random(1, weights.shape[0])),
    ]
    return w.operator(_OP.CONV_2D, inputs, shape, _KIND.Conv2DOptions, options)


def depthwise(
    w: Writer, source: int, weights: np.ndarray, shape: Sequence[int], *, stride: int = 1
) -> int:
    """DEPTHWISE_CONV_2D with weights 1×H×W×C, SAME padding and a random bias."""

    def options(b: object) -> int:
        tflite.DepthwiseConv2DOptionsStart(b)
        tflite.DepthwiseConv2DOptionsAddPadding(b, SAME)
        tflite.DepthwiseConv2DOptionsAddStrideH(b, stride)
        tflite.DepthwiseConv2DOptionsAddStrideW(b, stride)
        tflite.DepthwiseConv2DOptionsAddDepthMultiplier(b, 1)
        return tflite.DepthwiseConv2DOptionsEnd(b)

    inputs = [
        source,
        w.float16_weights(weights),
        w.float16_weights(random(2, weights.shape[3])),
    ]
    return w.operator(_OP.DEPTHWISE_CONV_2D, inputs, shape, _KIND.DepthwiseConv2DOptions, options)


def max_pool(w: Writer, source: int, shape: Sequence[int], *, padding: int = SAME) -> int:
    """MAX_POOL_2D of 2×2 with stride 2."""

    def options(b: object) -> int:
        tflite.Pool2DOptionsStart(b)
        tflite.Pool2DOptionsAddPadding(b, padding)
        tflite.Pool2DOptionsAddStrideH(b, 2)
        tflite.Pool2DOptionsAddStrideW(b, 2)
        tflite.Pool2DOptionsAddFilterHeight(b, 2)
        tflite.Pool2DOptionsAddFilterWidth(b, 2)
        return tflite.Pool2DOptionsEnd(b)

    return w.operator(_OP.MAX_POOL_2D, [source], shape, _KIND.Pool2DOptions, options)


def resize(
    w: Writer,
    source: int,
    shape: Sequence[int],
    *,
    half_pixel: bool = False,
    align_corners: bool = False,
) -> int:
    """RESIZE_BILINEAR to the height and width of ``shape``."""

    def options(b: object) -> int:
        tflite.ResizeBilinearOptionsStart(b)
        tflite.ResizeBilinearOptionsAddHalfPixelCenters(b, half_pixel)
        tflite.ResizeBilinearOptionsAddAlignCorners(b, align_corners)
        return tflite.ResizeBilinearOptionsEnd(b)

    size = w.constant(np.array(shape[1:3], np.int32))
    return w.operator(
        _OP.RESIZE_BILINEAR, [source, size], shape, _KIND.ResizeBilinearOptions, options
    )


def add(w: Writer, left: int, right: int, shape: Sequence[int], *, activation: int = NONE) -> int:
    """ADD of two tensors of one shape."""

    def options(b: object) -> int:
        tflite.AddOptionsStart(b)
        tflite.AddOptionsAddFusedActivationFunction(b, activation)
        return tflite.AddOptionsEnd(b)

    return w.operator(_OP.ADD, [left, right], shape, _KIND.AddOptions, options)


def concatenate(w: Writer, sources: Sequence[int], axis: int, shape: Sequence[int]) -> int:
    """CONCATENATION along ``axis``."""

    def options(b: object) -> int:
        tflite.ConcatenationOptionsStart(b)
        tflite.ConcatenationOptionsAddAxis(b, axis)
        return tflite.ConcatenationOptionsEnd(b)

    return w.operator(_OP.CONCATENATION, sources, shape, _KIND.ConcatenationOptions, options)


def pad(w: Writer, source: int, widths: Sequence[Sequence[int]], shape: Sequence[int]) -> int:
    """PAD with zeros, (before, after) for each NHWC axis."""
    return w.operator(
        _OP.PAD,
        [source, w.constant(np.array(widths, np.int32))],
        shape,
        _KIND.PadOptions,
        _empty(tflite.PadOptionsStart, tflite.PadOptionsEnd),
    )


def flatten(w: Writer, source: int, rows: int, columns: int) -> int:
    """RESHAPE of a picture to 1×rows×columns: what every output of the tests ends with."""
    shape = (1, rows, columns)
    return w.operator(
        _OP.RESHAPE,
        [source, w.constant(np.array(shape, np.int32))],
        shape,
        _KIND.ReshapeOptions,
        _empty(tflite.ReshapeOptionsStart, tflite.ReshapeOptionsEnd),
    )


def prelu(w: Writer, source: int, shape: Sequence[int]) -> int:
    """PRELU with a slope of its own for each channel, some below zero."""
    slopes = w.float16_weights(random(6, 1, 1, shape[3]))
    return w.operator(_OP.PRELU, [source, slopes], shape)


def relu(w: Writer, source: int, shape: Sequence[int]) -> int:
    """RELU as an operator of its own."""
    return w.operator(_OP.RELU, [source], shape)


def _empty(start: object, end: object) -> Options:
    def options(b: object) -> int:
        start(b)
        return end(b)

    return options
