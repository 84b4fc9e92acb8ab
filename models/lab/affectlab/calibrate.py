"""Two numbers tuned after training, on pictures kept out of it.

``tau`` lifts the logits of rare classes by ``-tau * log(share)`` (baked into
the exported bias), because a network trained on FER+ rarely dares to say fear
or contempt. ``temperature`` makes the confidence honest: the daemon divides
the logits by it. Both come from the ``holdout`` part of the training split;
the validation split never takes part.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

TAUS = tuple(round(0.05 * step, 2) for step in range(21))
TEMPERATURES = tuple(round(0.3 + 0.02 * step, 2) for step in range(86))
GIVE_UP = 0.005


@dataclass(frozen=True)
class Calibration:
    """``offset``: eight numbers added to the logits; ``temperature`` divides their sum."""

    tau: float = 0.0
    temperature: float = 1.0
    offset: tuple = (0.0,) * 8

    def save(self, run):
        path = Path(run) / "calibration.json"
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, run):
        """What ``calibrate`` left in the run's folder, or no change at all."""
        path = Path(run) / "calibration.json"
        if not path.is_file():
            return cls()
        values = json.loads(path.read_text())
        return cls(values["tau"], values["temperature"], tuple(values["offset"]))


def offsets(label, tau, classes=8):
    """(classes,) additions to the logits, from the shares of the training labels."""
    count = torch.bincount(label, minlength=classes).clamp(min=1).float()
    raw = -tau * torch.log(count / count.sum())
    return raw - raw.min()


def mean_recall(logits, label):
    """Mean over the classes present of the share that is found."""
    right = logits.argmax(1) == label
    return torch.stack([right[label == c].float().mean() for c in label.unique()]).mean()


def choose_tau(logits, label, training_label):
    """Best mean recall among those that cost at most ``GIVE_UP`` of the best accuracy."""
    tried = []
    for tau in TAUS:
        moved = logits + offsets(training_label, tau)
        accuracy = (moved.argmax(1) == label).float().mean()
        tried.append((float(accuracy), float(mean_recall(moved, label)), tau))
    best = max(accuracy for accuracy, _, _ in tried)
    return max((recall, -tau) for accuracy, recall, tau in tried if accuracy >= best - GIVE_UP)[1] * -1


def choose_temperature(logits, label):
    """The temperature with the lowest negative log-likelihood of the majority label."""
    return min(TEMPERATURES, key=lambda t: float(F.cross_entropy(logits / t, label)))


def calibrate(logits, label, training_label, tau=None):
    """Choose both numbers on held-out ``logits`` (N, 8) and ``label`` (N,); ``tau`` may be given."""
    if tau is None:
        tau = choose_tau(logits, label, training_label)
    offset = offsets(training_label, tau)
    temperature = choose_temperature(logits + offset, label)
    return Calibration(tau, temperature, tuple(round(float(v), 4) for v in offset))


def by_confidence(logits, label, temperature, bins=10):
    """Per equal-width bin of the top confidence: how many, mean confidence, share that is right; not a number if none."""
    confidence, guess = torch.softmax(logits / temperature, 1).max(1)
    right = (guess == label).float()
    index = (confidence * bins).long().clamp(max=bins - 1)
    return [(int((index == b).sum()), float(confidence[index == b].mean()), float(right[index == b].mean()))
            for b in range(bins)]


def expected_error(logits, label, temperature, bins=10):
    """Expected calibration error of the top confidence, equal-width bins, in 0..1."""
    rows = by_confidence(logits, label, temperature, bins)
    return sum(count * abs(confidence - right) for count, confidence, right in rows if count) / len(label)
