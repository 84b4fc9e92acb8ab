"""The steps of the pack, from the archive to a run that can be packed.

Actors 1 to 16 train. Choices, the temperature among them, are made on four of
these (``WATCHED``) by a network that learned from the other twelve; the
published one then learns from all sixteen with the same plan. Actors 17 to 20
take no part in any of it.
"""

import dataclasses
import json
import logging
from pathlib import Path

import torch

from .. import calibrate
from . import bank, ravdess, teach, train, whisper, windows
from .model import Shape

log = logging.getLogger(__name__)

WATCHED = (4, 8, 12, 16)
WHISPER, BANK, TEMPERATURE = "whisper.pt", "bank.pt", "temperature.json"


def listen(folder, run, model):
    """Ask Whisper (``model``: its file) about the training actors; kept in the ``run``."""
    path = Path(run) / WHISPER
    if not path.is_file():
        whisper.listen(model, ravdess.load(folder)).save(path)
    return path


def lessons(recordings, run, plan):
    """Targets of these recordings: with what a teacher says, if the run's folder has what Whisper heard."""
    path = Path(run) / WHISPER
    if not path.is_file():
        return train.Lessons.of(recordings)
    layers = teach.Heard.load(path).of(recordings)
    teacher = extra = None
    if plan.trust > 0:
        teacher = teach.opinions(layers, [r.label for r in recordings], [r.actor for r in recordings])
    if plan.extra_weight > 0:
        extra = teach.directions(layers)
    return train.Lessons.of(recordings, teacher, extra)


def learn(folder, run, rounds=train.ROUNDS, shape=Shape(), without=(), limit=None, into=None):
    """Train in the ``run`` without some of the training actors; returns the network and what it was watched with.

    ``into``: the folder of the checkpoints, the run's own if none (of earlier rounds: folders in it); the bank and
    Whisper's answers are the run's.
    """
    plan, into = rounds[0], Path(into or run)
    recordings = ravdess.load(folder, limit=limit)
    heard = bank.load(Path(run) / BANK, recordings, plan.hearings, plan.amount)
    fit = [place for place, recording in enumerate(recordings) if recording.actor not in without]
    watched = [place for place, recording in enumerate(recordings) if recording.actor in without]
    targets = lessons([recordings[place] for place in fit], run, plan)
    extra = 0 if targets.extra is None else targets.extra.shape[1]
    watch = None
    if watched:
        clean = windows.Set.of([heard[place][0] for place in watched])
        watch = clean, torch.tensor([recordings[place].label for place in watched])
    shape, known, model = dataclasses.replace(shape, extra=extra), [heard[place] for place in fit], None
    for number, plan in enumerate(rounds, 1):
        last = number == len(rounds)
        model = train.train(known, targets, into if last else into / f"round-{number}", plan, shape, watch, start=model)
    worn = windows.Set.of([rows for place in watched for rows in heard[place][1:6]]) if watched and rounds[0].hearings > 5 else None
    return model, watch, worn


def choose_temperature(model, watch):
    """The temperature whose mean probabilities of whole recordings have the least negative log-likelihood."""
    clean, label = watch

    def surprise(temperature):
        probability, _ = windows.ask(model, clean, temperature)
        return float(-probability[torch.arange(len(label)), label].clamp(min=1e-9).log().mean())

    return min(calibrate.TEMPERATURES[::2], key=surprise)


def run_all(folder, run, rounds=train.ROUNDS, shape=Shape(), whisper_model=None, limit=None):
    """Everything up to packing; returns mean recall on the watched actors."""
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    if whisper_model:
        listen(folder, run, whisper_model)
    model, watch, worn = learn(folder, run, rounds, shape, WATCHED, limit, run / "watched")
    save_temperature(run, choose_temperature(model, watch))
    recall = train.mean_recall(windows.ask(model, watch[0])[0].argmax(1), watch[1])
    log.info("mean recall on the watched actors %.3f", recall)
    learn(folder, run, rounds, shape, limit=limit)
    return recall


def save_temperature(run, temperature):
    (Path(run) / TEMPERATURE).write_text(json.dumps({"temperature": temperature}) + "\n")


def load_temperature(run):
    """What ``run_all`` chose."""
    path = Path(run) / TEMPERATURE
    if not path.is_file():
        raise train.TrainError(f"{path} is missing: run 'python -m affectlab voice train' first")
    return json.loads(path.read_text())["temperature"]
