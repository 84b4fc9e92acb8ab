"""The training loop: resumable, one checkpoint an epoch, averaged weights.

What is exported and measured is the exponential average of the weights, not
the last step's. The learning rate follows a cosine from a short warm-up to
zero. ``last.pt`` in the run's folder holds all that is needed to continue.
"""

import copy
import json
import logging
import math
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from . import affwild2, augment, data, evaluate, grow, losses, noise, teach
from .crew import Alone
from .model import SIZE, SMALL, FaceNet, Shape

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """Everything that decides a training run; kept in its checkpoints."""

    part: str = "fit"
    epochs: int = 31
    small_size: int = 48
    small_share: float = 0.73
    batch: int = 128
    rate: float = 2e-3
    decay: float = 0.05
    warmup: int = 1
    average: float = 0.999
    hard_share: float = 0.47
    damage: float = 0.2
    jitter: float = 0.6
    affect_weight: float = 0.5
    balance: float = 0.25
    mixup: float = 0.0
    unit_weight: float = 0.0
    trust: float = 0.0
    photographs: float = 0.0
    frames: float = 0.0
    every: int = 10
    positive_weights: bool = False
    bootstrap: float = 0.0
    forget: float = 0.0
    coupling: float = 0.0
    outliers: bool = False
    seed: int = 1


# The published pack was trained in four rounds. The first trains a smaller network. The
# second starts from its averaged weights, grown by two blocks that at first do nothing, at
# a lower rate, at full size, on mostly undamaged crops; the third goes on more gently. The
# mean of these two rounds' weights, LAST_SHARE of it the third's, is where the fourth starts;
# with both rounds it also teaches the fourth, which sees photographs as well. The fifth, taught
# by the fourth and that mean, learns the action units too.
_CLEAN = {"small_share": 0.0, "hard_share": 0.0}
ROUNDS = (
    (Plan(), SMALL),
    (Plan(epochs=11, rate=1.2e-3, damage=0.15, **_CLEAN), Shape()),
    (Plan(epochs=6, rate=8e-4, warmup=0, damage=0.08, jitter=0.5, average=0.995, **_CLEAN), Shape()),
)

LAST_SHARE = 0.7
TAUGHT = Plan(epochs=32, rate=1.5e-3, damage=0.25, jitter=0.7, average=0.998, trust=0.4, photographs=0.25, **_CLEAN)
WITH_UNITS = Plan(epochs=24, rate=1.2e-3, damage=0.25, jitter=0.7, average=0.998, trust=0.5, photographs=0.25,
                  unit_weight=0.5, **_CLEAN)


def with_frames(plan):
    """The plan for whoever has Aff-Wild2: half as many of its frames as pictures in a batch, and action units."""
    return replace(plan, frames=plan.frames or 0.5, unit_weight=plan.unit_weight or WITH_UNITS.unit_weight)


class TrainError(Exception):
    """The run cannot go on."""


def sampling_weights(label, balance):
    """(N,) weights that draw a class of ``n`` pictures ``n**-balance`` as often each.

    Those without a label (-1) are drawn as often as the mean of those with one.
    """
    known = label >= 0
    if not known.any():
        return torch.ones(len(label))
    weight = torch.bincount(label[known]).clamp(min=1).float().pow(-balance)[label.clamp(min=0)]
    return torch.where(known, weight, weight[known].mean())


def learning_rate(plan, step, steps_an_epoch):
    """Linear warm-up, then a cosine down to zero."""
    warm, total = plan.warmup * steps_an_epoch, plan.epochs * steps_an_epoch
    if step < warm:
        return plan.rate * (step + 1) / warm
    return plan.rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


@torch.no_grad()
def update_average(average, model, decay):
    """Move the averaged weights and batch-norm statistics towards the current ones."""
    for mean, now in zip(average.state_dict().values(), model.state_dict().values()):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - decay)
        else:
            mean.copy_(now)


def _mix(parts, alpha, generator):
    """Blend each picture and its targets with another's (mixup)."""
    share = torch.distributions.Beta(alpha, alpha).sample()
    other = torch.randperm(len(parts[0]), generator=generator)
    return tuple(share * part + (1 - share) * part[other] for part in parts)


