"""Targets for action units from made-up landmarks, and the areas that measure them."""

import numpy as np
import pytest
import torch

from affectlab import action_units, data
from affectlab.action_units import UNITS, Landmarks, Witness
from affectlab.labels import EXPRESSIONS

KINDS = ["_neutral", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight",
         "eyeSquintLeft", "eyeSquintRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthSmileLeft",
         "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthRollLower", "mouthRollUpper",
         "mouthPressLeft", "mouthPressRight", "jawOpen"]


def write_landmarks(path, names, seed=0):
    """Shapes at random; the smile is strong in every second picture."""
    rng = np.random.default_rng(seed)
    shapes = rng.uniform(0, 0.3, (len(names), len(KINDS)))
    shapes[::2, [KINDS.index("mouthSmileLeft"), KINDS.index("mouthSmileRight")]] = 0.9
    points = rng.uniform(0.4, 0.6, (len(names), 478, 2))
    points[:, 33], points[:, 263] = (0.3, 0.4), (0.7, 0.4)
    np.savez(path, names=np.array(names), kinds=np.array(KINDS), blendshapes=shapes.astype(np.float16),
             points=points.astype(np.float16))
    return path


@pytest.fixture
def landmarks(faces_folder, tmp_path):
    """Landmarks of all training pictures but the first ten."""
    names = [f"ferplus/{name}" for name in data.load(faces_folder, "fit").name[10:]]
    return Landmarks(write_landmarks(tmp_path / "landmarks.npz", names))


def test_every_expression_and_unit_of_the_tables_is_known():
    assert set(action_units.EXPECTED) <= set(EXPRESSIONS) and tuple(action_units.SEEN_BY) == UNITS
    assert all(unit in UNITS for units in action_units.EXPECTED.values() for unit in units)


def test_what_the_emotions_let_one_expect():
    happy = torch.zeros(1, 8)
    happy[0, EXPRESSIONS.index("happiness")] = 1
    expected = dict(zip(UNITS, action_units.expected(happy)[0].tolist()))
    assert expected["AU12"] == pytest.approx(0.9) and expected["AU15"] == pytest.approx(action_units.RARE)


def test_a_unit_is_as_frequent_as_expected_and_follows_what_was_seen(landmarks, faces_folder):
    faces = data.load(faces_folder, "fit")
    witness = Witness.about(landmarks, faces)
    seen, found = landmarks.of(faces.name)
    probability = torch.sigmoid(witness.logits(seen))
    often = action_units.expected(faces.target[found]).mean(0)
    assert torch.allclose(probability.mean(0), often, atol=1e-3)
    smiles = torch.from_numpy(seen["mouthSmile"] > 0.8)
    smile = probability[:, UNITS.index("AU12")]
    assert smile[smiles].min() > smile[~smiles].max()


def test_targets_are_probabilities_also_where_no_face_was_found(landmarks, faces_folder):
    faces = data.load(faces_folder, "fit")
    targets = action_units.targets(landmarks, Witness.about(landmarks, faces), faces)
    assert targets.shape == (len(faces), 12) and targets.min() >= 0 and targets.max() <= 1
    assert not landmarks.of(faces.name)[1][:10].any()
    assert torch.allclose(targets[:10], action_units.expected(faces.target[:10]).clamp(1e-3, 1 - 1e-3), atol=1e-4)


def test_missing_landmarks_name_the_command(tmp_path):
    with pytest.raises(data.DataError, match="affectlab.blendshapes"):
        Landmarks(tmp_path / "none.npz")


def test_the_area_under_the_curve_by_hand():
    assert action_units.auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) == pytest.approx(0.75)
    assert action_units.auc([1, 1, 1], [0, 1, 1]) == pytest.approx(0.5)
    assert action_units.auc([1, 2], [1, 1]) is None
