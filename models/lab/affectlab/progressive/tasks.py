"""Networks of one task or several on the pretrained transformer, and which tasks help each other.

A joint network fine-tunes all of the transformer. A network of a single task
begins with the joint one and fine-tunes the upper blocks only, for its task
alone: the lower blocks are then the same in all of them, and fused networks
run them once instead of four times (the published ones share nothing).
"""

import copy

import torch
from torch import nn

from .. import losses
from ..labels import EXPRESSIONS, UNITS
from . import masked
from .vit import ViT

TASKS = ("expression", "valence_arousal", "action_units")
# The blocks that every network has in common.
SHARED = 4
UNIT_WEIGHT, AFFECT_WEIGHT = 1.0, 0.5


class Heads(nn.Module):
    """Features (N, width) -> expression logits (N, 8), valence and arousal (N, 2), action unit logits (N, 12)."""

    def __init__(self, width):
        super().__init__()
        self.expression = nn.Linear(width, len(EXPRESSIONS))
        self.valence_arousal = nn.Linear(width, 2)
        self.action_units = nn.Linear(width, len(UNITS))

    def forward(self, y):
        return self.expression(y), torch.tanh(self.valence_arousal(y)), self.action_units(y)


class TaskNet(nn.Module):
    """The transformer with a head for each task; which of them learned anything is the plan's business."""

    def __init__(self, encoder):
        super().__init__()
        self.shape = encoder.shape
        self.encoder = encoder
        self.heads = Heads(encoder.shape.width)

    def forward(self, x, keep=None):
        """``keep`` (N, K): of each picture only these patches are seen."""
        features = self.encoder.features(self.encoder(x, keep))
        return *self.heads(features), features


def joint(encoder):
    """A network that begins with a pretrained ``ViT``, which stays as it is."""
    return TaskNet(copy.deepcopy(encoder))


def single(network, shared=SHARED):
    """A copy of a joint network whose embedding and first ``shared`` blocks no longer learn."""
    network = copy.deepcopy(network)
    freeze(network.encoder.embed)
    network.encoder.place.requires_grad_(False)
    for block in network.encoder.blocks[:shared]:
        freeze(block)
    return network


def freeze(module):
    """Nothing of it learns any more."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)


def task_loss(answers, targets, tasks=TASKS):
    """The sum of the losses of the ``tasks``, each masked where its label is missing.

    Soft cross-entropy, as the targets are shares; 1 - CCC and squared error; binary cross-entropy.
    """
    logits, affect, unit_logits = answers[:3]
    target, va, units = targets
    total = 0.0
    if "expression" in tasks:
        total = total + losses.soft_cross_entropy(logits, target)
    if "valence_arousal" in tasks:
        total = total + AFFECT_WEIGHT * losses.affect_loss(affect, va)
    if "action_units" in tasks:
        total = total + UNIT_WEIGHT * losses.unit_loss(unit_logits, units)
    return total


def kept(x, share, generator):
    """Places of a ``share`` of the patches of each picture, others each time; ``None`` for all of them."""
    return None if share == 1 else masked.choose(len(x), generator, 1 - share)[0]


def objective(model, tasks=TASKS, seen=None):
    """What ``train.one_epoch`` minimises for the ``tasks``.

    ``seen``: steps done so far -> share of the patches that each picture shows; all if absent.
    """
    unknown = set(tasks) - set(TASKS)
    if unknown or not tasks:
        raise ValueError(f"tasks are {', '.join(TASKS)}, not {', '.join(sorted(unknown)) or 'none'}")

    def loss(x, targets, done, generator):
        keep = kept(x, seen(done) if seen else 1.0, generator)
        with torch.autocast("cpu", torch.bfloat16):
            answers = model(x) if keep is None else model(x, keep)
        return task_loss(answers, tuple(targets), tasks)

    return loss


def restore(state, shape):
    """The averaged ``TaskNet`` of a checkpoint, without what hints needed."""
    network, prefix = TaskNet(ViT(shape)), "network."
    hinted = any(name.startswith(prefix) for name in state["average"])
    network.load_state_dict({name.removeprefix(prefix): value for name, value in state["average"].items()
                             if not hinted or name.startswith(prefix)})
    return network.eval()
