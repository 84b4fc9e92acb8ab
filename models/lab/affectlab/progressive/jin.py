"""The static visual stage of Jin, Zheng, Gao and Xu (2021): expressions and action units by turns.

Heads, losses and the alternation are the published ones: seven expressions by
the sigmoid focal loss (alpha 0.25, gamma 2), twelve action units by binary
cross-entropy that counts active units by ``POSITIVE``, missing units masked
cell by cell, and a whole epoch (or batch) for one task before the other's
turn. The trunk is not: IResNet-100 is out of reach of an ARM board, so it is
the SE-ResNet of ``mtanet``, and it begins with that network's weights.
"""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn

from .. import losses
from ..labels import EXPRESSIONS
from ..model import EMBEDDING, FaceNet, Shape

# Without contempt, which came with the later challenges.
SEVEN = EXPRESSIONS[:7]
POSITIVE = (1, 2, 1, 1, 1, 1, 1, 6, 6, 5, 1, 5)
ALPHA, GAMMA = 0.25, 2.0
OUTPUTS = ("expression", "action_units", "embedding")
TASKS = ("expression", "units")


class JinNet(FaceNet):
    """Returns ``(expression (N, 7), action_units (N, 12), embedding (N, 128))``; both heads are logits."""

    def __init__(self, shape=Shape()):
        super().__init__(shape)
        self.expression = nn.Linear(EMBEDDING, len(SEVEN))
        del self.valence_arousal

    @classmethod
    def grown(cls, face_net):
        """One that begins with what a ``FaceNet`` knows, but for contempt, valence and arousal."""
        net = cls(face_net.shape)
        known = {name: value for name, value in face_net.state_dict().items() if name in net.state_dict()}
        for name in ("expression.weight", "expression.bias"):
            known[name] = known[name][:len(SEVEN)]
        net.load_state_dict(known)
        return net

    def forward(self, x):
        embedding = self.embedding(x)
        y = self.dropout(embedding)
        return self.expression(y), self.action_units(y), embedding


def focal(logits, target, alpha=ALPHA, gamma=GAMMA):
    """Sigmoid focal loss (Lin et al. 2017) of (N, C) logits against 0 or 1: summed over classes, mean over rows.

    Rows that are not numbers are masked.
    """
    known = torch.isfinite(target).all(1)
    if not known.any():
        return logits.sum() * 0
    logits, target = logits[known].float(), target[known]
    wrong = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    right = torch.sigmoid(logits) * target + torch.sigmoid(-logits) * (1 - target)
    weight = alpha * target + (1 - alpha) * (1 - target)
    return (weight * (1 - right) ** gamma * wrong).sum(1).mean()


def decided(faces):
    """``faces`` whose (N, 7) targets are 1 for the likeliest expression and 0 for the others; contempt is masked."""
    best = faces.target.argmax(1)
    target = F.one_hot(best, len(EXPRESSIONS)).float()[:, :len(SEVEN)]
    target[best >= len(SEVEN)] = torch.nan
    return dataclasses.replace(faces, target=target)


def turn(done, steps, swap):
    """The task of a step: by whole epochs of ``steps`` (``swap`` "epoch") or by single batches ("batch")."""
    if swap not in ("epoch", "batch"):
        raise ValueError(f"swap is {swap!r}: 'epoch' or 'batch'")
    return TASKS[(done // steps if swap == "epoch" else done) % len(TASKS)]


def objective(model, steps, swap="epoch"):
    """What ``train.one_epoch`` minimises: the loss of the task whose turn it is, and of that alone."""
    positive = torch.tensor(POSITIVE, dtype=torch.float32)

    def loss(x, targets, done, _generator):
        target, _, units = targets
        with torch.autocast("cpu", torch.bfloat16):
            logits, unit_logits, _ = model(x.contiguous(memory_format=torch.channels_last))
        if turn(done, steps, swap) == "expression":
            return focal(logits, target)
        return losses.unit_loss(unit_logits, units, positive)

    return loss
