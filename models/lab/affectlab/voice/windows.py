"""A recording as the daemon hears it: windows of three seconds, one each second, averaged by how much voice they have.

The first window begins with the recording, the last one ends with it; what a
shorter recording lacks is silence. Windows with hardly any voice are not asked about.
"""

from dataclasses import dataclass

import numpy as np
import torch

from . import activity, bank, features
from .model import FRAMES

HOP_FRAMES = 150
# Rows with voice, of 300: the daemon asks nothing of a window that has fewer.
LEAST = 45


def starts(frames):
    """First rows of the windows of a recording of so many frames."""
    last = max(0, frames - FRAMES)
    return sorted({*range(0, last + 1, HOP_FRAMES), last})


def cut(rows):
    """(frames, 65) rows of a recording -> (windows, 300, 65), at least one."""
    windows = torch.stack([bank.window(rows, start, FRAMES) for start in starts(len(rows))])
    voiced = windows[:, :, -1].sum(1)
    kept = voiced >= LEAST
    return windows[kept] if kept.any() else windows[voiced.argmax()][None]


def rows_of(sound, mask=None):
    """(frames, 65) rows of a (samples,) sound; ``mask``: (frames,) voice, or found by its energy."""
    x = features.log_mel(torch.as_tensor(sound, dtype=torch.float32))
    mask = activity.mask(x) if mask is None else mask
    return torch.cat([x, mask[:, None].float()], 1)


@dataclass
class Set:
    """Windows of many recordings. ``x``: (N, 300, 65); ``owner``: (N,) place of each one's recording.

    Every recording has at least one window, and in order.
    """

    x: torch.Tensor
    owner: torch.Tensor

    @classmethod
    def of(cls, many_rows):
        """Of a list of (frames, 65) rows, one for each recording."""
        pieces = [cut(rows.float()) for rows in many_rows]
        owner = [torch.full((len(piece),), place) for place, piece in enumerate(pieces)]
        return cls(torch.cat(pieces), torch.cat(owner))

    def mean(self, values):
        """(recordings, ...) means over each recording's windows of (N, ...) ``values``, weighed by their voiced rows."""
        weight = self.x[:, :, -1].sum(1).clamp(min=1.0)
        shape = (-1, *[1] * (values.ndim - 1))
        total = torch.zeros(int(self.owner.max()) + 1, *values.shape[1:], dtype=values.dtype)
        total.index_add_(0, self.owner, values * weight.reshape(shape))
        weights = torch.zeros(len(total)).index_add_(0, self.owner, weight)
        return total / weights.reshape(shape)


@torch.no_grad()
def ask(answer, windows, temperature=1.0, batch=64):
    """(recordings, 8) mean probabilities and (recordings, 2) mean valence and arousal; ``answer``: a network or the like."""
    logits, va = [], []
    for start in range(0, len(windows.x), batch):
        expression, affect = answer(windows.x[start:start + batch])[:2]
        logits.append(torch.as_tensor(np.asarray(expression)).float())
        va.append(torch.as_tensor(np.asarray(affect)).float())
    probability = torch.softmax(torch.cat(logits) / temperature, 1)
    return windows.mean(probability), windows.mean(torch.cat(va))
