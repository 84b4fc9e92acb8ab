"""The scores of the challenges, by hand."""

import numpy as np
import pytest

from affectlab import abaw

NAN = np.nan


def known(units=((1, 0), (1, 1), (0, 1), (NAN, 0))):
    cells = np.full((4, 12), NAN)
    cells[:, :2] = units
    return np.array([0, 4, 4, -1]), np.array([[-1.0, 0], [0, 0.5], [1, NAN], [NAN, NAN]]), cells


def answers(**changed):
    said = np.zeros((4, 12), bool)
    said[:, :2] = [(True, True), (False, True), (False, False), (True, True)]
    return {"label": np.array([0, 4, 0, 7]), "va": np.array([[-1.0, 0.0], [0, 0.5], [1, 9], [9, 9]]), "units": said} | changed


def test_the_scores_by_hand():
    result = abaw.scores(*known(), answers())
    # Neutral: one found, one wrongly said. Happiness: one of two found. The other six: 0.
    assert result["f1"]["neutral"] == pytest.approx(2 / 3) and result["f1"]["happiness"] == pytest.approx(2 / 3)
    assert result["expression"] == pytest.approx(2 * 2 / 3 / 8)
    # AU1: one of two. AU2: one right, one missed, two wrong of four.
    assert result["unit_f1"]["AU1"] == pytest.approx(2 / 3) and result["unit_f1"]["AU2"] == pytest.approx(2 / 5)
    assert result["valence"] == pytest.approx(1) and result["arousal"] == pytest.approx(1)
    assert result["multi_task"] == pytest.approx(1 + result["expression"] + result["units"])
    assert result["n"] == {"expression": 3, "affect": 2, "units": 4}


def test_concordance_counts_an_offset_and_uses_population_statistics():
    assert abaw.ccc(np.array([-1.0, 0, 1]), np.array([0.0, 1, 2])) == pytest.approx(4 / 7)
    assert abaw.ccc(np.zeros(3), np.zeros(3)) == 0


def test_saying_active_always_is_the_baseline_beside_the_figure():
    units = np.tile([1.0, 0, 0, 0], (12, 1)).T
    result = abaw.scores(np.full(4, -1), np.full((4, 2), NAN), units, answers())
    assert result["all_active"] == pytest.approx(2 / 5)
    assert result["expression"] is None and result["multi_task"] is None


def test_a_pack_without_units_has_no_score_for_them_and_none_for_all():
    said = answers()
    del said["units"]
    result = abaw.scores(*known(), said)
    assert result["units"] is None and result["multi_task"] is None and result["expression"] is not None
    assert any("–" in line for line in abaw.lines({"frames": 4, "without_picture": 0, "every": 1, **result}))


def test_a_frame_without_a_picture_repeats_the_last_answer_of_its_video():
    video, there = np.array([0, 0, 0, 1, 1]), np.array([True, False, True, False, True])
    assert abaw.last_known(video, there).tolist() == [0, 0, 2, -1, 4]


def test_a_packs_labels_are_read_by_name():
    names = ["contempt", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
    assert abaw._order(names) == [7, 1, 2, 3, 4, 5, 6, 0]
