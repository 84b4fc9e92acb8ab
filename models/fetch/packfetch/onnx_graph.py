"""Collects ONNX nodes and constants and writes them as reproducible bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Pads, sizes and shapes are inputs from opset 13 on; every engine of the project
# reads it. The file format version is fixed so that the bytes do not follow the
# installed onnx release.
OPSET = 13
_IR_VERSION = 8


class OnnxGraph:
    """An ONNX graph under construction; names count up, so equal input, equal bytes."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._names = 0

    def name(self, what: str) -> str:
        """A fresh value name starting with ``what``."""
        self._names += 1
        return f"{what}_{self._names}"

    def constant(self, what: str, value: np.ndarray) -> str:
        """Store a constant and return its name. A rank-0 array stays of rank 0."""
        name = self.name(what)
        self._constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], output: str | None = None, **attributes: Any
    ) -> str:
        """Append a node with one output and return the output's name."""
        output = output or self.name(kind.lower())
        self._nodes.append(
            helper.make_node(kind, list(inputs), [output], name=f"{kind}:{output}", **attributes)
        )
        return output

    def finish(
        self,
        name: str,
        inputs: Mapping[str, Sequence[int | str]],
        outputs: Mapping[str, Sequence[int | str]],
    ) -> bytes:
        """Check the graph and return the file's bytes.

        Shapes by value name, all f32; a side with a name instead of a number is open.
        """
        graph = helper.make_graph(
            self._nodes,
            name,
            [_f32(key, shape) for key, shape in inputs.items()],
            [_f32(key, shape) for key, shape in outputs.items()],
            self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
            producer_name="affectd packfetch",
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)


def _f32(name: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
