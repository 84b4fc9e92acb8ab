"""Trains a sequence model on windows of composed sequences: some minutes, so a run is begun anew and not gone on with.

What is exported and measured is the exponential average of the weights, as for
the face pack, and losses and schedules are the face pack's own. New is what
sequences need: rows lost on purpose, a modality lost on purpose, windows that
are judged in every row, and the curriculum that brings in compound expressions
stage by stage (Liu et al. 2025).
"""

import copy
import logging
import time
from dataclasses import asdict, dataclass

import torch

from .. import losses, train
from . import disturb
from .heads import Design, SequenceNet

log = logging.getLogger(__name__)

# Epochs of each stage, and the share of the compound samples that take part in it.
CURRICULUM = ((5, 0.0), (5, 0.2), (3, 0.4), (3, 1.0))


@dataclass(frozen=True)
class Plan:
    """Everything that decides a training; kept in its checkpoint.

    ``hop``: windows begin at each hop-th row. ``every_row``: all rows of a window are judged, not the predicted one
    alone. ``drop``: rows lost on purpose. ``noise``: added to embeddings, by their own spread, the same to all rows of
    a window and half as much to each anew: the frame pack knows the training pictures too well. ``lose``: share of the windows without voice, and again without a face.
    ``smoothing`` and ``positive`` (weights of the active side, or none): of the action units. ``curriculum``: compound
    samples come in by stages, and windows are mixed by Beta(``mixup``).
    """

    epochs: int = 10
    steps: int = 150
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.02
    warmup: int = 1
    average: float = 0.99
    hop: int = 1
    balance: float = 0.25
    every_row: bool = False
    drop: float = 0.05
    noise: float = 0.5
    lose: float = 0.0
    smoothing: float = 0.0
    positive: tuple = ()
    curriculum: bool = False
    mixup: float = 0.0
    affect_weight: float = 0.5
    unit_weight: float = 0.5
    compound_weight: float = 0.5
    seed: int = 1


def share_of_compounds(plan, epoch):
    """The share of the compound samples that an epoch learns from: all, or by the stages of the curriculum."""
    if not plan.curriculum:
        return 1.0
    for epochs, share in CURRICULUM:
        if epoch < epochs:
            return share
        epoch -= epochs
    return CURRICULUM[-1][1]


def total_loss(said, targets, plan):
    """The losses of all tasks that were said, each over what is known. ``said``, ``targets``: (M, K) by task."""
    parts = []
    for task, value in said.items():
        target = targets[task]
        if task == "expression":
            parts.append(losses.soft_cross_entropy(value, target))
        elif task == "valence_arousal":
            parts.append(plan.affect_weight * losses.affect_loss(value, target))
        elif task == "action_units":
            weight = torch.tensor(plan.positive) if plan.positive else None
            smooth = target * (1 - plan.smoothing) + plan.smoothing / 2
            parts.append(plan.unit_weight * losses.unit_loss(value, smooth, weight))
        else:
            parts.append(plan.compound_weight * losses.unit_loss(value, target))
    return sum(parts)


def _batch(model, windows, which, at, share, plan, generator):
    """The loss of one batch of windows that predict rows ``at`` of the sequences ``which``."""
    design = model.design
    x, rows = windows.cut(design, which, at)
    x = disturb.lose_rows(x, design, plan, generator)
    if plan.noise:
        x = disturb.add_noise(x, model, plan.noise, generator)
    if not plan.every_row:
        rows = at
    targets = windows.known(which, rows)
    if "compound" in targets and share < 1:
        # What is not yet to be learned from is masked, so that the other tasks still see the same windows.
        early = ~windows.single[which.reshape(-1, *[1] * (rows.ndim - 1)), rows]
        early &= torch.rand(early.shape, generator=generator) >= share
        targets["compound"] = targets["compound"].masked_fill(early[..., None], torch.nan)
    if plan.mixup:
        x, targets = disturb.mix(x, targets, design, plan.mixup, generator)
    y = model.rows(x)
    y = y.reshape(-1, y.shape[2]) if plan.every_row else y[:, design.row]
    said = dict(zip(design.tasks, model.tell(y)))
    return total_loss(said, {task: values.reshape(-1, values.shape[-1]) for task, values in targets.items()}, plan)


def fit(windows, design, plan=Plan()):
    """A trained, averaged ``SequenceNet``."""
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    model = SequenceNet(design)
    _settle(model, windows)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), plan.rate, weight_decay=plan.decay)
    which, at = windows.positions(plan.hop)
    weights = train.sampling_weights(windows.targets["expression"].argmax(2)[which, at], plan.balance)
    steps = max(1, min(plan.steps, len(which) // plan.batch))
    for epoch in range(plan.epochs):
        began, total = time.monotonic(), 0.0
        drawn = torch.multinomial(weights, steps * plan.batch, replacement=True, generator=generator)
        model.train()
        for step, rows in enumerate(drawn.split(plan.batch)):
            loss = _batch(model, windows, which[rows], at[rows], share_of_compounds(plan, epoch), plan, generator)
            total += train.descend(model, optimiser, loss, plan, epoch * steps + step, steps, average, clip=1.0)
        log.info("%s epoch %d/%d loss %.4f %.0f s", design.body, epoch + 1, plan.epochs, total / steps,
                 time.monotonic() - began)
    return average.eval()


def _settle(model, windows):
    """Scale both modalities by what they are where they are there."""
    design = model.design
    face = windows.columns[:, :, :design.face + 1].reshape(-1, design.face + 1)
    model.entrance.face.scale_by(face[face[:, -1] > 0, :-1])
    if model.entrance.voice is not None:
        voice = windows.columns[:, :, design.face + 1:].reshape(-1, design.voice + 1)
        heard = voice[voice[:, -1] > 0, :-1]
        if len(heard) > 1:
            model.entrance.voice.scale_by(heard)


def save(path, model, plan, temperature=1.0, **more):
    """Keep a trained model with everything that decided it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    train.save_checkpoint(path, {"design": model.design.to_dict(), "plan": asdict(plan), "temperature": temperature,
                                 "model": model.state_dict(), **more})


def load(path):
    """The model of a checkpoint, ready for evaluation, and the checkpoint."""
    if not path.is_file():
        raise train.TrainError(f"no checkpoint at {path}: run 'python -m affectlab sequence train' first")
    state = torch.load(path, weights_only=True)
    model = SequenceNet(Design.from_dict(state["design"]))
    model.load_state_dict(state["model"])
    return model.eval(), state
