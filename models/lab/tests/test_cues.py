"""Cues for action units: distances, folds of the skin, and who may judge whom."""

import math

import numpy as np
import pytest
import torch

from affectlab import action_units, agreement, card, cues, geometry, wrinkles
from affectlab.labels import EXPRESSIONS, UNITS

RIGHT, LEFT = np.array([100.0, 120]), np.array([180.0, 120])


def face_points(**moved):
    """(478, 2) points of a face at rest, in pixels; some landmarks moved by the given (right, down)."""
    points = np.tile([140.0, 160.0], (478, 1))
    places = {33: RIGHT, 263: LEFT, 133: (125, 121), 362: (155, 121), 159: (112, 115), 145: (112, 125), 386: (168, 115),
              374: (168, 125), 144: (108, 125), 373: (172, 125), 107: (128, 100), 336: (152, 100), 55: (126, 104),
              285: (154, 104), 70: (98, 102), 300: (182, 102), 46: (96, 106), 276: (184, 106), 105: (108, 98),
              334: (172, 98), 168: (140, 118), 2: (140, 165), 129: (126, 160), 358: (154, 160), 61: (118, 190),
              291: (162, 190), 0: (140, 182), 13: (140, 189), 14: (140, 190), 17: (140, 200), 82: (132, 189),
              87: (132, 190), 312: (148, 189), 317: (148, 190), 152: (140, 230)}
    for place, at in places.items():
        points[place] = at
    for place, by in moved.items():
        points[int(place[1:])] += by
    return points


def test_the_upright_face_forgets_place_size_and_turn():
    points = face_points()
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    turned = points @ turn.T * 3 + [7, -5]
    a, b = geometry.upright(points[None]), geometry.upright(turned[None])
    np.testing.assert_allclose(a, b, atol=1e-4)
    np.testing.assert_allclose(a[0, [33, 263]], [[-0.5, 0], [0.5, 0]], atol=1e-6)
    assert np.isfinite(geometry.upright(np.zeros((1, 478, 2)))).all()


@pytest.mark.parametrize("unit, moved", [
    ("AU1", {"p107": (0, -8), "p336": (0, -8), "p55": (0, -8), "p285": (0, -8)}),
    ("AU2", {"p70": (0, -8), "p300": (0, -8)}), ("AU4", {"p107": (4, 6), "p336": (-4, 6)}),
    ("AU7", {"p159": (0, 4), "p386": (0, 4), "p145": (0, -3), "p374": (0, -3)}), ("AU10", {"p0": (0, -6)}),
    ("AU12", {"p61": (-8, -6), "p291": (8, -6)}), ("AU15", {"p61": (0, 6), "p291": (0, 6)}),
    ("AU24", {"p0": (0, 4), "p17": (0, -5)}), ("AU25", {"p14": (0, 12)}), ("AU26", {"p152": (0, 15)})])
def test_a_movement_raises_its_unit(unit, moved):
    rest, moving = geometry.cues(face_points()[None]), geometry.cues(face_points(**moved)[None])
    assert set(rest) == set(UNITS) and moving[unit][0] > rest[unit][0] + 0.01


def skin(folded=False, seed=0):
    """A grey picture of smooth skin with some grain; with upright folds between the brows if ``folded``."""
    picture = 120 + np.random.default_rng(seed).normal(0, 4, (260, 280)) + np.linspace(0, 40, 280)
    if folded:
        picture[94:112, 130:150] += 30 * np.sin(np.arange(20) * 2 * math.pi / 7)
    return picture.astype(np.float32)


def test_folds_between_the_brows_speak_for_their_unit_alone():
    plain, folded = (wrinkles.folds(skin(on), face_points()) for on in (False, True))
    assert folded["AU4"] > plain["AU4"] + 1
    assert all(abs(folded[unit] - plain[unit]) < 0.5 for unit in wrinkles.REGIONS if unit not in ("AU4", "AU1"))


def test_light_size_and_turn_change_folds_little():
    import cv2

    plain = wrinkles.folds(skin(True), face_points())
    assert wrinkles.folds(skin(True) * 0.5, face_points())["AU4"] == pytest.approx(plain["AU4"], abs=0.3)
    matrix = cv2.getRotationMatrix2D((140, 150), 15, 1.0)
    turned = cv2.warpAffine(skin(True), matrix, (280, 260), borderMode=cv2.BORDER_REPLICATE)
    points = face_points() @ matrix[:, :2].T + matrix[:, 2]
    assert wrinkles.folds(turned, points)["AU4"] == pytest.approx(plain["AU4"], abs=0.5)


