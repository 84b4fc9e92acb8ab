"""A typed, read-only view of a TensorFlow Lite model with one graph.

The ``tflite`` package is a generated reader: it hands out offsets, enum numbers and
byte strings. This module turns them into names, NumPy arrays and shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from .errors import UnsupportedError

_OPERATOR_NAMES = {
    number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)
}
_DTYPES = {
    tflite.TensorType.FLOAT32: np.dtype("<f4"),
    tflite.TensorType.FLOAT16: np.dtype("<f2"),
    tflite.TensorType.INT32: np.dtype("<i4"),
}


@dataclass(frozen=True)
class Operator:
    """One operator: its name, tensor numbers, and undecoded options."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    _table: Any

    def options(self, kind: type) -> Any:
        """The operator's options read as ``kind``, a class of the ``tflite`` package."""
        table = self._table.BuiltinOptions()
        options = kind()
        if table is None:
            raise UnsupportedError(f"{self.name} without options")
        options.Init(table.Bytes, table.Pos)
        return options


class Model:
    """The only graph of a TensorFlow Lite file."""

    def __init__(self, data: bytes) -> None:
        if not tflite.Model.ModelBufferHasIdentifier(data, 0):
            raise UnsupportedError("the file is not a TensorFlow Lite model")
        self._model = tflite.Model.GetRootAs(data, 0)
        if self._model.SubgraphsLength() != 1:
            raise UnsupportedError(f"{self._model.SubgraphsLength()} graphs instead of one")
        self._graph = self._model.Subgraphs(0)
        self.inputs = tuple(int(i) for i in self._graph.InputsAsNumpy())
        self.outputs = tuple(int(i) for i in self._graph.OutputsAsNumpy())

    def operators(self) -> Iterator[Operator]:
        """The operators in the order they run."""
        for index in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(index)
            code = self._model.OperatorCodes(operator.OpcodeIndex())
            # Files older than schema 3a only fill the deprecated one-byte code.
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            yield Operator(
                name=_OPERATOR_NAMES.get(number, f"operator {number}"),
                inputs=tuple(int(i) for i in operator.InputsAsNumpy()),
                outputs=tuple(int(i) for i in operator.OutputsAsNumpy()),
                _table=operator,
            )

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor in TensorFlow Lite's own order (NHWC for pictures)."""
        view = self._graph.Tensors(tensor)
        return tuple(int(view.Shape(axis)) for axis in range(view.ShapeLength()))

    def constant(self, tensor: int) -> np.ndarray | None:
        """The value of a constant tensor, or ``None`` for one computed at run time."""
        view = self._graph.Tensors(tensor)
        buffer = self._model.Buffers(view.Buffer())
        if buffer is None or buffer.DataLength() == 0:
            return None
        dtype = _DTYPES.get(view.Type())
        if dtype is None:
            raise UnsupportedError(f"constant {view.Name().decode()} of type {view.Type()}")
        if view.Sparsity() is not None:
            raise UnsupportedError(f"sparse constant {view.Name().decode()}")
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype)
        return values.reshape(self.shape(tensor))
