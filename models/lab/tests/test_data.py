"""Loading: parts do not overlap, bad files are named with their remedy."""

import numpy as np
import pytest

from affectlab import data
from conftest import write_faces


def pixels(faces):
    return {row.numpy().tobytes() for row in faces.images}


def test_held_out_pictures_are_not_trained_on(faces_folder):
    fit, held = data.load(faces_folder, "fit"), data.load(faces_folder, "holdout")
    assert len(held) > 0
    assert len(fit) + len(held) == len(data.load(faces_folder, "train")) == 240
    assert not pixels(fit) & pixels(held)


def test_validation_is_the_valid_split(faces_folder):
    faces = data.load(faces_folder, "valid")
    assert len(faces) == 60
    assert not pixels(faces) & pixels(data.load(faces_folder, "train"))


def test_pictures_with_few_emotion_votes_are_measured_but_not_trained_on(tmp_path):
    write_faces(tmp_path)
    with np.load(tmp_path / "ferplus.npz") as archive:
        arrays = dict(archive)
    arrays["votes"][[0, 250]] = [0, 4, 0, 0, 0, 0, 0, 0, 3, 3]
    np.savez(tmp_path / "ferplus.npz", **arrays)
    assert len(data.load(tmp_path, "train")) == 239
    assert len(data.load(tmp_path, "valid")) == 60


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(data.DataError, match="ferplus.npz is missing.*README"):
        data.load(tmp_path, "train")


def test_columns_in_another_order_are_refused(tmp_path):
    write_faces(tmp_path)
    with np.load(tmp_path / "ferplus.npz") as archive:
        arrays = dict(archive)
    arrays["vote_columns"] = arrays["vote_columns"][::-1]
    np.savez(tmp_path / "ferplus.npz", **arrays)
    with pytest.raises(data.DataError, match="vote_columns"):
        data.load(tmp_path, "train")
