"""The head of the pack geometry: its nodes against NumPy, on points made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from packfetch import geometry
from packfetch.errors import FetchError
from packfetch.onnx_graph import OnnxGraph


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 1, (2, geometry.POINTS)).astype(np.float32)
    shape -= shape.mean(axis=1, keepdims=True)
    np.savez(
        tmp_path / geometry.FILE,
        shape=shape / np.linalg.norm(shape),
        weights=rng.normal(0, 0.3, (2 * geometry.POINTS, 2)).astype(np.float32),
        intercept=np.array([0.1, -0.2], np.float32),
        usual=np.array([0.05, -0.3], np.float32),
    )
    return tmp_path


def faces(folder: Path, count: int) -> np.ndarray:
    """Points (count, 1404) of faces near the mean one, in pixels; depth is noise."""
    rng = np.random.default_rng(1)
    shape = geometry.Coefficients.load(folder).shape.T
    flat = shape * 900 + 96 + rng.normal(0, 4, (count, geometry.POINTS, 2))
    depth = rng.normal(0, 20, (count, geometry.POINTS, 1))
    return np.concatenate([flat, depth], axis=2).reshape(count, -1).astype(np.float32)


def run(folder: Path, points: np.ndarray, face: np.ndarray) -> np.ndarray:
    """What the nodes give for each row, in ONNX Runtime."""
    graph = OnnxGraph()
    shapes = geometry.head(folder)(graph, ["mesh", "logit"])
    inputs = {"mesh": (1, 3 * geometry.POINTS), "logit": (1, 1)}
    session = onnxruntime.InferenceSession(graph.finish("head", inputs, shapes))
    rows = [
        session.run(["valence_arousal"], {"mesh": row[None], "logit": one.reshape(1, 1)})[0]
        for row, one in zip(points, face.astype(np.float32), strict=True)
    ]
    return np.concatenate(rows)


def test_the_nodes_say_what_numpy_says(folder):
    points, face = faces(folder, 6), np.array([20, 20, 3, 0, -3, -20.0])
    expected = geometry.estimate(points, face, geometry.Coefficients.load(folder))
    assert np.ptp(expected, axis=0).min() > 0.02
    np.testing.assert_allclose(run(folder, points, face), expected, atol=1e-4)


def test_place_size_and_roll_do_not_matter_and_shape_does(folder):
    points = faces(folder, 1)
    place = points.reshape(-1, 3) @ np.array([1, 1j, 0])
    moved = place * 0.4 * np.exp(0.5j) + (30 - 12j)
    elsewhere = np.stack([moved.real, moved.imag, 0 * moved.real], axis=1).reshape(1, -1)
    face = np.array([30.0])
    here = run(folder, points, face)
    np.testing.assert_allclose(run(folder, elsewhere.astype(np.float32), face), here, atol=1e-4)
    other = points.copy()
    other[:, 0::3] *= 1.3
    assert np.abs(run(folder, other, face) - here).max() > 0.005


def test_answers_stay_in_range_and_go_to_the_usual_without_a_face(folder):
    with np.load(folder / geometry.FILE) as archive:
        bold = dict(archive) | {"weights": archive["weights"] * 1000}
    np.savez(folder / geometry.FILE, **bold)
    points = faces(folder, 4)
    assert np.abs(run(folder, points, np.full(4, 40.0))).max() == 1
    hidden = run(folder, points, np.full(4, -40.0))
    np.testing.assert_allclose(hidden, np.tile([0.05, -0.3], (4, 1)), atol=1e-6)


def test_missing_coefficients_are_named_with_a_remedy(tmp_path):
    with pytest.raises(FetchError, match=r"coefficients\.npz.*\n.*git checkout"):
        geometry.head(tmp_path)
