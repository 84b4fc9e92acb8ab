"""Per action unit, what each cue brought to its targets, judged by a witness the targets were not made of.

Four cues: ``shapes`` (the landmarker's blendshapes), ``emotion`` (what raters said, through the table of Du et al.),
``geometry`` (distances between the landmarker's points) and ``folds`` (structure of the skin, from the pixels).
Nobody annotated units here, so a set of cues is judged by one that is not in it, on pictures nothing was fitted to:

- by **emotions**: labels that people usually show the unit with, against those they do not. Independent of shapes,
  geometry and folds, which never see a vote; the network was trained on votes, of other pictures.
- by **folds**: their highest tenth against their lower half, for the units that make folds. They come from the pixels
  alone; shapes and geometry come from one landmarker and are not judged by each other. The network sees the same
  pixels and was never told of folds.

Shapes weigh what they are known to tell on posed faces. For geometry and folds there is no such figure: they weigh
what they tell of the emotions on the training part (never less than nothing), so there they are judged by what they
were weighed by, on other pictures. Cues that say the same share their weight (a linear discriminant: weights are
the inverse of the cues' correlation times what each tells alone).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch

from . import action_units, agreement, data, export, geometry, measure, photographs, wrinkles
from .labels import EXPRESSIONS, UNITS

BY_EMOTIONS = {"shapes": ("shapes",), "+ geometry": ("shapes", "geometry"),
               "+ folds": ("shapes", "geometry", "folds"), "geometry": ("geometry",), "folds": ("folds",)}
BY_FOLDS = {"shapes": ("shapes",), "+ emotion": ("shapes", "emotion"), "+ geometry": ("shapes", "emotion", "geometry"),
            "emotion": ("emotion",)}
FITTED = 8000


@dataclass
class Seen:
    """What was seen of the faces the landmarker ``found`` (N,): cue -> unit -> (M,) values, and all that goes with them.

    ``shares`` (M, 8) of the emotions, ``label`` (M,), ``sharpness`` goes with ``folds``.
    """

    shapes: dict
    geometry: dict
    folds: dict
    shares: torch.Tensor
    label: np.ndarray
    found: np.ndarray


def see(landmarks, names, images, to_pixels, shares, label):
    """``Seen`` of (N,) named pictures. ``to_pixels`` turns (478, 2) kept points and a picture into the picture's pixels."""
    shapes, found = landmarks.of(names)
    found, points = found.numpy(), landmarks.points_of(names)
    folds = [wrinkles.folds(image, to_pixels(at, image)) for image, at in
             zip((image for image, here in zip(images, found) if here), points)]
    return Seen(shapes, geometry.cues(points), wrinkles.stacked(folds), shares[torch.from_numpy(found)],
                np.asarray(label)[found], found)


def tells(auc):
    """d': how many standard deviations apart a cue with this area sets its two sides; 0 for chance and below."""
    return math.sqrt(2) * NormalDist().inv_cdf(min(max(auc if auc is not None else 0.5, 0.5), 0.999))


def shared(alike, told):
    """(K,) weights of cues, none below 0, from their correlation (K, K) and what each tells alone (K,)."""
    from scipy.optimize import nnls

    # The ridge keeps cues that are nearly the same from being set against each other.
    lower = np.linalg.cholesky(alike + 0.05 * np.eye(len(told)))
    return nnls(lower.T, np.linalg.solve(lower, told))[0]


class Weights:
    """How cues become log odds, settled on one part of the data."""

    def __init__(self, seen):
        self.baseline = wrinkles.Baseline.of({name: values[seen.label == 0] for name, values in seen.folds.items()})
        self.shape = {name: (float(v.mean()), float(v.std()) + 1e-6) for name, v in seen.shapes.items()}
        raw = self._raw(seen)
        self.scale = {cue: {unit: (float(v.mean()), float(v.std()) + 1e-6) for unit, v in units.items()}
                      for cue, units in raw.items()}
        each = self.each(seen)
        self.tells = {"shapes": {unit: tells(action_units.SEEN_BY[unit][1]) for unit in UNITS}}
        for cue in ("geometry", "folds"):
            self.tells[cue] = {unit: tells(agreement.by_emotions(values, seen.label, unit))
                               for unit, values in each[cue].items()}
        self.together = {unit: {(a, b): float(np.corrcoef(each[a][unit], each[b][unit])[0, 1])
                                for a in each for b in each if unit in each[a] and unit in each[b]} for unit in UNITS}
        self.base = torch.logit(action_units.expected(seen.shares).mean(0))

    def _raw(self, seen):
        shapes = {unit: sum((seen.shapes[name] - self.shape[name][0]) / self.shape[name][1] for name in names)
                  for unit, (names, _, _) in action_units.SEEN_BY.items()}
        return {"shapes": shapes, "geometry": seen.geometry, "folds": self.baseline.cues(seen.folds)}

    def each(self, seen):
        """Cue -> unit -> (M,) values with the mean 0 and the spread 1 they had where this was settled."""
        return {cue: {unit: (values - self.scale[cue][unit][0]) / self.scale[cue][unit][1]
                      for unit, values in units.items()} for cue, units in self._raw(seen).items()}

    def logits(self, seen, cues, unit):
        """(M,) log odds of a ``unit`` by some cues, up to a constant; ``None`` when none of them speaks of it."""
        each, there = self.each(seen), [cue for cue in cues if cue != "emotion" and unit in self.scale.get(cue, {})]
        total = None
        if there:
            told = np.array([self.tells[cue][unit] for cue in there])
            alike = np.array([[self.together[unit][a, b] for b in there] for a in there])
            total = sum(weight * each[cue][unit] for weight, cue in zip(shared(alike, told), there))
        if "emotion" in cues:
            place = UNITS.index(unit)
            prior = torch.logit(action_units.expected(seen.shares).clamp(1e-3, 1 - 1e-3))[:, place] - self.base[place]
            share = action_units.SEEN_BY[unit][2] if there else 1.0
            total = share * prior.numpy() + (0 if total is None else total)
        return total


