"""Lessons: targets that also hear what networks trained before think.

Ten votes are a coarse sample of what people would say, and a photograph's one
label is coarser still. The mean opinion of earlier rounds smooths both
(born-again networks, Furlanello et al. 2018). It is asked for once, on
untouched crops and their mirror images, and kept in a file, so that it costs
the training itself nothing.
"""

import dataclasses
import logging
from pathlib import Path

import numpy as np
import torch

from . import action_units, data, evaluate, labels

log = logging.getLogger(__name__)

# A photograph's label counts this much, where the teachers think it at least this likely.
LABEL_SHARE = 0.5
CREDIBLE = 0.05


@dataclasses.dataclass
class Lessons:
    """``opinions`` (N, 8) on the training pictures and their action ``units`` (N, 12), in their order.

    ``photographs`` to train on, or none.
    """

    opinions: torch.Tensor
    units: torch.Tensor
    photographs: data.Faces | None = None

    def save(self, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        kept = {"opinions": self.opinions, "units": self.units, "photographs": None}
        if self.photographs:
            kept["photographs"] = {**vars(self.photographs), "name": self.photographs.name.tolist()}
        torch.save(kept, path)

    @classmethod
    def load(cls, path):
        """What ``save`` wrote; the command ``teach`` makes it."""
        if not Path(path).is_file():
            raise data.DataError(f"{path} is missing: make it with 'python -m affectlab teach'")
        kept = torch.load(path, weights_only=True)
        photographs = kept["photographs"]
        if photographs:
            try:
                photographs = data.Faces(**{**photographs, "name": np.array(photographs["name"])})
            except TypeError as error:
                raise data.DataError(f"{path} was made by another version of the recipe: make it anew with "
                                     "'python -m affectlab teach'") from error
        return cls(kept["opinions"], kept["units"], photographs)


def opinions(teachers, images, batch=512):
    """(N, 8) mean probabilities of the ``teachers`` on (N, H, W) u8 crops and their mirror images."""
    parts = []
    for number, rows in enumerate(images.split(batch)):
        with torch.autocast("cpu", torch.bfloat16):
            said = [torch.softmax(evaluate.predict(teacher, side)[0], 1)
                    for teacher in teachers for side in (rows, rows.flip(2))]
        parts.append(torch.stack(said).mean(0))
        if number % 10 == 0:
            log.info("asked about %d of %d pictures", number * batch, len(images))
    return torch.cat(parts)


def _affect(target):
    return torch.from_numpy(labels.valence_arousal(target.numpy()))


def judge(photographs, teachers):
    """``Faces`` from photographs: their label where the teachers find it credible, and their opinion."""
    images = torch.from_numpy(photographs.images)
    label = torch.from_numpy(photographs.label).long()
    given = torch.nn.functional.one_hot(label, len(labels.EXPRESSIONS)).float()
    said = opinions(teachers, images)
    share = LABEL_SHARE * (said.gather(1, label[:, None]) >= CREDIBLE)
    target = share * given + (1 - share) * said
    no = torch.zeros(len(images), dtype=torch.bool)
    no_units = torch.full((len(images), len(labels.UNITS)), torch.nan)
    return data.Faces(images, target, _affect(target), label, no, ~no, no_units, photographs.source)


def prepare(folder, part, teachers, photographs=None, landmarks=None, limit=None):
    """``Lessons`` of the ``teachers`` about a part of FER+ and the ``Photographs`` of people not held out.

    ``landmarks``: an ``action_units.Landmarks``, for targets of the action units. ``limit``:
    about only so many pictures, those that a training with this limit takes.
    """
    if not teachers:
        raise data.DataError("somebody has to teach: name a checkpoint")
    faces = data.some(data.load(folder, part), limit)
    judged = judge(photographs.of(held=False), teachers) if photographs else None
    if landmarks:
        witness = action_units.Witness.about(landmarks, faces)
        faces.units = action_units.targets(landmarks, witness, faces)
        if judged:
            judged.units = action_units.targets(landmarks, witness, judged)
    return Lessons(opinions(teachers, faces.images), faces.units, judged)


def soften(faces, lessons, trust):
    """``faces`` whose targets are the votes and, by ``trust`` (0 to 1), the opinion of the lessons."""
    if len(lessons.opinions) != len(faces):
        raise data.DataError(f"the lessons are about {len(lessons.opinions)} pictures, and {len(faces)} are to be "
                             "trained on: make them anew from the same data")
    target = (1 - trust) * faces.target + trust * lessons.opinions
    return dataclasses.replace(faces, target=target, va=_affect(target), units=lessons.units)
