"""Voices for composed audio-visual sequences: recorded emotions laid beside faces that show the same.

Of each RAVDESS recording a frozen voice pack gives a reading a second, as it
does in the daemon, and a reading stands until the next one. A composed sequence
gets a recording whose emotion is the label of its face, at a moment when the
face shows it; nobody ever spoke and looked so, and the pairs are called
**composed** for that reason too. Actors are divided as the parts are.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .. import data, export, measure
from ..labels import EXPRESSIONS
from .compose import fingerprint
from .script import NEUTRAL, STEP

# The voice pack has never heard actors 17 to 20: the first two of them are tuned on, the others measured with.
ACTORS = {"fit": tuple(range(1, 17)), "holdout": (17, 18), "valid": (19, 20)}
# Seconds from the beginning of a recording at which a reading is made; the speech ends after three or four.
HEARD = (1.5, 2.5, 3.5, 4.5)
# Seconds that the last reading stands.
STANDS = 1.0
# Sequences in which nobody speaks.
SILENT = 0.25


class Voice:
    """A frozen voice pack: its ONNX file and what the manifest says."""

    def __init__(self, folder):
        pack, path = measure.open_pack(folder)
        if pack["kind"] != "voice" or "embedding" not in pack["outputs"]:
            raise measure.PackError(f"{folder} is not a voice pack with an embedding")
        self.name, self.version, self.frames = pack["name"], pack["version"], pack["window"]["frames"]
        self.told = fingerprint(pack, path)
        self.size = pack["outputs"]["embedding"]["size"]
        self.session = export.session(path)

    def embed(self, x):
        """(N, size) f32 of (N, frames, columns) windows of features."""
        return export.run(self.session, np.asarray(x, np.float32))["embedding"]


@dataclass
class Voices:
    """R recordings: ``embedding`` (R, 4, V) one reading for each of ``HEARD``, ``label`` (R,) in the order of ``EXPRESSIONS``."""

    embedding: np.ndarray
    label: np.ndarray
    pack: str

    def save(self, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, embedding=self.embedding, label=self.label, pack=self.pack)

    @classmethod
    def load(cls, path):
        """What ``save`` wrote; the command ``sequence voices`` makes it."""
        if not Path(path).is_file():
            raise data.DataError(f"{path} is missing: make it with 'python -m affectlab sequence voices'")
        with np.load(path, allow_pickle=False) as archive:
            return cls(archive["embedding"], archive["label"], str(archive["pack"]))


def read(folder, part, voice, limit=None):
    """``Voices`` of a part's actors, by a ``Voice``. A calm voice counts as neutral: faces have no calm."""
    from ..voice import bank, labels, ravdess, windows

    found = ravdess.load(folder, ACTORS[part], limit)
    readings, label = [], []
    for recording in found:
        rows = windows.rows_of(recording.sound)
        ends = [round(seconds * 100) for seconds in HEARD]
        cut = torch.stack([bank.window(rows, end - voice.frames, voice.frames) for end in ends])
        readings.append(voice.embed(cut.numpy()))
        name = labels.EXPRESSIONS[recording.label]
        label.append(EXPRESSIONS.index("neutral" if name == "calm" else name))
    return Voices(np.stack(readings), np.array(label), voice.told)


def _laid(columns, readings, begins, shown):
    """Write the ``readings`` of a recording that begins at the second ``begins`` into the rows that ``shown`` allows."""
    time = np.arange(len(columns)) * STEP
    ends = [*HEARD[1:], HEARD[-1] + STANDS]
    for reading, heard, end in zip(readings, HEARD, ends):
        rows = (time >= begins + heard) & (time < begins + end) & shown
        columns[rows, :-1] = reading
        columns[rows, -1] = 1


def columns(composed, voices, seed):
    """(N, T, V + 1) f32: what is heard in each row of composed sequences and 1, or zeros.

    The emotion is that of the face whose label holds longest without being neutral, or neutral; contempt is silent,
    because nobody was recorded so. Rows in which the face shows something else hear nothing.
    """
    rng = np.random.default_rng(seed)
    count, rows = composed.row.shape
    out = np.zeros((count, rows, voices.embedding.shape[2] + 1), np.float32)
    for i, label in enumerate(composed.label):
        held = np.bincount(label, minlength=len(EXPRESSIONS))
        held[NEUTRAL] = held[NEUTRAL] > 0 and held.sum() == held[NEUTRAL]
        emotion = held.argmax()
        fitting = np.flatnonzero(voices.label == emotion)
        if not len(fitting) or rng.random() < SILENT:
            continue
        shown = label == emotion
        first, last = np.flatnonzero(shown)[[0, -1]] * STEP
        # Some reading or other falls into the time in which the face shows it.
        begins = rng.uniform(first - HEARD[-1], max(first - HEARD[-1] + 0.1, last - HEARD[0]))
        _laid(out[i], voices.embedding[rng.choice(fitting)], begins, shown)
    return torch.from_numpy(out)

