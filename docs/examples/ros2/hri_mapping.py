"""What affectd publishes over MQTT, in the words of ROS4HRI (hri_msgs 2.x).

Plain functions from payloads to the fields of messages, without ROS: the node beside this file
fills the messages with what they give. docs/ros2.md says what the mapping is and why.
"""

import math
import re
from datetime import datetime, timezone

# The constants of hri_msgs/Expression, by affectd's labels. "contempt", "other" and "unknown"
# have none, and nothing near is taken instead: the message's expression is then empty. A calm
# voice counts as a neutral one, as it does where affectd puts faces and voices together.
EXPRESSIONS = {
    "neutral": "neutral",
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "scared",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprised",
    "calm": "neutral",
}

# The length of both arrays of hri_msgs/FacialActionUnits, whose index is the FACS number.
ACTION_UNITS = 99

# What stands in a message's valence or arousal when the model pack estimates none.
UNKNOWN = math.nan

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def face_id(device, face):
    """Return the id of a face, as it may stand in the name of a ROS topic.

    Face numbers are those of one device and one run of affectd; with the device in front, the
    faces of two cameras are not taken for the same.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", device)
    if not name[0].isalpha():
        name = f"d{name}"
    return f"{name}_{face}"


def stamp(text):
    """Return a time of affectd, RFC 3339 in UTC with microseconds, as builtin_interfaces/Time."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    since = at - _EPOCH
    return {"sec": since.days * 86400 + since.seconds, "nanosec": since.microseconds * 1000}


def header(state, frame_id):
    """Return the std_msgs/Header of a face's state.

    The stamp is the moment that the estimate is of: that of the frame, or an earlier one when a
    sequence of frames was read.
    """
    return {"stamp": stamp(state.get("estimated_at", state["captured_at"])), "frame_id": frame_id}


def expression(state, frame_id=""):
    """Return the fields of hri_msgs/Expression, or None for a face that could not be read.

    The confidence is the probability of the expression; where none is named, it is how far
    valence and arousal can be trusted.
    """
    if not {"expression", "valence", "arousal"} & state.keys():
        return None
    judged = state.get("expression", {})
    name = EXPRESSIONS.get(judged.get("label"), "")
    return {
        "header": header(state, frame_id),
        "expression": name,
        "valence": float(state.get("valence", UNKNOWN)),
        "arousal": float(state.get("arousal", UNKNOWN)),
        "confidence": float(judged["confidence"] if name else state["confidence"]),
    }


def action_units(state, frame_id=""):
    """Return the fields of hri_msgs/FacialActionUnits, or None when no unit was estimated.

    The intensity is the probability that the unit is active: affectd does not estimate how
    strongly it is. A unit that is not estimated has the confidence 0.
    """
    units = state.get("action_units")
    if units is None:
        return None
    intensity, confidence = [0.0] * ACTION_UNITS, [0.0] * ACTION_UNITS
    for unit, probability in units.items():
        number = int(unit.removeprefix("AU"))
        intensity[number] = float(probability)
        confidence[number] = float(state["confidence"])
    return {
        "header": header(state, frame_id),
        "intensity": intensity,
        "confidence": confidence,
    }


def fill(message, fields):
    """Set the fields of a ROS message, and of the messages in it; return the message."""
    for name, value in fields.items():
        if isinstance(value, dict):
            fill(getattr(message, name), value)
        else:
            setattr(message, name, value)
    return message


class Tracked:
    """Which faces are in view, by when each was last heard of. Times are seconds of one clock."""

    def __init__(self, patience):
        self._patience = patience
        self._seen = {}

    def seen(self, face, now):
        """Note that a face is in view."""
        self._seen[face] = now

    def forget(self):
        """Forget all faces: the device is gone. Return those that were in view."""
        gone, self._seen = list(self._seen), {}
        return gone

    def lost(self, now):
        """Forget the faces that were not heard of for too long, and return them."""
        lost = [face for face, at in self._seen.items() if now - at > self._patience]
        for face in lost:
            del self._seen[face]
        return lost

    def ids(self):
        """Return the faces in view, in the order in which they came."""
        return list(self._seen)
