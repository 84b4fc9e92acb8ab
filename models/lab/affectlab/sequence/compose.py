"""Composed sequences as rows of a frozen frame pack's embeddings, made once and kept on disk.

Frames are rendered, shown to the pack's own ONNX file as the daemon would show
them, and thrown away; what is kept is small enough that heads train in
seconds. The same seed composes the same frames for every pack, so packs can be
compared. **Composed** is part of the file and of every figure made from it.
"""

import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .. import data, export, labels, measure, picture
from ..model import SIZE
from . import render, script

log = logging.getLogger(__name__)

# The logit of an expression that a frame pack does not tell.
NEVER = -30.0
SEEDS = {"fit": 1, "holdout": 2, "valid": 3}


def fingerprint(pack, path):
    """Name, version and the beginning of the file's hash: embeddings of other weights are other embeddings."""
    return f"{pack['name']} {pack['version']} {measure.sha256(path)[:12]}"


class Frame:
    """A frozen frame pack that reads aligned grey faces of 64 pixels: its ONNX file and what the manifest says."""

    def __init__(self, folder):
        self.pack, path = measure.open_pack(folder)
        wanted = {"width": SIZE, "height": SIZE, "channels": "grey"}
        differs = [key for key, value in wanted.items() if self.pack.get("input", {}).get(key) != value]
        if self.pack["kind"] != "frame" or differs or "embedding" not in self.pack["outputs"]:
            raise measure.PackError(f"{folder}: sequences are composed of grey faces of {SIZE} pixels, for a frame pack "
                                    "with an embedding; this pack is another")
        self.name, self.version = self.pack["name"], self.pack["version"]
        self.told = fingerprint(self.pack, path)
        self.size = self.pack["outputs"]["embedding"]["size"]
        told = self.pack["outputs"].get("expression", {})
        self.temperature = told.get("temperature", 1.0)
        self.expressions = told.get("labels", list(labels.EXPRESSIONS))
        self.session = export.session(path)

    def ask(self, images):
        """Outputs by name, f32, of (M, 64, 64) u8 faces."""
        return self.answer(picture.to_input(torch.from_numpy(np.asarray(images))).numpy())

    def answer(self, x):
        """Outputs by name, f32, of (M, 1, 64, 64) inputs in [-1, 1]; expression logits in the order of ``EXPRESSIONS``."""
        said = export.run(self.session, x)
        if "expression" in said:
            logits = np.full((len(x), len(labels.EXPRESSIONS)), NEVER, np.float32)
            logits[:, [labels.EXPRESSIONS.index(name) for name in self.expressions]] = said["expression"]
            said["expression"] = logits
        return said


@dataclass
class Composed:
    """N composed sequences of T rows over M frames.

    ``row`` (N, T) the frame that a row shows, -1 where the face was lost. By frame: ``embedding`` (M, E) and what
    the frame pack said: ``logits`` (M, 8) divided by its temperature, ``affect`` (M, 2), ``unit_logits`` (M, 12). By
    row, of the blended picture: ``target`` (N, T, 8), ``va`` (N, T, 2), ``units`` (N, T, 12), ``pair`` (N, T, 6).
    ``story`` (N,), ``source`` (N,) "ferplus" or "photographs". ``kind`` says that it is composed.
    """

    row: np.ndarray
    embedding: np.ndarray
    logits: np.ndarray
    affect: np.ndarray
    unit_logits: np.ndarray
    target: np.ndarray
    va: np.ndarray
    units: np.ndarray
    pair: np.ndarray
    story: np.ndarray
    source: np.ndarray
    pack: str
    kind: str = "composed from still pictures"

    def __len__(self):
        return len(self.row)

    def first(self, count):
        """The first ``count`` sequences, with the frames of all."""
        by_row = {name: getattr(self, name)[:count] for name in ("row", "target", "va", "units", "pair", "story", "source")}
        return dataclasses.replace(self, **by_row)

    @property
    def label(self):
        """(N, T) the expression that most of the blended picture shows."""
        return self.target.argmax(2)

    def save(self, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)})

    @classmethod
    def load(cls, path):
        """What ``save`` wrote; the command ``sequence compose`` makes it."""
        if not Path(path).is_file():
            raise data.DataError(f"{path} is missing: make it with 'python -m affectlab sequence compose'")
        with np.load(path, allow_pickle=False) as archive:
            absent = {field.name for field in dataclasses.fields(cls)} - set(archive.files)
            if absent:
                raise data.DataError(f"{path} lacks {', '.join(sorted(absent))}: make it anew with "
                                     "'python -m affectlab sequence compose'")
            kept = {name: archive[name] for name in archive.files}
        return cls(**{**kept, "pack": str(kept["pack"]), "kind": str(kept["kind"])})


def labels_of(stills, told):
    """target (T, 8), va (T, 2), units (T, 12) and pair (T, 6) of a script's rows: the pictures', by their shares.

    A compound counts while its picture is more than half of what is shown.
    """
    weight = torch.from_numpy(told.weight).float()
    mixed = [(weight @ getattr(stills, name)[told.stills]).numpy() for name in ("target", "va", "units")]
    main = told.weight.argmax(1)
    return *mixed, stills.pair[told.stills][main].numpy()


def sequence(stills, cast, rng):
    """One composed sequence: its ``Script``, (M, 64, 64) u8 frames, and (T,) which frame each row shows or -1."""
    told = script.write(cast, rng)
    seen = np.flatnonzero(np.isfinite(told.shown))
    time, first, which = np.unique(told.shown[seen], return_index=True, return_inverse=True)
    frames = render.render(rng, stills.images[told.stills], told.weight[seen][first], time)
    row = np.full(len(told.shown), -1)
    row[seen] = which
    return told, frames, row


def compose(stills, count, seed, ask, pack):
    """``Composed`` of ``count`` sequences. ``ask``: (M, 64, 64) u8 frames -> outputs by name; ``pack``: its name."""
    rng = np.random.default_rng(seed)
    cast = script.Cast(stills, rng)
    rows, said, known, told = [], [], [], []
    frames = 0
    for number in range(count):
        story, images, row = sequence(stills, cast, rng)
        said.append(ask(images))
        rows.append(np.where(row < 0, -1, row + frames))
        frames += len(images)
        known.append(labels_of(stills, story))
        told.append((story.story, "photographs" if stills.person[story.stills[0]] else "ferplus"))
        if number % 100 == 99:
            log.info("composed %d of %d sequences, %d frames", number + 1, count, frames)

    def frame(name, width):
        if name not in said[0]:
            return np.full((frames, width), np.nan, np.float32)
        return np.concatenate([answer[name] for answer in said])

    target, va, units, pair = (np.stack(column) for column in zip(*known))
    story, source = (np.array(column) for column in zip(*told))
    return Composed(np.stack(rows), frame("embedding", 0), frame("expression", 8), frame("valence_arousal", 2),
                    frame("action_units", 12), target, va, units, pair, story, source, pack)


def of_pack(stills, count, part, face):
    """``compose`` for the frame pack ``face``, its logits divided by its temperature."""
    found = compose(stills, count, SEEDS[part], face.ask, face.told)
    found.logits = found.logits / face.temperature
    return found
