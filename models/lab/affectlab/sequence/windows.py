"""Windows of composed sequences, cut as the daemon cuts them out of a track.

Where a window reaches over the beginning, the first row is repeated, and over
the end (of a recording; a daemon's newest row is always its last) the last.
"""

from dataclasses import dataclass

import numpy as np
import torch


def rows_of(design, at, count):
    """(B, frames) rows of the windows that predict rows ``at`` (B,) of sequences of ``count`` rows, edges repeated."""
    steps = torch.arange(design.frames) - design.row
    return (torch.as_tensor(at)[:, None] + steps).clamp(0, count - 1)


def face_columns(composed):
    """(N, T, E + 1) f32: each row's embedding and 1, or zeros where the face was lost."""
    seen = composed.row >= 0
    numbers = composed.embedding[np.where(seen, composed.row, 0)] * seen[..., None]
    return torch.from_numpy(np.concatenate([numbers, seen[..., None]], 2).astype(np.float32))


@dataclass
class Windows:
    """``columns`` (N, T, C) of N sequences and what is known of each row: ``targets`` by task, (N, T, K) f32.

    Targets that are not a number are unknown. ``seen`` (N, T): whether the face was there; ``single`` (N, T): whether
    the row shows no compound.
    """

    columns: torch.Tensor
    targets: dict
    seen: torch.Tensor
    single: torch.Tensor

    @classmethod
    def of(cls, composed, voice=None):
        """Of composed faces and, if there is any, what was heard: (N, T, V + 1) columns."""
        columns = face_columns(composed)
        if voice is not None:
            columns = torch.cat([columns, voice], 2)
        targets = {"expression": composed.target, "valence_arousal": composed.va, "action_units": composed.units}
        targets = {task: torch.from_numpy(np.asarray(values, np.float32)) for task, values in targets.items()}
        pair = torch.from_numpy(composed.pair)
        targets["compound"] = compound_targets(targets["expression"], pair)
        return cls(columns, targets, torch.from_numpy(composed.row >= 0), ~pair.any(2))

    def __len__(self):
        return len(self.columns)

    def cut(self, design, which, at):
        """(B, frames, C) windows that predict rows ``at`` (B,) of the sequences ``which`` (B,), and their rows."""
        rows = rows_of(design, at, self.columns.shape[1])
        return self.columns[which[:, None], rows], rows

    def known(self, which, rows):
        """Targets by task of those rows of the sequences ``which`` (B,): (B, ..., K)."""
        spread = which.reshape(-1, *[1] * (rows.ndim - 1))
        return {task: values[spread, rows] for task, values in self.targets.items()}

    def positions(self, hop):
        """(P,) sequences and (P,) rows: each ``hop``-th row of every sequence."""
        which, at = torch.meshgrid(torch.arange(len(self)), torch.arange(0, self.columns.shape[1], hop), indexing="ij")
        return which.reshape(-1), at.reshape(-1)


def compound_targets(shares, pair):
    """(N, T, 6): both emotions of a compound, elsewhere the one that most people named, if it is one of the six."""
    from ..labels import EXPRESSIONS
    from .stills import EMOTIONS

    places = torch.tensor([EXPRESSIONS.index(name) for name in EMOTIONS])
    one = torch.nn.functional.one_hot(shares.argmax(2), len(EXPRESSIONS))[..., places]
    return torch.where(pair.any(2, keepdim=True), pair.float(), one.float())
