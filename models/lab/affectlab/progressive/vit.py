"""A small vision transformer: 64 patches of 8x8 pixels, pre-norm blocks, no class token.

The published system runs ViT-B/16 at 224 pixels; this one is as large as an
ARM board can afford per frame. A token that is left out of a batch (masked
pretraining) costs nothing, because positions are added before tokens are
taken. Tokens go through the linear layers as one (N * T, width) matrix: so
every linear layer is exported as one Gemm, whose weights ``export`` knows how
to keep in int8.
"""

from dataclasses import asdict, dataclass

import torch
from torch import nn

from ..model import SIZE

PATCH = 8
SIDE = SIZE // PATCH
TOKENS = SIDE * SIDE


@dataclass(frozen=True)
class Shape:
    """Width of the tokens, blocks, heads of attention, and width of a block's inner layer over its own."""

    width: int = 128
    depth: int = 6
    heads: int = 4
    inner: int = 4

    def to_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        return cls(**values)


def patches(x):
    """(N, 1, 64, 64) -> (N, 64, 64): the pixels of each patch, patches row by row."""
    n = len(x)
    return x.reshape(n, SIDE, PATCH, SIDE, PATCH).transpose(2, 3).reshape(n, TOKENS, PATCH * PATCH)


def picture(parts):
    """The inverse of ``patches``."""
    n = len(parts)
    return parts.reshape(n, SIDE, SIDE, PATCH, PATCH).transpose(2, 3).reshape(n, 1, SIZE, SIZE)


class Block(nn.Module):
    """Self-attention and a two-layer perceptron, each behind a layer norm and beside a shortcut."""

    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        self.before = nn.LayerNorm(shape.width)
        self.mix = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.between = nn.LayerNorm(shape.width)
        self.widen = nn.Linear(shape.width, shape.inner * shape.width)
        self.narrow = nn.Linear(shape.inner * shape.width, shape.width)

    def _attend(self, x):
        n, tokens, width = x.shape
        head = width // self.heads
        mixed = self.mix(self.before(x).reshape(-1, width)).reshape(n, tokens, 3, self.heads, head)
        query, key, value = (mixed[:, :, part].transpose(1, 2) for part in range(3))
        weights = torch.softmax(query @ key.transpose(2, 3) * head ** -0.5, dim=3)
        seen = (weights @ value).transpose(1, 2).reshape(-1, width)
        return self.out(seen).reshape(n, tokens, width)

    def forward(self, x):
        """(N, T, width) -> the same shape."""
        x = x + self._attend(x)
        flat = self.between(x).reshape(-1, x.shape[2])
        return x + self.narrow(torch.relu(self.widen(flat))).reshape(x.shape)


class ViT(nn.Module):
    """The encoder: (N, 1, 64, 64) in [-1, 1] -> (N, 64, width) tokens, not yet normed."""

    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        self.embed = nn.Conv2d(1, shape.width, PATCH, PATCH)
        self.place = nn.Parameter(torch.randn(1, TOKENS, shape.width) * 0.02)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)

    def tokens(self, x, keep=None):
        """Embedded patches with their places; of each picture only those in ``keep`` (N, K), if given."""
        y = self.embed(x).flatten(2).transpose(1, 2) + self.place
        return y if keep is None else y.gather(1, keep[:, :, None].expand(-1, -1, y.shape[2]))

    def forward(self, x, keep=None):
        y = self.tokens(x, keep)
        for block in self.blocks:
            y = block(y)
        return y

    def features(self, y):
        """(N, T, width) tokens -> (N, width): their mean, normed."""
        return self.norm(y.mean(1))
