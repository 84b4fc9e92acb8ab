"""FER+ from one file: ``ferplus.npz`` in a folder the user names.

The archive holds ``images`` (N, 48, 48) u8, ``votes`` (N, 10) counts,
``vote_columns``, ``split`` ("train" / "valid") and ``name``. The README says
how to make it. Nothing of it is ever written into the repository.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import labels

MIN_EMOTION_VOTES = 5
HOLDOUT_PARTS = 20


class DataError(Exception):
    """The data folder does not hold what the recipe needs."""


@dataclass
class Faces:
    """One part of the data, ready for training or evaluation.

    ``images``: (N, 48, 48) u8; ``target``: (N, 8) soft labels that sum to one;
    ``va``: (N, 2) pseudo-labels; ``label``: (N,) class of the majority;
    ``tied``: (N,) whether the majority was shared; ``clear``: (N,) whether it was more than half; ``units``: (N, 12) pseudo-labels of the
    action units, not a number where there are none; ``name``: (N,) what tells pictures apart.
    """

    images: torch.Tensor
    target: torch.Tensor
    va: torch.Tensor
    label: torch.Tensor
    tied: torch.Tensor
    clear: torch.Tensor
    units: torch.Tensor
    name: np.ndarray

    def __len__(self):
        return len(self.images)

    def take(self, index):
        """The rows that ``index`` (bool mask or positions) selects."""
        return Faces(self.images[index], self.target[index], self.va[index], self.label[index],
                     self.tied[index], self.clear[index], self.units[index], self.name[np.asarray(index)])


def some(faces, most):
    """``most`` of the faces, always the same ones; all of them if ``most`` is ``None``."""
    rows = torch.randperm(len(faces), generator=torch.Generator().manual_seed(0))
    return faces if most is None else faces.take(rows[:most])


def load(folder, part, outliers=False):
    """The ``part`` of FER+ in ``folder``: ``train``, ``fit``, ``holdout``, ``valid``.

    ``fit`` and ``holdout`` divide ``train`` by a hash of the name (nineteen parts
    and one of twenty): whatever is tuned is tuned on ``holdout``, so that ``valid``
    only ever measures. Pictures whose majority is no emotion are dropped in all
    parts; those with fewer than ``MIN_EMOTION_VOTES`` emotion votes in the
    training parts only.
    """
    path = Path(folder) / "ferplus.npz"
    if not path.is_file():
        raise DataError(f"{path} is missing: see 'Data' in the README for how to make it")
    with np.load(path, allow_pickle=False) as archive:
        absent = {"images", "votes", "vote_columns", "split", "name"} - set(archive.files)
        if absent:
            raise DataError(f"{path} lacks {', '.join(sorted(absent))}")
        if tuple(archive["vote_columns"]) != labels.VOTE_COLUMNS:
            raise DataError(f"{path}: vote_columns must be {', '.join(labels.VOTE_COLUMNS)}")
        images, votes = archive["images"], archive["votes"]
        split, names = archive["split"], archive["name"]

    held = np.array([zlib.crc32(str(name).encode()) % HOLDOUT_PARTS == 0 for name in names])
    parts = {
        "train": split == "train",
        "fit": (split == "train") & ~held,
        "holdout": (split == "train") & held,
        "valid": split == "valid",
    }
    if part not in parts:
        raise DataError(f"unknown part {part!r}: choose from {', '.join(parts)}")
    label = labels.majority(votes)
    keep = parts[part] & (label >= 0)
    if part in ("train", "fit"):
        keep &= labels.emotion_votes(votes).sum(axis=1) >= MIN_EMOTION_VOTES
    if not keep.any():
        raise DataError(f"{path} has no usable picture in the part {part!r}")

    votes = votes[keep]
    return Faces(
        images=torch.from_numpy(images[keep]),
        target=torch.from_numpy(labels.shares(votes, outliers=outliers)),
        va=torch.from_numpy(labels.valence_arousal(labels.shares(votes))),
        label=torch.from_numpy(label[keep]),
        tied=torch.from_numpy(labels.is_tied(votes)),
        clear=torch.from_numpy(labels.is_clear(votes)),
        units=torch.full((int(keep.sum()), len(labels.UNITS)), float("nan")),
        name=names[keep],
    )
