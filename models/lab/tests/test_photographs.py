"""The way through detection and alignment, on pictures made here."""

import csv
import io
import tarfile

import cv2
import numpy as np
import pytest

from affectlab import data, export, measure, photographs, template, wild


PEOPLE = [("ann", "anger"), ("bob", "anger"), ("bob", "joyful"), ("cyd", "fear")]


def write_archive(folder):
    with tarfile.open(folder / photographs.ARCHIVE, "w") as archive:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["image", "person", "emotion"])
        for number, (person, emotion) in enumerate(PEOPLE):
            writer.writerow([f"p{number}.png", person, emotion])
            coded = cv2.imencode(".png", np.full((20, 30, 3), 40 * number, np.uint8))[1].tobytes()
            member = tarfile.TarInfo(f"images/p{number}.png")
            member.size = len(coded)
            archive.addfile(member, io.BytesIO(coded))
        coded = text.getvalue().encode()
        member = tarfile.TarInfo("labels.csv")
        member.size = len(coded)
        archive.addfile(member, io.BytesIO(coded))


def test_known_labels_of_the_wanted_people_are_read(tmp_path):
    write_archive(tmp_path)
    found = [(label, person, int(image[0, 0, 0])) for label, person, _, image in photographs.read(tmp_path)]
    assert found == [(1, "ann", 0), (1, "bob", 40), (3, "cyd", 120)]
    some = photographs.read(tmp_path, lambda person: person == "bob")
    assert [person for _, person, _, _ in some] == ["bob"]


def test_the_letterbox_keeps_the_shape_and_can_be_undone():
    image = np.full((100, 50, 3), 200, np.uint8)
    boxed, scale, left, top = photographs.letterbox(image)
    assert boxed.shape == (128, 128, 3)
    assert (scale, left, top) == (1.28, 32, 0)
    lit = np.argwhere(boxed[:, :, 0] > 100)
    assert lit.min(0).tolist() == [0, 32] and lit.max(0).tolist() == [127, 95]


class FixedDetector:
    """Answers with the same points, at the centre anchor, whatever it sees."""

    def run(self, _names, inputs):
        assert inputs["input"].shape == (1, 3, 128, 128)
        regressors, scores = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -9, np.float32)
        scores[0, 300] = 4
        return regressors, scores


def test_points_come_back_in_pixels_of_the_picture():
    grid = template.anchors()
    score, points = photographs.find_points(FixedDetector(), grid, np.zeros((256, 256, 3), np.uint8))
    assert score > 0.9
    np.testing.assert_allclose(points, np.tile(grid[300] * 256, (4, 1)), atol=1e-4)


def test_faces_are_aligned_kept_and_read_again(tmp_path, monkeypatch):
    write_archive(tmp_path)
    (tmp_path / "detector.onnx").touch()
    monkeypatch.setattr(export, "session", lambda _path: FixedDetector())
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8]])
    # One point four times has no size to scale by: any distinct points will do.
    monkeypatch.setattr(photographs, "find_points", lambda *_: (0.9, points * 20))
    found, missed = photographs.align(tmp_path, tmp_path / "detector.onnx", points)
    assert missed == 0 and found.images.shape == (3, 64, 64)
    assert found.label.tolist() == [1, 1, 3] and [int(image.mean()) for image in found.images] == [0, 40, 120]
    found.save(tmp_path / "kept.npz")
    kept = photographs.Photographs.load(tmp_path / "kept.npz")
    assert kept.person.tolist() == ["ann", "bob", "cyd"] and kept.source[0] == "images/p0.png" and (kept.images == found.images).all()


def test_nobody_is_both_trained_on_and_held_out():
    names = [f"person {number}" for number in range(500)] * 2
    everyone = photographs.Photographs(np.zeros((1000, 1, 1)), np.zeros(1000, int), np.array(names), np.array(names))
    held, others = everyone.of(held=True), everyone.of(held=False)
    assert len(held) + len(others) == 1000 and 100 < len(held) < 300
    assert not set(held.person.tolist()) & set(others.person.tolist())


def test_the_first_of_each_label_are_measured():
    assert wild.first_of_each(np.array([0, 0, 3, 0, 3, 5]), 2).tolist() == [0, 1, 2, 4, 5]


def test_of_four_the_most_likely_of_the_four_counts():
    label = np.array([0, 0, 4, 6, 1, 5])
    logits = np.zeros((6, 8))
    logits[[0, 1, 2, 3, 4], [0, 4, 4, 6, 1]] = 1
    # Sadness is likelier still, and is not among the four.
    logits[:, 5] = 2
    four = wild.of_four(label, logits)
    assert four["n"] == 5 and four["accuracy"] == pytest.approx(4 / 5)
    assert four["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1 + 1) / 4)


def test_a_missing_archive_and_a_missing_pack_are_named(tmp_path):
    with pytest.raises(data.DataError, match="faces-in-the-wild.tar is missing"):
        next(photographs.read(tmp_path))
    with pytest.raises(measure.PackError, match="no pack.toml"):
        wild.run(tmp_path, tmp_path, tmp_path / "none.onnx")
    with pytest.raises(data.DataError, match="affectlab photographs"):
        photographs.Photographs.load(tmp_path / "none.npz")
