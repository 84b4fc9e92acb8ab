"""The template measurement decodes, mirrors and averages as it says."""

import numpy as np
import pytest

from affectlab import template


def test_anchors_are_those_of_blazeface_short_range():
    grid = template.anchors()
    assert grid.shape == (896, 2)
    assert grid[0].tolist() == grid[1].tolist() == [0.03125, 0.03125]
    assert grid[512].tolist() == grid[517].tolist() == [0.0625, 0.0625]


def test_the_best_anchor_gives_the_points():
    regressors, scores = np.zeros((896, 16), np.float32), np.full(896, -5.0)
    regressors[100, 4:12] = [-12.8, 0, 12.8, 0, 0, 6.4, 0, 12.8]
    scores[100] = 3
    grid = template.anchors()
    score, points = template.decode(regressors, scores, grid)
    assert score == pytest.approx(1 / (1 + np.exp(-3)))
    np.testing.assert_allclose(points - grid[100], [[-0.1, 0], [0.1, 0], [0, 0.05], [0, 0.1]], atol=1e-6)


def test_the_template_is_symmetric_and_ignores_extremes():
    found = np.tile([[0.3, 0.4], [0.72, 0.4], [0.52, 0.6], [0.52, 0.8]], (50, 1, 1))
    found[0] += 5
    mean = template.trimmed_mean(template.symmetric(found))
    np.testing.assert_allclose(mean, [[0.29, 0.4], [0.71, 0.4], [0.5, 0.6], [0.5, 0.8]], atol=1e-6)


def test_a_missing_detector_names_the_remedy(tmp_path):
    with pytest.raises(template.TemplateError, match="make models"):
        template.measure(np.zeros((1, 48, 48), np.uint8), tmp_path / "none.onnx")
