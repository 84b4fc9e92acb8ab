"""Photographs nobody cropped for it: read, find the face, align it.

The nearest thing to a camera among the data: press photographs (LFW-like, up
to 192 pixels, loosely cropped) with one emotion label each. They go the way
the daemon's frames go: BlazeFace finds eyes, nose and mouth, a similarity
transform moves them onto ``[align]``. A label is one opinion, not a vote, and
disgust and sadness are noisy. One person in five is never trained on.
"""

import csv
import io
import itertools
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import export, template, warp
from .data import DataError
from .labels import EXPRESSIONS
from .model import SIZE

ARCHIVE = "faces-in-the-wild.tar"
HELD_PEOPLE = 5


def is_held(person):
    """Whether a person, by name, is one of those who are never trained on."""
    return zlib.crc32(person.encode()) % HELD_PEOPLE == 0


@dataclass
class Photographs:
    """Aligned crops (N, 64, 64) u8, (N,) ``label`` in ``EXPRESSIONS`` order, ``person`` and ``source`` file names."""

    images: np.ndarray
    label: np.ndarray
    person: np.ndarray
    source: np.ndarray

    def __len__(self):
        return len(self.images)

    def of(self, held):
        """Those of the people who are held out of training, or of the others."""
        keep = np.array([is_held(name) == held for name in self.person.tolist()], bool)
        return Photographs(self.images[keep], self.label[keep], self.person[keep], self.source[keep])

    def save(self, path):
        np.savez_compressed(path, **vars(self))

    @classmethod
    def load(cls, path):
        """What ``save`` wrote; the command ``photographs`` makes it."""
        if not Path(path).is_file():
            raise DataError(f"{path} is missing: make it with 'python -m affectlab photographs'")
        with np.load(path, allow_pickle=False) as archive:
            return cls(archive["images"], archive["label"], archive["person"], archive["source"])


def read(folder, wanted=lambda person: True):
    """Yield (label, person, file, BGR picture) of the ``wanted`` people's photographs with an emotion that is one of ours."""
    import cv2

    path = Path(folder) / ARCHIVE
    if not path.is_file():
        raise DataError(f"{path} is missing: see 'Data' in the README")
    with tarfile.open(path) as archive:
        rows = csv.DictReader(io.TextIOWrapper(archive.extractfile("labels.csv"), "utf-8"))
        listed = {f"images/{row['image']}": (EXPRESSIONS.index(row["emotion"]), row["person"])
                  for row in rows if row["emotion"] in EXPRESSIONS and wanted(row["person"])}
        for member in archive:
            if member.name in listed:
                data = np.frombuffer(archive.extractfile(member).read(), np.uint8)
                image = cv2.imdecode(data, cv2.IMREAD_COLOR)
                if image is None:
                    raise DataError(f"{path}: {member.name} is not a picture")
                yield *listed[member.name], member.name, image


def letterbox(image, size=template.SIZE):
    """(size, size, 3) picture with black bars, its scale and the left and top bars (pixels)."""
    import cv2

    height, width = image.shape[:2]
    scale = size / max(height, width)
    inner = (round(width * scale), round(height * scale))
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    boxed = np.zeros((size, size, 3), np.uint8)
    boxed[top:top + inner[1], left:left + inner[0]] = cv2.resize(image, inner, interpolation=method)
    return boxed, scale, left, top


def find_points(session, grid, image):
    """Detector score and (4, 2) points in pixels of ``image`` (BGR)."""
    boxed, scale, left, top = letterbox(image)
    score, points = template.decode(*template.ask(session, boxed[:, :, ::-1]), grid)
    return score, (points * template.SIZE - [left, top]) / scale


def align(folder, detector, points_in, wanted=lambda person: True, most=None, threshold=0.5):
    """``Photographs`` of all in which the detector finds a face, and in how many it found none.

    ``detector``: BlazeFace short range as ONNX; ``points_in``: the (4, 2) points of ``[align]``;
    ``wanted``: tells by a person's name whether the photograph is looked at; at most the first ``most`` are.
    """
    if not Path(detector).is_file():
        raise template.TemplateError(f"{detector} is missing: fetch the detectors with 'make models'")
    finder, grid = export.session(detector), template.anchors()
    images, labels, people, files, missed = [], [], [], [], 0
    for label, person, file, image in itertools.islice(read(folder, wanted), most):
        score, points = find_points(finder, grid, image)
        if score < threshold:
            missed += 1
            continue
        crop = warp.align(warp.luma(image[:, :, ::-1]), points, points_in, SIZE)
        images.append(np.rint(crop).clip(0, 255).astype(np.uint8))
        labels.append(label)
        people.append(person)
        files.append(file)
    if not images:
        raise DataError(f"no face was found in {Path(folder) / ARCHIVE}")
    return Photographs(np.stack(images), np.array(labels), np.array(people), np.array(files)), missed


def held_out(folder, detector, pack):
    """``align`` for the people never trained on, to the points of a parsed ``pack.toml``."""
    points = np.array([pack["align"][name] for name in template.POINTS])
    return align(folder, detector, points, is_held)
