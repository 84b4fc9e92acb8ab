"""Puts FER2013's pictures and FER+'s votes together into ``ferplus.npz``."""

import csv
from pathlib import Path

import numpy as np

from .data import DataError
from .labels import VOTE_COLUMNS

SPLITS = {"Training": "train", "PublicTest": "valid"}
SIDE = 48


def _rows(path):
    if not Path(path).is_file():
        raise DataError(f"{path} is missing: see 'Data' in the README for where to get it")
    with open(path, newline="") as source:
        yield from csv.DictReader(source)


def build(pictures, votes, folder):
    """Write ``ferplus.npz`` from ``fer2013.csv`` and ``fer2013new.csv``; returns how many pictures.

    Row ``n`` of one file belongs to row ``n`` of the other. Rows of the private
    test, rows without a name (FER+ gave them up) and repeated pictures go; of
    repeated pictures the one in the validation split stays, so that none is in both.
    """
    kept = []
    for number, (picture, vote) in enumerate(zip(_rows(pictures), _rows(votes), strict=True)):
        if picture["Usage"] != vote["Usage"]:
            raise DataError(f"row {number + 1}: {pictures} and {votes} do not belong together")
        if picture["Usage"] not in SPLITS or not vote["Image name"]:
            continue
        pixels = np.array(picture["pixels"].split(), np.uint8)
        if pixels.size != SIDE * SIDE:
            raise DataError(f"row {number + 1} of {pictures} has {pixels.size} pixels, not {SIDE * SIDE}")
        kept.append((SPLITS[picture["Usage"]], vote["Image name"], pixels,
                     [int(vote[column]) for column in VOTE_COLUMNS]))
    seen, rows = set(), []
    for row in sorted(kept, key=lambda row: row[0] != "valid"):
        if row[2].tobytes() not in seen:
            seen.add(row[2].tobytes())
            rows.append(row)
    if not rows:
        raise DataError(f"{pictures} has no usable row")
    Path(folder).mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        Path(folder) / "ferplus.npz",
        images=np.stack([row[2].reshape(SIDE, SIDE) for row in rows]),
        votes=np.array([row[3] for row in rows], np.uint8),
        vote_columns=np.array(VOTE_COLUMNS),
        split=np.array([row[0] for row in rows]),
        name=np.array([row[1] for row in rows]),
    )
    return len(rows)