def judged(weights, seen, network):
    """Witness -> unit -> set of cues -> area under the curve; ``network``: (M, 12) probabilities of the student."""
    result = {"emotions": {}, "folds": {}}
    folds = weights.each(seen)["folds"]
    for place, unit in enumerate(UNITS):
        sets = {name: weights.logits(seen, cues, unit) for name, cues in BY_EMOTIONS.items()}
        if unit not in folds:
            sets["+ folds"] = sets["folds"] = None
        sets["network"] = network[:, place]
        result["emotions"][unit] = {name: None if values is None else agreement.by_emotions(values, seen.label, unit)
                                    for name, values in sets.items()}
        if unit in folds:
            sets = {name: weights.logits(seen, cues, unit) for name, cues in BY_FOLDS.items()} | {"network": network[:, place]}
            result["folds"][unit] = {name: agreement.by_extremes(values, folds[unit]) for name, values in sets.items()}
    return result


def _means(judgement):
    """The same with the mean over the units that every set of cues speaks of, as unit ``mean``."""
    for rows in judgement.values():
        whole = [row for row in rows.values() if None not in row.values()]
        rows["mean"] = {name: sum(row[name] for row in whole) / len(whole) if whole else None
                        for name in next(iter(rows.values()))}
    return judgement


def _of_faces(landmarks, faces):
    return see(landmarks, faces.name, faces.images.numpy(), lambda at, _: wrinkles.in_crop(at), faces.target, faces.label)


def _originals(folder):
    """Label, name and grey picture of each photograph of the people held out."""
    import cv2

    for label, _, name, image in photographs.read(folder, photographs.is_held):
        yield label, name, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def run(folder, pack_folder, landmarks_file, detector):
    """Figures for the FER+ validation split and the photographs of people held out, as a dictionary."""
    pack, model = measure.open_pack(pack_folder)
    if "action_units" not in pack["outputs"]:
        raise measure.PackError(f"{pack_folder} has no action units")
    landmarks, session = action_units.Landmarks(landmarks_file), export.session(model)
    fitted = data.some(data.load(folder, "fit"), FITTED)
    weights = Weights(_of_faces(landmarks, fitted))
    valid = data.load(folder, "valid")
    seen = _of_faces(landmarks, valid)
    result = {"valid": {"n": int(seen.found.sum()),
                        **_means(judged(weights, seen, agreement.probabilities(session, valid.images)[seen.found]))}}
    held, _ = photographs.held_out(folder, detector, pack)
    given = dict(zip(held.source.tolist(), agreement.probabilities(session, torch.from_numpy(held.images))))
    label, names, images = zip(*(row for row in _originals(folder) if row[1] in given))
    one_hot = torch.nn.functional.one_hot(torch.tensor(label), len(EXPRESSIONS)).float()
    seen = see(landmarks, np.array(names), images, lambda at, image: at * max(image.shape), one_hot, label)
    network = np.stack([given[name] for name, here in zip(names, seen.found) if here])
    result["photographs"] = {"n": int(seen.found.sum()), **_means(judged(weights, seen, network))}
    result["weights"] = {cue: {unit: float(value) for unit, value in units.items()} for cue, units in weights.tells.items()}
    return result


def lines(result):
    """The figures as lines of text."""
    for part in ("valid", "photographs"):
        for witness in ("emotions", "folds"):
            rows = result[part][witness]
            sets = list(rows["mean"])
            yield f"{part} (n {result[part]['n']}), area under the curve, judged by {witness}"
            yield "      " + "".join(f"{name:>12}" for name in sets)
            for unit, row in rows.items():
                yield f"{unit:<6}" + "".join(f"{'–' if row[name] is None else format(row[name], '.3f'):>12}" for name in sets)
