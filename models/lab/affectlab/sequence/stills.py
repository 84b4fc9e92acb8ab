"""The still pictures that composed sequences are made of, with everything that is known of each.

FER+ keeps its parts (``fit`` to train on, ``holdout`` to tune on, ``valid`` to
measure); photographs are divided by person. What a photograph's single label is
worth to learn from is decided as for the face pack: half of the target is the
label where the network finds it credible, the rest is what the network says.
What is measured with has its label as it was given.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch

from .. import action_units, data, labels, picture, teach
from ..photographs import Photographs

# Six emotions with a sigmoid of their own, in the order of the compound head.
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
# A pair of emotions with at least so many of ten votes each is a compound, if fewer people said neutral.
VOTES = 3
# Neutral and happy photographs would outnumber all others.
MOST_PHOTOGRAPHS = 1000


@dataclass
class Stills:
    """N pictures: ``images`` (N, 64, 64) f32 in 0..1 and their labels.

    ``target`` (N, 8) shares, ``va`` (N, 2) and ``units`` (N, 12) pseudo-labels, ``label`` (N,) class of the
    majority, ``pair`` (N, 6) bool: the two emotions of a compound, none elsewhere; ``person`` (N,) empty where
    nobody knows; ``name`` (N,).
    """

    images: torch.Tensor
    target: torch.Tensor
    va: torch.Tensor
    units: torch.Tensor
    label: torch.Tensor
    pair: torch.Tensor
    person: np.ndarray
    name: np.ndarray

    def __len__(self):
        return len(self.images)

    @classmethod
    def of(cls, faces, images, pair, person):
        """From ``data.Faces`` and what they lack."""
        return cls(images, faces.target, faces.va, faces.units, faces.label, pair, person, faces.name)

    @classmethod
    def joined(cls, parts):
        """Several collections as one."""
        columns = {}
        for field in dataclasses.fields(cls):
            values = [getattr(part, field.name) for part in parts]
            columns[field.name] = torch.cat(values) if isinstance(values[0], torch.Tensor) else np.concatenate(values)
        return cls(**columns)


def pairs(votes):
    """(N, 6) bool from (N, 10) votes: where two emotions share ``VOTES`` or more each, and not neutral."""
    columns = [labels.VOTE_COLUMNS.index(name) for name in EMOTIONS]
    votes = np.asarray(votes)
    strong = votes[:, columns] >= VOTES
    compound = (strong.sum(1) == 2) & (votes[:, labels.VOTE_COLUMNS.index("neutral")] < VOTES)
    return strong & compound[:, None]


def _votes_by_name(folder):
    with np.load(folder / "ferplus.npz", allow_pickle=False) as archive:
        return dict(zip(archive["name"].tolist(), pairs(archive["votes"])))


def _square(images):
    """(N, H, W) u8 -> (N, 64, 64) f32 in 0..1, as the daemon would lay them."""
    return picture.resize(images).squeeze(1) / 255


def ferplus(folder, part, most=None):
    """A part of FER+ as ``Stills``, action units not yet known; always the same ``most`` of it."""
    faces = data.some(data.load(folder, part), most)
    known = _votes_by_name(folder)
    pair = torch.from_numpy(np.stack([known[str(name)] for name in faces.name]))
    return faces, Stills.of(faces, _square(faces.images), pair, np.full(len(faces), "", dtype="<U1"))


def _few(found, most):
    """At most ``most`` photographs of each label, the first of each."""
    rows = np.concatenate([np.flatnonzero(found.label == label)[:most] for label in np.unique(found.label)])
    return Photographs(found.images[rows], found.label[rows], found.person[rows], found.source[rows])


class _Asked(torch.nn.Module):
    """A frame pack's ONNX file behind the face of a teacher."""

    def __init__(self, face):
        super().__init__()
        self.face = face

    def forward(self, x):
        logits = torch.from_numpy(self.face.answer(x.float().numpy())["expression"]) / self.face.temperature
        return logits, torch.zeros(len(x), 2), None, None


def photographs(found, held, face, most=MOST_PHOTOGRAPHS):
    """Photographs of people held out, or of the others, as ``data.Faces`` and ``Stills``.

    ``face``: the ``compose.Frame`` that says how credible a label is.
    """
    kept = _few(found.of(held), most)
    faces = teach.judge(kept, [_Asked(face)])
    if held:
        # Whoever measures goes by the label that was given: the network's own opinion would take its side.
        faces.target = torch.nn.functional.one_hot(faces.label, len(labels.EXPRESSIONS)).float()
        faces.va = torch.from_numpy(labels.valence_arousal(faces.target.numpy()))
    pair = torch.zeros(len(faces), len(EMOTIONS), dtype=torch.bool)
    return faces, Stills.of(faces, _square(faces.images), pair, kept.person)


def gather(folder, part, face, found=None, landmarks=None, most=None):
    """All ``Stills`` of a part: FER+'s and, of ``fit`` and ``valid``, the photographs' of the people on that side.

    ``found``: ``Photographs``; ``landmarks``: an ``action_units.Landmarks`` for pseudo-labels of the action units,
    without which the emotions alone speak. ``most``: so many of FER+ (a quick trial).
    """
    parts = [ferplus(folder, part, most)]
    if found is not None and part != "holdout":
        parts.append(photographs(found, part == "valid", face, most or MOST_PHOTOGRAPHS))
    witness = action_units.Witness.about(landmarks, data.load(folder, "fit")) if landmarks else None
    for faces, still in parts:
        still.units = (action_units.targets(landmarks, witness, faces) if landmarks
                       else action_units.expected(faces.target))
    return Stills.joined([still for _, still in parts])
