"""Masked-autoencoder pretraining (He et al. 2022): guess three quarters of a face from the rest.

The encoder gets the kept patches alone; a small decoder gets their codes and
one learned token for each patch that was taken away, and guesses the pixels.
Each patch counts by what it looks like after its mean and contrast are taken
out, and only hidden patches count. No label takes part. Of FER+ the part
``fit`` and of the photographs the people not held out are seen, so that what
is measured later was never looked at.
"""

import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from .. import augment, data, photographs, picture, train
from ..model import SIZE
from .vit import PATCH, TOKENS, Block, Shape, ViT, patches

log = logging.getLogger(__name__)

MASKED = 0.75


@dataclass(frozen=True)
class Plan:
    """What decides a pretraining; kept in its checkpoints."""

    epochs: int = 9
    batch: int = 128
    rate: float = 1e-3
    decay: float = 0.05
    warmup: int = 2
    jitter: float = 1.0
    seed: int = 1


DECODER = Shape(width=64, depth=1, heads=4)


def choose(n, generator, masked=MASKED):
    """(N, K) places of the patches that are kept, and (N, 64) which are hidden; others for each picture."""
    kept = round(TOKENS * (1 - masked))
    keep = torch.rand(n, TOKENS, generator=generator).argsort(1)[:, :kept]
    return keep, torch.ones(n, TOKENS, dtype=torch.bool).scatter(1, keep, False)


def normalised(parts, eps=1e-2):
    """Patches (N, T, P) without their mean and contrast."""
    mean, spread = parts.mean(2, keepdim=True), parts.var(2, keepdim=True, unbiased=False)
    return (parts - mean) / (spread + eps ** 2).sqrt()


class MaskedAutoencoder(nn.Module):
    """``encoder`` is what is kept after pretraining; the rest is only there to ask it."""

    def __init__(self, shape=Shape(), decoder=DECODER):
        super().__init__()
        self.encoder = ViT(shape)
        self.enter = nn.Linear(shape.width, decoder.width)
        self.hidden = nn.Parameter(torch.randn(1, 1, decoder.width) * 0.02)
        self.place = nn.Parameter(torch.randn(1, TOKENS, decoder.width) * 0.02)
        self.blocks = nn.ModuleList(Block(decoder) for _ in range(decoder.depth))
        self.norm = nn.LayerNorm(decoder.width)
        self.pixels = nn.Linear(decoder.width, PATCH * PATCH)

    def forward(self, x, keep):
        """(N, 1, 64, 64) and the places kept -> (N, 64, 64) guessed patches, normalised."""
        codes = self.enter(self.encoder.norm(self.encoder(x, keep)))
        y = self.hidden.to(codes.dtype).expand(len(x), TOKENS, -1)
        y = y.scatter(1, keep[:, :, None].expand(-1, -1, y.shape[2]), codes) + self.place
        for block in self.blocks:
            y = block(y)
        return self.pixels(self.norm(y))


def loss(guess, x, hidden):
    """Mean squared error over the hidden patches."""
    wrong = (guess.float() - normalised(patches(x))).pow(2).mean(2)
    return wrong[hidden].mean()


def faces(folder, photographs_file=None):
    """(N, 64, 64) u8 pictures to learn from: FER+ and, if there is a file of them, photographs."""
    parts = [picture.resize(data.load(folder, "fit").images).round().clamp(0, 255).to(torch.uint8).squeeze(1)]
    if photographs_file:
        known = photographs.Photographs.load(photographs_file).of(held=False)
        parts.append(torch.from_numpy(known.images))
    return torch.cat(parts)


def pretrain(images, run, plan=Plan(), shape=Shape()):
    """Pretrain on (N, 64, 64) u8 ``images`` into ``run/masked.pt``, from where it stopped; returns the last loss."""
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    path = run / "masked.pt"
    torch.manual_seed(plan.seed)
    model = MaskedAutoencoder(shape)
    optimiser = train.optimiser_of(model, plan)
    first = _resume(path, model, optimiser, plan, shape)
    steps, mean = max(1, len(images) // plan.batch), float("nan")
    for epoch in range(first, plan.epochs):
        began, mean = time.monotonic(), _epoch(model, optimiser, images, plan, epoch, steps)
        log.info("masked epoch %d/%d loss %.4f %.0f s", epoch + 1, plan.epochs, mean, time.monotonic() - began)
        train.save_checkpoint(path, {"plan": asdict(plan), "shape": shape.to_dict(), "epoch": epoch + 1, "loss": mean,
                                     "model": model.state_dict(), "optimiser": optimiser.state_dict()})
    return mean


def _resume(path, model, optimiser, plan, shape):
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    # The number of epochs alone may change: a run can be cut short or prolonged.
    if {**state["plan"], "epochs": plan.epochs} != asdict(plan) or state["shape"] != shape.to_dict():
        raise train.TrainError(f"{path} was made with other settings: remove it or choose another --run")
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    log.info("going on after epoch %d", state["epoch"])
    return state["epoch"]


def _epoch(model, optimiser, images, plan, epoch, steps):
    """One pass over the pictures; returns the mean loss."""
    generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + epoch)
    order, total = torch.randperm(len(images), generator=generator), 0.0
    for step in range(steps):
        rows = images[order[step * plan.batch:(step + 1) * plan.batch]]
        x = augment.framing(rows.unsqueeze(1).float() / 255, generator, SIZE, plan.jitter) * 2 - 1
        keep, hidden = choose(len(x), generator)
        with torch.autocast("cpu", torch.bfloat16):
            guess = model(x, keep)
        total += train.descend(model, optimiser, loss(guess, x, hidden), plan, epoch * steps + step, steps)
    return total / steps


def load(path):
    """The pretrained ``MaskedAutoencoder`` of a checkpoint and its state."""
    path = Path(path)
    if not path.is_file():
        raise train.TrainError(f"no checkpoint at {path}: run 'python -m affectlab progressive pretrain' first")
    state = torch.load(path, weights_only=True)
    model = MaskedAutoencoder(Shape.from_dict(state["shape"]))
    model.load_state_dict(state["model"])
    return model.eval(), state
