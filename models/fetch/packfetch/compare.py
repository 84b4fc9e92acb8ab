"""For developers: how far each engine is from the TensorFlow Lite interpreter.

``python -m packfetch.compare PACK`` runs the golden vectors on every engine that is
installed and prints the largest absolute difference of each output.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from .build import MODELS
from .manifest import Manifest, read_manifest

# Runs one picture, 1×3×H×W f32, and returns the outputs in the model's order.
Engine = Callable[[np.ndarray], list[np.ndarray]]


def onnx_runtime(model: Path) -> Engine:
    """ONNX Runtime on the processor."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda picture: session.run(None, {"input": picture})


def tract(model: Path) -> Engine | None:
    """Tract by its Python binding, or ``None`` where there is no wheel of it."""
    try:
        import tract as binding
    except ImportError:
        return None
    runnable = binding.onnx().load(str(model)).into_model().into_runnable()
    return lambda picture: [output.to_numpy() for output in runnable.run([picture])]


def differences(folder: Path, manifest: Manifest, engine: Engine) -> dict[str, float]:
    """Largest absolute difference of each output over the golden vectors in ``folder``."""
    shape = (-1, 1, 3, manifest.height, manifest.width)
    pictures = np.fromfile(folder / manifest.golden_input.path, "<f4").reshape(shape)
    found = [engine(picture) for picture in pictures]
    worst = {}
    for index, (key, pinned) in enumerate(manifest.golden_outputs.items()):
        values = np.stack([outputs[index] for outputs in found])
        expected = np.fromfile(folder / pinned.path, "<f4").reshape(values.shape)
        worst[key] = float(np.abs(values - expected).max())
    return worst


def main(arguments: list[str]) -> int:
    """Print one line for each engine and output."""
    if len(arguments) != 1:
        print("usage: python -m packfetch.compare PACK", file=sys.stderr)
        return 2
    folder = MODELS / arguments[0]
    manifest = read_manifest(folder)
    for make in (onnx_runtime, tract):
        engine = make(folder / manifest.model.path)
        if engine is None:
            print(f"{make.__name__}: not installed")
            continue
        for key, worst in differences(folder, manifest, engine).items():
            print(f"{make.__name__}: {key} differs by at most {worst:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
