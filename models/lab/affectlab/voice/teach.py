"""What a large network makes of the recordings: a teacher for the small one.

The teacher is a logistic regression over the middle of Whisper's encoder (see
``whisper``). It is fitted crosswise by actor: what it says of a recording rests
on other actors alone, so that it does not hand down what it merely remembers.
The encoder's own numbers, in their main directions, are a further target.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..data import DataError

# Layers of the encoder that are listened to; the middle ones tell most of how something is said.
LAYERS, EXTRA_LAYER = (2, 3, 4), 3
PARTS = 4
STRENGTH = 0.002
DIRECTIONS = 64


@dataclass
class Heard:
    """``name``: (N,) list; ``layers``: (N, 8, 1024) mean and deviation over time of each of Whisper's layers."""

    name: list
    layers: torch.Tensor

    def save(self, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        torch.save({"name": self.name, "layers": self.layers}, path)

    @classmethod
    def load(cls, path):
        path = Path(path)
        if not path.is_file():
            raise DataError(f"{path} is missing: make it with 'python -m affectlab voice listen'")
        return cls(**torch.load(path, weights_only=True))

    def of(self, recordings):
        """(N, 8, 1024) rows of these recordings."""
        place = {name: row for row, name in enumerate(self.name)}
        absent = [recording.name for recording in recordings if recording.name not in place]
        if absent:
            raise DataError(f"Whisper was not asked about {absent[0]} and {len(absent) - 1} more")
        return self.layers[[place[recording.name] for recording in recordings]]


def _standard(rows, known):
    mean, deviation = known.mean(0), known.std(0) + 1e-6
    return (rows - mean) / deviation


def _fitted(rows, label):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # A hundred steps are enough for a target.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=STRENGTH, max_iter=100, class_weight="balanced").fit(rows, label)


def opinions(layers, label, actor, classes=8):
    """(N, 8) f32 probabilities, each from a regression that never heard that actor."""
    rows = layers[:, list(LAYERS)].flatten(1).numpy()
    label, actor = np.asarray(label), np.asarray(actor)
    out = np.zeros((len(rows), classes), np.float32)
    for part in range(PARTS):
        asked = actor % PARTS == part
        if not asked.any():
            continue
        known, mine = _standard(rows[~asked], rows[~asked]), _standard(rows[asked], rows[~asked])
        # Turned to the directions there are: fewer columns than numbers, and the same regression.
        turn = np.linalg.svd(known, full_matrices=False)[2].T
        model = _fitted(known @ turn, label[~asked])
        out[np.ix_(asked, model.classes_)] = model.predict_proba(mine @ turn)
    return torch.from_numpy(out)


def directions(layers, count=DIRECTIONS):
    """(N, count) f32 main directions of the middle layer, each of unit deviation."""
    rows = layers[:, EXTRA_LAYER]
    rows = (rows - rows.mean(0)) / (rows.std(0) + 1e-6)
    left, _, _ = torch.linalg.svd(rows, full_matrices=False)
    chosen = left[:, :count]
    return chosen / chosen.std(0)
