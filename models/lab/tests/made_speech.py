"""A miniature of ``speech-emotion.tar``: buzzes whose pitch and tempo tell their emotion. Nobody speaks in it."""

import csv
import io
import tarfile

import numpy as np
import soundfile

from affectlab.voice import ravdess
from affectlab.voice.features import RATE
from affectlab.voice.labels import CODES


def buzz(emotion, actor, seconds=1.5, level=0.05):
    """(samples,) f32: twenty harmonics of a pitch that tells the emotion, in bursts, with silence around them."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = 90 * 1.28 ** CODES.index(emotion) * (1 + 0.005 * actor)
    sound = sum(np.sin(2 * np.pi * pitch * k * time + k) / k for k in range(1, 20) if pitch * k < 7500)
    sound = sound * (np.sin(2 * np.pi * 3 * time) > -0.6) * (time > 0.2) * (time < seconds - 0.2)
    noise = np.random.default_rng(actor).normal(0, 1e-4, len(time))
    return (level * sound / np.abs(sound).max() + noise).astype(np.float32)


def flac(sound, rate=RATE):
    out = io.BytesIO()
    soundfile.write(out, sound, rate, format="FLAC")
    return out.getvalue()


def write(folder, actors=range(1, 21), rows=None, files=None):
    """Write the archive with one recording of each emotion by each actor, or the ``rows`` and ``files`` given."""
    if rows is None:
        rows, files = [], {}
        for actor in actors:
            for code, emotion in enumerate(CODES, 1):
                name = f"03-01-{code:02}-01-01-01-{actor:02}.flac"
                rows.append({"audio": name, "emotion": emotion, "intensity": 1, "statement": 1, "repetition": 1, "actor": actor,
                             "sex": "M" if actor % 2 else "F", "seconds": 1.5})
                files[name] = flac(buzz(emotion, actor))
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with tarfile.open(folder / ravdess.ARCHIVE, "w") as archive:
        for name, content in {"labels.csv": table.getvalue().encode(), **{f"audio/{n}": c for n, c in files.items()}}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return folder
