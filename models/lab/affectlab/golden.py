"""Golden vectors: four inputs and what the training framework answers to them.

Whoever runs the pack checks an engine against these. No training picture may
be published, so the face is that of the astronaut Eileen Collins in NASA's
public-domain portrait, which scikit-image carries as ``data.astronaut()``.
"""

import json
import math

import numpy as np
import torch

from . import export, warp
from .model import SIZE
from .picture import to_input

# Where BlazeFace short range finds the four points in the 512x512 portrait (pixels):
# right eye, left eye, nose, mouth.
PORTRAIT_POINTS = np.array([[204.62, 101.45], [247.76, 103.80], [224.37, 128.32], [222.38, 148.93]])


def portrait():
    """(512, 512, 3) portrait, RGB in 0..255."""
    from skimage import data

    return data.astronaut()


def tilted(zoom, degrees, size=SIZE):
    """2x3 matrix that turns a crop about its middle; ``zoom`` below one leaves more around the face."""
    angle, middle = math.radians(degrees), np.full(2, size / 2)
    turn = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.column_stack([turn, middle - turn @ middle])


def inputs(template):
    """(4, 1, 64, 64) inputs: aligned; mirrored and dark; small and tilted; blurred and noisy."""
    import cv2

    face = warp.luma(portrait())
    aligned = warp.align(face, PORTRAIT_POINTS, template, SIZE).astype(np.float32)
    leaning = warp.align(face, PORTRAIT_POINTS, template, SIZE, tilted(zoom=0.8, degrees=12))
    grain = np.random.default_rng(0).normal(0, 8, (SIZE, SIZE)).astype(np.float32)
    noisy = cv2.GaussianBlur(aligned, (0, 0), 1.5) + grain
    faces = np.stack([aligned, aligned[:, ::-1] * 0.4, leaning, noisy])
    return to_input(torch.from_numpy(np.rint(faces.clip(0, 255)).astype(np.float32))).numpy()


def outputs(model, x, names=export.OUTPUTS):
    """The answers of a folded torch model with quantised weights, keyed by output; ``names`` in the model's order."""
    with torch.no_grad():
        answers = model(torch.from_numpy(x))
    return {name: value.numpy().astype(np.float32) for name, value in zip(names, answers, strict=True)}


def aligned(picture, points, template):
    """(1, 1, 64, 64) input made of an RGB picture whose face has its four ``points`` (pixels) there."""
    crop = warp.align(warp.luma(picture), points, template, SIZE)
    return to_input(torch.from_numpy(crop.astype(np.float32))[None]).numpy()


# Parts of the portrait (left, top, right, bottom) and their enlargement: the face little larger than the input;
# so large that the daemon averages squares of three pixels before it interpolates; and running over the edge.
CROPS = {"small": ((150, 40, 290, 210), 1.0), "large": ((160, 50, 280, 190), 1.9), "over-the-edge": ((222, 110, 320, 230), 1.3)}


def write_crops(folder, template):
    """Write the pictures and crops that the daemon's alignment is tested against into ``folder``."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, ((left, top, right, bottom), scale) in CROPS.items():
        # Its colours are moved apart, so that red and blue taken for each other show.
        part = portrait()[top:bottom, left:right] * np.array([1.0, 0.8, 0.6])
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        picture = np.rint(part).clip(0, 255).astype(np.uint8)
        points = ((PORTRAIT_POINTS - [left, top]) * scale).round(2)
        cv2.imwrite(str(folder / f"{name}.png"), picture[:, :, ::-1])
        aligned(picture, points, template).astype("<f4").tofile(folder / f"{name}.f32")
        cases.append({"name": name, "picture": f"{name}.png", "crop": f"{name}.f32",
                      "points": points.tolist(), "template": np.asarray(template).tolist()})
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
