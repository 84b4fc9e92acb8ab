"""Where the accuracy comes from: parts of the data, and pictures made worse.

FER+ says nothing about who is in a picture, so there are no figures by sex,
age or skin. What can be measured is by how bright the crop is, by how far the
raters agreed, and how the network bears damage of the kinds a camera adds.
"""

import torch
import torch.nn.functional as F

from . import augment, picture


def parts(faces):
    """Named boolean masks over ``faces``: brightness thirds and rater agreement."""
    light = faces.images.float().mean((1, 2))
    low, high = torch.quantile(light, torch.tensor([1 / 3, 2 / 3]))
    agreement = faces.target.max(1).values
    return {
        "darkest third of the crops": light < low,
        "middle third": (light >= low) & (light < high),
        "brightest third": light >= high,
        "raters agree (top share at least 0.8)": agreement >= 0.8,
        "raters differ (top share below 0.8)": agreement < 0.8,
    }


def _affine(x, degrees=0.0, zoom=1.0, shift=0.0):
    angle = torch.deg2rad(torch.tensor(degrees))
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    theta = torch.stack([torch.stack([cos, -sin, torch.tensor(2 * shift)]),
                         torch.stack([sin, cos, torch.tensor(0.0)])])
    grid = F.affine_grid(theta.expand(len(x), 2, 3), x.shape, align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _small(x, side):
    y = F.interpolate(x, (side, side), mode="bilinear", antialias=True)
    return F.interpolate(y, x.shape[-2:], mode="bilinear")


def _noisy(x):
    return x + 0.05 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def _coded(x):
    return augment.compression(x, torch.Generator().manual_seed(0), probability=1.0)


# Each takes and gives (N, 1, 64, 64) in [0, 1].
DAMAGE = {
    "none": lambda x: x,
    "light halved": lambda x: x * 0.5,
    "light at a quarter": lambda x: x * 0.25,
    "contrast halved": lambda x: 0.5 + (x - 0.5) * 0.5,
    "turned 10 degrees": lambda x: _affine(x, degrees=10.0),
    "turned 20 degrees": lambda x: _affine(x, degrees=20.0),
    "moved by 8 % of the width": lambda x: _affine(x, shift=0.08),
    "15 % smaller face": lambda x: _affine(x, zoom=0.85),
    "reduced to 24 pixels": lambda x: _small(x, 24),
    "noise, sd 13 of 255": _noisy,
    "coarse block coding": _coded,
    "lower third covered": lambda x: torch.cat([x[:, :, :43], torch.full_like(x[:, :, 43:], 0.5)], 2),
}


def damaged(images, damage):
    """(N, H, W) u8 crops -> (N, 1, 64, 64) network inputs after the named damage."""
    x = picture.resize(images) / 255
    return DAMAGE[damage](x).clamp(0, 1) * 2 - 1
