"""Writes small TensorFlow Lite models for the tests, so that they need no download.

``Writer`` collects tensors and operators and lays them out as the flatbuffer the
schema of TensorFlow Lite describes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import tflite

_TYPES = {
    np.dtype(np.float32): tflite.TensorType.FLOAT32,
    np.dtype(np.float16): tflite.TensorType.FLOAT16,
    np.dtype(np.int32): tflite.TensorType.INT32,
}

# Writes an options table and returns its offset.
Options = Callable[[flatbuffers.Builder], int]


@dataclass
class _Tensor:
    shape: Sequence[int]
    dtype: np.dtype
    data: bytes


@dataclass
class _Operator:
    code: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options_type: int
    options: Options | None


@dataclass
class Writer:
    """A TensorFlow Lite graph under construction; tensors are known by number."""

    tensors: list[_Tensor] = field(default_factory=list)
    operators: list[_Operator] = field(default_factory=list)

    def tensor(self, *shape: int) -> int:
        """Add a float32 tensor that is computed at run time."""
        return self._tensor(_Tensor(shape, np.dtype(np.float32), b""))

    def constant(self, value: np.ndarray) -> int:
        """Add a constant tensor."""
        return self._tensor(_Tensor(value.shape, value.dtype, value.tobytes()))

    def operator(
        self,
        code: int,
        inputs: Sequence[int],
        shape: Sequence[int],
        options_type: int = 0,
        options: Options | None = None,
    ) -> int:
        """Add an operator with one float32 output of ``shape``; returns that tensor."""
        output = self.tensor(*shape)
        self.operators.append(_Operator(code, inputs, [output], options_type, options))
        return output

    def float16_weights(self, value: np.ndarray) -> int:
        """Weights stored as float16 and dequantised, as the published models have them."""
        stored = self.constant(value.astype(np.float16))
        return self.operator(tflite.BuiltinOperator.DEQUANTIZE, [stored], value.shape)

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The bytes of a ``.tflite`` file."""
        b = flatbuffers.Builder()
        buffers = [_buffer(b, b"")] + [_buffer(b, tensor.data) for tensor in self.tensors]
        codes = sorted({operator.code for operator in self.operators})
        tensors = _offsets(b, [_tensor(b, i, t) for i, t in enumerate(self.tensors)])
        operators = _offsets(b, [_operator(b, codes, o) for o in self.operators])
        ins, outs = _ints(b, inputs), _ints(b, outputs)

        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, ins)
        tflite.SubGraphAddOutputs(b, outs)
        tflite.SubGraphAddOperators(b, operators)
        graphs = _offsets(b, [tflite.SubGraphEnd(b)])

        code_table = _offsets(b, [_code(b, code) for code in codes])
        buffer_table = _offsets(b, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, code_table)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, buffer_table)
        b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
        return bytes(b.Output())

    def _tensor(self, tensor: _Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def _ints(b: flatbuffers.Builder, values: Sequence[int]) -> int:
    return b.CreateNumpyVector(np.array(values, np.int32))


def _offsets(b: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def _buffer(b: flatbuffers.Builder, data: bytes) -> int:
    vector = b.CreateByteVector(data) if data else None
    tflite.BufferStart(b)
    if vector is not None:
        tflite.BufferAddData(b, vector)
    return tflite.BufferEnd(b)


def _tensor(b: flatbuffers.Builder, number: int, tensor: _Tensor) -> int:
    name, shape = b.CreateString(f"tensor {number}"), _ints(b, tensor.shape)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, shape)
    tflite.TensorAddType(b, _TYPES[tensor.dtype])
    # Buffer 0 is the empty one by convention; tensor n has buffer n + 1.
    tflite.TensorAddBuffer(b, number + 1 if tensor.data else 0)
    tflite.TensorAddName(b, name)
    return tflite.TensorEnd(b)


def _operator(b: flatbuffers.Builder, codes: Sequence[int], operator: _Operator) -> int:
    inputs, outputs = _ints(b, operator.inputs), _ints(b, operator.outputs)
    options = operator.options(b) if operator.options else None
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, codes.index(operator.code))
    tflite.OperatorAddInputs(b, inputs)
    tflite.OperatorAddOutputs(b, outputs)
    if options is not None:
        tflite.OperatorAddBuiltinOptionsType(b, operator.options_type)
        tflite.OperatorAddBuiltinOptions(b, options)
    return tflite.OperatorEnd(b)


def _code(b: flatbuffers.Builder, code: int) -> int:
    tflite.OperatorCodeStart(b)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, code)
    tflite.OperatorCodeAddBuiltinCode(b, code)
    tflite.OperatorCodeAddVersion(b, 1)
    return tflite.OperatorCodeEnd(b)
