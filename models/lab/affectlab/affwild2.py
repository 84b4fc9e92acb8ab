"""Aff-Wild2 for whoever holds its licence: cropped, aligned faces of videos, and the labels of three tasks.

Expected below one folder, at most three levels deep::

    cropped_aligned/VIDEO/00001.jpg            colour, 112x112, numbered from 1; frames without a face are missing
    .../EXPR*/Train_Set/VIDEO.txt              a header, then line k about frame k; Validation_Set likewise
    .../VA*/..., .../AU*/...                   the other two tasks
    .../training_set_annotations.txt           or all tasks in one list (and validation_set_annotations.txt)

A video of two people is two videos, ``VIDEO_left`` and ``VIDEO_right`` (or ``VIDEO`` and one of them). A task
labels some videos only, and a video may serve one task for training and another for validation; what is not
labelled for the part that is asked for is masked: label -1, or not a number. Pictures are read when they are
drawn, because there are too many to keep.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import picture
from .data import DataError, Faces
from .labels import UNITS
from .model import SIZE

log = logging.getLogger(__name__)

EXPRESSIONS = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
PARTS = {"train": ("Train_Set", "Training_Set"), "valid": ("Validation_Set",)}
LISTS = {"train": "training_set_annotations.txt", "valid": "validation_set_annotations.txt"}
IMAGES = "cropped_aligned"
DEPTH = 3


@dataclass
class Labels:
    """What is known of some frames: ``number`` (N,) from 1, ``label`` (N,), ``va`` (N, 2), ``units`` (N, 12)."""

    number: np.ndarray
    label: np.ndarray
    va: np.ndarray
    units: np.ndarray

    @classmethod
    def unknown(cls, count):
        """``count`` frames, numbered from 1, of which nothing is known."""
        return cls(np.arange(1, count + 1, dtype=np.int32), np.full(count, -1, np.int64),
                   np.full((count, 2), np.nan, np.float32), np.full((count, len(UNITS)), np.nan, np.float32))

    def known(self):
        """(N,) whether anything is."""
        return (self.label >= 0) | np.isfinite(self.va).any(1) | np.isfinite(self.units).any(1)

    def take(self, rows):
        """Those that a mask selects."""
        return Labels(self.number[rows], self.label[rows], self.va[rows], self.units[rows])


def _fields(line):
    """The values of a line; a trailing comma or space is nothing."""
    return [field.strip() for field in line.strip().rstrip(",").split(",")]


def _lines(path):
    """Header fields and (line number, fields) of each line after it; empty lines may only end a file."""
    lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    if not lines:
        raise DataError(f"{path} is empty: it must begin with a header")
    return _fields(lines[0]), [(number, _fields(line)) for number, line in enumerate(lines[1:], 2)]


def _expression(text, names=EXPRESSIONS):
    value = int(text)
    if not -1 <= value < len(names):
        raise ValueError(text)
    return EXPRESSIONS.index(names[value]) if value >= 0 else -1


def _affect(text):
    value = float(text)
    if value == -5:
        return np.nan
    if not -1 <= value <= 1:
        raise ValueError(text)
    return value


def _unit(text):
    return {0.0: 0.0, 1.0: 1.0, -1.0: np.nan}[float(text)]


def _read_expression(header, fields, known, row):
    (value,) = fields
    known.label[row] = _expression(value, [name.lower() for name in header])


def _read_affect(_header, fields, known, row):
    valence, arousal = fields
    known.va[row] = _affect(valence), _affect(arousal)


def _read_units(header, fields, known, row):
    # The list of 2020 has other units; what we do not know is passed over, what it lacks stays unknown.
    for name, value in zip(header, fields, strict=True):
        value = _unit(value)
        if name.upper() in UNITS:
            known.units[row, UNITS.index(name.upper())] = value


def _names_expressions(header):
    return {name.lower() for name in header} <= set(EXPRESSIONS)


def _names_affect(header):
    return [name.lower() for name in header] == ["valence", "arousal"]


def _names_units(header):
    return all(name.upper().startswith("AU") for name in header)


# For each task, how its header is known and its lines are read.
READERS = {"EXPR": (_names_expressions, _read_expression), "VA": (_names_affect, _read_affect),
           "AU": (_names_units, _read_units)}


def _add_file(path, task, videos):
    """Add the labels of one video for one ``task`` to what ``videos`` says of it."""
    header, lines = _lines(path)
    is_header, read_line = READERS[task]
    if not is_header(header):
        raise DataError(f"{path} begins with {','.join(header)!r}, which is no header of {task} annotations")
    before = videos.get(path.stem, Labels.unknown(0))
    known = Labels.unknown(max(len(lines), len(before.number)))
    for name in ("label", "va", "units"):
        getattr(known, name)[:len(before.number)] = getattr(before, name)
    for row, (number, fields) in enumerate(lines):
        try:
            read_line(header, fields, known, row)
        except (ValueError, KeyError) as error:
            raise DataError(f"{path}, line {number}: {','.join(fields)!r} is no {task} annotation") from error
    videos[path.stem] = known


def _read_list(path):
    """Labels by video, from the one list of the multi-task challenge."""
    header, lines = _lines(path)
    if header[0] != "image":
        raise DataError(f"{path} begins with {','.join(header)!r}: expected image,valence,arousal,expression,aus")
    rows = {}
    for number, fields in lines:
        try:
            image, valence, arousal, expression, *units = fields
            if len(units) != len(UNITS):
                raise ValueError(len(units))
            video, file = image.rsplit("/", 1)
            rows.setdefault(video, []).append((int(Path(file).stem), _expression(expression),
                                               (_affect(valence), _affect(arousal)), [_unit(unit) for unit in units]))
        except (ValueError, KeyError) as error:
            raise DataError(f"{path}, line {number}: {','.join(fields)!r} is no line of this list") from error
    return {video: Labels(np.array(numbers, np.int32), np.array(labels, np.int64), np.array(va, np.float32),
                          np.array(units, np.float32))
            for video, found in rows.items() for numbers, labels, va, units in [zip(*sorted(found))]}


def _below(folder, depth=DEPTH):
    """Folders below ``folder`` that may hold annotations or pictures of videos; not the videos themselves."""
    yield folder
    if depth and not folder.name.startswith(IMAGES):
        for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
            yield from _below(inner, depth - 1)


def annotations(folder, part):
    """``Labels`` by video for ``train`` or ``valid``: the one list if there is one, the tasks' folders otherwise."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is missing: it should hold Aff-Wild2")
    places = list(_below(folder))
    lists = [place / LISTS[part] for place in places if (place / LISTS[part]).is_file()]
    if lists:
        return _read_list(lists[0])
    videos = {}
    for place in places:
        task = place.parent.name.split("_")[0].upper()
        if place.name in PARTS[part] and task in READERS:
            for path in sorted(place.glob("*.txt")):
                _add_file(path, task, videos)
    if not videos:
        raise DataError(f"{folder} has no annotations: expected EXPR_Set, VA_Set or AU_Set with {PARTS[part][0]}/*.txt, "
                        f"or {LISTS[part]}")
    return videos


