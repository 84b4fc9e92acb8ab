"""The warp is the daemon's: both are tested against the same stored crops."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from affectlab import golden, warp

FIXTURES = Path(__file__).parents[3] / "tests" / "fixtures" / "aligned"
SIZE = 64


def test_alignment_recovers_a_known_similarity():
    source = np.array([[10.0, 10], [30, 12], [21, 25], [20, 33]])
    turn = np.array([[1.2, -0.5], [0.5, 1.2]])
    matrix = warp.similarity(source, source @ turn.T + [3, -4])
    np.testing.assert_allclose(matrix, [[1.2, -0.5, 3], [0.5, 1.2, -4]], atol=1e-9)
    np.testing.assert_allclose(warp.inverse(matrix) @ [*(matrix @ [5, 6, 1]), 1], [5, 6], atol=1e-9)


def test_the_aligned_portrait_has_its_eyes_level():
    points = golden.PORTRAIT_POINTS
    target = np.array([[0.318, 0.393], [0.682, 0.393], [0.5, 0.591], [0.5, 0.773]]) * SIZE
    matrix = warp.similarity(points, target)
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(moved - target).max() < 4


def test_the_identity_copies():
    picture = np.arange(16.0).reshape(4, 4)
    np.testing.assert_array_equal(warp.warp(picture, np.array([[1.0, 0, 0], [0, 1, 0]]), 4), picture)


def test_a_crop_three_times_smaller_averages_squares():
    picture = np.random.default_rng(0).uniform(0, 255, (9, 9))
    crop = warp.warp(picture, np.array([[3.0, 0, 0], [0, 3, 0]]), 3)
    squares = picture.reshape(3, 3, 3, 3).mean((1, 3))
    # Weights are whole 256ths: 85, 86 and 85 instead of thirds.
    np.testing.assert_allclose(crop, squares, atol=1.0)
    np.testing.assert_allclose(warp.warp(np.full((9, 9), 77.0), np.array([[3.0, 0, 0], [0, 3, 0]]), 3), 77)


def test_beyond_the_picture_its_edge_goes_on():
    crop = warp.warp(np.array([[10.0, 20], [30, 40]]), np.array([[1.0, 0, 5], [0, 1, 5]]), 2)
    np.testing.assert_array_equal(crop, np.full((2, 2), 40))


@pytest.mark.parametrize("case", json.loads((FIXTURES / "cases.json").read_text()), ids=lambda case: case["name"])
def test_the_stored_crops_are_what_the_recipe_makes(case):
    picture = cv2.imread(str(FIXTURES / case["picture"]))[:, :, ::-1]
    crop = golden.aligned(picture, case["points"], case["template"])
    stored = np.fromfile(FIXTURES / case["crop"], "<f4").reshape(1, 1, SIZE, SIZE)
    np.testing.assert_allclose(crop, stored, atol=1e-5)
