"""GRU and LSTM, unrolled: the cells carry their state over lost rows as if those had never been.

Rows ``y`` (N, T, W), zero where the face was lost, and ``present`` (N, T, 1).
"""

import torch
from torch import nn

from .flat import flat


class _Gates(nn.Module):
    """What both recurrent cells share: ``gates`` linear maps of the rows and of the state, in one matrix each."""

    def __init__(self, width, hidden, gates):
        super().__init__()
        self.hidden = hidden
        self.rows, self.state = nn.Linear(width, gates * hidden), nn.Linear(hidden, gates * hidden)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -hidden ** -0.5, hidden ** -0.5)

    def start(self, y):
        """A state of zeros for the sequences of ``y``."""
        return torch.zeros(y.shape[0], self.hidden)


class GruCell(_Gates):
    """A gated recurrent unit (Cho et al. 2014, with the reset gate after the product)."""

    def __init__(self, width, hidden):
        super().__init__(width, hidden, 3)

    def forward(self, row, there, state):
        """From ``rows`` of a row (N, 3H), whether it is ``there`` (N, 1), and the state, the next state and the answer."""
        old, size = self.state(state), 2 * self.hidden
        gates = torch.sigmoid(row[:, :size] + old[:, :size])
        new = torch.tanh(row[:, size:] + gates[:, :self.hidden] * old[:, size:])
        moved = (1 - gates[:, self.hidden:]) * (new - state)
        state = state + there * moved
        return state, state


class LstmCell(_Gates):
    """A long short-term memory; its state holds the answer and the cell side by side."""

    def __init__(self, width, hidden):
        super().__init__(width, hidden, 4)

    def start(self, y):
        return torch.zeros(y.shape[0], 2 * self.hidden)

    def forward(self, row, there, state):
        size = self.hidden
        said, cell = state[:, :size], state[:, size:]
        total = row + self.state(said)
        gates = torch.sigmoid(total[:, :3 * size])
        new = gates[:, size:2 * size] * cell + gates[:, :size] * torch.tanh(total[:, 3 * size:])
        cell = cell + there * (new - cell)
        said = said + there * (gates[:, 2 * size:] * torch.tanh(new) - said)
        return torch.cat([said, cell], 1), said


def read(cell, y, present, backwards=False):
    """(N, T, H): the answers of a recurrent ``cell`` to rows in order, or from the last to the first.

    Row by row and in plain operators: tract's GRU and LSTM keep their state from one window to the next.
    """
    rows, state, said = flat(cell.rows, y), cell.start(y), []
    order = range(y.shape[1])
    for t in reversed(order) if backwards else order:
        state, answer = cell(rows[:, t], present[:, t], state)
        said.append(answer)
    return torch.stack(said[::-1] if backwards else said, 1)


class Recurrent(nn.Module):
    """``layers`` of a recurrent cell of ``hidden`` units, in one direction or, ``both``, in two laid side by side."""

    def __init__(self, cell, width, hidden, layers, both=False):
        super().__init__()
        self.out = hidden * (2 if both else 1)
        widths = [width] + [self.out] * (layers - 1)
        self.forwards = nn.ModuleList(cell(inputs, hidden) for inputs in widths)
        self.backwards = nn.ModuleList(cell(inputs, hidden) for inputs in widths) if both else None

    def forward(self, y, present):
        for i, cell in enumerate(self.forwards):
            sides = [read(cell, y, present)]
            if self.backwards is not None:
                sides.append(read(self.backwards[i], y, present, backwards=True))
            y = torch.cat(sides, 2) if len(sides) > 1 else sides[0]
        return y