def _folders(folder):
    """The folder of each video's pictures, by its name."""
    return {entry.name: Path(entry.path) for place in _below(Path(folder)) if place.name.startswith(IMAGES)
            for entry in os.scandir(place) if entry.is_dir()}


def _there(folder):
    """The numbers of the frames that have a picture."""
    return [int(name[:-4]) for name in os.listdir(folder) if name.endswith(".jpg") and name[:-4].isdigit()]


@dataclass
class Frames:
    """Labelled frames, in the order of videos and time; ``take`` reads the pictures of some.

    ``folders``: where each video's pictures are, or ``None``; ``video`` (N,) its place in it; ``number`` (N,) of the
    frame, ``there`` (N,) whether it has a picture; ``label`` (N,) -1 where unknown; ``va`` (N, 2) and ``units``
    (N, 12) not a number where unknown.
    """

    folders: list
    video: torch.Tensor
    number: torch.Tensor
    there: torch.Tensor
    label: torch.Tensor
    va: torch.Tensor
    units: torch.Tensor

    def __len__(self):
        return len(self.label)

    def only(self, rows):
        """Those that a mask or positions select, without reading anything."""
        return Frames(self.folders, *(getattr(self, name)[rows] for name in
                                      ("video", "number", "there", "label", "va", "units")))

    def take(self, rows):
        """``data.Faces`` with the pictures, grey and (64, 64), of those that ``rows`` selects; masked as these."""
        some = self.only(rows)
        paths = [self.folders[video] / f"{number:05}.jpg"
                 for video, number in zip(some.video.tolist(), some.number.tolist())]
        target = torch.full((len(some), len(EXPRESSIONS)), float("nan"))
        known = some.label >= 0
        target[known] = torch.nn.functional.one_hot(some.label[known], len(EXPRESSIONS)).float()
        return Faces(torch.stack([read(path) for path in paths]), target, some.va, some.label,
                     torch.zeros(len(some), dtype=torch.bool), torch.ones(len(some), dtype=torch.bool), some.units,
                     np.array([f"{path.parent.name}/{path.stem}" for path in paths]))


def read(path):
    """(64, 64) u8: the luma of a colour picture, as the daemon takes it, smoothed as it shrinks."""
    import cv2

    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise DataError(f"{path} is not a picture")
    return picture.resize(torch.from_numpy(grey)[None], SIZE)[0, 0].round().clamp(0, 255).to(torch.uint8)


def load(folder, part, every=1):
    """``Frames`` with any label for ``part`` (``train`` or ``valid``), with or without a picture.

    Of each video one in ``every``, from the first on.
    """
    videos, where = annotations(folder, part), _folders(folder)
    names, absent, kept, there, video = [], [], [], [], []
    for name, known in sorted(videos.items()):
        known = known.take(known.known() & ((known.number - 1) % every == 0))
        if name not in where:
            absent.append(name)
        names.append(where.get(name))
        kept.append(known)
        there.append(np.isin(known.number, _there(where[name]) if name in where else []))
        video.append(np.full(len(known.number), len(names) - 1))
    if absent:
        log.warning("%d of %d labelled videos have no folder below %s, the first of them %s", len(absent), len(videos),
                    IMAGES, absent[0])
    frames = Frames(names, *(torch.from_numpy(np.concatenate(parts)) for parts in (
        video, [known.number for known in kept], there, [known.label for known in kept],
        [known.va for known in kept], [known.units for known in kept])))
    if not frames.there.any():
        raise DataError(f"{folder} has no picture of a labelled frame: expected {IMAGES}/VIDEO/00001.jpg and so on")
    return frames


def to_train_on(folder, every):
    """The training part's ``Frames`` that have a picture."""
    frames = load(folder, "train", every)
    return frames.only(frames.there)
