"""How far the action units agree with what their targets were made of, on people never trained on.

Nobody annotated units here, so this is agreement, never accuracy: with the
landmarker's shapes (its highest tenth against its lower half), and with
emotions (labels that people usually show the unit with, against those they do
not). FER+ validation split and the photographs of people held out.
"""

import numpy as np
import torch

from . import action_units, data, export, measure, photographs, picture
from .labels import EXPRESSIONS

USUAL = 0.25

# From this area against human labels on, the landmarker's shapes are good enough to judge by.
GOOD = 0.8


def extremes(witness):
    """(N,) which faces are in the witness' highest tenth or lower half, and which of those in the former."""
    high, half = np.quantile(witness, [0.9, 0.5])
    clear = (witness >= high) | (witness < half)
    return clear, witness[clear] >= high


def told(label, unit):
    """(N,) which labels tell of a unit, and of those which people usually show it with; with the others they do not."""
    shown = [kind for kind, name in enumerate(EXPRESSIONS)
             if action_units.EXPECTED.get(name, {}).get(unit, 0) >= USUAL]
    hidden = [kind for kind, name in enumerate(EXPRESSIONS) if unit not in action_units.EXPECTED.get(name, {})]
    counts = np.isin(label, shown + hidden)
    return counts, np.isin(label[counts], shown)


def by_extremes(scores, witness):
    """Area under the curve of (N,) scores: the witness' highest tenth against its lower half."""
    clear, positive = extremes(witness)
    return action_units.auc(scores[clear], positive)


def by_emotions(scores, label, unit):
    """The same: labels (N,) that people usually show the unit with, against those they do not."""
    counts, positive = told(label, unit)
    return action_units.auc(scores[counts], positive)


def _row(probability, seen, found, label):
    """Unit -> figures, from (N, 12) probabilities, (M, 12) seen log odds of those ``found``, (N,) labels."""
    return {unit: {
        "landmarker": by_extremes(probability[found, place], seen[:, place]),
        "emotions": by_emotions(probability[:, place], label, unit),
        "mean": float(probability[:, place].mean()),
    } for place, unit in enumerate(action_units.UNITS)}


def better_witness(unit):
    """Which of the two witnesses to judge a unit by: the shapes where they are known to be good, else the emotions."""
    _, area, _ = action_units.SEEN_BY[unit]
    return "landmarker" if area >= GOOD else "emotions"


def _mean_of_better(rows):
    known = [row[better_witness(unit)] for unit, row in rows.items() if row[better_witness(unit)] is not None]
    return sum(known) / len(known) if known else None


def _mean(rows, key):
    known = [row[key] for row in rows.values() if row[key] is not None]
    return sum(known) / len(known) if known else None


def probabilities(session, images):
    """(N, 12) probabilities of the units, from an ONNX Runtime session and (N, H, W) u8 crops."""
    logits = export.run(session, picture.to_input(images).numpy())["action_units"]
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def calibration_error(probability, target, bins=10):
    """(K,) expected calibration errors of (N, K) probabilities against soft targets, equal-width bins, in 0..1."""
    total = np.zeros(probability.shape[1])
    place = np.minimum((probability * bins).astype(int), bins - 1)
    for b in range(bins):
        inside = place == b
        # Sums instead of means: a bin's gap counts by how many are in it.
        total += np.abs(((probability - target) * inside).sum(0))
    return total / len(probability)


def run(folder, pack_folder, landmarks_file, detector):
    """Figures per unit for both parts, and the mean over the units, as a dictionary."""
    pack, model = measure.open_pack(pack_folder)
    if "action_units" not in pack["outputs"]:
        raise measure.PackError(f"{pack_folder} has no action units")
    landmarks = action_units.Landmarks(landmarks_file)
    witness = action_units.Witness.about(landmarks, data.load(folder, "fit"))
    held, _ = photographs.held_out(folder, detector, pack)
    valid = data.load(folder, "valid")
    error = calibration_error(probabilities(export.session(model), valid.images),
                              action_units.targets(landmarks, witness, valid).numpy())
    result = {}
    for part, images, names, label in (("valid", valid.images, valid.name, valid.label.numpy()),
                                       ("photographs", torch.from_numpy(held.images), held.source, held.label)):
        seen, found = landmarks.of(names)
        rows = _row(probabilities(export.session(model), images), witness.logits(seen).numpy(), found.numpy(), label)
        result[part] = {"n": len(images), "units": rows,
                        "mean": {**{key: _mean(rows, key) for key in ("landmarker", "emotions")},
                                 "better": _mean_of_better(rows)}}
    for unit, value in zip(action_units.UNITS, error.tolist()):
        result["valid"]["units"][unit]["calibration_error"] = value
    return result
