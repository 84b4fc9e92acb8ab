"""A picture of what the masked autoencoder has learned: originals, what it is shown, what it makes of them.

Of public-domain portraits alone, none of which it was trained on; pictures of
FER+ may not be shown. Row by row: the whole face, the quarter of the patches
that the encoder gets, and those patches with guesses between them. A guess
comes without a patch's mean and contrast, so those of the original are lent to
it, as the authors of the method do in their figures.
"""

from pathlib import Path

import numpy as np
import torch

from .. import golden, pack
from . import masked
from .vit import patches, picture

ENLARGED, GAP = 2, 6


def rebuilt(model, x, keep, hidden):
    """(N, 1, 64, 64) with the hidden patches guessed, and the same with them grey."""
    whole = patches(x)
    with torch.no_grad():
        guess = model(x, keep)
    spread = (whole.var(2, keepdim=True, unbiased=False) + 1e-4).sqrt()
    guess = guess * spread + whole.mean(2, keepdim=True)
    gone = hidden[:, :, None]
    return picture(torch.where(gone, guess, whole)), picture(torch.where(gone, torch.zeros_like(whole), whole))


def draw(run, out, seed=3):
    """Write the picture, PNG, from ``run/masked.pt``."""
    import cv2

    model, _ = masked.load(Path(run) / "masked.pt")
    x = torch.from_numpy(golden.inputs(pack.template_points()))
    keep, hidden = masked.choose(len(x), torch.Generator().manual_seed(seed))
    guessed, shown = rebuilt(model, x, keep, hidden)
    rows = [np.concatenate([_framed(part[0]) for part in column], 1) for column in (x, shown, guessed)]
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(out), np.concatenate(rows, 0)):
        raise OSError(f"{out} could not be written")


def _framed(face):
    pixels = ((face + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
    large = pixels.repeat(ENLARGED, 0).repeat(ENLARGED, 1)
    return np.pad(large, GAP // 2, constant_values=255)
