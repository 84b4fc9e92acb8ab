"""The voice network: a small residual net over log-mel features with attention over the voiced frames.

Input ``(N, 300, 65)``: 64 log-mel bands and whether the frame has voice.
Everything that makes loud and quiet recordings alike happens in here, from the
window alone: the mean energy of the voiced frames is subtracted, what lies far
below it is floored, frames without voice are that floor. Convolutions are full
3x3 ones as in the face network; time shrinks to 38 steps of 80 ms, and mean and
deviation over the voiced ones, weighted by attention, become the embedding.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ..model import Block, conv
from .features import BANDS
from .labels import EXPRESSIONS

FRAMES = 300
COLUMNS = BANDS + 1
EMBEDDING = 128
# Nats: the range kept below the level, and what brings features near unit size.
BELOW, SCALE = 9.0, 3.0
STEP = 8


@dataclass(frozen=True)
class Shape:
    """``channels`` of the stem (150x32) and of the three stages (75x16, 38x8, 38x4).

    ``level``: the level is removed. ``bands``: a second picture in which each band's
    mean over the voiced frames is removed too. ``masked``: frames without voice are silent.
    """

    channels: tuple = (16, 24, 48, 80)
    width: int = 128
    dropout: float = 0.3
    level: bool = True
    bands: bool = False
    masked: bool = True
    extra: int = 0

    def to_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        return cls(**{**values, "channels": tuple(values["channels"])})


class Level(nn.Module):
    """(N, 300, 65) -> (N, 1 or 2, 300, 64) pictures near unit size, and (N, 300, 1) voice."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        features, voice = x[:, :, :BANDS], x[:, :, BANDS:]
        count = voice.sum((1, 2), keepdim=True).clamp(min=1.0)
        if self.shape.level:
            energy = torch.log(torch.exp(features).sum(2, keepdim=True))
            level = (energy * voice).sum((1, 2), keepdim=True) / count
        else:
            # The median level of the training recordings, so that the ablation starts in range.
            level = torch.full_like(count, -3.0)
        relative = ((features - level).clamp(min=-BELOW) + BELOW / 2) / SCALE
        floor = -BELOW / 2 / SCALE
        pictures = [relative]
        if self.shape.bands:
            mean = (relative * voice).sum(1, keepdim=True) / count
            pictures.append(relative - mean)
        if self.shape.masked:
            pictures = [floor + (pictures[0] - floor) * voice, *(p * voice for p in pictures[1:])]
        return torch.stack(pictures, 1), voice


class VoiceNet(nn.Module):
    """Returns ``(expression (N, 8), valence_arousal (N, 2), embedding (N, 128))``."""

    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        stem, first, second, third = shape.channels
        self.level = Level(shape)
        self.stem = conv(2 if shape.bands else 1, stem, 5, 2)
        self.stages = nn.Sequential(Block(stem, first, 2), Block(first, second, 2), Block(second, third, (1, 2)))
        self.flat = conv(third * BANDS // 16, shape.width, 1)
        self.time = nn.Sequential(nn.Conv2d(shape.width, shape.width, (3, 1), padding=(1, 0), bias=False),
                                  nn.BatchNorm2d(shape.width))
        self.squeeze = nn.Conv2d(shape.width, shape.width // 4, 1)
        self.score = nn.Conv2d(shape.width // 4, shape.width, 1)
        self.embed = nn.Linear(2 * shape.width, EMBEDDING)
        self.dropout = nn.Dropout(shape.dropout)
        self.expression = nn.Linear(EMBEDDING, len(EXPRESSIONS))
        self.valence_arousal = nn.Linear(EMBEDDING, 2)
        # Further targets of the training alone; export leaves them behind.
        self.extra = nn.Linear(EMBEDDING, shape.extra) if shape.extra else None

    def embedded(self, x):
        """(N, 128) embedding of (N, 300, 65) inputs."""
        pictures, voice = self.level(x)
        y = self.stages(torch.relu(self.stem(pictures)))
        steps = y.shape[2]
        y = y.transpose(2, 3).reshape(y.shape[0], -1, steps, 1)
        y = torch.relu(self.flat(y))
        y = y + torch.relu(self.time(y))
        if y.dtype != torch.float32:
            # A deviation is the small difference of large numbers: too much for bfloat16.
            y = y.float()
        heard = F.pad(voice, (0, 0, 0, steps * STEP - FRAMES)).reshape(-1, 1, steps, STEP).amax(3, keepdim=True)
        score = self.score(torch.tanh(self.squeeze(y))) + 30.0 * (heard - 1.0)
        weight = torch.softmax(score, 2)
        mean = (weight * y).sum((2, 3))
        spread = ((weight * y * y).sum((2, 3)) - mean * mean).clamp(min=1e-4).sqrt()
        return torch.relu(self.embed(torch.cat([mean, spread], 1)))

    def forward(self, x):
        embedding = self.embedded(x)
        y = self.dropout(embedding)
        return self.expression(y), torch.tanh(self.valence_arousal(y)), embedding

    def learning(self, x):
        """As ``forward``, and the further targets instead of the embedding (``None`` without any)."""
        y = self.dropout(self.embedded(x))
        extra = self.extra(y) if self.extra is not None else None
        return self.expression(y), torch.tanh(self.valence_arousal(y)), extra
