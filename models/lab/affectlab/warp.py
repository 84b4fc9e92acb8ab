"""An aligned face as the daemon makes it: its warp, written again in numpy.

A network does best on what it was trained on, so what is trained on is made
the way ``src/picture/warp.rs`` makes it: luma (ITU-R BT.601), shrunk by area
averaging in whole pixels where the face is more than twice as large as the
input, then interpolated linearly. ``tests/fixtures/aligned`` holds what this
file makes of one portrait, and both sides are tested against it.

Coordinates are continuous: the centre of the first pixel lies at (0.5, 0.5).
"""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])

# Shrinking by more than this would alias: an interpolation reads only the two nearest pixels.
SHARP = 2.0

# The daemon's area averages have weights in whole 256ths.
WHOLE = 256


def luma(rgb):
    """(H, W) luma in 0..255 of an (H, W, 3) RGB picture, unrounded."""
    return rgb.astype(np.float64) @ LUMA


def similarity(source, target):
    """2x3 matrix (rotation, one scale, shift) that best maps (N, 2) source points onto target points."""
    from_mean, to_mean = source.mean(0), target.mean(0)
    a, b = source - from_mean, target - to_mean
    # Least squares over complex numbers: to = turn * from.
    a, b = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    turn = (np.conj(a) @ b) / (np.conj(a) @ a)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, to_mean - linear @ from_mean])


def inverse(matrix):
    """The 2x3 matrix that undoes a 2x3 matrix."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def align(grey, points, template, size, adjust=None):
    """(size, size) crop in 0..255 in which ``points`` of a grey picture lie at ``template``.

    ``points``: (4, 2) pixels; ``template``: (4, 2) fractions of the crop. ``adjust``: a 2x3 matrix
    that moves the aligned crop's own pixels, to tilt it or to leave more around the face.
    """
    matrix = similarity(np.asarray(points, np.float64), np.asarray(template, np.float64) * size)
    if adjust is not None:
        matrix = np.column_stack([adjust[:, :2] @ matrix[:, :2], adjust[:, :2] @ matrix[:, 2] + adjust[:, 2]])
    return warp(grey, inverse(matrix), size)


def warp(grey, to_frame, size):
    """(size, size) crop of an (H, W) picture: output pixel centres are looked up where ``to_frame`` takes them."""
    shrink = np.hypot(to_frame[0, 0], to_frame[1, 0])
    if shrink > SHARP:
        cell = int(shrink)
        grey = _in_cells(np.asarray(grey, np.float64), cell)
        to_frame = to_frame / cell
    return _sample(grey, to_frame, size)


def _in_cells(grey, cell):
    """The picture in squares of ``cell`` pixels; the last of a row or column may hold fewer."""
    return _averages(_averages(grey, cell, 0), cell, 1)


def _averages(values, cell, axis):
    length = values.shape[axis]
    edges = np.arange(0, length, cell)
    share = np.zeros(length)
    for start in edges:
        end = min(start + cell, length)
        # Rounding the running total rather than each weight keeps the sum exact.
        totals = np.floor(np.arange(end - start + 1) / (end - start) * WHOLE + 0.5)
        share[start:end] = np.diff(totals) / WHOLE
    shape = [1, 1]
    shape[axis] = length
    return np.add.reduceat(values * share.reshape(shape), edges, axis=axis)


def _sample(grey, to_texture, size):
    height, width = grey.shape
    y, x = np.mgrid[:size, :size] + 0.5
    # Texels lie at whole positions, half a pixel before where their centres are.
    x, y = (np.tensordot(to_texture[:, :2], np.stack([x, y]), 1) + to_texture[:, 2, None, None]) - 0.5
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, upper = x.astype(int), y.astype(int)
    right, lower = np.minimum(left + 1, width - 1), np.minimum(upper + 1, height - 1)
    x, y = x - left, y - upper
    above = grey[upper, left] * (1 - x) + grey[upper, right] * x
    below = grey[lower, left] * (1 - x) + grey[lower, right] * x
    return above * (1 - y) + below * y