def test_the_baseline_takes_off_what_sharpness_explains():
    rng = np.random.default_rng(0)
    sharp = rng.normal(0, 1, 500).astype(np.float32)
    seen = {unit: 0.7 * sharp + rng.normal(0, 0.1, 500).astype(np.float32) for unit in wrinkles.REGIONS} | {"sharpness": sharp}
    found = wrinkles.Baseline.of(seen).cues(seen)
    assert all(abs(np.corrcoef(values, sharp)[0, 1]) < 0.05 and values.std() == pytest.approx(1, abs=0.01)
               for values in found.values())


def test_kept_points_find_their_place_in_the_crop():
    # The middle of the framed picture is the middle of the crop; the crop begins after the border.
    framed = wrinkles.CROP + 2 * wrinkles.BORDER
    np.testing.assert_allclose(wrinkles.in_crop([[0.5, 0.5], [wrinkles.BORDER / framed] * 2]), [[24, 24], [0, 0]])


def made_seen(count=600, seed=0):
    """Faces whose smile shows in the shapes, and whose brow shows in folds alone; labels follow both."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 8, count)
    happy = label == EXPRESSIONS.index("happiness")
    frowns = np.isin(label, [EXPRESSIONS.index(name) for name in ("anger", "fear", "sadness", "disgust")])
    stems = sorted({name for names, _, _ in action_units.SEEN_BY.values() for name in names})
    shapes = {stem: rng.normal(0, 1, count) for stem in stems}
    shapes["mouthSmile"] += 3 * happy
    folds = {unit: rng.normal(0, 1, count) for unit in (*wrinkles.REGIONS, "sharpness")}
    folds["AU4"] += 2 * frowns
    distances = {unit: rng.normal(0, 1, count) for unit in UNITS}
    return cues.Seen(shapes, distances, folds, torch.eye(8)[label], label, np.ones(count, bool))


def test_a_cue_that_knows_something_helps_and_one_that_knows_nothing_does_no_harm():
    weights, seen = cues.Weights(made_seen()), made_seen(seed=1)
    found = cues.judged(weights, seen, np.full((600, 12), 0.5))["emotions"]
    assert found["AU4"]["+ folds"] > found["AU4"]["shapes"] + 0.05
    assert found["AU12"]["+ folds"] == pytest.approx(found["AU12"]["shapes"], abs=0.02) and found["AU12"]["shapes"] > 0.9
    assert found["AU25"]["+ folds"] is None and found["AU1"]["network"] == pytest.approx(0.5)


def test_no_witness_judges_targets_it_is_part_of():
    assert all("emotion" not in sets for sets in cues.BY_EMOTIONS.values())
    assert all("folds" not in sets for sets in cues.BY_FOLDS.values())
    judged = cues.judged(cues.Weights(made_seen()), made_seen(seed=1), np.full((600, 12), 0.5))
    assert set(judged["folds"]) == set(wrinkles.REGIONS)


def test_two_cues_that_say_the_same_do_not_count_twice():
    seen = made_seen()
    seen.geometry["AU12"] = seen.shapes["mouthSmile"].copy()
    weights = cues.Weights(seen)
    one, other, both = (weights.logits(seen, sets, "AU12").std() for sets in
                        (("shapes",), ("geometry",), ("shapes", "geometry")))
    assert both < 1.1 * max(one, other) < one + other


def test_what_a_cue_tells_is_the_inverse_of_its_area():
    assert cues.tells(0.5) == 0 and cues.tells(0.3) == 0 and cues.tells(None) == 0
    rng = np.random.default_rng(0)
    positive = np.arange(20000) % 2 == 1
    scores = rng.normal(0, 1, 20000) + 1.5 * positive
    assert cues.tells(action_units.auc(scores, positive)) == pytest.approx(1.5, abs=0.05)


def test_agreement_by_extremes_leaves_the_middle_out():
    witness = np.arange(100.0)
    assert agreement.by_extremes(witness, witness) == 1 and agreement.by_extremes(-witness, witness) == 0


def test_the_card_has_the_tables_only_when_they_were_measured():
    assert card._cues({}) == ""
    row = {"shapes": 0.7, "+ geometry": 0.75, "+ folds": None, "network": 0.9, "geometry": 0.6, "folds": None}
    part = {"n": 9, "emotions": {"AU25": row, "mean": row}, "folds": {"AU1": {"shapes": 0.6}, "mean": {"shapes": 0.6}}}
    text = card._cues({"cues": {"valid": part, "photographs": part}})
    assert "| AU25 | 0.70 | 0.75 | – | 0.90 | – |" in text and "geometry, by emotions" in text
