"""The head of the pack ``geometry``: from the points of a face mesh to valence and arousal.

The 468 points are laid onto a mean face (shift, size and roll taken out), and one matrix
does the rest. The matrix, ``models/geometry/coefficients.npz``, is fitted by models/lab.
Here are the ONNX nodes, and the same again in NumPy for the golden vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .convert import Head
from .errors import FetchError
from .onnx_graph import OnnxGraph

POINTS = 468
FILE = "coefficients.npz"

# By a quarter turn: (x, y) becomes (−y, x).
_QUARTER = np.array([[0, -1], [1, 0]], np.float32)


@dataclass(frozen=True)
class Coefficients:
    """What was fitted, all f32.

    ``shape`` (2, 468): the mean face, x then y, about its own centre; ``weights`` (936, 2) and
    ``intercept`` (2,): from the points laid onto it to valence and arousal; ``usual`` (2,):
    what is said when no face is seen.
    """

    shape: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    usual: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Coefficients:
        """Those in the pack's ``folder``."""
        path = folder / FILE
        try:
            with np.load(path, allow_pickle=False) as archive:
                return cls(**{name: archive[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, KeyError) as error:
            raise FetchError(
                f"{path}: {error}\nRemedy: restore the file with git checkout."
            ) from error


def head(folder: Path) -> Head:
    """The nodes behind the mesh, with the coefficients in the pack's ``folder``.

    Outputs: ``valence_arousal`` 1×2 in [-1, 1]; for the recipe that fits the coefficients also
    ``points`` 1×1404 (x, y and depth of each, in pixels of the input) and ``face`` 1×1, a logit.
    """
    fitted = Coefficients.load(folder)

    def nodes(graph: OnnxGraph, values: Sequence[str]) -> dict[str, tuple[int, ...]]:
        points, face = values
        laid = _laid(graph, points, fitted.shape)
        weights = graph.constant("weights", fitted.weights)
        intercept = graph.constant("intercept", fitted.intercept)
        sums = graph.node("Add", [graph.node("MatMul", [laid, weights]), intercept])
        ends = [graph.constant("end", np.array(end, np.float32)) for end in (-1, 1)]
        read = graph.node("Clip", [sums, *ends])
        usual = graph.constant("usual", fitted.usual)
        seen = graph.node("Sigmoid", [face])
        beyond = graph.node("Mul", [seen, graph.node("Sub", [read, usual])])
        graph.node("Add", [usual, beyond], "valence_arousal")
        graph.node("Identity", [points], "points")
        graph.node("Identity", [face], "face")
        return {"valence_arousal": (1, 2), "points": (1, 3 * POINTS), "face": (1, 1)}

    return nodes


def _laid(graph: OnnxGraph, points: str, shape: np.ndarray) -> str:
    """The name of 1×936: the points laid onto ``shape``, all x and then all y."""

    def integers(*values: int) -> str:
        return graph.constant("integers", np.array(values, np.int64))

    def total(value: str) -> str:
        return graph.node("ReduceSum", [value, integers(0, 1)], keepdims=1)

    rows = graph.node("Reshape", [points, integers(POINTS, 3)])
    rows = graph.node("Transpose", [rows], perm=[1, 0])
    rows = graph.node("Slice", [rows, integers(0), integers(2), integers(0)])
    flat = graph.node("Sub", [rows, graph.node("ReduceMean", [rows], axes=[1], keepdims=1)])
    turned = graph.node("MatMul", [graph.constant("quarter", _QUARTER), flat])
    mean = graph.constant("shape", shape)
    along = total(graph.node("Mul", [flat, mean]))
    across = total(graph.node("Mul", [turned, mean]))
    size = total(graph.node("Mul", [flat, flat]))
    laid = graph.node(
        "Add", [graph.node("Mul", [flat, along]), graph.node("Mul", [turned, across])]
    )
    return graph.node("Reshape", [graph.node("Div", [laid, size]), integers(1, 2 * POINTS)])


def estimate(points: np.ndarray, face: np.ndarray, fitted: Coefficients) -> np.ndarray:
    """(N, 2) f32 valence and arousal of N×1404 ``points`` and N×1 ``face``.

    The least-squares similarity onto the mean face, over complex numbers: not the way the
    nodes go, so that one can be held against the other.
    """
    place = points.reshape(-1, POINTS, 3).astype(np.float64) @ np.array([1, 1j, 0])
    place -= place.mean(axis=1, keepdims=True)
    mean = np.array([1, 1j]) @ fitted.shape
    laid = place * ((place.conj() @ mean) / (np.abs(place) ** 2).sum(axis=1))[:, np.newaxis]
    read = np.hstack([laid.real, laid.imag]) @ fitted.weights + fitted.intercept
    seen = 1 / (1 + np.exp(-face.reshape(-1, 1).astype(np.float64)))
    return (fitted.usual + seen * (read.clip(-1, 1) - fitted.usual)).astype(np.float32)
