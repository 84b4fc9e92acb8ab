"""Real faces, without labels: how often does the expression change from row to row on a clip?

The face is found and aligned as the daemon does it (BlazeFace short range, the
pack's points), ten times a second, and lost where the detector finds none.
Nobody labelled these clips, so fewer flips is all that can be said of them.
"""

from pathlib import Path

import numpy as np

from .. import data, export, photographs, template, warp
from ..model import SIZE
from . import figures
from .compose import Composed
from .script import STEP

THRESHOLD = 0.5
SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".webm")


def frames(path, step=STEP):
    """Yield the BGR frame that is shown at each ``step`` of seconds of a clip."""
    import cv2

    clip = cv2.VideoCapture(str(path))
    rate = clip.get(cv2.CAP_PROP_FPS) or 0
    if not clip.isOpened() or not rate > 0:
        raise data.DataError(f"{path} is not a clip that OpenCV can read")
    number, due = 0, 0.0
    while True:
        there, image = clip.read()
        if not there:
            break
        if number / rate >= due - 0.5 / rate:
            yield image
            due += step
        number += 1


def faces(path, finder, grid, points_in):
    """(M, 64, 64) u8 aligned faces of a clip, and (T,) which of them each row shows, -1 where none was found."""
    crops, row = [], []
    for image in frames(path):
        score, points = photographs.find_points(finder, grid, image)
        if score < THRESHOLD:
            row.append(-1)
            continue
        row.append(len(crops))
        crop = warp.align(warp.luma(image[:, :, ::-1]), points, points_in, SIZE)
        crops.append(np.rint(crop).clip(0, 255).astype(np.uint8))
    return np.array(crops, np.uint8).reshape(-1, SIZE, SIZE), np.array(row, int)


def read(path, face, detector):
    """A clip as ``Composed`` of one sequence without labels, from its first row with a face to its last; or none."""
    points = np.array([face.pack["align"][name] for name in template.POINTS])
    crops, row = faces(path, export.session(detector), template.anchors(), points)
    if len(crops) == 0:
        return None
    found = np.flatnonzero(row >= 0)
    row = row[found[0]:found[-1] + 1]
    said, rows = face.ask(crops), len(row)

    def unknown(width):
        return np.full((1, rows, width), np.nan, np.float32)

    return Composed(row[None], said["embedding"], said["expression"] / face.temperature,
                    said.get("valence_arousal", np.full((len(crops), 2), np.nan, np.float32)),
                    said.get("action_units", np.full((len(crops), 12), np.nan, np.float32)),
                    unknown(8), unknown(2), unknown(12), np.zeros((1, rows, 6), bool),
                    np.array(["clip"]), np.array([Path(path).name]), face.told, "a real clip without labels")


def measure(folder, face, detector, tell):
    """Flips a second of every clip in ``folder``: name of the clip -> name of the reader -> flips.

    ``tell``: ``Composed`` -> answers by name, the first of each (1, T, 8) probabilities.
    """
    result = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix not in SUFFIXES:
            continue
        clip = read(path, face, detector)
        if clip is None or clip.row.shape[1] < 2:
            continue
        seen = clip.row >= 0
        row = {"seconds": round(clip.row.shape[1] * STEP, 1), "found": float(seen.mean())}
        row |= {name: figures.flips(answer[0].argmax(2), seen) for name, answer in tell(clip).items()}
        result[path.name] = row
    if not result:
        raise data.DataError(f"{folder} holds no clip with a face")
    return result
