"""Golden vectors: made voices, and what the training framework answers to them.

No recording of anybody is needed: pulses of a drawn pitch through three
resonances, in syllables with pauses, are enough of a voice to run every part of
the network. The same sound holds the features of the daemon to these ones.
"""

import numpy as np
import torch

from . import features, windows
from .model import COLUMNS, FRAMES

OUTPUTS = ("expression", "valence_arousal", "embedding")
# Hertz and width of the resonances of four vowels.
VOWELS = (((730, 90), (1090, 110), (2440, 160)), ((270, 60), (2290, 130), (3010, 170)),
          ((300, 60), (870, 90), (2240, 150)), ((530, 70), (1840, 120), (2480, 160)))


def _resonance(sound, hertz, width):
    """A two-pole filter of unit gain at its resonance."""
    radius = np.exp(-np.pi * width / features.RATE)
    angle = 2 * np.pi * hertz / features.RATE
    a1, a2 = -2 * radius * np.cos(angle), radius * radius
    gain = (1 - radius) * np.sqrt(1 - 2 * radius * np.cos(2 * angle) + radius * radius)
    out, before, before2 = np.zeros_like(sound), 0.0, 0.0
    for place, value in enumerate(sound):
        now = gain * value - a1 * before - a2 * before2
        out[place], before2, before = now, before, now
    return out


def voice(seconds, pitch, rise, seed):
    """(samples,) f32 made voice: ``pitch`` hertz that goes up by the share ``rise``; four syllables a second."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * features.RATE)) / features.RATE
    hertz = pitch * (1 + rise * time / seconds + 0.03 * np.sin(2 * np.pi * 5 * time))
    phase = np.cumsum(hertz) / features.RATE
    pulses = (np.diff(np.floor(phase), prepend=0) > 0).astype(float) + 0.002 * generator.standard_normal(len(time))
    out = np.zeros(len(time))
    for place, resonances in enumerate(VOWELS):
        part = pulses
        for hertz_, width in resonances:
            part = part + 4 * _resonance(part, hertz_, width)
        out += part * ((time * 4).astype(int) % len(VOWELS) == place)
    envelope = np.clip(np.sin(2 * np.pi * 4 * time) + 0.6, 0, 1) * np.clip(time / 0.3, 0, 1)
    out = out * envelope + 1e-4 * generator.standard_normal(len(time))
    return (0.3 * out / np.abs(out).max()).astype(np.float32)


def inputs():
    """(4, 300, 65): a low voice, a high one that is quiet, one shorter than the window, and nothing but noise."""
    noise = (0.01 * np.random.default_rng(3).standard_normal(4 * features.RATE)).astype(np.float32)
    sounds = [voice(3.5, 110, 0.2, 0), 0.01 * voice(3.5, 240, -0.3, 1), voice(1.7, 180, 0.6, 2), noise]
    return torch.stack([windows.cut(windows.rows_of(sound))[0] for sound in sounds]).numpy()


def outputs(model, x):
    """The answers of a folded torch model with quantised weights, by name."""
    with torch.no_grad():
        return {name: value.numpy().astype(np.float32) for name, value in zip(OUTPUTS, model(torch.from_numpy(x)))}


def write(folder, model):
    """Golden inputs and outputs into ``folder``/golden (little-endian f32, samples one after the other); returns how many."""
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    x = inputs()
    for name, values in {"input": x, **outputs(model, x)}.items():
        values.astype("<f4").tofile(folder / "golden" / f"{name}.f32")
    return len(x)


def difference(folder, session_run):
    """Largest difference per output of what ``session_run`` answers to the golden inputs of ``folder``."""
    x = np.fromfile(folder / "golden" / "input.f32", "<f4").reshape(-1, FRAMES, COLUMNS)
    answers = session_run(x)
    return {name: float(np.abs(answers[name].ravel() - np.fromfile(folder / "golden" / f"{name}.f32", "<f4")).max())
            for name in OUTPUTS}


def write_features(folder):
    """A sound and its features, (samples,) and (frames, 64) little-endian f32: what the daemon's own are tested against."""
    folder.mkdir(parents=True, exist_ok=True)
    sound = voice(0.8, 160, 0.4, 4)
    sound.astype("<f4").tofile(folder / "sound.f32")
    features.log_mel(torch.from_numpy(sound)).numpy().astype("<f4").tofile(folder / "features.f32")
