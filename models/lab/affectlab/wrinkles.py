"""Folds of the skin: how much finer structure lies where a unit makes folds than elsewhere in the same face.

The only cue for units that comes from the pixels and neither from the landmarker's shapes nor from an emotion. The
face is turned upright and scaled to 48 pixels between the outer eye corners. In each region the energy of the
gradient, across the folds where these have one direction, is divided by that of the whole face, so that light,
contrast and sharpness weigh less; what the sharpness of the picture still explains is taken off by ``Baseline``.
"""

from dataclasses import dataclass

import numpy as np

from .geometry import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, MOUTH_LEFT, MOUTH_RIGHT, NASION

SIDE, EYES = 96, 48
CROP, BORDER = 192, 48

# Unit -> regions as (landmarks whose mean is the middle, shift right and down, width, height, weight of gx and gy).
# Pixels of the 96x96 face; a shift to the right is outwards on both sides.
REGIONS = {
    "AU1": (((BROW_RIGHT, BROW_LEFT), (0, -11), 22, 10, (0, 1)),),
    "AU2": (((70, 105), (0, -11), 18, 10, (0, 1)), ((300, 334), (0, -11), 18, 10, (0, 1))),
    "AU4": (((BROW_RIGHT, BROW_LEFT), (0, 1), 14, 12, (1, 0)),),
    "AU6": (((EYE_RIGHT,), (-2, 5), 8, 8, (0, 1)), ((EYE_LEFT,), (2, 5), 8, 8, (0, 1))),
    "AU7": (((145,), (0, 5), 14, 6, (0, 1)), ((374,), (0, 5), 14, 6, (0, 1))),
    "AU10": (((129,), (-4, 1), 8, 10, (1, 1)), ((358,), (4, 1), 8, 10, (1, 1)), ((NASION,), (0, 6), 12, 8, (0, 1))),
    "AU12": (((129, MOUTH_RIGHT), (-4, 0), 9, 12, (1, 0)), ((358, MOUTH_LEFT), (4, 0), 9, 12, (1, 0))),
    "AU15": (((MOUTH_RIGHT,), (-1, 7), 9, 8, (1, 1)), ((MOUTH_LEFT,), (1, 7), 9, 8, (1, 1))),
}
WHOLE = ((NASION, 13), (0, 4), 56, 60, (1, 1))


def face(grey, points):
    """(96, 96) f32 upright face and its (478, 2) points, from a grey picture and the points in its pixels."""
    import cv2

    right, left = points[EYE_RIGHT], points[EYE_LEFT]
    across = complex(*(left - right))
    turn = EYES / across if abs(across) > 1e-3 else 1 + 0j
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    matrix = np.column_stack([linear, np.array([SIDE / 2, SIDE * 0.38]) - linear @ (right + left) / 2])
    if abs(turn) < 1:
        grey = cv2.GaussianBlur(grey, (0, 0), 0.5 * np.sqrt(1 / abs(turn) ** 2 - 1) + 1e-3)
    warped = cv2.warpAffine(grey, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return warped, points @ linear.T + matrix[:, 2]


def _energy(gx, gy, points, region):
    landmarks, shift, width, height, (across, along) = region
    x, y = points[list(landmarks)].mean(0) + shift
    left, top = int(np.clip(round(x - width / 2), 0, SIDE - 4)), int(np.clip(round(y - height / 2), 0, SIDE - 4))
    rows, columns = slice(top, max(top + 4, round(y + height / 2))), slice(left, max(left + 4, round(x + width / 2)))
    return float((across * gx[rows, columns] + along * gy[rows, columns]).mean() / (across + along))


def folds(grey, points):
    """Unit -> log of its regions' energy over the whole face's, and ``sharpness``: the log of the latter (per contrast)."""
    import cv2

    warped, points = face(np.asarray(grey, np.float32), np.asarray(points, np.float64))
    contrast = warped.std() + 1.0
    gx = (cv2.Sobel(warped, cv2.CV_32F, 1, 0) / contrast) ** 2
    gy = (cv2.Sobel(warped, cv2.CV_32F, 0, 1) / contrast) ** 2
    whole = _energy(gx, gy, points, WHOLE) + 1e-4
    seen = {unit: float(np.log(np.mean([_energy(gx, gy, points, region) for region in regions]) + 1e-4) - np.log(whole))
            for unit, regions in REGIONS.items()}
    return seen | {"sharpness": float(np.log(whole))}


def in_crop(points, side=48):
    """Points that ``affectlab.blendshapes`` found in an enlarged and framed FER2013 crop, in pixels of the crop."""
    framed = CROP + 2 * BORDER
    return (np.asarray(points, np.float64) * framed - BORDER) * side / CROP


def stacked(found):
    """Dictionaries of single faces as one of (N,) arrays."""
    return {name: np.array([one[name] for one in found], np.float32) for name in (*REGIONS, "sharpness")}


@dataclass
class Baseline:
    """What sharpness alone lets one expect of each region, and how far neutral faces stray from it."""

    line: dict
    spread: dict

    @classmethod
    def of(cls, seen):
        """Fitted on ``stacked`` folds of neutral faces."""
        line = {unit: np.polyfit(seen["sharpness"], seen[unit], 1) for unit in REGIONS}
        spread = {unit: float((seen[unit] - np.polyval(line[unit], seen["sharpness"])).std()) + 1e-6 for unit in REGIONS}
        return cls(line, spread)

    def cues(self, seen):
        """Unit -> (N,) standard deviations of neutral faces above what is expected of this sharpness."""
        return {unit: (seen[unit] - np.polyval(self.line[unit], seen["sharpness"])) / self.spread[unit] for unit in REGIONS}
