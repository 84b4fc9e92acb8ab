"""The encoder of Whisper base, as a teacher that only training needs.

Weights: OpenAI's Whisper base (MIT), in the file format of CTranslate2 (the
``model.bin`` that faster-whisper uses). Only the encoder is read and run, in
PyTorch, on no more sound than there is instead of half a minute.
"""

import logging
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from ..data import DataError
from . import activity, features
from .teach import Heard

log = logging.getLogger(__name__)

WIDTH, HEADS, BANDS = 512, 8, 80
FFT, HOP = 400, 160
# CTranslate2's numbers for the types of its tensors.
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
SPECIFICATION = "WhisperSpec"


class _Reader:
    def __init__(self, content):
        self.content, self.place = content, 0

    def number(self, kind):
        value, = struct.unpack_from(f"<{kind}", self.content, self.place)
        self.place += struct.calcsize(f"<{kind}")
        return value

    def text(self):
        length = self.number("H")
        value = self.content[self.place:self.place + length - 1].decode()
        self.place += length
        return value

    def tensor(self):
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size = TYPES[self.number("B")], self.number("I")
        values = np.frombuffer(self.content, kind, size // np.dtype(kind).itemsize, self.place).reshape(shape)
        self.place += size
        return values


def read(path):
    """Name -> f32 tensor of the encoder in a ``model.bin``."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} is missing: see 'The pack voice' in the README for where to get Whisper base")
    reader = _Reader(path.read_bytes())
    try:
        reader.number("I")
        specification, _, count = reader.text(), reader.number("I"), reader.number("I")
        if specification != SPECIFICATION:
            raise DataError(f"{path} holds {specification}, not {SPECIFICATION}")
        tensors = {reader.text(): reader.tensor() for _ in range(count)}
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a whole model.bin of CTranslate2 ({error})") from error
    kept = {name: torch.from_numpy(values.astype(np.float32)) for name, values in tensors.items() if name.startswith("encoder/")}
    if kept.get("encoder/conv1/weight", torch.empty(0)).shape != (WIDTH, BANDS, 3):
        raise DataError(f"{path} is not Whisper base with floating-point weights")
    return kept


def slaney_bands():
    """(201, 80) weights: bands of Slaney's mel scale, linear below 1 kHz, each of equal area, as Whisper was trained with."""
    lines = torch.linspace(0, 8000, FFT // 2 + 1, dtype=torch.float64)
    knee, step, grow = 15.0, 200.0 / 3, np.log(6.4) / 27
    marks = torch.linspace(0, knee + np.log(8000 / 1000) / grow, BANDS + 2, dtype=torch.float64)
    corners = torch.where(marks < knee, marks * step, 1000.0 * torch.exp(grow * (marks - knee)))
    width = corners[1:] - corners[:-1]
    distance = corners[None] - lines[:, None]
    weights = torch.minimum(-distance[:, :-2] / width[:-1], distance[:, 2:] / width[1:]).clamp(min=0)
    return (weights * (2.0 / (corners[2:] - corners[:-2]))).float()


def log_mel(sound, bands):
    """(80, frames) input of Whisper of a (samples,) sound."""
    lines = torch.stft(sound, FFT, HOP, FFT, torch.hann_window(FFT), center=True, return_complex=True)[:, :-1]
    x = (lines.abs().square().T @ bands).clamp(min=1e-10).log10()
    return (torch.maximum(x, x.max() - 8.0).T + 4.0) / 4.0


class Encoder:
    """Runs the tensors of ``read``."""

    def __init__(self, tensors):
        self.tensors, self.bands = tensors, slaney_bands()
        self.count = len({name.split("/")[1] for name in tensors if name.startswith("encoder/layer_") and "/ffn/" in name})

    def _norm(self, x, name):
        return F.layer_norm(x, (WIDTH,), self.tensors[f"{name}/gamma"], self.tensors[f"{name}/beta"])

    def _linear(self, x, name):
        return F.linear(x, self.tensors[f"{name}/weight"], self.tensors.get(f"{name}/bias"))

    def _layer(self, x, name):
        at = f"{name}/self_attention"
        parts = self._linear(self._norm(x, f"{at}/layer_norm"), f"{at}/linear_0")
        query, key, value = parts.reshape(len(x), 3, HEADS, WIDTH // HEADS).permute(1, 2, 0, 3)
        seen = F.scaled_dot_product_attention(query, key, value).permute(1, 0, 2).reshape(len(x), WIDTH)
        x = x + self._linear(seen, f"{at}/linear_1")
        y = self._linear(self._norm(x, f"{name}/ffn/layer_norm"), f"{name}/ffn/linear_0")
        return x + self._linear(F.gelu(y), f"{name}/ffn/linear_1")

    @torch.no_grad()
    def layers(self, sound):
        """List of (steps, 512), 20 ms a step: what goes in, each layer, and the last one normalised."""
        weight, bias = (lambda name: self.tensors[f"encoder/{name}/weight"]), (lambda name: self.tensors[f"encoder/{name}/bias"])
        x = F.gelu(F.conv1d(log_mel(sound, self.bands)[None], weight("conv1"), bias("conv1"), padding=1))
        x = F.gelu(F.conv1d(x, weight("conv2"), bias("conv2"), stride=2, padding=1))[0].T
        out = [x + self.tensors["encoder/position_encodings/encodings"][:len(x)]]
        for place in range(self.count):
            out.append(self._layer(out[-1], f"encoder/layer_{place}"))
        return [*out, self._norm(out[-1], "encoder/layer_norm")]


def listen(path, recordings):
    """``teach.Heard`` of these recordings: mean and deviation of each layer over what is spoken, silence around it cut."""
    encoder, rows = Encoder(read(path)), []
    for place, recording in enumerate(recordings):
        sound = torch.from_numpy(recording.sound)
        voiced = activity.mask(features.log_mel(sound)).nonzero()[:, 0]
        first, last = max(0, int(voiced[0]) - 5) * features.HOP, (int(voiced[-1]) + 10) * features.HOP
        sound = sound[first:last]
        # A second of silence after it: the encoder has seldom heard a sound end at once.
        layers = encoder.layers(F.pad(sound, (0, features.RATE)))
        steps = len(sound) // (2 * HOP)
        rows.append(torch.stack([torch.cat([layer[:steps].mean(0), layer[:steps].std(0)]) for layer in layers]))
        if place % 240 == 239:
            log.info("listened to %d of %d recordings", place + 1, len(recordings))
    return Heard([recording.name for recording in recordings], torch.stack(rows))
