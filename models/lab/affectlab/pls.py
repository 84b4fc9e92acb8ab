"""The cheapest estimator: valence and arousal from the places of 478 landmarks, by one matrix.

For those who find landmarks anyway. Points are laid onto the mean face by the similarity that fits best
(Procrustes); partial least squares (PLS) finds the directions of what is left that go with the targets; the
answers are stretched to the spread of the targets, because a regression shrinks them and concordance minds. All of
this is one small ONNX file with plain operators, points in and valence and arousal out. The targets are the
pseudo-labels of ``labels``, made from votes: nobody rated these pictures.
"""

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from . import action_units, data, export, geometry, losses, measure
from .picture import to_input

log = logging.getLogger(__name__)

POINTS = 478
# The irises show where somebody looks.
IRIS = 468
COMPONENTS = (5, 10, 20, 30, 40)
# Fewer components are taken if they cost no more than this of the mean concordance.
GIVE_UP = 0.005
FILE = "landmarks-va.onnx"


def mean_face(points):
    """(478, 2) mean of the upright faces, centred on the points that are not irises."""
    mean = geometry.upright(points).mean(0).astype(np.float64)
    return mean - mean[:IRIS].mean(0)


def laid_on(mean, points):
    """(N, 478, 2) points shifted, turned and scaled so that they come nearest to the ``mean`` face."""
    points = np.asarray(points, np.float64)
    points = points - points[:, :IRIS].mean(1, keepdims=True)
    m = mean[:IRIS] / (mean[:IRIS] ** 2).sum()
    along = (points[:, :IRIS] * m).sum((1, 2))
    across = (points[:, :IRIS, 1] * m[:, 0] - points[:, :IRIS, 0] * m[:, 1]).sum(1)
    x, y, along, across = points[..., 0], points[..., 1], along[:, None], across[:, None]
    turned = np.stack([x * along + y * across, y * along - x * across], 2)
    return turned / (along**2 + across**2 + 1e-12)[..., None]


@dataclass
class Estimator:
    """``va = clip(laid_on(mean, points).flat @ weight + bias, -1, 1)``; weight (956, 2), bias (2,)."""

    mean: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    components: int

    def __call__(self, points):
        """(N, 2) valence and arousal of (N, 478, 2) points."""
        flat = laid_on(self.mean, points).reshape(len(points), -1)
        return (flat @ self.weight + self.bias).clip(-1, 1)


def _concordance(said, target):
    return losses.ccc(torch.as_tensor(said), torch.as_tensor(target)).tolist()


def fit(points, va, held_points, held_va, components=COMPONENTS):
    """An ``Estimator`` fitted on (N, 478, 2) points and (N, 2) targets; its size is chosen on the held-out ones."""
    from sklearn.cross_decomposition import PLSRegression

    mean = mean_face(points)
    flat = laid_on(mean, points).reshape(len(points), -1)
    # Points that hardly move count as much as those that move far.
    each, spread = flat.std(0).clip(1e-9), va.std(0).clip(1e-9)
    model = PLSRegression(max(components), scale=False).fit(flat / each, va / spread)
    tried = []
    for count in sorted(components):
        # The first components of a larger model are the smaller model.
        weight = model.x_rotations_[:, :count] @ model.y_loadings_[:, :count].T
        weight = weight / each[:, None]
        weight = weight * spread / (flat @ weight).std(0).clip(1e-9)
        found = Estimator(mean, weight, va.mean(0) - flat.mean(0) @ weight, count)
        agreed = _concordance(found(held_points), held_va)
        log.info("%d components: held-out CCC %.3f %.3f", count, *agreed)
        tried.append((sum(agreed) / 2, found))
    best = max(score for score, _ in tried)
    return next(found for score, found in tried if score >= best - GIVE_UP)


