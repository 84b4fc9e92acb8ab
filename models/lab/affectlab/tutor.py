"""A larger network that teaches and is never published.

Forty thousand faces are few to learn faces from. This network, a MobileNet
v1 (Howard et al. 2017), has already learned to tell thousands of people apart
(VGGFace2), and needs a few epochs to see their expressions too. Its opinion
goes into the lessons of the network that runs on the device; its weights do
not, and the device's network never hears who is in a picture.

The weights come as a TensorFlow.js graph whose batch norms are folded away.
They are put back (``settle``), because a network without them trains badly.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .data import DataError
from .labels import EXPRESSIONS, UNITS

# The side of its pictures. It was made for 224; at 96 an epoch takes minutes instead of half an hour.
SIZE = 96

# Output channels and stride of each pair of a depthwise and a pointwise convolution.
LAYERS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
FEATURES = 1024

# So many layers stay as they came: edges are edges, and they are the largest pictures.
FROZEN = 3

# What was taken off the pixels (0..255) when it learned; the mean over the three channels.
MEAN = 115.0

# So many pictures tell the batch norms what they will see.
SETTLE = 512


@dataclass(frozen=True)
class TutorShape:
    """What a checkpoint of a tutor says of it."""

    dropout: float = 0.3

    def build(self):
        """A new network of this shape."""
        return Tutor(self)

    def to_dict(self):
        return {"network": "tutor", **asdict(self)}

    @classmethod
    def from_dict(cls, values):
        return cls(**values)


class _Same(nn.Conv2d):
    """A convolution that pads as TensorFlow does: where it halves, on the far sides only."""

    def forward(self, x):
        if self.stride[0] == 2:
            x = F.pad(x, (0, 1, 0, 1))
        return super().forward(x)


def _layer(inputs, outputs, size, stride, groups=1):
    padding = 0 if stride == 2 else size // 2
    return nn.Sequential(
        _Same(inputs, outputs, size, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class Tutor(nn.Module):
    """Takes and returns what ``FaceNet`` does, but (N, 1, 96, 96) pictures and 1024 features."""

    size = SIZE

    def __init__(self, shape=TutorShape()):
        super().__init__()
        self.shape = shape
        layers, inputs = [_layer(3, 32, 3, 2)], 32
        for outputs, stride in LAYERS:
            layers += [_layer(inputs, inputs, 3, stride, groups=inputs), _layer(inputs, outputs, 1, 1)]
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.layers[:FROZEN].requires_grad_(False)
        self.dropout = nn.Dropout(shape.dropout)
        self.expression = nn.Linear(FEATURES, len(EXPRESSIONS))
        self.valence_arousal = nn.Linear(FEATURES, 2)
        self.action_units = nn.Linear(FEATURES, len(UNITS))

    def train(self, mode=True):
        super().train(mode)
        self.layers[:FROZEN].eval()
        return self

    def forward(self, x):
        x = ((x + 1) * 127.5 - MEAN).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            x = self.layers[:FROZEN](x)
        features = self.layers[FROZEN:](x).mean((2, 3))
        y = self.dropout(features)
        return self.expression(y), torch.tanh(self.valence_arousal(y)), self.action_units(y), features

    def begin(self, graph, images):
        """Take over the published weights of ``graph``, a JSON file beside its ``.bin``, for pictures like ``images``."""
        self.load_graph(read_graph(graph))
        settle(self, images[:SETTLE])

    @torch.no_grad()
    def load_graph(self, weights):
        """Take over the convolutions and biases of ``read_graph``; the batch norms then do nothing but add."""
        names = ["conv1"] + [f"conv_{kind}_{pair}" for pair in range(1, len(LAYERS) + 1) for kind in ("dw", "pw")]
        try:
            for name, (conv, norm, _) in zip(names, self.layers):
                if "_dw_" in name:
                    scale = weights[f"{name}_bn/batchnorm_1/mul"].reshape(-1, 1, 1, 1)
                    kernel = weights[f"{name}/depthwise_kernel"].permute(2, 3, 0, 1) * scale
                else:
                    kernel = weights[f"{name}/convolution/merged_input"].permute(3, 2, 0, 1)
                conv.weight.copy_(kernel)
                norm.weight.fill_((norm.running_var[0] + norm.eps).sqrt())
                norm.bias.copy_(weights[f"{name}_bn/batchnorm_1/sub"].flatten())
        except (KeyError, RuntimeError) as error:
            raise DataError(f"the tutor's weights are of another network: {error}") from error


@torch.no_grad()
def settle(model, images):
    """Give the batch norms the statistics of (N, H, W) u8 ``images``, and leave what the network computes as it is."""
    from .picture import to_input

    seen = {}

    def note(norm, inputs, _output):
        seen[norm] = (inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3)))

    hooks = [norm.register_forward_hook(note) for _, norm, _ in model.layers]
    model.eval()(to_input(images, model.size))
    for hook in hooks:
        hook.remove()
    for norm, (mean, variance) in seen.items():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shift = norm.bias - norm.running_mean * scale
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.bias.copy_(shift + mean * scale)


# Number type of the file by what the graph calls it.
_STORED = {"float16": "<f2", "float32": "<f4", "int32": "<i4", "uint8": "u1", "uint16": "<u2"}


def read_graph(path):
    """The weights of a TensorFlow.js graph by name, as float tensors."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} is missing: see 'A tutor' in the README for where to get it")
    (group,) = json.loads(path.read_text())["weightsManifest"]
    stored = b"".join((path.parent / part).read_bytes() for part in group["paths"])
    weights, start = {}, 0
    for entry in group["weights"]:
        squeezed = entry.get("quantization", {})
        kind = np.dtype(_STORED[squeezed.get("dtype", entry["dtype"])])
        count = int(np.prod(entry["shape"], dtype=int))
        values = np.frombuffer(stored, kind, count, start)
        values = torch.from_numpy(values.astype(np.float32)).reshape(entry["shape"])
        weights[entry["name"]] = values * squeezed.get("scale", 1) + squeezed.get("min", 0)
        start += count * kind.itemsize
    if start != len(stored):
        raise DataError(f"{path}: its weights are {len(stored)} bytes long, and {start} are described")
    return weights
