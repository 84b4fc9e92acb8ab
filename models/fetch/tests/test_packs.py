"""The packs of the catalogue as they were made: right numbers, and faces found.

``make models`` makes them; ``make test`` does so before it runs these tests.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from packfetch import compare, geometry
from packfetch.build import MODELS
from packfetch.catalogue import RECIPES
from packfetch.faces import Detector
from packfetch.golden import REFERENCE
from packfetch.hashing import has_hash
from packfetch.manifest import Manifest, read_manifest

PACKS = [recipe.pack for recipe in RECIPES]
DETECTORS = [recipe.pack for recipe in RECIPES if recipe.head is None]


def complete(pack: str) -> Manifest:
    made = read_manifest(MODELS / pack)
    missing = [
        pinned.path
        for pinned in made.files()
        if not has_hash(MODELS / made.name / pinned.path, pinned.sha256)
    ]
    assert not missing, f"{made.name} lacks {missing}: run make models"
    return made


@pytest.fixture(params=PACKS)
def manifest(request) -> Manifest:
    return complete(request.param)


@pytest.fixture(params=DETECTORS)
def detector(request) -> Manifest:
    return complete(request.param)


@pytest.mark.parametrize("make", [compare.onnx_runtime, compare.tract])
def test_an_engine_agrees_with_tensorflow_lite(manifest, make):
    folder = MODELS / manifest.name
    engine = make(folder / manifest.model.path)
    if engine is None:
        pytest.skip(f"no wheel of {make.__name__} for this machine")
    worst = compare.differences(folder, manifest, engine)
    assert set(worst) == set(manifest.output_tensors)
    assert max(worst.values()) <= manifest.tolerance, worst


def test_the_outputs_have_the_names_the_manifest_gives_them_in_this_order(manifest):
    session = onnxruntime.InferenceSession(
        MODELS / manifest.name / manifest.model.path, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    wanted = list(manifest.output_tensors.values())
    assert names[: len(wanted)] == wanted
    assert list(manifest.golden_outputs) == list(manifest.output_tensors)


def test_the_astronaut_is_found_with_her_features_in_place(detector):
    with np.load(REFERENCE / f"{detector.name}.npz") as reference:
        portrait = Image.fromarray(reference["pixels"][0])
    (face,) = Detector(MODELS / detector.name).find(portrait)
    right_eye, left_eye, nose, mouth, right_ear, left_ear = face.points
    assert face.left < right_eye[0] < nose[0] < left_eye[0] < face.right
    assert face.top < right_eye[1] < nose[1] < mouth[1] < face.bottom
    assert right_ear[0] < right_eye[0]
    assert left_eye[0] < left_ear[0]
    # In the crop of 384 pixels the face is about 100 wide, centred near (195, 110).
    scale = 384 / detector.width
    assert (face.left + face.right) / 2 * scale == pytest.approx(195, abs=20)
    assert 70 < (face.right - face.left) * scale < 140


def test_the_pattern_without_a_face_has_none(detector):
    with np.load(REFERENCE / f"{detector.name}.npz") as reference:
        pattern = Image.fromarray(reference["pixels"][1])
    assert Detector(MODELS / detector.name).find(pattern) == []


def test_a_face_is_found_where_it_is_in_a_wide_photo(detector):
    """The letterbox is undone: the same face, moved, is found moved as far."""
    with np.load(REFERENCE / f"{detector.name}.npz") as reference:
        portrait = Image.fromarray(reference["pixels"][0])
    size = detector.width
    (alone,) = Detector(MODELS / detector.name).find(portrait)
    wide = Image.new("RGB", (size + size // 2, size))
    wide.paste(portrait, (size // 2, 0))
    (moved,) = Detector(MODELS / detector.name).find(wide)
    assert moved.left - alone.left == pytest.approx(size / 2, abs=size * 0.03)
    assert moved.top == pytest.approx(alone.top, abs=size * 0.03)


def test_the_golden_faces_of_the_geometry_pack_differ_and_its_pattern_is_as_usual():
    manifest = complete("geometry")
    path = MODELS / "geometry" / manifest.golden_outputs["valence_arousal"].path
    level, turned, pattern = np.fromfile(path, "<f4").reshape(3, 2)
    assert level[0] > 0.4, "she smiles"
    assert np.abs(level - turned).max() > 0.1
    usual = geometry.Coefficients.load(MODELS / "geometry").usual
    np.testing.assert_allclose(pattern, usual, atol=1e-3)
