"""Measures a finished pack: the ONNX file itself, through ONNX Runtime.

The figures go to ``figures.json`` beside ``pack.toml``; the card and the
``[[measured]]`` entries are written from that file and from nothing else.
"""

import hashlib
import json
import logging
import tomllib
from pathlib import Path

import numpy as np
import torch

from . import breakdown, calibrate, data, evaluate, export
from .picture import to_input

log = logging.getLogger(__name__)

FIGURES = "figures.json"


class PackError(Exception):
    """The pack folder is not what it says it is."""


def sha256(path):
    """Hex digest of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def open_pack(folder):
    """The parsed ``pack.toml`` and the path of the ONNX Runtime variant, hash checked."""
    folder = Path(folder)
    if not (folder / "pack.toml").is_file():
        raise PackError(f"{folder} has no pack.toml: build it with 'python -m affectlab pack'")
    pack = tomllib.loads((folder / "pack.toml").read_text())
    # The published figures are those of the file that every engine runs alike, whatever else there is.
    variants = [v for v in pack.get("variant", []) if v["engine"] == "ort" and "tolerance" not in v]
    if not variants:
        raise PackError(f"{folder}/pack.toml has no variant for ONNX Runtime that keeps golden.tolerance")
    path = folder / variants[0]["file"]
    if not path.is_file() or sha256(path) != variants[0]["sha256"]:
        raise PackError(f"{path} is missing or is not the file pack.toml describes")
    return pack, path


def _answers(session, x):
    return {name: torch.from_numpy(values) for name, values in export.run(session, x.numpy()).items()}


def measure(model, folder, part, temperature, damage=False, reference=None):
    """Figures of the ONNX file ``model`` on a part of FER+, as a dictionary.

    ``damage`` adds the slow breakdown by damage; ``reference`` is an f32 ONNX
    file to report the largest differences from.
    """
    faces = data.load(folder, part)
    session = export.session(model)
    x = to_input(faces.images)
    answers = _answers(session, x)
    logits, va = answers["expression"], answers["valence_arousal"]
    if not (torch.isfinite(logits).all() and torch.isfinite(va).all()):
        raise PackError(f"{model} gives answers that are not finite")
    result = evaluate.figures(logits, va, faces)
    result["part"] = part
    result["calibration_error"] = calibrate.expected_error(logits, faces.label, temperature)
    right = logits.argmax(1) == faces.label
    result["groups"] = {
        name: {"n": int(mask.sum()), "accuracy": float(right[mask].float().mean())}
        for name, mask in breakdown.parts(faces).items()
    }
    if damage:
        result["damage"] = {}
        for name in breakdown.DAMAGE:
            log.info("measuring with damage: %s", name)
            worse = _answers(session, breakdown.damaged(faces.images, name))["expression"]
            result["damage"][name] = float((worse.argmax(1) == faces.label).float().mean())
    if reference:
        full_answers = _answers(export.session(reference), x)
        full = full_answers["expression"]
        result["f32"] = {
            "accuracy": float((full.argmax(1) == faces.label).float().mean()),
            "same_label": float((full.argmax(1) == logits.argmax(1)).float().mean()),
            "largest_difference": {
                name: float((full_answers[name] - values).abs().max()) for name, values in answers.items()
            },
        }
    return result


def save(folder, result):
    """Write ``figures.json``, rounded to what the sample size supports."""
    def short(value):
        if isinstance(value, dict):
            return {key: short(inner) for key, inner in value.items()}
        return round(value, 5) if isinstance(value, float) else value

    (Path(folder) / FIGURES).write_text(json.dumps(short(result), indent=1) + "\n")


def check_golden(folder):
    """Largest difference between the pack's golden outputs and ONNX Runtime's, per output."""
    folder = Path(folder)
    pack, model = open_pack(folder)
    golden, size = pack["golden"], pack["input"]
    x = np.fromfile(folder / golden["input"]["file"], "<f4")
    x = x.reshape(golden["samples"], 1, size["height"], size["width"])
    answers = export.run(export.session(model), x)
    worst = {}
    for name, entry in golden["outputs"].items():
        expected = np.fromfile(folder / entry["file"], "<f4").reshape(golden["samples"], -1)
        worst[name] = float(np.abs(answers[pack["outputs"][name]["tensor"]] - expected).max())
    return worst
