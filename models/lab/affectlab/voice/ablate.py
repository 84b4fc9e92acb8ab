"""What each choice brought: short trainings without it, on twelve of the training actors, asked about the other four.

The held-out actors take no part. All options train for the same few epochs by
the plan of the last round from the start, so the figures are lower than the
published ones and only their differences count.
"""

import dataclasses
import logging
from pathlib import Path

import torch

from . import recipe, train, windows
from .features import SILENCE
from .model import Shape

log = logging.getLogger(__name__)

EPOCHS = 16
# Nats of power: 20 dB.
LOUDER = 4.605170185988092


def _plan(**changes):
    return lambda plan, shape: (dataclasses.replace(plan, **changes), shape)


def _shape(**changes):
    return lambda plan, shape: (plan, dataclasses.replace(shape, **changes))


OPTIONS = {
    "everything": _plan(),
    "no teacher's opinion": _plan(trust=0.0),
    "no teacher at all (neither its opinion nor its directions)": _plan(trust=0.0, extra_weight=0.0),
    "no other hearings (speed, rooms, noise, clipping)": _plan(clean=1.0),
    "nothing worn (tempo, channel, codec, stripes, mistakes of the voice detector)": _plan(wear=False),
    "recordings as they are: neither hearings nor wear": _plan(clean=1.0, wear=False),
    "level kept": _shape(level=False),
    "frames without voice kept": _shape(masked=False),
    "mean of each band removed too, as a second picture": _shape(bands=True),
}


def louder(watched, nats=LOUDER):
    """The windows of ``watched`` recorded louder; their silence stays silence."""
    x = watched.x.clone()
    heard = x[:, :, :-1] > SILENCE
    x[:, :, :-1] = torch.where(heard, x[:, :, :-1] + nats, x[:, :, :-1])
    return windows.Set(x, watched.owner)


def row(model, watch, worn):
    """Mean recall of a network on the watched actors: clean, in other hearings, 20 dB louder; and their number."""
    clean, label = watch
    many = label.repeat_interleave((int(worn.owner.max()) + 1) // len(label))

    def recall(set_, truth):
        return train.mean_recall(windows.ask(model, set_)[0].argmax(1), truth)

    return {"clean": recall(clean, label), "worn": recall(worn, many), "louder": recall(louder(clean), label), "n": len(label)}


def run(folder, run_folder, plan=train.ROUNDS[-1], shape=Shape(), names=tuple(OPTIONS), epochs=EPOCHS, limit=None):
    """Rows of the table, one for each option named."""
    rows = []
    for place, name in enumerate(names):
        changed, other = OPTIONS[name](dataclasses.replace(plan, epochs=epochs), shape)
        into = Path(run_folder) / f"ablation-{list(OPTIONS).index(name)}"
        rows.append({"what": name, "epochs": epochs, **row(*recipe.learn(folder, run_folder, [changed], other, recipe.WATCHED, limit, into))})
        log.info("%d of %d: %s", place + 1, len(names), rows[-1])
    return rows
