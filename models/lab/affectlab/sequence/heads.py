"""A model that reads a window of embeddings: entrance, one of five bodies, and a linear layer for each task.

Input (N, frames, columns) f32, oldest row first. Columns: the face's
embedding, 1 if there was a face, and, for a model that also hears, the voice's
embedding and 1 if there was a voice. Numbers in a row whose last is 0 are never
looked at.
"""

from dataclasses import asdict, dataclass

import torch
from torch import nn

from ..labels import EXPRESSIONS, UNITS
from . import bodies, recurrent
from .flat import flat
from .stills import EMOTIONS

WIDTHS = {"expression": len(EXPRESSIONS), "valence_arousal": 2, "action_units": len(UNITS), "compound": len(EMOTIONS)}
BODIES = ("gru", "bigru", "lstm", "tcn", "transformer", "none")


@dataclass(frozen=True)
class Design:
    """Everything that decides a network's form; kept in its checkpoints.

    ``body``: one of ``BODIES``. ``frames``: rows of a window; ``predicts`` its "middle" or "newest". ``face``,
    ``voice``: numbers of the embeddings. ``width``: what rows are projected to first, 0 for no projection.
    ``leak``: a leaky ReLU (0.1) before the body. ``hidden``: units of a GRU or LSTM in one direction;
    ``channels``: of a TCN; ``heads``, ``key``, ``inner``, ``places``: of a Transformer.
    """

    body: str
    frames: int
    predicts: str
    face: int
    voice: int = 0
    width: int = 128
    leak: bool = False
    hidden: int = 64
    layers: int = 1
    channels: tuple = (128, 96, 64)
    heads: int = 4
    key: int = 32
    inner: int = 512
    places: bool = False
    dropout: float = 0.2
    tasks: tuple = ("expression", "valence_arousal")

    @property
    def columns(self):
        """Columns of a row."""
        return self.face + 1 + (self.voice + 1 if self.voice else 0)

    @property
    def row(self):
        """The row of a window that the outputs hold for."""
        return self.frames // 2 if self.predicts == "middle" else self.frames - 1

    def to_dict(self):
        return {**asdict(self), "channels": list(self.channels), "tasks": list(self.tasks)}

    @classmethod
    def from_dict(cls, values):
        return cls(**{**values, "channels": tuple(values["channels"]), "tasks": tuple(values["tasks"])})


class Part(nn.Module):
    """One modality of a row: its numbers, scaled as ``scale_by`` saw them, or what is learned to stand for its lack."""

    def __init__(self, size):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.lack = nn.Parameter(torch.zeros(size))

    def scale_by(self, numbers):
        """Settle mean and spread on (M, size) numbers; a column that never moves is left as wide as it is."""
        self.mean.copy_(numbers.mean(0))
        spread = numbers.std(0)
        self.spread.copy_(torch.where(spread > 1e-3, spread, torch.ones_like(spread)))

    def forward(self, numbers, present):
        return (numbers - self.mean) / self.spread * present + (1 - present) * self.lack


class Entrance(nn.Module):
    """Rows (N, T, columns) to (N, T, face + voice), zero where there is neither, and (N, T, 1) where there is either."""

    def __init__(self, face, voice):
        super().__init__()
        self.size = face
        self.face = Part(face)
        self.voice = Part(voice) if voice else None

    def forward(self, x):
        seen = x[:, :, self.size:self.size + 1]
        y = self.face(x[:, :, :self.size], seen)
        if self.voice is None:
            return y * seen, seen
        heard = x[:, :, -1:]
        y = torch.cat([y, self.voice(x[:, :, self.size + 1:-1], heard)], 2)
        present = 1 - (1 - seen) * (1 - heard)
        return y * present, present


def _body(design, width):
    if design.body in ("gru", "bigru"):
        return recurrent.Recurrent(recurrent.GruCell, width, design.hidden, design.layers, design.body == "bigru")
    if design.body == "lstm":
        return recurrent.Recurrent(recurrent.LstmCell, width, design.hidden, design.layers)
    if design.body == "tcn":
        return bodies.Tcn(width, design.channels, design.frames, design.dropout)
    if design.body == "transformer":
        return bodies.Transformer(width, design.layers, design.heads, design.key, design.inner, design.frames,
                                  design.places, design.dropout)
    if design.body == "none":
        return None
    raise ValueError(f"unknown body {design.body!r}: choose from {', '.join(BODIES)}")


class SequenceNet(nn.Module):
    """Windows to the outputs named in ``design.tasks``, in that order, of the row it predicts: (N, width) each.

    Expression, action units and compounds are logits; valence and arousal lie in [-1, 1].
    """

    def __init__(self, design):
        super().__init__()
        self.design = design
        self.entrance = Entrance(design.face, design.voice)
        width = design.face + design.voice
        self.project = nn.Linear(width, design.width) if design.width else None
        width = design.width or width
        self.body = _body(design, width)
        self.dropout = nn.Dropout(design.dropout)
        out = self.body.out if self.body else width
        self.tasks = nn.ModuleDict({task: nn.Linear(out, WIDTHS[task]) for task in design.tasks})

    def rows(self, x):
        """(N, T, out): what the body makes of every row of the window."""
        y, present = self.entrance(x)
        if self.project is not None:
            y = flat(self.project, y) * present
        if self.design.leak:
            y = nn.functional.leaky_relu(y, 0.1)
        return self.body(y, present) if self.body else y

    def tell(self, y):
        """Outputs of (M, out) rows, in the order of the tasks."""
        y = self.dropout(y)
        said = [layer(y) for layer in self.tasks.values()]
        return tuple(torch.tanh(value) if task == "valence_arousal" else value
                     for task, value in zip(self.tasks, said))

    def forward(self, x):
        return self.tell(self.rows(x)[:, self.design.row])
