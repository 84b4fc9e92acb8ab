"""Hearings of every recording, made once and kept: the first clean, the others drawn by ``augment.heard``.

To draw a room and a noise for each sample of each batch would take longer than
the network takes to learn from it.
"""

import logging
from dataclasses import asdict
from pathlib import Path

import torch

from . import activity, augment, features

log = logging.getLogger(__name__)


def make(recordings, hearings, amount, seed=0):
    """For each recording a list of ``hearings`` (frames, 65) f16: 64 features and the voice."""
    generator = torch.Generator().manual_seed(seed)
    sounds = [torch.from_numpy(recording.sound) for recording in recordings]
    out = []
    for place, sound in enumerate(sounds):
        clean = features.log_mel(sound)
        pairs = [(clean, activity.mask(clean))]
        pairs += [augment.heard(sound, sounds, amount, generator) for _ in range(hearings - 1)]
        out.append([torch.cat([x, mask[:, None].float()], 1).half() for x, mask in pairs])
        if place % 240 == 239:
            log.info("heard %d of %d recordings", place + 1, len(sounds))
    return out


def load(path, recordings, hearings, amount, seed=0):
    """``make``, or what an earlier call left at ``path`` for the same recordings and amounts."""
    path = Path(path)
    told = {"names": [recording.name for recording in recordings], "hearings": hearings, "seed": seed,
            "amount": {name: asdict(amount)[name] for name in augment.OF_HEARINGS}}
    if path.is_file():
        kept = torch.load(path, weights_only=True)
        if kept["told"] == told:
            return kept["heard"]
    heard = make(recordings, hearings, amount, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"told": told, "heard": heard}, path)
    return heard


def window(rows, start, frames):
    """(frames, 65) f32 from row ``start`` (may be negative): what lies outside the recording is silence."""
    out = torch.zeros(frames, features.BANDS + 1)
    out[:, :-1] = features.SILENCE
    first, last = max(0, start), min(len(rows), start + frames)
    if last > first:
        out[first - start:last - start] = rows[first:last].float()
    return out


def drawn(rows, frames, generator, least=70):
    """A window from anywhere that has at least ``least`` voiced rows, or half of what there is."""
    voiced = rows[:, -1].float()
    least = min(least, 0.5 * float(voiced.sum()))
    for _ in range(8):
        start = int(torch.randint(-frames // 3, max(1, len(rows) - 2 * frames // 3), (1,), generator=generator))
        out = window(rows, start, frames)
        if float(out[:, -1].sum()) >= least:
            return out
    return window(rows, (len(rows) - frames) // 2, frames)
