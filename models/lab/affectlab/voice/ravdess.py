"""RAVDESS speech from one file: ``speech-emotion.tar`` in a folder the user names.

The archive holds ``labels.csv`` (audio, emotion, intensity, statement,
repetition, actor, sex, seconds) and ``audio/*.flac``, 16 kHz mono. ``build``
makes it of the published WAV files. Nothing of it is ever written into the
repository. Parts are divided by actor, so that no voice is in two of them.
"""

import csv
import io
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data import DataError
from . import labels
from .features import RATE

ARCHIVE = "speech-emotion.tar"
COLUMNS = ("audio", "emotion", "intensity", "statement", "repetition", "actor", "sex", "seconds")
# The held-out actors only ever measure; whatever is chosen is chosen among the others.
TRAIN, HELD = tuple(range(1, 17)), tuple(range(17, 21))


@dataclass(frozen=True)
class Recording:
    """One sentence. ``sound``: (samples,) f32 in [-1, 1] at 16 kHz; ``label``: place in ``labels.EXPRESSIONS``."""

    name: str
    sound: np.ndarray
    label: int
    intensity: int
    statement: int
    actor: int
    sex: str

    @property
    def va(self):
        """(2,) pseudo-label of valence and arousal."""
        return labels.valence_arousal(labels.EXPRESSIONS[self.label], self.intensity)


def _decoded(archive, name, path):
    import soundfile

    try:
        member = archive.extractfile(f"audio/{name}")
        sound, rate = soundfile.read(io.BytesIO(member.read()), dtype="float32", always_2d=True)
    except (KeyError, soundfile.LibsndfileError) as error:
        raise DataError(f"{path}: audio/{name} cannot be read ({error})") from error
    if rate != RATE or sound.shape[1] != 1:
        raise DataError(f"{path}: audio/{name} must be {RATE} Hz mono, not {rate} Hz with {sound.shape[1]} channels")
    return sound[:, 0]


def _recording(row, archive, path):
    if row["emotion"] not in labels.NAMES:
        raise DataError(f"{path}: {row['audio']} has the emotion {row['emotion']!r}: choose from {', '.join(labels.NAMES)}")
    try:
        intensity, statement, actor = (int(row[key]) for key in ("intensity", "statement", "actor"))
    except ValueError as error:
        raise DataError(f"{path}: {row['audio']}: {error}") from error
    if intensity not in labels.DISTANCE:
        raise DataError(f"{path}: {row['audio']} has the intensity {intensity}, which must be 1 or 2")
    label = labels.EXPRESSIONS.index(labels.NAMES[row["emotion"]])
    return Recording(row["audio"], _decoded(archive, row["audio"], path), label, intensity, statement, actor, row["sex"])


def load(folder, actors=TRAIN, limit=None):
    """The recordings of these ``actors`` in the order of ``labels.csv``; at most ``limit``, spread evenly."""
    path = Path(folder) / ARCHIVE
    if not path.is_file():
        raise DataError(f"{path} is missing: see 'The pack voice' in the README for how to make it")
    with tarfile.open(path) as archive:
        try:
            text = archive.extractfile("labels.csv").read().decode("utf-8-sig")
        except KeyError as error:
            raise DataError(f"{path} holds no labels.csv") from error
        reader = csv.DictReader(io.StringIO(text))
        absent = set(COLUMNS) - set(reader.fieldnames or ())
        if absent:
            raise DataError(f"{path}: labels.csv lacks {', '.join(sorted(absent))}")
        wanted = {str(actor) for actor in actors}
        rows = [row for row in reader if row["actor"].lstrip("0") in wanted]
        if limit:
            rows = [rows[place] for place in np.unique(np.linspace(0, len(rows) - 1, limit).astype(int))]
        found = [_recording(row, archive, path) for row in rows]
    if not found:
        raise DataError(f"{path} has no recording of the actors {', '.join(map(str, actors))}")
    return found


def named(path):
    """The row of ``labels.csv`` that a published file name tells: modality-channel-emotion-intensity-statement-repetition-actor."""
    numbers = Path(path).stem.split("-")
    if len(numbers) != 7 or not all(number.isdigit() for number in numbers):
        raise DataError(f"{path} is not named as RAVDESS names its files, such as 03-01-06-01-02-01-12.wav")
    _, channel, emotion, intensity, statement, repetition, actor = map(int, numbers)
    if channel != 1 or not 1 <= emotion <= len(labels.CODES):
        raise DataError(f"{path} is not speech")
    return {"audio": f"{Path(path).stem}.flac", "emotion": labels.CODES[emotion - 1], "intensity": intensity,
            "statement": statement, "repetition": repetition, "actor": actor, "sex": "M" if actor % 2 else "F"}


def build(download, folder):
    """Make the archive in ``folder`` of the published ``Audio_Speech_Actors_01-24.zip``; returns how many files."""
    import soundfile

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()

    def add(archive, name, content):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))

    with zipfile.ZipFile(download) as source, tarfile.open(folder / ARCHIVE, "w") as archive:
        names = sorted(name for name in source.namelist() if name.lower().endswith(".wav"))
        for name in names:
            row = named(name)
            done = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"],
                                  input=source.read(name), capture_output=True, check=False)
            if done.returncode:
                raise DataError(f"{download}: {name}: {done.stderr.decode(errors='replace').strip()}")
            sound, content = np.frombuffer(done.stdout, "<i2"), io.BytesIO()
            soundfile.write(content, sound, RATE, format="FLAC")
            writer.writerow({**row, "seconds": round(len(sound) / RATE, 3)})
            add(archive, f"audio/{row['audio']}", content.getvalue())
        add(archive, "labels.csv", table.getvalue().encode())
    if not names:
        raise DataError(f"{download} holds no WAV file")
    return len(names)
