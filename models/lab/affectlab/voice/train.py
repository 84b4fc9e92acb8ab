"""The training loop of the voice network: resumable, averaged weights, one thread.

Each batch draws recordings, one of the bank's hearings of each, and a window
anywhere in it; ``augment.worn`` wears it further. Targets: the expression
(softened, and mixed where two samples are), the pseudo-labels of valence and
arousal, and, if they are given, what a teacher thinks and further numbers.
"""

import copy
import json
import logging
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F

from ..train import TrainError, descend, optimiser_of, sampling_weights, save_checkpoint
from . import augment, bank, labels, windows
from .model import FRAMES, Shape, VoiceNet

log = logging.getLogger(__name__)

CLASSES = len(labels.EXPRESSIONS)


@dataclass(frozen=True)
class Plan:
    """Everything that decides a training run; kept in its checkpoints."""

    epochs: int = 60
    batch: int = 48
    rate: float = 2e-3
    decay: float = 0.05
    warmup: int = 2
    average: float = 0.995
    balance: float = 1.0
    smoothing: float = 0.1
    mixup: float = 0.3
    affect_weight: float = 0.5
    extra_weight: float = 0.3
    trust: float = 0.6
    hearings: int = 10
    clean: float = 0.15
    wear: bool = True
    seed: int = 1
    amount: augment.Amount = field(default_factory=augment.Amount)


# The first round hears everything at its worst and mixes; the second goes on from its averaged
# weights and hears more of what is undamaged: features that were learned the hard way learn to be exact.
ROUNDS = (
    Plan(),
    Plan(epochs=70, mixup=0.0, smoothing=0.05, clean=0.4, warmup=1,
         amount=augment.Amount(stripes=0.4, channel=0.4, codec=0.15, tempo=0.3)),
)


@dataclass
class Lessons:
    """(N, ...) targets. ``teacher``: (N, 8) probabilities or ``None``; ``extra``: (N, E) standardised numbers or ``None``."""

    label: torch.Tensor
    va: torch.Tensor
    teacher: torch.Tensor | None = None
    extra: torch.Tensor | None = None

    @classmethod
    def of(cls, recordings, teacher=None, extra=None):
        label = torch.tensor([recording.label for recording in recordings])
        va = torch.tensor([recording.va.tolist() for recording in recordings])
        return cls(label, va, teacher, extra)


def mean_recall(guess, label):
    """Unweighted mean over the classes there are of the share that is found."""
    return float(torch.stack([(guess[label == kind] == kind).float().mean() for kind in label.unique()]).mean())


def _drawn(heard, chosen, plan, generator):
    """(N, 300, 65) windows of the ``chosen`` recordings."""
    out = []
    for place in chosen.tolist():
        lot = float(torch.rand(1, generator=generator))
        which = 0 if lot < plan.clean else int(torch.randint(0, len(heard[place]), (1,), generator=generator))
        out.append(bank.drawn(heard[place][which], FRAMES, generator))
    return torch.stack(out)


def _targets(lessons, chosen, plan):
    target = F.one_hot(lessons.label[chosen], CLASSES).float()
    target = target * (1 - plan.smoothing) + plan.smoothing / CLASSES
    if lessons.teacher is not None:
        target = (1 - plan.trust) * target + plan.trust * lessons.teacher[chosen]
    extra = lessons.extra[chosen] if lessons.extra is not None else None
    return target, lessons.va[chosen], extra


def _mix(x, targets, alpha, generator):
    """Blend half of the samples' windows and targets with another's; features mix as power does not, which is no harm."""
    share = torch.distributions.Beta(alpha, alpha).sample((len(x),))
    share = torch.where(torch.rand(len(x), generator=generator) < 0.5, torch.maximum(share, 1 - share), torch.ones(len(x)))
    other = torch.randperm(len(x), generator=generator)

    def mixed(value):
        weight = share.reshape(-1, *[1] * (value.ndim - 1))
        return weight * value + (1 - weight) * value[other]

    voice = torch.maximum(x[:, :, -1], x[other][:, :, -1] * (share < 0.7)[:, None])
    return torch.cat([mixed(x[:, :, :-1]), voice[:, :, None]], 2), [None if t is None else mixed(t) for t in targets]


