"""Valence and arousal from landmarks: what does not matter is taken off, and the file says what the fit says."""

import numpy as np
import onnx
import pytest
import torch
from test_action_units import write_landmarks

from affectlab import data, export, pack, pls
from affectlab.cli import main

PLAIN = {"MatMul", "Sub", "Add", "Div", "Concat", "Transpose", "Flatten", "Gemm", "Clip"}


def faces(count=300, seed=0):
    """Made faces in pixels, each somewhere, turned and sized; the mouth tells valence, the brows arousal."""
    rng = np.random.default_rng(seed)
    rest = np.random.default_rng(99).uniform(-0.5, 0.5, (pls.POINTS, 2))
    rest[33], rest[263] = (-0.5, 0), (0.5, 0)
    va = rng.uniform(-0.8, 0.8, (count, 2)).astype(np.float32)
    points = np.tile(rest, (count, 1, 1))
    points[:, 50:80, 1] += 0.1 * va[:, :1]
    points[:, 100:130, 1] -= 0.1 * va[:, 1:]
    points += rng.normal(0, 0.01, points.shape)
    angle, size = rng.uniform(-0.4, 0.4, count), rng.uniform(30, 400, count)
    turn = np.stack([np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([-np.sin(angle), np.cos(angle)], 1)], 1)
    return (points @ turn) * size[:, None, None] + rng.uniform(0, 1500, (count, 1, 2)), va


@pytest.fixture(scope="module")
def fitted():
    points, va = faces()
    return pls.fit(points, va, *faces(100, 1), components=(1, 2, 5))


def test_place_size_and_turn_do_not_matter(fitted):
    points, _ = faces(1, 2)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = points @ turn.T * 2.5 + [31, -7]
    np.testing.assert_allclose(pls.laid_on(fitted.mean, points), pls.laid_on(fitted.mean, moved), atol=1e-9)
    np.testing.assert_allclose(pls.laid_on(fitted.mean, fitted.mean[None])[0], fitted.mean, atol=1e-9)


def test_new_faces_are_read_and_few_components_are_enough(fitted):
    points, va = faces(200, 3)
    assert min(pls._concordance(fitted(points), va)) > 0.9
    assert fitted.components == 2


def test_the_file_says_what_the_fit_says(fitted, tmp_path):
    pls.write(fitted, tmp_path / pls.FILE)
    points = np.concatenate([faces(20, 4)[0], pls.golden_points(fitted.mean)])
    np.testing.assert_allclose(pls.run_file(export.session(tmp_path / pls.FILE), points), fitted(points), atol=1e-3)


def test_the_file_is_tiny_and_plain_and_never_leaves_its_range(fitted, tmp_path):
    pls.write(fitted, tmp_path / pls.FILE)
    model = onnx.load(tmp_path / pls.FILE)
    assert {node.op_type for node in model.graph.node} <= PLAIN and (tmp_path / pls.FILE).stat().st_size < 25_000
    # By hand: the centre and both halves of the similarity, turning, and the matrix; the rest is 10.
    assert pls._macs(tmp_path / pls.FILE) == 3 * 2 * pls.POINTS + 4 * pls.POINTS + 2 * 2 * pls.POINTS + 10
    session = export.session(tmp_path / pls.FILE)
    anywhere = 1e4 * np.random.default_rng(0).random((pls.POINTS, 2))
    odd = np.stack([np.zeros((pls.POINTS, 2)), np.full((pls.POINTS, 2), 7.0), anywhere])
    answers = pls.run_file(session, odd)
    assert np.isfinite(answers).all() and np.abs(answers).max() <= 1


def test_one_command_fits_exports_and_measures(trained, faces_folder, tmp_path, capsys):
    pack.build(trained, faces_folder, tmp_path / "pack", damage=False)
    names = [f"ferplus/{name}" for part in ("train", "valid") for name in data.load(faces_folder, part).name[5:]]
    landmarks = write_landmarks(tmp_path / "landmarks.npz", names)
    assert main(["-q", "pls", "--data", str(faces_folder), "--landmarks", str(landmarks), "--pack", str(tmp_path / "pack"),
                 "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "55 of 60 validation crops" in said and "mtanet" in said and "is not counted" in said
    golden = np.fromfile(tmp_path / "out/golden/landmarks.f32", "<f4").reshape(4, pls.POINTS, 2)
    answers = np.fromfile(tmp_path / "out/golden/valence_arousal.f32", "<f4").reshape(4, 2)
    np.testing.assert_allclose(pls.run_file(export.session(tmp_path / "out" / pls.FILE), golden), answers, atol=1e-3)
    assert torch.isfinite(torch.from_numpy(answers)).all()
