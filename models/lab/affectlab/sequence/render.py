"""From a script to frames: blended pictures that move, change their light, and are noisy and sometimes covered.

Movement, light and sharpness wander (an Ornstein-Uhlenbeck walk in real time,
so that a slow camera sees larger steps); the detector's jitter and the
sensor's noise are new in every frame. A sequence may be disturbed for a
moment: covered by something, blurred by a quick movement, or flashed at.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from ..model import SIZE


def wander(rng, time, spread, settle=1.5):
    """(T,) values that wander about zero with a standard deviation of ``spread``, forgetting in ``settle`` seconds."""
    value = np.empty(len(time))
    value[0] = rng.normal(0, spread)
    for i in range(1, len(time)):
        keep = math.exp(-max(0.0, time[i] - time[i - 1]) / settle)
        value[i] = keep * value[i - 1] + rng.normal(0, spread * math.sqrt(1 - keep * keep))
    return value


def blend(pictures, weight):
    """(T, 64, 64) frames of (K, 64, 64) pictures by (T, K) shares."""
    return torch.einsum("tk,khw->thw", torch.as_tensor(weight, dtype=torch.float32), pictures)


def motion(rng, time):
    """(T, 2, 3) matrices for ``affine_grid``: a head that sways, and a detector that jitters; half are mirrored."""
    count = len(time)
    angle = np.radians(wander(rng, time, 4) + rng.normal(0, 1.2, count))
    zoom = np.exp(wander(rng, time, 0.06) + rng.normal(0, 0.015, count) + rng.normal(0, 0.08))
    shift = [wander(rng, time, 0.05) + rng.normal(0, 0.015, count) for _ in range(2)]
    flip = rng.choice([-1.0, 1.0])
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    theta = np.stack([np.stack([cos * flip, -sin, shift[0]], 1), np.stack([sin * flip, cos, shift[1]], 1)], 1)
    return torch.from_numpy(theta.astype(np.float32))


def light(rng, time, x):
    """Gamma, contrast, brightness and a lamp from one side, all of which wander."""
    def column(*spreads):
        return torch.from_numpy(sum(wander(rng, time, s) if s > 0 else rng.normal(0, -s) for s in spreads)
                                .astype(np.float32)).view(-1, 1, 1, 1)

    gamma, contrast, bright = torch.exp(column(0.08, -0.2)), torch.exp(column(0.05, -0.15)), column(0.03, -0.06)
    across, down = column(0.05, -0.08), column(0.05, -0.08)
    axis = torch.linspace(-1, 1, SIZE)
    x = (x.clamp(0, 1).pow(gamma) - 0.5) * contrast + 0.5 + bright
    return x + across * axis.view(1, 1, 1, -1) + down * axis.view(1, 1, -1, 1)


def blur(x, amount):
    """Move each frame towards its smoothed self by ``amount`` (T,), 0 to 1; negative sharpens."""
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    soft = F.conv2d(F.conv2d(padded, taps.view(1, 1, 1, 5)), taps.view(1, 1, 5, 1))
    return x + amount.view(-1, 1, 1, 1) * (soft - x)


def moments(rng, time, often=0.3, longest=0.5):
    """(T,) bool: the frames of a disturbance, of which there are ``often`` a second."""
    hit = np.zeros(len(time), bool)
    for begins in rng.uniform(time[0], time[-1] + 1e-3, rng.poisson(often * (time[-1] - time[0]))):
        hit |= (time >= begins) & (time < begins + rng.uniform(0.08, longest))
    return torch.from_numpy(hit)


def _cover(rng, x, rows):
    width, height = rng.integers(8, 26, 2)
    left, top = rng.integers(0, SIZE - width), rng.integers(0, SIZE - height)
    x[rows, :, top:top + height, left:left + width] = float(rng.uniform(0, 1))


def _smear(rng, x, rows):
    length = int(rng.integers(5, 10)) | 1
    kernel = torch.zeros(1, 1, length, length)
    if rng.random() < 0.5:
        kernel[0, 0, length // 2] = 1 / length
    else:
        kernel[0, 0, :, length // 2] = 1 / length
    if rows.any():
        x[rows] = F.conv2d(F.pad(x[rows], (length // 2,) * 4, mode="replicate"), kernel)


def _flash(rng, x, rows):
    x[rows] = x[rows] * float(rng.uniform(0.25, 0.6)) + float(rng.choice([0.0, 0.4]))


def render(rng, pictures, weight, time):
    """(T, 64, 64) u8 frames of ``pictures`` (K, 64, 64) in 0..1 at the times ``time`` (T,) in seconds, rising."""
    time = np.asarray(time, np.float64)
    x = blend(pictures, weight).unsqueeze(1)
    grid = F.affine_grid(motion(rng, time), x.shape, align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    x = light(rng, time, x)
    steady = rng.uniform(-0.4, 0.9) if rng.random() < 0.5 else 0.0
    x = blur(x, torch.from_numpy((steady + wander(rng, time, 0.15)).astype(np.float32)).clamp(-0.6, 1))
    for disturb in (_cover, _smear, _flash):
        disturb(rng, x, moments(rng, time, often=0.1))
    grain = max(0.0, rng.uniform(-0.02, 0.05))
    x = x + torch.from_numpy(rng.normal(0, 1, x.shape).astype(np.float32)) * grain
    return (x.clamp(0, 1) * 255).round().to(torch.uint8).squeeze(1)