def write(estimator, path):
    """Export: ``landmarks`` (1, 478, 2) f32 to ``valence_arousal`` (1, 2), with the alignment inside."""
    mean = estimator.mean[:IRIS] / (estimator.mean[:IRIS] ** 2).sum()
    template = np.zeros((2, POINTS))
    template[:, :IRIS] = mean.T
    centre = np.zeros((1, POINTS))
    centre[:, :IRIS] = 1 / IRIS
    constants = {"centre": centre, "template_x": template[:1], "template_y": template[1:],
                 "turn": [[0, -1], [1, 0]], "quarter": [[0, 1], [-1, 0]], "least": [[[1e-12]]],
                 "weight": estimator.weight, "bias": estimator.bias, "low": -1.0, "high": 1.0}
    nodes = [
        ("MatMul", ["centre", "landmarks"], "middle"), ("Sub", ["landmarks", "middle"], "centred"),
        # (along, across): how far the face is scaled and turned against the mean face.
        ("MatMul", ["template_x", "centred"], "by_x"), ("MatMul", ["template_y", "centred"], "by_y"),
        ("MatMul", ["by_y", "turn"], "by_y_turned"), ("Add", ["by_x", "by_y_turned"], "similarity"),
        ("MatMul", ["similarity", "quarter"], "similarity_quarter"),
        ("Concat", ["similarity", "similarity_quarter"], "back_rows", {"axis": 1}),
        ("Transpose", ["back_rows"], "back", {"perm": [0, 2, 1]}),
        ("MatMul", ["centred", "back"], "turned"),
        ("Transpose", ["similarity"], "similarity_column", {"perm": [0, 2, 1]}),
        ("MatMul", ["similarity", "similarity_column"], "square"), ("Add", ["square", "least"], "size"),
        ("Div", ["turned", "size"], "laid_on"), ("Flatten", ["laid_on"], "flat", {"axis": 1}),
        ("Gemm", ["flat", "weight", "bias"], "raw"), ("Clip", ["raw", "low", "high"], "valence_arousal"),
    ]
    graph = helper.make_graph(
        [helper.make_node(op, inputs, [output], name=output, **(rest[0] if rest else {}))
         for op, inputs, output, *rest in nodes], "landmarks-va",
        [helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, [1, POINTS, 2])],
        [helper.make_tensor_value_info("valence_arousal", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", export.OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def run_file(session, points):
    """(N, 2) answers of the exported file, one face at a time."""
    return np.concatenate([session.run(["valence_arousal"], {"landmarks": face[None]})[0]
                           for face in np.asarray(points, np.float32)])


def golden_points(mean):
    """(4, 478, 2) made faces, nobody's: the mean face in pixels; turned, small; with an open mouth; with grain."""
    base = mean * 180 + [320, 240]
    angle = np.deg2rad(20)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    opened = base + np.where(base[:, 1:] > base[13, 1], [[0.0, 20.0]], 0.0)
    grain = base + np.random.default_rng(0).normal(0, 2, base.shape)
    return np.stack([base, mean @ turn * 40 + [900, 80], opened, grain]).astype(np.float32)


def _macs(path):
    """Multiply-accumulates of a file with static shapes: inner size times outputs of each MatMul and Gemm."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(str(path))).graph
    shape = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
             for value in (*graph.input, *graph.value_info, *graph.output)}
    shape |= {constant.name: list(constant.dims) for constant in graph.initializer}
    return sum(int(np.prod(shape[node.output[0]])) * shape[node.input[0]][-1]
               for node in graph.node if node.op_type in ("MatMul", "Gemm"))


def _part(folder, landmarks, part):
    faces = data.load(folder, part)
    found = landmarks.of(faces.name)[1]
    return landmarks.points_of(faces.name), faces.take(found), len(faces)


def _milliseconds(call, times=200):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))


def run(folder, landmarks_file, pack_folder, out):
    """Fit, export with golden vectors into ``out``, and measure beside the network of a pack: figures as a dictionary."""
    landmarks, out = action_units.Landmarks(landmarks_file), Path(out)
    (out / "golden").mkdir(parents=True, exist_ok=True)
    points, faces, _ = _part(folder, landmarks, "fit")
    held_points, held, _ = _part(folder, landmarks, "holdout")
    estimator = fit(points, faces.va.numpy(), held_points, held.va.numpy())
    write(estimator, out / FILE)
    golden = golden_points(estimator.mean)
    golden.astype("<f4").tofile(out / "golden" / "landmarks.f32")
    estimator(golden).astype("<f4").tofile(out / "golden" / "valence_arousal.f32")

    session = export.session(out / FILE)
    pack, model = measure.open_pack(pack_folder)
    network = export.session(model)
    points, valid, of = _part(folder, landmarks, "valid")
    x = to_input(valid.images).numpy()
    one, crop = np.asarray(points[:1], np.float32), x[:1]
    return {
        "components": estimator.components, "n": len(valid), "of": of,
        "golden_difference": float(np.abs(run_file(session, golden) - estimator(golden)).max()),
        "landmarks": {"ccc": _concordance(run_file(session, points), valid.va), "multiply_accumulates": _macs(out / FILE),
                      "bytes": (out / FILE).stat().st_size,
                      "milliseconds": _milliseconds(lambda: session.run(None, {"landmarks": one}))},
        pack["name"]: {"ccc": _concordance(export.run(network, x)["valence_arousal"], valid.va),
                       "multiply_accumulates": json.loads((Path(pack_folder) / measure.FIGURES).read_text())["training"]["macs"],
                       "bytes": model.stat().st_size,
                       "milliseconds": _milliseconds(lambda: network.run(None, {"input": crop}))},
    }
