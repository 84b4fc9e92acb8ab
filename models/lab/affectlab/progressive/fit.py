"""The loop around ``train.one_epoch`` for the networks of this folder, and the data they share.

Every network here sees what ``mtanet`` sees: crops of FER+ (part ``fit``),
photographs of people not held out, and as targets votes, opinions of a teacher
and pseudo-labels of action units (``teach``). What is kept is the
exponential average of the weights; a run goes on where it stopped.
"""

import copy
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path

import torch

from .. import data, teach, train

log = logging.getLogger(__name__)

# Mostly undamaged crops at full size, as in the later rounds of mtanet.
PLAN = train.Plan(epochs=4, rate=5e-4, warmup=0, damage=0.25, jitter=0.7, average=0.99, trust=0.5, photographs=0.25,
                  unit_weight=0.5, small_share=0.0, hard_share=0.0)


def lessons_of(folder, file, plan, limit=None):
    """``Faces`` to train on and a list of (others, how many of them to each face), by what ``teach`` wrote."""
    lessons = teach.Lessons.load(file)
    faces = teach.soften(data.load(folder, plan.part, plan.outliers), lessons, plan.trust)
    others = [(lessons.photographs, plan.photographs)] if lessons.photographs and plan.photographs > 0 else []
    return data.some(faces, limit), [(data.some(part, limit), share) for part, share in others]


def steps_of(faces, plan):
    """Batches in an epoch."""
    return max(1, len(faces) // plan.batch)


def fit(model, path, plan, faces, others, objective, check=None, about=None):
    """Train ``model`` into the checkpoint ``path``, from where it stopped; returns the averaged network.

    ``objective``: see ``train.one_epoch``. ``check``: averaged network -> figures for the log, as a dictionary.
    ``about``: what else decides the run and is kept in its checkpoint, a dictionary.
    """
    about = about or {}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    average, optimiser = copy.deepcopy(model), train.optimiser_of(model, plan)
    first = _resume(path, model, average, optimiser, plan, about)
    for epoch in range(first, plan.epochs):
        began = time.monotonic()
        loss = train.one_epoch(model, average, optimiser, faces, others, plan, epoch, steps_of(faces, plan), objective)
        average.eval()
        found = check(average) if check else {}
        log.info("%s epoch %d/%d loss %.4f %.0f s %s", path.stem, epoch + 1, plan.epochs, loss,
                 time.monotonic() - began, json.dumps({name: round(value, 4) for name, value in found.items()}))
        train.save_checkpoint(path, {"plan": asdict(plan), "shape": model.shape.to_dict(), "epoch": epoch + 1, "loss": loss,
                                     "found": found, "about": about, "model": model.state_dict(), "average": average.state_dict(),
                                     "optimiser": optimiser.state_dict()})
    return average.eval()


def _resume(path, model, average, optimiser, plan, about):
    if not path.is_file():
        return 0
    state = load(path)
    # The number of epochs alone may change: a run can be cut short or prolonged.
    if {**state["plan"], "epochs": plan.epochs} != asdict(plan) or state["about"] != about or state["shape"] != model.shape.to_dict():
        raise train.TrainError(f"{path} was made with other settings: remove it or choose another --run")
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    log.info("%s goes on after epoch %d", path.stem, state["epoch"])
    return state["epoch"]


def load(path):
    """A checkpoint that ``fit`` or the pretraining wrote."""
    if not Path(path).is_file():
        raise train.TrainError(f"no checkpoint at {path}: run the step of 'python -m affectlab progressive' that makes it")
    return torch.load(path, weights_only=True)
