"""Golden vectors: four inputs and what the training framework answers to them.

Whoever runs the pack checks an engine against these. No training picture may
be published, so the face is that of the astronaut Eileen Collins in NASA's
public-domain portrait, which scikit-image carries as ``data.astronaut()``.
"""

import math

import numpy as np
import torch

from . import export
from .model import SIZE
from .picture import to_input

# Where BlazeFace short range finds the four points in the 512x512 portrait (pixels):
# right eye, left eye, nose, mouth.
PORTRAIT_POINTS = np.array([[204.62, 101.45], [247.76, 103.80], [224.37, 128.32], [222.38, 148.93]])


def portrait():
    """(512, 512) grey portrait in 0..255, ITU-R BT.601 weights."""
    from skimage import data

    return (data.astronaut() @ np.array([0.299, 0.587, 0.114])).astype(np.float32)


def similarity(source, target):
    """2x3 matrix (rotation, one scale, shift) that best maps source points onto target points."""
    from_mean, to_mean = source.mean(0), target.mean(0)
    a, b = source - from_mean, target - to_mean
    # Least squares over complex numbers: to = turn * from.
    a, b = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    turn = (np.conj(a) @ b) / (np.conj(a) @ a)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, to_mean - linear @ from_mean])


def crop(picture, points, template, zoom=1.0, degrees=0.0, size=SIZE):
    """Align ``points`` of a grey picture to ``template`` (fractions): (size, size) in 0..255.

    ``zoom`` below one leaves more around the face; ``degrees`` tilts it.
    """
    import cv2

    matrix = similarity(points, np.asarray(template) * size)
    angle = math.radians(degrees)
    turn = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([size / 2, size / 2])
    matrix = np.column_stack([turn @ matrix[:, :2], turn @ (matrix[:, 2] - centre) + centre])
    # Smooth before shrinking, or the result depends on which pixels the warp hits.
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 1:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.5 * math.sqrt(1 / scale**2 - 1) + 1e-3)
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)


def inputs(template):
    """(4, 1, 64, 64) inputs: aligned; mirrored and dark; small and tilted; blurred and noisy."""
    import cv2

    face = portrait()
    aligned = crop(face, PORTRAIT_POINTS, template)
    tilted = crop(face, PORTRAIT_POINTS, template, zoom=0.8, degrees=12)
    grain = np.random.default_rng(0).normal(0, 8, (SIZE, SIZE)).astype(np.float32)
    noisy = cv2.GaussianBlur(aligned, (0, 0), 1.5) + grain
    faces = np.stack([aligned, aligned[:, ::-1] * 0.4, tilted, noisy])
    return to_input(torch.from_numpy(np.rint(faces.clip(0, 255)))).numpy().astype(np.float32)


def outputs(model, x):
    """The answers of a folded torch model with quantised weights, keyed by output."""
    with torch.no_grad():
        answers = model(torch.from_numpy(x))
    return {name: value.numpy().astype(np.float32) for name, value in zip(export.OUTPUTS, answers)}
