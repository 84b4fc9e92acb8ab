"""Targets for twelve action units, although nobody has annotated one here.

Two witnesses are heard. MediaPipe's blendshapes and points see what moves:
well for brows, smile and jaw, badly for cheeks and pressed lips. What raters
said of the emotion tells which units people show with it (Du, Tao and
Martinez 2014: prototypical units, and the share of people who show the
others). What was seen counts as much as it is worth: where a shape tells
faces with a unit from those without at an area A under the ROC curve, each
standard deviation of it adds d' = sqrt(2) * probit(A) to the log odds, as it
does for two normal distributions. The emotion adds the more, the poorer the
shape. The result is a pseudo-label, and every card says so.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch

from .data import DataError
from .labels import EXPRESSIONS, UNITS

# The share of people who show a unit with an emotion; what is not listed is RARE.
RARE, PROTOTYPICAL = 0.04, 0.9
EXPECTED = {
    "anger": {"AU4": PROTOTYPICAL, "AU7": PROTOTYPICAL, "AU24": PROTOTYPICAL, "AU10": 0.26, "AU23": 0.29},
    "disgust": {"AU10": PROTOTYPICAL, "AU4": 0.31, "AU24": 0.26},
    "fear": {"AU1": PROTOTYPICAL, "AU4": PROTOTYPICAL, "AU25": PROTOTYPICAL, "AU2": 0.57, "AU26": 0.33},
    "happiness": {"AU12": PROTOTYPICAL, "AU25": PROTOTYPICAL, "AU6": 0.51},
    "sadness": {"AU4": PROTOTYPICAL, "AU15": PROTOTYPICAL, "AU1": 0.60, "AU6": 0.50},
    "surprise": {"AU1": PROTOTYPICAL, "AU2": PROTOTYPICAL, "AU25": PROTOTYPICAL, "AU26": PROTOTYPICAL},
}

# What each unit is seen by, the area under the ROC curve that the landmarker's shapes reach against
# human labels (posed faces), and how much the emotion adds (0 nothing, 1 as independent evidence).
SEEN_BY = {
    "AU1": (("browInnerUp",), 0.96, 0.25),
    "AU2": (("browOuterUp",), 0.96, 0.25),
    "AU4": (("browDown",), 0.76, 0.7),
    "AU6": (("eyeSquint", "mouthSmile"), 0.63, 0.7),
    "AU7": (("eyeSquint",), 0.81, 0.5),
    "AU10": (("mouthUpperUp",), 0.62, 0.7),
    "AU12": (("mouthSmile",), 0.98, 0.25),
    "AU15": (("mouthFrown",), 0.80, 0.5),
    "AU23": (("mouthRoll",), 0.56, 0.7),
    "AU24": (("mouthPress",), 0.72, 0.7),
    "AU25": (("lip gap",), 0.98, 0.15),
    "AU26": (("jawOpen",), 0.97, 0.15),
}


def expected(shares):
    """(N, 12) probabilities of the units, from (N, 8) shares of the emotions."""
    table = torch.tensor([[EXPECTED.get(name, {}).get(unit, RARE) for unit in UNITS] for name in EXPRESSIONS])
    return shares @ table


def features(kinds, blendshapes, points):
    """Name -> (N,) what the landmarker saw: roots of blendshapes, left and right averaged, and the gap between the lips.

    The root makes small movements count; the gap is measured by the distance of the eyes.
    """
    kinds, points = [str(kind) for kind in kinds], np.asarray(points, np.float32)
    shapes = np.asarray(blendshapes, np.float32)

    def shape(stem):
        names = {stem + side for side in ("", "Left", "Right", "Upper", "Lower")}
        return np.sqrt(shapes[:, [i for i, kind in enumerate(kinds) if kind in names]].mean(1))

    def distance(a, b):
        return np.linalg.norm(points[:, a] - points[:, b], axis=1)

    stems = {name for names, _, _ in SEEN_BY.values() for name in names} - {"lip gap"}
    return {stem: shape(stem) for stem in sorted(stems)} | {"lip gap": distance(13, 14) / distance(33, 263).clip(1e-3)}


class Landmarks:
    """What ``affectlab.blendshapes`` wrote: the landmarker's answers, by the pictures' names."""

    def __init__(self, path):
        if not Path(path).is_file():
            raise DataError(f"{path} is missing: make it with 'python -m affectlab.blendshapes'")
        with np.load(path, allow_pickle=False) as archive:
            self.kinds, self.blendshapes, self.points = archive["kinds"], archive["blendshapes"], archive["points"]
            self.row = {str(name): row for row, name in enumerate(archive["names"])}

    def _rows(self, names):
        # FER+ pictures are kept apart from photographs by a prefix.
        return [self.row.get(str(name), self.row.get(f"ferplus/{name}", -1)) for name in names]

    def points_of(self, names):
        """(M, 478, 2) points, as fractions of the longer side, of those pictures in which a face was found."""
        return np.asarray(self.points[[row for row in self._rows(names) if row >= 0]], np.float32)

    def of(self, names):
        """``features`` of those pictures in which a face was found, and (N,) which they are."""
        rows = self._rows(names)
        found = torch.tensor([row >= 0 for row in rows])
        rows = [row for row in rows if row >= 0]
        return features(self.kinds, self.blendshapes[rows], self.points[rows]), found


@dataclass
class Witness:
    """How what was seen becomes log odds, settled on faces whose emotions are known."""

    mean: dict
    spread: dict
    bias: torch.Tensor
    base: torch.Tensor

    @classmethod
    def about(cls, landmarks, faces):
        """Settled so that each unit is, on the mean, as frequent as the emotions let one expect."""
        seen, found = landmarks.of(faces.name)
        often = expected(faces.target[found]).mean(0)
        mean = {name: float(values.mean()) for name, values in seen.items()}
        spread = {name: float(values.std()) + 1e-6 for name, values in seen.items()}
        witness = cls(mean, spread, torch.zeros(len(UNITS)), torch.logit(often))
        low, high = torch.full((len(UNITS),), -20.0), torch.full((len(UNITS),), 20.0)
        for _ in range(40):
            witness.bias = (low + high) / 2
            too_often = torch.sigmoid(witness.logits(seen)).mean(0) > often
            low, high = torch.where(too_often, low, witness.bias), torch.where(too_often, witness.bias, high)
        return witness

    def logits(self, seen):
        """(N, 12) log odds of the units by what was seen alone."""
        columns = []
        for names, area, _ in SEEN_BY.values():
            z = sum((seen[name] - self.mean[name]) / self.spread[name] for name in names) / math.sqrt(len(names))
            columns.append(torch.from_numpy(z).float() * math.sqrt(2) * NormalDist().inv_cdf(area))
        return torch.stack(columns, 1) + self.bias


def targets(landmarks, witness, faces):
    """(N, 12) probabilities of the units of ``faces``: what was seen, and what the emotions add to it.

    Where the landmarker found no face, the emotions alone speak.
    """
    prior = torch.logit(expected(faces.target).clamp(1e-3, 1 - 1e-3))
    seen, found = landmarks.of(faces.name)
    weight = torch.tensor([SEEN_BY[unit][2] for unit in UNITS])
    total = prior.clone()
    total[found] = witness.logits(seen) + weight * (prior[found] - witness.base)
    return torch.sigmoid(total)


def auc(scores, positive):
    """Area under the ROC curve; ``None`` when one side is empty."""
    scores, positive = np.asarray(scores, np.float64), np.asarray(positive, bool)
    if positive.all() or not positive.any():
        return None
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    # Equal scores share their mean rank.
    _, inverse, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.bincount(inverse, ranks) / count)[inverse]
    n = positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))
