"""Random changes that stand between a FER2013 crop and a camera's crop.

A camera's crop differs from the training pictures in framing (detector
jitter), light, sharpness, sensor noise and compression, and it is sometimes
partly covered. Each is imitated on whole batches in floating point. Ranges are
mild: the same network has to score on untouched crops.
"""

import math

import torch
import torch.nn.functional as F

from .model import SIZE


def _uniform(n, low, high, generator):
    return torch.empty(n).uniform_(low, high, generator=generator)


def _chosen(n, probability, generator):
    return (torch.rand(n, generator=generator) < probability).nonzero().squeeze(1)


def framing(x, generator, size=SIZE, jitter=1.0):
    """Flip and move each picture, in one resampling to ``size``.

    At ``jitter`` 1: rotation sd 8 degrees, scale and aspect within a factor of
    1.22 and 1.06, shift within 7 % of the width; smaller values shrink all four.
    """
    n = len(x)
    angle = torch.randn(n, generator=generator) * math.radians(8) * jitter
    zoom = torch.exp(_uniform(n, -0.2, 0.2, generator) * jitter)
    aspect = torch.exp(_uniform(n, -0.06, 0.06, generator) * jitter)
    flip = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    shift = _uniform((n, 2), -0.14, 0.14, generator) * jitter
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack([
        torch.stack([cos * flip / (zoom * aspect), -sin * aspect / zoom, shift[:, 0]], 1),
        torch.stack([sin * flip / (zoom * aspect), cos * aspect / zoom, shift[:, 1]], 1),
    ], 1)
    grid = F.affine_grid(theta, (n, 1, size, size), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def sharpness(x, generator):
    """Move each picture away from (sharpen) or towards (blur) its smoothed self."""
    n = len(x)
    amount = _uniform((n, 1, 1, 1), -0.6, 1.0, generator)
    amount = amount * (torch.rand((n, 1, 1, 1), generator=generator) < 0.5)
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    smooth = F.conv2d(F.conv2d(padded, taps.view(1, 1, 1, 5)), taps.view(1, 1, 5, 1))
    return x + amount * (smooth - x)


def low_resolution(x, generator, probability=0.15):
    """Shrink some pictures to 20..40 pixels and enlarge them again."""
    rows = _chosen(len(x), probability, generator)
    if len(rows) == 0:
        return x
    small = int(torch.randint(20, 41, (), generator=generator))
    y = F.interpolate(x[rows], (small, small), mode="bilinear", antialias=True)
    return x.index_copy(0, rows, F.interpolate(y, x.shape[-2:], mode="bilinear"))


def light(x, generator):
    """Gamma, contrast, brightness, and a lamp from one side; ``x`` in [0, 1]."""
    n = len(x)
    gamma = torch.exp(_uniform((n, 1, 1, 1), -0.4, 0.4, generator))
    contrast = torch.exp(_uniform((n, 1, 1, 1), -0.4, 0.3, generator))
    brightness = _uniform((n, 1, 1, 1), -0.15, 0.15, generator)
    x = x.clamp(0, 1).pow(gamma)
    x = (x - 0.5) * contrast + 0.5 + brightness
    slope = torch.randn((n, 2, 1, 1), generator=generator) * 0.12
    axis = torch.linspace(-1, 1, x.shape[-1])
    return x + slope[:, :1] * axis.view(1, 1, 1, -1) + slope[:, 1:] * axis.view(1, 1, -1, 1)


def _cosine_basis():
    k, i = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    basis = torch.cos(math.pi * (2 * i + 1) * k / 16) * math.sqrt(2 / 8)
    basis[0] /= math.sqrt(2)
    return basis


_DCT = _cosine_basis()
# Coarser for higher frequencies, as JPEG's tables are; a smooth stand-in for them.
_STEPS = 0.03 * (1 + 0.6 * (torch.arange(8.0).view(8, 1) + torch.arange(8.0).view(1, 8)))


def compression(x, generator, probability=0.2):
    """Quantise 8x8 cosine blocks of some pictures, as a MJPEG camera does."""
    rows = _chosen(len(x), probability, generator)
    if len(rows) == 0:
        return x
    y = x[rows]
    n, _, height, width = y.shape
    blocks = y.view(n, height // 8, 8, width // 8, 8).transpose(2, 3)
    steps = _STEPS * _uniform((n, 1, 1, 1, 1), 0.3, 2.5, generator)
    coded = torch.round(_DCT @ blocks @ _DCT.T / steps) * steps
    return x.index_copy(0, rows, (_DCT.T @ coded @ _DCT).transpose(2, 3).reshape(y.shape))


def noise(x, generator):
    """Sensor noise with a standard deviation up to 0.05 on half of the pictures."""
    amount = _uniform((len(x), 1, 1, 1), -0.05, 0.05, generator).clamp(min=0)
    return x + amount * torch.randn(x.shape, generator=generator)


def covering(x, generator, probability=0.25):
    """Cover a rectangle of some pictures (a hand, a mug) with one grey."""
    n, size = len(x), x.shape[-1]
    half = _uniform((n, 2), 0.07, 0.22, generator) * size
    half = half * (torch.rand((n, 1), generator=generator) < probability)
    centre = torch.rand((n, 2), generator=generator) * size
    place = torch.arange(size) + 0.5
    inside = (place.view(1, 1, -1) - centre.unsqueeze(2)).abs() < half.unsqueeze(2)
    mask = (inside[:, 1].unsqueeze(2) & inside[:, 0].unsqueeze(1)).unsqueeze(1)
    return torch.where(mask, torch.rand((n, 1, 1, 1), generator=generator), x)


def damage(x, generator):
    """All changes but the framing; (N, 1, size, size) in [0, 1] in and out."""
    x = low_resolution(x, generator)
    x = sharpness(x, generator)
    x = light(x, generator)
    x = noise(x, generator)
    x = compression(x, generator)
    return covering(x, generator).clamp(0, 1)


def augment(images, generator, size=SIZE, share=1.0, jitter=1.0):
    """(N, H, W) u8 crops -> (N, 1, size, size) randomly changed inputs in [-1, 1].

    Every picture is framed anew (``jitter``: how boldly); a ``share`` of them
    is damaged as well.
    """
    x = framing(images.unsqueeze(1).float() / 255, generator, size, jitter)
    rows = _chosen(len(x), share, generator)
    if len(rows) > 0:
        x = x.index_copy(0, rows, damage(x[rows], generator))
    return x * 2 - 1
