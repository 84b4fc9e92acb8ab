"""The way through detection and alignment, on pictures made here."""

import csv
import io
import tarfile

import cv2
import numpy as np
import pytest

from affectlab import data, measure, template, wild


def write_archive(folder):
    with tarfile.open(folder / wild.ARCHIVE, "w") as archive:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["image", "person", "emotion"])
        for number, emotion in enumerate(["anger", "anger", "joyful", "fear"]):
            writer.writerow([f"p{number}.png", "somebody", emotion])
            coded = cv2.imencode(".png", np.full((20, 30, 3), 40 * number, np.uint8))[1].tobytes()
            member = tarfile.TarInfo(f"images/p{number}.png")
            member.size = len(coded)
            archive.addfile(member, io.BytesIO(coded))
        coded = text.getvalue().encode()
        member = tarfile.TarInfo("labels.csv")
        member.size = len(coded)
        archive.addfile(member, io.BytesIO(coded))


def test_known_labels_are_read_up_to_the_limit(tmp_path):
    write_archive(tmp_path)
    found = [(label, int(image[0, 0, 0])) for label, image in wild.read(tmp_path, most=1)]
    assert found == [(1, 0), (3, 120)]


def test_the_letterbox_keeps_the_shape_and_can_be_undone():
    image = np.full((100, 50, 3), 200, np.uint8)
    boxed, scale, left, top = wild.letterbox(image)
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
    score, points = wild.find_points(FixedDetector(), grid, np.zeros((256, 256, 3), np.uint8))
    assert score > 0.9
    np.testing.assert_allclose(points, np.tile(grid[300] * 256, (4, 1)), atol=1e-4)


def test_a_missing_archive_and_a_missing_pack_are_named(tmp_path):
    with pytest.raises(data.DataError, match="faces-in-the-wild.tar is missing"):
        next(wild.read(tmp_path, 1))
    with pytest.raises(measure.PackError, match="no pack.toml"):
        wild.run(tmp_path, tmp_path, tmp_path / "none.onnx")
