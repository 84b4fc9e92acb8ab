"""Which witness a unit is judged by, and whether its probabilities keep their word."""

import numpy as np
import pytest

from affectlab import action_units, agreement


def test_a_unit_is_judged_by_the_shapes_only_where_they_are_good():
    by = {unit: agreement.better_witness(unit) for unit in action_units.UNITS}
    assert by["AU12"] == "landmarker" and by["AU23"] == "emotions"
    row = {unit: {"landmarker": 1.0, "emotions": 0.5, "mean": 0.1} for unit in action_units.UNITS}
    shapes = sum(witness == "landmarker" for witness in by.values())
    assert agreement._mean_of_better(row) == pytest.approx((shapes + 0.5 * (12 - shapes)) / 12)


def test_a_probability_that_keeps_its_word_has_no_calibration_error():
    target = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    half, sure = np.full((4, 1), 0.5), np.array([[1.0], [1.0], [0.0], [0.0]])
    error = agreement.calibration_error(np.hstack([half, sure]), target)
    assert error == pytest.approx([0, 0])
    assert agreement.calibration_error(np.full((4, 2), 0.9), target) == pytest.approx([0.4, 0.4])
