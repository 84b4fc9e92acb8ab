"""Golden vectors: pictures and what the original TensorFlow Lite model makes of them.

``models/fetch/reference/PACK.npz`` is committed and small: the pictures as bytes and
the outputs as the TensorFlow Lite interpreter computed them. From it the raw f32
files that a pack's ``[golden]`` names are written. ``record`` makes the reference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .errors import FetchError
from .manifest import Manifest

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


def normalise(pixels: np.ndarray, scale: float, offset: float) -> np.ndarray:
    """Pixels N×H×W×3 of 0..255 as model input N×3×H×W, f32.

    Computed in float32 step by step, as the daemon does, so the bytes are the same
    on every machine.
    """
    values = pixels.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def golden_files(manifest: Manifest) -> dict[str, bytes]:
    """The golden files of a pack by path: raw little-endian f32, samples one after another."""
    path = REFERENCE / f"{manifest.name}.npz"
    if not path.is_file():
        raise FetchError(f"{path} is missing\nRemedy: restore the file with git checkout.")
    with np.load(path) as reference:
        files = {
            manifest.golden_input.path: _raw(
                normalise(reference["pixels"], manifest.scale, manifest.offset)
            )
        }
        for key, pinned in manifest.golden_outputs.items():
            files[pinned.path] = _raw(reference[key])
    return files


def _raw(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()