def optimiser_of(model, plan):
    """AdamW by ``plan.rate`` and ``plan.decay``; biases, gains and norms do not decay."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": plan.decay},
              {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, plan.rate)


def input_size(plan, epoch):
    """Side of the training pictures: the first ``small_share`` of the epochs are cheaper."""
    return plan.small_size if epoch < plan.small_share * plan.epochs else SIZE


def hardness(plan, epoch):
    """(share of the pictures that are damaged, jitter of the framing) in an epoch.

    The first ``hard_share`` of the epochs change everything; later ones see
    mostly clean crops, because those are what is measured and what a good
    camera gives.
    """
    return (1.0, 1.0) if epoch < plan.hard_share * plan.epochs else (plan.damage, plan.jitter)


def _seeded(plan, epoch, rank):
    """A generator that depends on the place in the run alone, so that a resumed run is the same run."""
    return torch.Generator().manual_seed(plan.seed * 1_000_003 + epoch * 1_009 + rank)


def save_checkpoint(path, state):
    """Write beside and rename, so that a crash leaves the previous checkpoint whole."""
    beside = path.with_suffix(".tmp")
    torch.save(state, beside)
    os.replace(beside, path)


def load_checkpoint(path):
    """The averaged model of a checkpoint and its plan, ready for evaluation."""
    path = Path(path)
    if not path.is_file():
        raise TrainError(f"no checkpoint at {path}: run 'python -m affectlab train' first")
    state = torch.load(path, weights_only=True)
    model = FaceNet(Shape.from_dict(state["shape"]))
    model.load_state_dict(state["average"])
    return model.eval(), state


def train(folder, run, plan=Plan(), shape=Shape(), lessons=None, check="holdout", limit=None,
          start=None, aff_wild2=None, crew=Alone()):
    """Train on ``folder`` into ``run``; returns the figures on the part ``check``.

    ``lessons``: a file of what earlier networks think, and of photographs to train on
    as well. ``limit``: use only so many pictures (a quick trial). ``start``: a
    checkpoint whose averaged weights a new run begins with. ``aff_wild2``: a folder
    with Aff-Wild2, whose training part is trained on as well. ``crew``: the
    processes that share each batch; only the first of them measures and writes.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    faces = data.some(data.load(folder, plan.part, plan.outliers), limit)
    others = []
    if lessons:
        lessons = teach.Lessons.load(lessons)
        faces = teach.soften(faces, lessons, plan.trust)
        if lessons.photographs and plan.photographs > 0:
            others.append((lessons.photographs, plan.photographs))
    if aff_wild2 and plan.frames > 0:
        others.append((affwild2.to_train_on(aff_wild2, plan.every), plan.frames))
    positive = losses.positive_weights([part.units for part, _ in [(faces, 1), *others]]) if plan.positive_weights else None
    watch = data.load(folder, check, plan.outliers)

    torch.manual_seed(plan.seed)
    model = FaceNet(shape)
    if start:
        model.load_state_dict(grow.grow(load_checkpoint(start)[0], shape).state_dict())
    model = model.to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    optimiser = optimiser_of(model, plan)
    first = _resume(run / "last.pt", model, average, optimiser, plan, shape)
    steps = max(1, len(faces) // plan.batch)
    if crew.leads:
        log.info("%d pictures and %d others to train on, %d to check with, %d steps an epoch",
                 len(faces), sum(len(part) for part, _ in others), len(watch), steps)

    def objective(x, targets, done, generator):
        return _loss(model, x, targets, noise.at(plan, done // steps), generator, positive)

    result = None
    for epoch in range(first, plan.epochs):
        began = time.monotonic()
        loss = one_epoch(model, average, optimiser, faces, others, plan, epoch, steps, objective, crew)
        if not crew.leads:
            continue
        # At the size of the epoch: a network trained at one size does worse at another.
        size = input_size(plan, epoch)
        result = evaluate.figures(*evaluate.predict(average, watch.images, size), watch)
        took = time.monotonic() - began
        log.info("epoch %d/%d loss %.4f %.0f s %s", epoch + 1, plan.epochs, loss, took,
                 evaluate.one_line(result))
        with open(run / "log.jsonl", "a") as out:
            out.write(json.dumps({"epoch": epoch + 1, "loss": loss, "seconds": took,
                                  "part": check, "size": size, **result}) + "\n")
        save_checkpoint(run / "last.pt", {
            "plan": asdict(plan), "shape": shape.to_dict(), "epoch": epoch + 1,
            "model": model.state_dict(), "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
        })
    return result


def _order(faces, plan, count, generator):
    """``count`` rows of ``faces``, rare labels somewhat more often."""
    weights = sampling_weights(faces.label, plan.balance)
    return torch.multinomial(weights, count, replacement=plan.balance > 0 or count > len(weights),
                             generator=generator)


def one_epoch(model, average, optimiser, faces, others, plan, epoch, steps, objective, crew=Alone()):
    """One pass over the data; returns the mean loss of this process's share.

    To each batch of ``faces`` come some of the ``others``: pairs of data and how many of them for each face.
    ``objective``: (input, targets, steps done so far, generator) -> loss.
    """
    model.train()
    drawing = _seeded(plan, epoch, 0)
    parts = [(faces, plan.batch), *((part, max(crew.size, round(plan.batch * share))) for part, share in others)]
    orders = [_order(part, plan, steps * batch, drawing) for part, batch in parts]
    generator = _seeded(plan, epoch, crew.rank + 1)
    total = 0.0
    for step in range(steps):
        done = epoch * steps + step
        drawn = [part.take(order[step * batch + crew.rank:(step + 1) * batch:crew.size])
                 for (part, batch), order in zip(parts, orders)]
        x = torch.cat([augment.augment(part.images, generator, input_size(plan, epoch), *hardness(plan, epoch))
                       for part in drawn])
        targets = (torch.cat([getattr(part, name) for part in drawn]) for name in ("target", "va", "units"))
        loss = objective(x, targets, done, generator)
        total += descend(model, optimiser, loss, plan, done, steps, average, shared=crew.share_gradients, remedy="lower --rate")
    return total / steps


def descend(model, optimiser, loss, plan, done, steps, average=None, clip=None, shared=None, remedy="lower the rate"):
    """One step of ``optimiser`` down the ``loss`` at the plan's rate for that step; returns the loss as a number.

    ``done``: steps before this one; ``steps``: of an epoch. ``average``: the model that follows slowly. ``clip``: the
    greatest norm of the gradients. ``shared``: model -> None, makes the gradients those of all processes. ``remedy``:
    what to do when the loss is not finite.
    """
    if not torch.isfinite(loss):
        raise TrainError(f"the loss is {loss.item()} in epoch {done // steps + 1}: {remedy}")
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(plan, done, steps)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    if shared:
        shared(model)
    if clip:
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimiser.step()
    if average is not None:
        # The average starts fast, or the first epochs would be mostly random weights.
        update_average(average, model, min(plan.average, (1 + done) / (10 + done)))
    return loss.item()


def _resume(path, model, average, optimiser, plan, shape):
    """Continue from ``path`` if it is there; returns the epochs already done."""
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    # The number of epochs alone may change: a run can be cut short or prolonged. Options newer than the run were off.
    if {**asdict(Plan()), **state["plan"], "epochs": plan.epochs} != asdict(plan) or Shape.from_dict(state["shape"]) != shape:
        raise TrainError(f"{path} was made with other settings: remove it or choose another --run")
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    log.info("going on after epoch %d", state["epoch"])
    return state["epoch"]


def _loss(model, x, targets, plan, generator, positive=None):
    parts = (x, *targets)
    x, target, va, units = _mix(parts, plan.mixup, generator) if plan.mixup > 0 else parts
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits, affect, unit_logits, _ = model(x)
    if plan.bootstrap > 0:
        target, units = noise.bootstrapped(target, units, logits, unit_logits, plan.bootstrap)
    if plan.forget > 0:
        rows = noise.doubtful(target, units, logits, unit_logits, plan.forget)
        target, va, units = noise.forgotten(rows, target, va, units)
    loss = losses.soft_cross_entropy(logits, target) + plan.affect_weight * losses.affect_loss(affect, va)
    if plan.coupling > 0:
        loss = loss + plan.coupling * noise.coupling(logits, unit_logits)
    return loss + plan.unit_weight * losses.unit_loss(unit_logits, units, positive)
