"""The fused network: features of frozen single-task networks are summed onto the trunk's.

As published: sum, then a perceptron of two layers (ReLU, dropout 0.3), then a
head for each task. The trunk's upper blocks go on learning, the single-task
networks do not. Compound expressions have a perceptron of their own on the
same sum (``compound``), fitted when everything else stands still.
"""

import copy

import torch
from torch import nn

from . import compound, tasks
from .vit import ViT

DROPOUT = 0.3
OUTPUTS = ("expression", "valence_arousal", "action_units", "embedding", "compound")


class Upper(nn.Module):
    """The blocks of a transformer above the shared ones, and its norm."""

    def __init__(self, encoder, shared):
        super().__init__()
        self.blocks = copy.deepcopy(encoder.blocks[shared:])
        self.norm = copy.deepcopy(encoder.norm)

    def forward(self, y):
        """(N, T, width) tokens of the shared blocks -> (N, width) features."""
        for block in self.blocks:
            y = block(y)
        return self.norm(y.mean(1))


class Fused(nn.Module):
    """Returns the five ``OUTPUTS``: logits, but valence and arousal in [-1, 1] and an embedding (N, width) of no negative."""

    def __init__(self, encoder, singles, shared=tasks.SHARED):
        super().__init__()
        width = encoder.shape.width
        self.shape, self.shared = encoder.shape, shared
        # Registered apart, so that the trunk's own copy of the upper blocks is the only one that learns.
        self.lower = copy.deepcopy(encoder)
        del self.lower.blocks[shared:], self.lower.norm
        self.trunk = Upper(encoder, shared)
        self.singles = nn.ModuleList(Upper(single, shared) for single in singles)
        self.fuse = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(DROPOUT),
                                  nn.Linear(width, width), nn.ReLU())
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = tasks.Heads(width)
        self.compound = compound.Head(width)
        tasks.freeze(self.lower)
        tasks.freeze(self.singles)
        tasks.freeze(self.compound)

    def summed(self, x):
        """(N, 1, 64, 64) -> (N, width): the trunk's features plus those of the single-task networks."""
        with torch.no_grad():
            tokens = self.lower(x)
            known = [single(tokens) for single in self.singles]
        return sum(known, self.trunk(tokens))

    def forward(self, x):
        features = self.summed(x)
        embedding = self.fuse(features)
        return *self.heads(self.dropout(embedding)), embedding, self.compound(features)


def of(joint, singles, shared=tasks.SHARED):
    """A network that fuses single-task networks into the joint one they came from.

    They must agree in the shared part: it is run once for all.
    """
    def common(network):
        rest = [f"blocks.{block}." for block in range(shared, network.shape.depth)] + ["norm."]
        return {name: value for name, value in network.encoder.state_dict().items()
                if not name.startswith(tuple(rest))}

    base = common(joint)
    for single in singles:
        other = common(single)
        if any(not torch.equal(other[name], value) for name, value in base.items()):
            raise ValueError("a single-task network does not share the trunk's lower blocks: train it from this trunk")
    return Fused(joint.encoder, [single.encoder for single in singles], shared)


def blank(shape, singles=len(tasks.TASKS), shared=tasks.SHARED):
    """A fused network of random weights, to be filled from a checkpoint or to be timed."""
    return Fused(ViT(shape), [ViT(shape) for _ in range(singles)], shared)


def cost(shape, shared=tasks.SHARED, singles=len(tasks.TASKS)):
    """Parameters and multiply-accumulates of a fused network, attention's products included."""
    net = blank(shape, singles, shared)
    blocks = shared + (singles + 1) * (shape.depth - shared)
    tokens, width = 64, shape.width
    per_block = tokens * (4 + 2 * shape.inner) * width * width + 2 * tokens * tokens * width
    return {"parameters": sum(p.numel() for p in net.parameters()),
            "macs": tokens * tokens * width + blocks * per_block + 2 * width * width}
