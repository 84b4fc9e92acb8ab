"""Average the weights of two checkpoints of one shape.

Rounds that start from each other stay in one valley of the loss; the mean of
their weights generalises better than either (model soups, Wortsman et al.
2022) and costs nothing when it runs.
"""

import torch

from .model import Shape
from .train import TrainError, save_checkpoint


def blend(earlier, later, share, path):
    """Write the ``later`` checkpoint to ``path`` with ``share`` of its averaged weights and the rest of ``earlier``'s.

    ``share``: 0 to 1. Counters and other whole numbers are the later one's.
    """
    old, new = (torch.load(file, weights_only=True) for file in (earlier, later))
    if Shape.from_dict(old["shape"]) != Shape.from_dict(new["shape"]):
        raise TrainError(f"{earlier} and {later} are of different shapes: only equals can be blended")
    mean = {name: value * share + old["average"][name] * (1 - share) if value.is_floating_point() else value
            for name, value in new["average"].items()}
    save_checkpoint(path, {**new, "average": mean})
