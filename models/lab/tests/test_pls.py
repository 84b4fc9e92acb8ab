"""Partial least squares on points: what does not matter is taken off, and what was put in is found."""

import dataclasses

import numpy as np
import pytest

from affectlab import mesh, pls

POINTS = 90


def faces(count, seed):
    """``mesh.Seen`` of made faces, each somewhere, turned and sized; the mouth tells valence, the brows arousal."""
    rng = np.random.default_rng(seed)
    rest = np.random.default_rng(99).uniform(-0.5, 0.5, (POINTS, 2))
    va = rng.uniform(-0.8, 0.8, (count, 2))
    points = np.tile(rest, (count, 1, 1))
    points[:, :20, 1] += 0.1 * va[:, :1]
    points[:, 40:60, 1] -= 0.1 * va[:, 1:]
    points += rng.normal(0, 0.01, points.shape)
    turn = rng.uniform(30, 400, count) * np.exp(1j * rng.uniform(-0.4, 0.4, count))
    place = (points @ [1, 1j]) * turn[:, None] + (rng.uniform(0, 1500, (count, 2)) @ [1, 1j])[:, None]
    return mesh.Seen(np.stack([place.real, place.imag], 2), np.full(count, 20.0), va, np.zeros(count, int))


@pytest.fixture(scope="module")
def fitted():
    return pls.fit(faces(300, 0), faces(100, 1), components=(1, 2, 5))


def test_place_size_and_roll_do_not_matter(fitted):
    points = faces(3, 2).points
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(pls.laid_on(fitted.shape, points),
                               pls.laid_on(fitted.shape, points @ turn.T * 2.5 + [31, -7]), atol=1e-12)


def test_the_mean_face_lies_on_itself_and_another_shape_does_not(fitted):
    laid = pls.laid_on(fitted.shape, fitted.shape.T[None] * 70 + 5)[0]
    np.testing.assert_allclose(laid, fitted.shape.ravel(), atol=1e-6)
    assert np.abs(pls.laid_on(fitted.shape, fitted.shape[::-1].T[None])[0] - fitted.shape.ravel()).max() > 0.01


def test_new_faces_are_read_and_few_components_are_enough(fitted):
    fresh = faces(200, 3)
    assert min(pls.concordance(fitted(fresh.points, fresh.face), fresh.va)) > 0.9
    assert fitted.components == 2


def test_as_many_components_as_columns_are_ordinary_least_squares():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    *fewer, full = pls.matrices(x, y, 4)
    least = np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(full, least, atol=1e-9)
    assert np.abs(fewer[0] - least).max() > 1e-3


def test_the_spread_of_the_answers_is_that_of_the_targets(fitted):
    seen = faces(300, 0)
    np.testing.assert_allclose(fitted(seen.points, seen.face).std(0), seen.va.std(0), rtol=0.02)


def test_a_face_that_is_not_seen_is_as_usual_and_none_leaves_the_range(fitted):
    seen = faces(5, 4)
    np.testing.assert_allclose(fitted(seen.points, np.full(5, -60.0)), np.tile(fitted.usual, (5, 1)), atol=1e-6)
    bold = dataclasses.replace(fitted, weights=100 * fitted.weights)
    assert np.abs(bold(seen.points, np.full(5, 60.0))).max() == 1


def test_the_same_numbers_are_the_same_bytes_and_come_back(fitted, tmp_path):
    fitted.save(tmp_path / "one.npz")
    fitted.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as archive:
        assert all((archive[name] == getattr(fitted, name)).all() for name in archive.files) and len(archive.files) == 4
