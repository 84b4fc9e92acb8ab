"""For developers: finds the faces in photographs with a fetched pack.

``python -m packfetch.faces PACK PHOTO…`` prints one line a photo. It reads the
model's raw outputs with ONNX Runtime in the plainest way, so that the packs can be
judged, and the daemon's own decoder compared, without the daemon.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from .build import MODELS
from .golden import normalise
from .manifest import Manifest, read_manifest

SCORE_THRESHOLD = 0.5
_SAME_FACE_IOU = 0.3
# Cells a side and anchors a cell, for each map of the model's output, by input size.
_LAYOUTS = {192: ((48, 1),), 128: ((16, 2), (8, 6))}


@dataclass(frozen=True)
class Face:
    """A face in pixels of the photo: box and the six points as the model orders them.

    Points (x, y): right eye, left eye, tip of the nose, mouth, right ear, left ear,
    where right is the person's right.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    points: np.ndarray


class Detector:
    """A BlazeFace pack on ONNX Runtime."""

    def __init__(self, folder: Path) -> None:
        self._manifest: Manifest = read_manifest(folder)
        self._session = onnxruntime.InferenceSession(
            folder / self._manifest.model.path, providers=["CPUExecutionProvider"]
        )

    def find(self, photo: Image.Image) -> list[Face]:
        """Faces in ``photo``, the surest first."""
        size = self._manifest.width
        square, scale, left, top = letterbox(photo, size)
        picture = normalise(square[np.newaxis], self._manifest.scale, self._manifest.offset)
        names = [self._manifest.output_tensors[key] for key in ("boxes", "scores")]
        boxes, logits = self._session.run(names, {"input": picture})
        return [
            _in_photo(candidate, size, scale, left, top)
            for candidate in merge(candidates(boxes[0], logits[0, :, 0], size))
        ]


def letterbox(photo: Image.Image, size: int) -> tuple[np.ndarray, float, int, int]:
    """Fit ``photo`` into a black square: the square, its scale, and the picture's corner."""
    scale = size / max(photo.size)
    width, height = (max(1, round(side * scale)) for side in photo.size)
    left, top = (size - width) // 2, (size - height) // 2
    square = Image.new("RGB", (size, size))
    small = photo.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    square.paste(small, (left, top))
    return np.asarray(square), scale, left, top


def anchors(size: int) -> np.ndarray:
    """Anchor centres (x, y) in input pixels, in the order of the model's rows."""
    rows = [
        ((column + 0.5) * size / side, (row + 0.5) * size / side)
        for side, per_cell in _LAYOUTS[size]
        for row in range(side)
        for column in range(side)
        for _ in range(per_cell)
    ]
    return np.array(rows, np.float32)


def candidates(boxes: np.ndarray, logits: np.ndarray, size: int) -> np.ndarray:
    """Rows over the threshold: left, top, right, bottom, score, six points; input pixels."""
    scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
    chosen = scores > SCORE_THRESHOLD
    centres = anchors(size)[chosen]
    raw = boxes[chosen]
    middle, half = raw[:, :2] + centres, raw[:, 2:4] / 2
    points = raw[:, 4:] + np.tile(centres, 6)
    return np.hstack([middle - half, middle + half, scores[chosen, np.newaxis], points])


def merge(rows: np.ndarray) -> list[np.ndarray]:
    """Weighted suppression: overlapping candidates become their mean by score."""
    faces = []
    rows = rows[np.argsort(-rows[:, 4], kind="stable")]
    while len(rows):
        same = _iou(rows[0], rows) > _SAME_FACE_IOU
        face = np.average(rows[same], axis=0, weights=rows[same, 4])
        face[4] = rows[0, 4]
        faces.append(face)
        rows = rows[~same]
    return faces


def _iou(one: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Overlap of a box with each of several, as a fraction of their union."""
    width = np.minimum(one[2], many[:, 2]) - np.maximum(one[0], many[:, 0])
    height = np.minimum(one[3], many[:, 3]) - np.maximum(one[1], many[:, 1])
    common = np.clip(width, 0, None) * np.clip(height, 0, None)
    areas = (many[:, 2] - many[:, 0]) * (many[:, 3] - many[:, 1])
    return common / ((one[2] - one[0]) * (one[3] - one[1]) + areas - common)


def _in_photo(row: np.ndarray, size: int, scale: float, left: int, top: int) -> Face:
    corner = np.array([left, top], np.float32)
    box = (row[:4].reshape(2, 2) - corner) / scale
    points = (row[5:].reshape(6, 2) - corner) / scale
    return Face(*map(float, box.reshape(-1)), score=float(row[4]), points=points)


def main(arguments: list[str]) -> int:
    """Print the faces of each photo and their number in all."""
    if len(arguments) < 2:
        print("usage: python -m packfetch.faces PACK PHOTO…", file=sys.stderr)
        return 2
    detector = Detector(MODELS / arguments[0])
    total = 0
    for name in arguments[1:]:
        with Image.open(name) as photo:
            faces = detector.find(photo)
        total += len(faces)
        widths = ", ".join(f"{face.right - face.left:.0f} px {face.score:.2f}" for face in faces)
        print(f"{Path(name).name}: {len(faces)} faces ({widths})")
    print(f"{total} faces in {len(arguments) - 1} photos")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
