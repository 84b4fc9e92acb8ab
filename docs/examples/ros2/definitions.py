"""The message definitions that the node fills, as Python classes that refuse what ROS would.

Fields and constants as in hri_msgs 2.x, std_msgs and builtin_interfaces, in the syntax of .msg
files. Only the constants that the mapping may use are here.
"""

import re

DEFINITIONS = {
    "builtin_interfaces/Time": """
        int32 sec
        uint32 nanosec
    """,
    "std_msgs/Header": """
        builtin_interfaces/Time stamp
        string frame_id
    """,
    "hri_msgs/IdsList": """
        std_msgs/Header header
        string[] ids
    """,
    "hri_msgs/Expression": """
        std_msgs/Header header
        string NEUTRAL="neutral"
        string ANGRY="angry"
        string SAD="sad"
        string HAPPY="happy"
        string SURPRISED="surprised"
        string DISGUSTED="disgusted"
        string SCARED="scared"
        string expression
        float32 valence
        float32 arousal
        float32 confidence
    """,
    "hri_msgs/FacialActionUnits": """
        std_msgs/Header header
        uint8 INNER_BROW_RAISER=1
        uint8 OUTER_BROW_RAISER=2
        uint8 BROW_LOWERER=4
        uint8 CHEEK_RAISER=6
        uint8 LID_TIGHTENER=7
        uint8 UPPER_LIP_RAISER=10
        uint8 LIP_CORNER_PULLER=12
        uint8 LIP_CORNER_DEPRESSOR=15
        uint8 LIP_TIGHTENER=23
        uint8 LIP_PRESSOR=24
        uint8 LIPS_PART=25
        uint8 JAW_DROP=26
        float32[99] intensity
        float32[99] confidence
    """,
}

_LINE = re.compile(
    r"(?P<type>[\w/]+)(?P<array>\[(?P<length>\d*)\])? (?P<name>\w+)(?:=(?P<constant>.+))?"
)
_WHOLE = {"int32": (-(2**31), 2**31), "uint32": (0, 2**32), "uint8": (0, 2**8)}


def _check(kind, value):
    if kind == "string":
        fits = isinstance(value, str)
    elif kind == "float32":
        # Larger numbers do not fit; NaN does.
        fits = isinstance(value, float) and not abs(value) > 3.4028234e38
    elif kind in _WHOLE:
        low, end = _WHOLE[kind]
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value < end
    else:
        fits = isinstance(value, message(kind))
    if not fits:
        raise TypeError(f"{value!r} is no {kind}")


def _default(kind):
    if kind == "string":
        return ""
    if kind == "float32":
        return 0.0
    return 0 if kind in _WHOLE else message(kind)()


class _Message:
    """Has the fields of its definition, and takes values of their types only."""

    fields: dict

    def __init__(self):
        for name, (kind, length) in self.fields.items():
            value = _default(kind) if length is None else [_default(kind)] * (length or 0)
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        if name not in self.fields:
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        kind, length = self.fields[name]
        if length is None:
            _check(kind, value)
        else:
            if length and len(value) != length:
                raise TypeError(f"{name} has {len(value)} values instead of {length}")
            for one in value:
                _check(kind, one)
        object.__setattr__(self, name, value)


_classes = {}


def message(name):
    """Return the class of a message, as hri_msgs/Expression."""
    if name not in _classes:
        fields, constants = {}, {}
        for line in DEFINITIONS[name].split("\n"):
            if not line.strip():
                continue
            found = _LINE.fullmatch(line.strip())
            if found["constant"]:
                text = found["constant"]
                constants[found["name"]] = text.strip('"') if text[0] == '"' else int(text)
            else:
                length = int(found["length"] or 0) if found["array"] else None
                fields[found["name"]] = (found["type"], length)
        _classes[name] = type(name.split("/")[1], (_Message,), {"fields": fields, **constants})
    return _classes[name]
