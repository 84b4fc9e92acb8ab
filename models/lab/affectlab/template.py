"""Where eyes, nose and mouth lie in the training crops: the pack's ``[align]``.

The daemon moves a camera face onto these points before the network sees it,
so they must be where the *same detector* finds them in FER2013 crops. Each
crop is enlarged, set in the middle of a larger mid-grey picture (BlazeFace
expects some surroundings), and searched; the answers of confident detections
are averaged without their extremes.
"""

import logging
from pathlib import Path

import numpy as np

log = logging.getLogger(__name__)

SIZE = 128
POINTS = ("right_eye", "left_eye", "nose", "mouth")
TRIM = 0.1


class TemplateError(Exception):
    """The points cannot be measured."""


def anchors():
    """(896, 2) centres of BlazeFace short range: 16x16 cells of two, 8x8 of six."""
    rows = []
    for cells, each in ((16, 2), (8, 6)):
        centre = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centre, centre, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0))
    return np.concatenate(rows).astype(np.float32)


def frame(crop, share):
    """Set a (48, 48) u8 crop in the middle of a (128, 128) one, ``share`` of its width wide."""
    import cv2

    side = round(SIZE * share / 2) * 2
    edge = (SIZE - side) // 2
    large = cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR)
    return cv2.copyMakeBorder(large, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=128)


def ask(session, pixels):
    """What BlazeFace short range answers to (128, 128) grey or (128, 128, 3) RGB: regressors (896, 16), logits (896,)."""
    planes = np.moveaxis(np.atleast_3d(pixels).astype(np.float32) / 127.5 - 1, 2, 0)
    x = np.ascontiguousarray(np.broadcast_to(planes, (3, SIZE, SIZE)))[None]
    regressors, scores = session.run(["regressors", "scores"], {"input": x})
    return regressors[0], scores.reshape(-1)


def decode(regressors, scores, grid):
    """Best detection of one picture: (score, (4, 2) points as fractions of the picture).

    ``regressors``: (896, 16) pixels; ``scores``: (896,) logits.
    """
    best = int(scores.argmax())
    points = regressors[best, 4:12].reshape(4, 2) / SIZE + grid[best]
    return 1 / (1 + np.exp(-np.clip(scores[best], -80, 80))), points


def trimmed_mean(values, trim=TRIM):
    """Mean along the first axis without the lowest and highest ``trim`` share."""
    ordered = np.sort(values, axis=0)
    cut = int(len(ordered) * trim)
    return ordered[cut:len(ordered) - cut].mean(axis=0)


def symmetric(found):
    """(N, 4, 2) points and their mirror images, (2N, 4, 2): training flips half of the crops."""
    mirrored = found[:, [1, 0, 2, 3]] * (-1, 1) + (1, 0)
    return np.concatenate([found, mirrored])


def measure(images, detector, share=0.75, threshold=0.75):
    """Points as fractions of the crop, their spread, and how many crops were used.

    ``images``: (N, 48, 48) u8; ``detector``: an ONNX file of BlazeFace short
    range with ``input`` 1x3x128x128 in [-1, 1] (the pack ``blazeface-short``).
    """
    import onnxruntime

    if not Path(detector).is_file():
        raise TemplateError(f"{detector} is missing: fetch the detectors with 'make models'")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(detector), options)
    grid, found = anchors(), []
    for crop in images:
        score, points = decode(*ask(session, frame(np.asarray(crop), share)), grid)
        if score >= threshold:
            found.append((points - 0.5) / share + 0.5)
    return summary(np.array(found), len(images))


def summary(found, looked_at):
    """Points, their spread, and how many were used, from (N, 4, 2) fractions found in ``looked_at`` pictures."""
    if len(found) < 10:
        raise TemplateError(f"faces were found in {len(found)} of {looked_at} pictures only")
    found = symmetric(found)
    return {
        "points": {name: trimmed_mean(found[:, i]).tolist() for i, name in enumerate(POINTS)},
        "spread": {name: found[:, i].std(0).tolist() for i, name in enumerate(POINTS)},
        "used": len(found) // 2,
        "looked_at": looked_at,
    }
