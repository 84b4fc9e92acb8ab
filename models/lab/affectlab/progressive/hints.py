"""Hints: what the convolutional network sees in each place, as a further target for the transformer.

A transformer this small, pretrained this briefly on so few pictures, takes
long to find out what a convolution knows by its build. So the joint network
also learns to say, from each token, what ``mtanet`` has in the same 8x8 place
(its stage with a grid of 8x8), and from the pooled features that network's embedding
(hints of Romero et al. 2015). Not part of the published system; the layers
that translate are thrown away afterwards.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .. import model
from . import tasks

WEIGHT = 1.0


def seen_by(teacher, x):
    """What a ``FaceNet`` has in each place, (N, 64, C), and its embedding (N, 128), both normed over their channels."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        places = None
        y = torch.relu(teacher.stem(x))
        for stage in teacher.stages:
            y = stage(y)
            if y.shape[-1] == 8:
                places = y
        embedding = torch.relu(teacher.embed(F.adaptive_avg_pool2d(y, 1).flatten(1)))
    if places is None:
        raise ValueError("this network has no stage with a grid of 8x8")
    places = places.float().flatten(2).transpose(1, 2)
    return F.layer_norm(places, places.shape[2:]), F.layer_norm(embedding.float(), embedding.shape[1:])


class Hinted(nn.Module):
    """A ``TaskNet`` under way, with the layers that translate its tokens and features."""

    def __init__(self, network, channels):
        super().__init__()
        width = network.shape.width
        self.shape, self.network = network.shape, network
        self.of_places, self.of_all = nn.Linear(width, channels), nn.Linear(width, model.EMBEDDING)

    def forward(self, x):
        return self.network(x)

    def guesses(self, x, keep=None):
        """The network's answers, and what its tokens and its features say that the teacher sees."""
        tokens = self.network.encoder(x, keep)
        features = self.network.encoder.features(tokens)
        return (*self.network.heads(features), features), self.of_places(tokens), self.of_all(features)


def objective(hinted, teacher, chosen=tasks.TASKS, seen=None, weight=WEIGHT):
    """The loss of the tasks, and the mean squared errors of both hints, ``weight`` times.

    ``seen``: as in ``tasks.objective``.
    """
    def loss(x, targets, done, generator):
        keep = tasks.kept(x, seen(done) if seen else 1.0, generator)
        places, embedding = seen_by(teacher, x)
        if keep is not None:
            places = places.gather(1, keep[:, :, None].expand(-1, -1, places.shape[2]))
        with torch.autocast("cpu", torch.bfloat16):
            answers, said, said_of_all = hinted.guesses(x, keep)
        hint = F.mse_loss(said.float(), places) + F.mse_loss(said_of_all.float(), embedding)
        return tasks.task_loss(answers, tuple(targets), chosen) + weight * hint

    return loss
