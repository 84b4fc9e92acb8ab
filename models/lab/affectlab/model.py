"""The face network: a small dense residual net with squeeze-and-excitation.

Input ``(N, 1, 64, 64)`` grey in [-1, 1]; outputs eight expression logits,
valence and arousal in [-1, 1], twelve action unit logits, and a 128-number
embedding. Built from what the
daemon's engine runs fast: full 3x3 convolutions (no depthwise), ReLU, sigmoid,
and batch norms that fold into the convolutions at export. Stem and first
stage halve the picture at once, because few channels at high resolution cost
most per MAC.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .labels import UNITS

SIZE = 64
EMBEDDING = 128
CLASSES = 8


@dataclass(frozen=True)
class Shape:
    """Channels of the stem (32x32) and of each stage (32x32, 16x16, 8x8, 4x4), with its blocks.

    ``first_stride`` 1 keeps the stem's resolution in the first stage; later stages halve it.
    """

    stem: int = 32
    channels: tuple = (32, 64, 128, 192)
    blocks: tuple = (1, 2, 2, 1)
    dropout: float = 0.2
    first_stride: int = 1

    def to_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        return cls(**{**values, "channels": tuple(values["channels"]), "blocks": tuple(values["blocks"])})


# What the first round of training sees: a third less work, because nothing is done at 32x32.
SMALL = Shape(channels=(64, 128, 192), blocks=(1, 2, 1), first_stride=2)


def conv(inputs, outputs, size=3, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class SqueezeExcite(nn.Module):
    """Scales each channel by a sigmoid gate computed from the channel means."""

    def __init__(self, channels, reduction=8):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        gate = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.excite(torch.relu(self.squeeze(gate))))


class Block(nn.Module):
    """Two 3x3 convolutions, a gate, and a shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = conv(inputs, outputs, stride=stride)
        self.second = conv(outputs, outputs)
        self.gate = SqueezeExcite(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv(inputs, outputs, 1, stride)

    def forward(self, x):
        y = self.gate(self.second(torch.relu(self.first(x))))
        return torch.relu(y + self.shortcut(x))


class FaceNet(nn.Module):
    """Returns ``(expression (N, 8), valence_arousal (N, 2), action_units (N, 12), embedding (N, 128))``."""

    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        self.stem = conv(1, shape.stem, 5, 2)
        stages, inputs = [], shape.stem
        for stage, (outputs, count) in enumerate(zip(shape.channels, shape.blocks)):
            for block in range(count):
                first = shape.first_stride if stage == 0 else 2
                stages.append(Block(inputs, outputs, stride=first if block == 0 else 1))
                inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.embed = nn.Linear(inputs, EMBEDDING)
        self.dropout = nn.Dropout(shape.dropout)
        self.expression = nn.Linear(EMBEDDING, CLASSES)
        self.valence_arousal = nn.Linear(EMBEDDING, 2)
        self.action_units = nn.Linear(EMBEDDING, len(UNITS))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def embedding(self, x):
        """(N, 1, 64, 64) -> (N, 128), none negative."""
        x = self.stages(torch.relu(self.stem(x)))
        return torch.relu(self.embed(F.adaptive_avg_pool2d(x, 1).flatten(1)))

    def forward(self, x):
        embedding = self.embedding(x)
        y = self.dropout(embedding)
        return self.expression(y), torch.tanh(self.valence_arousal(y)), self.action_units(y), embedding


def macs(model, size=SIZE):
    """Multiply-accumulates of one forward pass, counted by running it."""
    total = 0

    def count(module, _inputs, output):
        nonlocal total
        per_output = module.weight[0].numel()
        total += per_output * output.numel()

    hooks = [m.register_forward_hook(count) for m in model.modules()
             if isinstance(m, (nn.Conv2d, nn.Linear))]
    was_training = model.training
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, 1, size, size))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return total
