"""For developers: runs the original models and stores what they gave.

``python -m packfetch.record`` writes ``models/fetch/reference/PACK.npz`` with the
TensorFlow Lite interpreter (PyPI ``ai-edge-litert``), independently of the
conversion it is meant to check. Run it when a source model or an input changes, and
copy the hashes it prints into ``pack.toml``.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from . import geometry
from .build import MODELS, to_model
from .catalogue import ASTRONAUT, RECIPES, Recipe
from .golden import REFERENCE, golden_files, normalise
from .hashing import sha256
from .manifest import Manifest, read_manifest
from .wheel import Wheels

# Side of the square cut out of the portrait: head and shoulders. A multiple of both
# models' input sizes, so that shrinking is a mean over whole pixels.
_CROP = 384
_CROP_LEFT = 30


def portrait(png: bytes, size: int) -> np.ndarray:
    """The astronaut's head and shoulders as size×size×3 bytes."""
    whole = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.uint32)
    crop = whole[:_CROP, _CROP_LEFT : _CROP_LEFT + _CROP]
    step = _CROP // size
    cells = crop.reshape(size, step, size, step, 3).sum(axis=(1, 3))
    return ((cells + step * step // 2) // (step * step)).astype(np.uint8)


# Sides of squares about the portrait's face, in its pixels, and how far they are turned.
_FACES = ((160, 0), (132, 25))
_FACE_CENTRE = (225, 118)


def faces(png: bytes, size: int) -> list[np.ndarray]:
    """The astronaut's face, level and turned, as size×size×3 bytes."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    crops = []
    for side, degrees in _FACES:
        turned = whole.rotate(degrees, Image.Resampling.BILINEAR, center=_FACE_CENTRE)
        x, y = _FACE_CENTRE
        box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        crops.append(np.asarray(turned.resize((size, size), Image.Resampling.BILINEAR, box)))
    return crops


def pattern(size: int) -> np.ndarray:
    """A picture of no face that reaches every corner of the input's range."""
    y, x, channel = np.ogrid[:size, :size, :3]
    return ((37 * y + 91 * x + 53 * channel + x * y) % 256).astype(np.uint8)


def run_tflite(data: bytes, pictures: np.ndarray) -> list[np.ndarray]:
    """Outputs of a TensorFlow Lite model for N×H×W×3 normalised f32 pictures."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    outputs: list[list[np.ndarray]] = [[] for _ in interpreter.get_output_details()]
    for picture in pictures:
        interpreter.set_tensor(source["index"], picture[np.newaxis])
        interpreter.invoke()
        for store, detail in zip(outputs, interpreter.get_output_details(), strict=True):
            store.append(interpreter.get_tensor(detail["index"])[0].copy())
    return [np.stack(store) for store in outputs]


def reference(recipe: Recipe, data: bytes, png: bytes, manifest: Manifest) -> dict[str, np.ndarray]:
    """Everything a pack's reference file holds: ``pixels`` and one array per output."""
    size = manifest.width
    seen = [portrait(png, size)] if recipe.head is None else faces(png, size)
    pixels = np.stack([*seen, pattern(size)])
    pictures = normalise(pixels, manifest.scale, manifest.offset).transpose(0, 2, 3, 1)
    outputs = run_tflite(data, pictures)
    if recipe.head is not None:
        outputs = [geometry.estimate(*outputs, geometry.Coefficients.load(MODELS / recipe.pack))]
    return {"pixels": pixels} | dict(zip(manifest.golden_outputs, outputs, strict=True))


def main() -> None:
    """Write the reference of every pack and print the hashes to pin."""
    REFERENCE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheels = Wheels(Path(folder))
        png = wheels.read(ASTRONAUT)
        for recipe in RECIPES:
            manifest = read_manifest(MODELS / recipe.pack)
            data = wheels.read(recipe.source)
            np.savez_compressed(
                REFERENCE / f"{recipe.pack}.npz", **reference(recipe, data, png, manifest)
            )
            files = {manifest.model.path: to_model(recipe, data, MODELS / recipe.pack)}
            for path, content in (files | golden_files(manifest)).items():
                print(f"{recipe.pack}/{path} {sha256(content)}")


if __name__ == "__main__":
    main()