def _loss(model, x, targets, plan):
    target, va, extra = targets
    with torch.autocast("cpu", torch.bfloat16):
        logits, affect, more = model.learning(x)
    loss = -(target * torch.log_softmax(logits.float(), 1)).sum(1).mean()
    loss = loss + plan.affect_weight * F.smooth_l1_loss(affect.float(), va, beta=0.3) * 4
    if extra is not None and more is not None:
        loss = loss + plan.extra_weight * F.smooth_l1_loss(more.float(), extra)
    return loss


def _epoch(model, average, optimiser, heard, lessons, plan, epoch, steps):
    model.train()
    generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + epoch * 1_009)
    weights = sampling_weights(lessons.label, plan.balance)
    order = torch.multinomial(weights, steps * plan.batch, replacement=True, generator=generator)
    total = 0.0
    for step in range(steps):
        chosen = order[step * plan.batch:(step + 1) * plan.batch]
        x = _drawn(heard, chosen, plan, generator)
        if plan.wear:
            worn, mask = augment.worn(x[:, :, :-1], x[:, :, -1], plan.amount, generator)
            x = torch.cat([worn, mask[:, :, None]], 2)
        targets = _targets(lessons, chosen, plan)
        if plan.mixup > 0:
            x, targets = _mix(x, targets, plan.mixup, generator)
        total += descend(model, optimiser, _loss(model, x, targets, plan), plan, epoch * steps + step, steps, average, clip=5.0)
    return total / steps


def load_checkpoint(path):
    """The averaged model of a checkpoint, ready for evaluation, and the checkpoint."""
    path = Path(path)
    if not path.is_file():
        raise TrainError(f"no checkpoint at {path}: run 'python -m affectlab voice train' first")
    state = torch.load(path, weights_only=True)
    model = VoiceNet(Shape.from_dict(state["shape"]))
    model.load_state_dict(state["average"])
    return model.eval(), state


def _resume(path, model, average, optimiser, plan, shape):
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    if {**state["plan"], "epochs": plan.epochs} != asdict(plan) or Shape.from_dict(state["shape"]) != shape:
        raise TrainError(f"{path} was made with other settings: remove it or choose another --run")
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return state["epoch"]


def train(heard, lessons, run, plan=Plan(), shape=Shape(), watch=None, every=5, start=None):
    """Train on a bank's hearings into ``run``; returns the averaged model.

    ``start``: the averaged model that a new run begins with. ``watch``: (``windows.Set``, labels) of recordings kept out, looked at each ``every`` epochs for the log alone.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    model = VoiceNet(shape).to(memory_format=torch.channels_last)
    if start is not None:
        model.load_state_dict(start.state_dict())
    average = copy.deepcopy(model)
    optimiser = optimiser_of(model, plan)
    first = _resume(run / "last.pt", model, average, optimiser, plan, shape)
    steps = max(1, len(heard) // plan.batch)
    for epoch in range(first, plan.epochs):
        began, spent = time.monotonic(), time.process_time()
        loss = _epoch(model, average, optimiser, heard, lessons, plan, epoch, steps)
        row = {"epoch": epoch + 1, "loss": loss, "seconds": time.monotonic() - began, "cpu": time.process_time() - spent}
        if watch and (epoch % every == every - 1 or epoch + 1 == plan.epochs):
            probability, _ = windows.ask(average.eval(), watch[0])
            row["recall"] = mean_recall(probability.argmax(1), watch[1])
            log.info("epoch %d/%d loss %.3f recall %.3f, %.1f s", epoch + 1, plan.epochs, loss, row["recall"], row["seconds"])
        with open(run / "log.jsonl", "a") as out:
            out.write(json.dumps(row) + "\n")
        save_checkpoint(run / "last.pt", {
            "plan": asdict(plan), "shape": shape.to_dict(), "epoch": epoch + 1, "model": model.state_dict(),
            "average": average.state_dict(), "optimiser": optimiser.state_dict()})
    return average.eval()
