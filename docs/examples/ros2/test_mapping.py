"""What affectd publishes fills the messages of ROS4HRI."""

import json
import math
from datetime import datetime, timezone
from pathlib import Path

import hri_mapping as mapping
import pytest
from definitions import message

EXAMPLES = Path(__file__).resolve().parent.parent
SCHEMA = EXAMPLES.parent / "schema/face-state.schema.json"
Expression, Units = message("hri_msgs/Expression"), message("hri_msgs/FacialActionUnits")


def payload(name):
    return json.loads((EXAMPLES / f"payloads/{name}.json").read_text(encoding="utf-8"))


def faces():
    names = sorted(path.stem for path in EXAMPLES.glob("payloads/face-state*.json"))
    # Lines of `affectd infer` are not published.
    return [name for name in names if "captured_at" in payload(name)]


@pytest.mark.parametrize("name", faces())
def test_every_published_face_fills_the_messages(name):
    state = payload(name)
    expression = mapping.expression(state, "camera")
    units = mapping.action_units(state, "camera")
    assert (expression is None) == ("expression" not in state and "valence" not in state)
    assert (units is None) == ("action_units" not in state)
    if expression:
        filled = mapping.fill(Expression(), expression)
        constants = {getattr(Expression, name) for name in dir(Expression) if name.isupper()}
        assert filled.expression in constants | {""}
        assert filled.header.frame_id == "camera"
        assert 0.0 <= filled.confidence <= 1.0
    if units:
        filled = mapping.fill(Units(), units)
        for values in (filled.intensity, filled.confidence):
            assert all(0.0 <= value <= 1.0 for value in values)


def test_the_payloads_are_enough_to_show_every_case():
    states = [payload(name) for name in faces()]
    assert any("action_units" in state for state in states)
    assert any(state.get("expression", {}).get("label") == "unknown" for state in states)
    assert any("expression" not in state for state in states)
    assert any("estimated_at" in state for state in states)


def test_a_happy_face_is_happy():
    filled = mapping.fill(Expression(), mapping.expression(payload("face-state")))
    assert filled.expression == Expression.HAPPY
    assert (filled.valence, filled.arousal, filled.confidence) == (0.31, -0.12, 0.831)


def test_every_label_has_a_constant_or_is_known_to_have_none():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    labels = set(schema["properties"]["expression"]["properties"]["label"]["enum"])
    assert labels - mapping.EXPRESSIONS.keys() == {"contempt", "other", "unknown"}
    constants = {getattr(Expression, name) for name in dir(Expression) if name.isupper()}
    assert set(mapping.EXPRESSIONS.values()) == constants


@pytest.mark.parametrize("label", ["contempt", "other", "unknown"])
def test_a_label_without_a_constant_is_left_empty_and_valence_stays(label):
    state = payload("face-state")
    state["expression"]["label"] = label
    fields = mapping.expression(state)
    assert fields["expression"] == ""
    assert (fields["valence"], fields["confidence"]) == (0.31, state["confidence"])


def test_what_a_pack_does_not_estimate_is_not_a_number():
    fields = mapping.expression(payload("face-state-unsure"))
    assert math.isnan(fields["valence"]) and math.isnan(fields["arousal"])
    mapping.fill(Expression(), fields)


def test_action_units_stand_at_their_facs_number():
    state = payload("face-state")
    filled = mapping.fill(Units(), mapping.action_units(state))
    for unit, index in {
        "AU1": Units.INNER_BROW_RAISER,
        "AU2": Units.OUTER_BROW_RAISER,
        "AU4": Units.BROW_LOWERER,
        "AU6": Units.CHEEK_RAISER,
        "AU7": Units.LID_TIGHTENER,
        "AU10": Units.UPPER_LIP_RAISER,
        "AU12": Units.LIP_CORNER_PULLER,
        "AU15": Units.LIP_CORNER_DEPRESSOR,
        "AU23": Units.LIP_TIGHTENER,
        "AU24": Units.LIP_PRESSOR,
        "AU25": Units.LIPS_PART,
        "AU26": Units.JAW_DROP,
    }.items():
        assert filled.intensity[index] == state["action_units"].pop(unit)
        assert filled.confidence[index] == state["confidence"]
    assert not state["action_units"], "a unit that has no place here"
    assert filled.confidence[5] == 0.0, "a unit that is not estimated"


def test_a_stamp_is_exact_to_the_microsecond():
    text = "2026-11-22T00:10:01.123456Z"
    at = datetime(2026, 11, 22, 0, 10, 1, tzinfo=timezone.utc)
    assert mapping.stamp(text) == {"sec": int(at.timestamp()), "nanosec": 123456000}


def test_an_estimate_of_an_earlier_moment_has_the_stamp_of_that():
    state = payload("face-state-earlier")
    assert state["estimated_at"] < state["captured_at"]
    assert mapping.expression(state)["header"]["stamp"] == mapping.stamp(state["estimated_at"])


@pytest.mark.parametrize(
    ("device", "expected"), [("kiosk-7", "kiosk_7_12"), ("7.b", "d7_b_12"), ("-x", "d_x_12")]
)
def test_an_id_may_stand_in_a_topic(device, expected):
    assert mapping.face_id(device, 12) == expected


def test_a_message_refuses_what_ros_would():
    for name, bad in [("expression", 3), ("valence", 1), ("valence", 1e39), ("anger", 0.5)]:
        with pytest.raises((TypeError, AttributeError)):
            setattr(Expression(), name, bad)
    with pytest.raises(TypeError):
        Units().intensity = [0.0] * 98
