"""TCN and Transformer: ways to read rows in order, neither of which lets a lost row have a say.

Each takes rows ``y`` (N, T, W), zero where the face was lost, and ``present``
(N, T, 1), and returns (N, T, ``out``). A lost row changes nothing: the TCN
reads the rows that are there one behind the other, as if the lost ones had
never been; attention does not attend to them.

Everything is made of operators that both of the daemon's engines run: linear
layers on two-dimensional matrices (each is one Gemm, whose weights ``export``
keeps in int8), no ``Pad``, no comparison, no data-dependent shape.
"""

import math

import torch
from torch import nn

from .flat import flat

class Compact(nn.Module):
    """Moves the rows that are there to the end, in order, and gives each row of the answer back.

    A permutation by multiplication: row i goes where as many places are left behind it as rows are present after i.
    """

    def __init__(self, rows):
        super().__init__()
        place = torch.arange(float(rows))
        self.register_buffer("after", (place[:, None] > place[None]).float(), persistent=False)
        self.register_buffer("place", place.view(1, 1, rows), persistent=False)
        self.last = rows - 1

    def matrix(self, present):
        """(N, T, T): row i has its one in the column it is moved to; a lost row shares that of the one before it."""
        goes = self.last - torch.matmul(present.transpose(1, 2), self.after).transpose(1, 2)
        return torch.relu(1 - (goes - self.place).abs())

    def forward(self, read, y, present):
        """``read`` (rows, present -> rows) on what is present; a lost row gets the answer of the last one before it."""
        back = self.matrix(present)
        there = (back * present).transpose(1, 2)
        return torch.matmul(back, read(torch.matmul(there, y), torch.matmul(there, present)))


class _Causal(nn.Module):
    """A convolution over the row itself and the one ``step`` rows before it."""

    def __init__(self, inputs, outputs, step):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, 2, padding=step, dilation=step)

    def forward(self, x):
        return self.conv(x)[:, :, :x.shape[2]]


class Tcn(nn.Module):
    """Blocks of two causal convolutions of width 2 with a shortcut, ``channels`` wide; each block steps twice as far."""

    def __init__(self, width, channels, rows, dropout):
        super().__init__()
        self.out = channels[-1]
        self.compact = Compact(rows)
        self.first, self.second, self.shortcut = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        self.dropout = nn.Dropout(dropout)
        for i, outputs in enumerate(channels):
            self.first.append(_Causal(width, outputs, 2 ** i))
            self.second.append(_Causal(outputs, outputs, 2 ** i))
            self.shortcut.append(nn.Conv1d(width, outputs, 1) if width != outputs else nn.Identity())
            width = outputs

    def _read(self, y, present):
        x, there = y.transpose(1, 2), present.transpose(1, 2)
        for first, second, shortcut in zip(self.first, self.second, self.shortcut):
            # Rows before the first are zeros in every layer, whether they lie in the window or before it.
            z = self.dropout(torch.relu(first(x))) * there
            z = self.dropout(torch.relu(second(z)))
            x = torch.relu(z + shortcut(x)) * there
        return x.transpose(1, 2)

    def forward(self, y, present):
        return self.compact(self._read, y, present)


class _Encoder(nn.Module):
    """One encoder layer: attention of ``heads`` of ``key`` numbers each, two linear layers, norms after the shortcuts."""

    def __init__(self, width, heads, key, inner, dropout):
        super().__init__()
        self.heads, self.key = heads, key
        self.query, self.keys, self.value = (nn.Linear(width, heads * key) for _ in range(3))
        self.join = nn.Linear(heads * key, width)
        self.widen, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.after_attention, self.after_linear = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def _split(self, layer, y):
        return flat(layer, y).reshape(y.shape[0], y.shape[1], self.heads, self.key).transpose(1, 2)

    def forward(self, y, unseen):
        scores = torch.matmul(self._split(self.query, y), self._split(self.keys, y).transpose(2, 3)) * self.key ** -0.5
        share = torch.softmax(scores + unseen, 3)
        seen = torch.matmul(share, self._split(self.value, y)).transpose(1, 2)
        seen = seen.reshape(y.shape[0], y.shape[1], self.heads * self.key)
        y = self.after_attention(y + self.dropout(flat(self.join, seen)))
        wide = self.dropout(torch.relu(flat(self.widen, y)))
        return self.after_linear(y + self.dropout(flat(self.narrow, wide)))


def sinusoids(rows, width):
    """(rows, width) sines and cosines of the place, as in Vaswani et al. 2017."""
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000) / width))
    angle = torch.arange(rows)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], 2).reshape(rows, -1)[:, :width]


class Transformer(nn.Module):
    """``layers`` encoder layers in which every row attends to every row that is there; ``places`` adds sinusoids."""

    def __init__(self, width, layers, heads, key, inner, rows, places, dropout):
        super().__init__()
        self.out = width
        place = sinusoids(rows, width) if places else torch.zeros(rows, width)
        self.register_buffer("place", place.unsqueeze(0), persistent=False)
        self.layers = nn.ModuleList(_Encoder(width, heads, key, inner, dropout) for _ in range(layers))

    def forward(self, y, present):
        # exp(-10000) is zero in f32; an infinity would make a window without any face not a number.
        unseen = ((present - 1) * 1e4).transpose(1, 2).unsqueeze(1)
        y = y + self.place
        for layer in self.layers:
            y = layer(y, unseen)
        return y
