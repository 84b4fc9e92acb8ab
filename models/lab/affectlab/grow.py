"""Deepen a trained network without changing what it computes.

A residual block whose second batch norm has weight and bias zero hands its
input on: ``relu(x + 0) = x``, since ``x`` left a ReLU. Such blocks are put where
the larger network has more, and training goes on from there (Net2Net, Chen et
al. 2016). A warm start this good takes a third of the epochs of a cold one.
"""

import torch

from .model import FaceNet


def places(small, large):
    """Block of the small network -> its place in the large one.

    Stages are matched by their channels, and within a stage the first blocks by
    their order: the block that halves the picture comes first in both.
    """
    def blocks(shape):
        return [(outputs, block) for outputs, count in zip(shape.channels, shape.blocks)
                for block in range(count)]

    target = {key: place for place, key in enumerate(blocks(large))}
    return {place: target[key] for place, key in enumerate(blocks(small)) if key in target}


def grow(model, shape):
    """A network of the larger ``shape`` that computes what ``model`` computes.

    Raises ``ValueError`` when a block of ``model`` has no place in ``shape``.
    """
    if model.shape == shape:
        return model
    moved = places(model.shape, shape)
    if len(moved) != len(model.stages):
        raise ValueError(f"{shape} is not a larger form of {model.shape}")
    large = FaceNet(shape)
    state = large.state_dict()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            part, _, rest = name.partition(".")
            if part == "stages":
                place, _, rest = rest.partition(".")
                name = f"stages.{moved[int(place)]}.{rest}"
            if state[name].shape != value.shape:
                raise ValueError(f"{name} is {tuple(value.shape)} and would have to be {tuple(state[name].shape)}")
            state[name].copy_(value)
        for place, block in enumerate(large.stages):
            if place not in moved.values():
                block.second[1].weight.zero_()
                block.second[1].bias.zero_()
    return large
