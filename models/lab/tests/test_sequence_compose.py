"""Composed sequences: the labels follow the blend, the camera and the detector are imitated, and all is said to be composed."""

import numpy as np
import pytest
import torch
from made_sequences import ask, make, make_stills

from affectlab import data
from affectlab.labels import VOTE_COLUMNS
from affectlab.sequence import compose, render, script, stills, windows
from affectlab.sequence.heads import Design


@pytest.fixture(scope="module")
def made():
    return make()


def test_an_expression_comes_and_goes_smoothly_and_shares_sum_to_one():
    time = np.arange(60) * 0.1
    share = script.weights(time, [(1.0, 0.5), (4.0, 0.5)])
    np.testing.assert_allclose(share.sum(1), 1)
    assert share[5, 0] == 1 and share[30, 1] == 1 and share[-1, 2] == 1
    assert np.abs(np.diff(share[:, 1])).max() < 0.4


def test_a_slow_camera_repeats_frames_and_never_runs_backwards():
    rng = np.random.default_rng(0)
    shown = [script.camera(rng) for _ in range(40)]
    assert all((np.diff(times) >= 0).all() for times in shown)
    different = [len(np.unique(times)) for times in shown]
    assert min(different) < 45 and max(different) == script.ROWS


def test_the_face_is_lost_sometimes_but_never_at_the_edges():
    gone = np.stack([script.lost(np.random.default_rng(seed)) for seed in range(200)])
    assert 0.01 < gone.mean() < 0.2
    assert not gone[:, [0, -1]].any()


def test_a_second_picture_is_of_the_same_person_where_the_person_is_known():
    made = make_stills()
    cast = script.Cast(made, np.random.default_rng(0))
    for picture in np.flatnonzero(made.person != ""):
        if made.label[picture] == 0:
            continue
        assert made.person[cast.calm(picture)] == made.person[picture]
    assert made.person[cast.calm(8)] == ""


def test_rare_expressions_begin_more_stories_than_their_share():
    made = make_stills()
    few = np.r_[np.flatnonzero(made.label.numpy() == 0), np.flatnonzero(made.label.numpy() == 2)[:1]]
    cast = script.Cast(stills.Stills(*[getattr(made, name)[few] for name in
                                       ("images", "target", "va", "units", "label", "pair", "person", "name")]),
                       np.random.default_rng(0))
    drawn = np.array([cast.star() for _ in range(400)])
    assert (drawn == len(few) - 1).mean() > 1.5 / len(few)


def test_labels_are_blended_as_the_pictures_are():
    made = make_stills()
    told = script.Script("onset", np.array([0, 16]), np.array([[1.0, 0.0], [0.75, 0.25], [0.0, 1.0]]), np.arange(3.0))
    target, va, units, pair = compose.labels_of(made, told)
    np.testing.assert_allclose(target[1], 0.75 * made.target[0] + 0.25 * made.target[16], atol=1e-6)
    np.testing.assert_allclose(va[2], made.va[16])
    np.testing.assert_allclose(units[1], 0.75 * made.units[0] + 0.25 * made.units[16], atol=1e-6)
    assert not pair.any()


def test_a_compound_counts_while_its_picture_is_most_of_what_is_shown():
    made = make_stills()
    compound = int(made.pair.any(1).nonzero()[0])
    told = script.Script("onset", np.array([0, compound]), np.array([[0.6, 0.4], [0.4, 0.6]]), np.arange(2.0))
    pair = compose.labels_of(made, told)[3]
    assert pair[0].sum() == 0 and pair[1].tolist() == [False, False, True, False, False, True]


def test_every_row_with_a_face_shows_a_frame_and_every_frame_is_used(made):
    assert made.row.shape == (24, script.ROWS) and made.kind == "composed from still pictures"
    assert set(made.row[made.row >= 0]) == set(range(len(made.embedding)))
    assert (made.row < 0).any() and np.isfinite(made.embedding).all()
    np.testing.assert_allclose(made.target.sum(2), 1, atol=1e-5)


def test_the_same_seed_composes_the_same_and_another_does_not(made):
    np.testing.assert_array_equal(make().embedding, made.embedding)
    other = make(seed=2)
    assert other.embedding.shape != made.embedding.shape or (other.embedding != made.embedding).any()


def test_frames_move_and_change_their_light_but_stay_pictures():
    rng = np.random.default_rng(0)
    frames = render.render(rng, make_stills().images[[8]], np.ones((20, 1)), np.arange(20) * 0.1)
    assert frames.shape == (20, 64, 64) and frames.dtype == torch.uint8
    steps = (frames[1:].float() - frames[:-1].float()).abs().mean((1, 2))
    assert (steps > 0).all() and steps.mean() < 60


def test_what_is_saved_is_loaded_and_what_lacks_a_part_is_refused(made, tmp_path):
    made.save(tmp_path / "made.npz")
    again = compose.Composed.load(tmp_path / "made.npz")
    np.testing.assert_array_equal(again.row, made.row)
    assert again.pack == "made 0.1.0" and again.kind == made.kind
    np.savez(tmp_path / "part.npz", row=made.row)
    with pytest.raises(data.DataError, match="lacks .*embedding"):
        compose.Composed.load(tmp_path / "part.npz")
    with pytest.raises(data.DataError, match="sequence compose"):
        compose.Composed.load(tmp_path / "absent.npz")


def test_two_strong_emotions_without_neutral_are_a_compound():
    def votes(**counts):
        return [counts.get(name, 0) for name in VOTE_COLUMNS]

    found = stills.pairs(np.array([votes(fear=4, surprise=6), votes(fear=4, surprise=3, neutral=3),
                                   votes(anger=8, disgust=2), votes(anger=3, disgust=3, sadness=4)]))
    assert found[0].tolist() == [False, False, True, False, False, True]
    assert not found[1:].any()


def test_windows_repeat_the_edges_and_the_newest_row_is_the_last(made):
    middle, newest = Design("none", 9, "middle", 12), Design("none", 9, "newest", 12)
    assert windows.rows_of(middle, [0, 30, 59], 60).tolist() == [
        [0, 0, 0, 0, 0, 1, 2, 3, 4], list(range(26, 35)), [55, 56, 57, 58, 59, 59, 59, 59, 59]]
    assert windows.rows_of(newest, [2, 30], 60).tolist() == [[0, 0, 0, 0, 0, 0, 0, 1, 2], list(range(22, 31))]


def test_lost_rows_are_zeros_with_a_zero_behind(made):
    columns = windows.face_columns(made)
    lost = torch.from_numpy(made.row < 0)
    assert columns[lost].abs().sum() == 0 and (columns[~lost][:, -1] == 1).all()
    shown = ask(np.zeros((1, 64, 64), np.uint8))["embedding"].shape[1]
    assert columns.shape[2] == shown + 1
