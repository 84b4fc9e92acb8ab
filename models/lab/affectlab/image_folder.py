"""Any folder of face crops with a list of what they show, CSV.

Columns: ``image`` (path below the folder) and ``label`` (one of
``EXPRESSIONS``, or empty where nobody said), and as one likes ``valence`` and
``arousal`` (both, -1 to 1, or empty), ``person`` and ``split`` (``train`` or
``valid``). Pictures are crops of one face, of any size, square or nearly;
loose photographs go through ``photographs`` first. Without ``split`` one
person in five, by a hash of the name, is ``valid`` (one picture in five where
there is no ``person`` either). A person on both sides is refused: figures on
people one has trained on say little.
"""

import csv
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import affwild2, labels
from .data import DataError, Faces
from .labels import EXPRESSIONS, UNITS
from .photographs import is_held

NEEDED = ("image", "label")
KNOWN = (*NEEDED, "valence", "arousal", "person", "split")
PARTS = ("train", "valid")


@dataclass(frozen=True)
class Row:
    """One picture: ``label`` is its place in ``EXPRESSIONS`` or -1, ``va`` two numbers, not a number where unknown."""

    image: Path
    label: int
    va: tuple
    person: str
    split: str


def read(folder, table="labels.csv"):
    """All ``Row``s of the list ``table`` in ``folder``; every error names the line and what to do."""
    path = Path(folder) / table
    if not path.is_file():
        raise DataError(f"{path} is missing: it lists the pictures, with the columns {', '.join(NEEDED)}")
    with open(path, newline="", encoding="utf-8-sig") as source:
        lines = csv.DictReader(source)
        names = lines.fieldnames or []
        absent = [name for name in NEEDED if name not in names]
        if absent:
            raise DataError(f"{path} lacks the column {absent[0]!r}: its first line must name {', '.join(NEEDED)}")
        unknown = [name for name in names if name not in KNOWN]
        if unknown:
            raise DataError(f"{path} has a column {unknown[0]!r}: known are {', '.join(KNOWN)}")
        if ("valence" in names) != ("arousal" in names):
            raise DataError(f"{path} has only one of valence and arousal: give both or none")
        rows = [_row(Path(folder), path, lines.line_num, fields) for fields in lines]
    if not rows:
        raise DataError(f"{path} lists no picture")
    _refuse_repeated(path, rows)
    _refuse_shared_people(path, rows)
    return rows


def _row(folder, path, number, fields):
    def wrong(what):
        return DataError(f"{path}, line {number}: {what}")

    if None in fields or None in fields.values():
        raise wrong(f"as many values as columns are needed, which are {', '.join(name for name in fields if name)}")
    fields = {name: value.strip() for name, value in fields.items()}
    image = Path(fields["image"])
    if not fields["image"] or image.is_absolute() or ".." in image.parts:
        raise wrong(f"{fields['image']!r} is no path below the folder")
    if not (folder / image).is_file():
        raise wrong(f"there is no picture {folder / image}")
    if fields["label"] and fields["label"] not in EXPRESSIONS:
        raise wrong(f"{fields['label']!r} is no label: one of {', '.join(EXPRESSIONS)}, or nothing")
    person = fields.get("person", "")
    split = fields.get("split", "")
    if "split" not in fields:
        split = PARTS[is_held(person or fields["image"])]
    elif split not in PARTS:
        raise wrong(f"{split!r} is no split: {' or '.join(PARTS)}")
    affect = [fields.get(name, "") for name in ("valence", "arousal")]
    if any(affect) and not all(affect):
        raise wrong("only one of valence and arousal is given")
    try:
        va = tuple(float(text) if text else math.nan for text in affect)
    except ValueError as error:
        raise wrong(f"{','.join(affect)!r} is no valence and arousal") from error
    if any(affect) and not all(-1 <= value <= 1 for value in va):
        raise wrong(f"valence and arousal are {','.join(affect)}: each lies between -1 and 1")
    label = EXPRESSIONS.index(fields["label"]) if fields["label"] else -1
    if label < 0 and not any(affect):
        raise wrong("nothing is said of this picture: give a label, or valence and arousal, or take the line out")
    return Row(folder / image, label, va, person, split)


def _refuse_repeated(path, rows):
    image, count = Counter(row.image for row in rows).most_common(1)[0]
    if count > 1:
        raise DataError(f"{path} lists {image} {count} times: once is enough")


def _refuse_shared_people(path, rows):
    sides = {part: {row.person for row in rows if row.split == part and row.person} for part in PARTS}
    shared = sorted(sides["train"] & sides["valid"])
    if shared:
        raise DataError(f"{path}: {shared[0]!r} is in both splits, and {len(shared) - 1} more people: move all pictures of a "
                        "person to one side")


def load(folder, part, table="labels.csv"):
    """``Faces`` of the ``part`` (``train`` or ``valid``): grey (64, 64) pictures; what is not known is masked.

    Valence and arousal are people's where the list has them, else pseudo-labels by the label.
    """
    if part not in PARTS:
        raise DataError(f"unknown part {part!r}: choose from {', '.join(PARTS)}")
    rows = [row for row in read(folder, table) if row.split == part]
    if not rows:
        raise DataError(f"{Path(folder) / table} has no picture in the part {part!r}")
    label = torch.tensor([row.label for row in rows])
    target = torch.nn.functional.one_hot(label.clamp(min=0), len(EXPRESSIONS)).float()
    target[label < 0] = torch.nan
    rated = torch.tensor([row.va for row in rows], dtype=torch.float32)
    va = torch.where(torch.isfinite(rated), rated, torch.from_numpy(labels.valence_arousal(target.numpy())))
    no = torch.zeros(len(rows), dtype=torch.bool)
    return Faces(torch.stack([affwild2.read(row.image) for row in rows]), target, va, label, no, ~no,
                 torch.full((len(rows), len(UNITS)), torch.nan), np.array([str(row.image) for row in rows]))
