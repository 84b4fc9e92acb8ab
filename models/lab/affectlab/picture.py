"""From a face crop to the network's input, the way the daemon does it.

``value = pixel * 2/255 - 1`` after a bilinear resize with half-pixel centres:
output pixel ``i`` samples the source at ``(i + 0.5) * source/size - 0.5``,
coordinates clamped to the picture, in floating point without rounding to
bytes in between. Only a crop larger than the input is first smoothed
(antialiased) as it shrinks.
"""

import torch
import torch.nn.functional as F

from .model import SIZE


def resize(images, size=SIZE):
    """(N, H, W) u8 or float -> (N, 1, size, size) float, same value range."""
    x = images.unsqueeze(1).float()
    height, width = x.shape[-2:]
    if (height, width) == (size, size):
        return x
    return F.interpolate(x, (size, size), mode="bilinear", align_corners=False,
                         antialias=max(height, width) > size)


def to_input(images, size=SIZE):
    """(N, H, W) pixels in 0..255 -> (N, 1, size, size) network input in [-1, 1]."""
    return resize(images, size) * (2 / 255) - 1
