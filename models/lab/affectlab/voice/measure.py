"""Figures of a finished voice pack: the ONNX file itself, on the actors held out.

Each recording is heard as the daemon hears it: the mean over its windows (see ``windows``). Voice
is found by energy in the sound as it is then, damaged or not. The figures go to
``figures.json`` beside ``pack.toml``; the card is written from that alone.
"""

import logging

import numpy as np
import torch

from .. import calibrate, export
from ..measure import PackError
from . import damage, labels, ravdess, windows
from .train import mean_recall

log = logging.getLogger(__name__)

NAMES = labels.EXPRESSIONS
ANGER, SADNESS = NAMES.index("anger"), NAMES.index("sadness")
# What most corpora of acted voices have: the six that can be compared across them.
SHARED = tuple(NAMES.index(name) for name in ("neutral", "anger", "disgust", "fear", "happiness", "sadness"))


def runner(path):
    """What ``windows.ask`` asks: the ONNX file in ONNX Runtime on one thread."""
    session = export.session(path)

    def answer(x):
        found = export.run(session, x.numpy())
        if not all(np.isfinite(values).all() for values in found.values()):
            raise PackError(f"{path} gives answers that are not finite")
        return found["expression"], found["valence_arousal"]

    return answer


def ranked(arousal, label):
    """Share of all pairs of an angry and a sad recording in which the angry one has the higher arousal."""
    angry, sad = arousal[label == ANGER], arousal[label == SADNESS]
    return float((angry[:, None] > sad[None]).float().mean())


def within(probability, label, kinds):
    """Mean recall when only these ``kinds`` are asked for, on the recordings that are one of them."""
    kinds = torch.tensor(kinds)
    rows = torch.isin(label, kinds)
    return mean_recall(kinds[probability[rows][:, kinds].argmax(1)], label[rows])


def short(probability, va, label):
    """The figures that each damage gets."""
    return {"mean_recall": mean_recall(probability.argmax(1), label), "mean_recall_six": within(probability, label, SHARED),
            "anger_above_sadness": ranked(va[:, 1], label)}


def calibrated_error(probability, label):
    """Expected calibration error of the mean probabilities of whole recordings."""
    return calibrate.expected_error(probability.clamp(min=1e-9).log(), label, 1.0)


def ccc(said, target):
    """Concordance of two (N,) tensors."""
    covariance = ((said - said.mean()) * (target - target.mean())).mean()
    both = said.var(correction=0) + target.var(correction=0) + (said.mean() - target.mean()) ** 2
    return float(2 * covariance / both)


def groups(recordings):
    """Name -> (N,) bool: parts of the recordings that are looked at alone."""
    def where(test):
        return torch.tensor([bool(test(recording)) for recording in recordings])

    return {"men": where(lambda r: r.sex == "M"), "women": where(lambda r: r.sex != "M"),
            "statement 1 (kids)": where(lambda r: r.statement == 1), "statement 2 (dogs)": where(lambda r: r.statement == 2),
            "normal intensity": where(lambda r: r.intensity == 1), "strong intensity": where(lambda r: r.intensity == 2)}


def heard(recordings, change):
    """The windows of all recordings after a damage."""
    sounds = change([recording.sound for recording in recordings])
    return windows.Set.of([windows.rows_of(sound) for sound in sounds])


def figures(answer, recordings, temperature, damages=("none",)):
    """All figures of a network (see ``windows.ask``) on these recordings, as a dictionary."""
    label = torch.tensor([recording.label for recording in recordings])
    target = torch.tensor(np.array([recording.va for recording in recordings]))
    plain = heard(recordings, damage.DAMAGE["none"])
    probability, va = windows.ask(answer, plain, temperature)
    guess = probability.argmax(1)
    table = torch.zeros(len(NAMES), len(NAMES), dtype=torch.long)
    table.index_put_((label, guess), torch.ones(len(label), dtype=torch.long), accumulate=True)
    result = {"n": len(recordings), "windows": len(plain.x), "actors": sorted({recording.actor for recording in recordings}),
              "accuracy": float((guess == label).float().mean()), **short(probability, va, label),
              "recall": {name: float((guess[label == kind] == kind).float().mean()) for kind, name in enumerate(NAMES) if (label == kind).any()},
              "count": {name: int((label == kind).sum()) for kind, name in enumerate(NAMES)},
              "confusion": table.tolist(), "calibration_error": calibrated_error(probability, label),
              "ccc_valence": ccc(va[:, 0], target[:, 0]), "ccc_arousal": ccc(va[:, 1], target[:, 1]),
              "arousal": {name: float(va[label == kind, 1].mean()) for kind, name in enumerate(NAMES) if (label == kind).any()},
              "groups": {name: {"n": int(rows.sum()), "mean_recall": mean_recall(guess[rows], label[rows])}
                         for name, rows in groups(recordings).items() if rows.any()},
              "per_actor": {str(actor): mean_recall(guess[rows], label[rows]) for actor in sorted({r.actor for r in recordings})
                            for rows in [torch.tensor([r.actor == actor for r in recordings])]},
              "damage": {}}
    for name in damages:
        log.info("measuring with damage: %s", name)
        worse, worse_va = windows.ask(answer, heard(recordings, damage.DAMAGE[name]), temperature)
        result["damage"][name] = {**short(worse, worse_va, label), "largest_change": float((worse - probability).abs().max())}
    return result


def held_out(folder):
    """The recordings of the actors that only measure."""
    return ravdess.load(folder, ravdess.HELD)
