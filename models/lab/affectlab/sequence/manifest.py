"""The text of pack.toml for sequence packs and for ensembles of them."""

import json

from .. import labels, measure
from . import script, systems
from .stills import EMOTIONS

TOLERANCE = 1e-3
SAMPLES = 4
MEASURE = "python -m affectlab sequence measure {}"
WHY_NOT_COMMERCIAL = (
    "Trained on sequences composed from FER2013 pictures, which were collected from the web without the consent of those "
    "shown; their use is customary for research only."
)
WHY_NOT_COMMERCIAL_EITHER = " The speech of RAVDESS is under CC BY-NC-SA 4.0."
LABELS = {"expression": labels.EXPRESSIONS, "action_units": labels.UNITS, "compound": EMOTIONS}


def _text(value):
    """A TOML value; JSON's strings, numbers and lists are also TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _file(folder, name):
    return f"file = {_text(name)}\nsha256 = {_text(measure.sha256(folder / name))}\n"


def _head(name, kind, summary, hears):
    return ["# Written by models/lab; change the recipe, not this file.",
            "schema = 1", f"name = {_text(name)}", f"version = {_text(systems.VERSION)}", f"kind = {_text(kind)}",
            f"summary = {_text(summary)}", "", "[licence]",
            f"weights = {_text('CC-BY-NC-SA-4.0' if hears else 'CC-BY-NC-4.0')}", "commercial_use = false",
            f"note = {_text(WHY_NOT_COMMERCIAL + (WHY_NOT_COMMERCIAL_EITHER if hears else ''))}", ""]


def _data(hears):
    entries = [("FER2013 pictures (Kaggle, 2013), composed into sequences",
                "none stated; collected from the web, customary for research only"),
               ("FER+ votes (Microsoft)", "MIT"),
               ("press photographs and film stills (LFW-like), one emotion label each, composed into sequences",
                "repository Apache-2.0; the pictures are others'")]
    if hears:
        entries.append(("RAVDESS speech, paired with faces of the same emotion", "CC BY-NC-SA 4.0"))
    return [line for name, licence in entries
            for line in ("[[data]]", f"name = {_text(name)}", f"licence = {_text(licence)}", "")]


def _measured(system, figures, date):
    on = (f"{figures['sequences']} sequences composed from held-out still pictures, {figures['n']} rows with a face; "
          "not video")
    named = (("accuracy", "accuracy, 8 expressions"), ("macro_f1", "macro F1, 8 expressions"),
             ("ccc_valence", "concordance (CCC), valence pseudo-label"),
             ("ccc_arousal", "concordance (CCC), arousal pseudo-label"),
             ("unit_f1", "mean F1, 12 action units, pseudo-labels"), ("flips", "label flips a second"))
    return [line for key, what in named if key in figures
            for line in ("[[measured]]", f"what = {_text(what)}", f"value = {round(figures[key], 4)}", f"on = {_text(on)}",
                         f"command = {_text(MEASURE.format(system))}", f"date = {_text(date)}", "")]


def of_sequence(folder, recipe, design, plan, temperature, face, voice, figures, date):
    """The text of a sequence pack's pack.toml. ``face`` and ``voice``: (name, version); ``voice`` may be none."""
    step = script.STEP
    lines = _head(recipe.name, "sequence", recipe.summary, bool(voice))
    lines += ["[window]", f"frames = {design.frames}", f"columns = {design.columns}",
              f"seconds = {round(design.frames * step, 3)}", "hop_frames = 1", f"hop_seconds = {step}",
              f"predicts = {_text(design.predicts)}", ""]
    for part, read, size in (("face", face, design.face), ("voice", voice, design.voice)):
        if read:
            lines += [f"[reads.{part}]", f"pack = {_text(read[0])}", f"version = {_text(read[1])}", f"embedding = {size}", ""]
    for task in design.tasks:
        lines += [f"[outputs.{task}]", f"tensor = {_text(task)}"]
        if task in LABELS:
            lines.append(f"labels = {_text(list(LABELS[task]))}")
        if task == "expression":
            lines.append(f"temperature = {temperature}")
        lines.append("")
    file = f"{recipe.name}.int8w.onnx"
    for engine in ("tract", "ort"):
        lines += ["[[variant]]", f"engine = {_text(engine)}", _file(folder, file) + 'precision = "int8-weight-only"', ""]
    lines += ["[golden]", f"samples = {SAMPLES}", f"tolerance = {TOLERANCE}", "",
              "[golden.input]", _file(folder, "golden/input.f32")]
    for task in design.tasks:
        lines += [f"[golden.outputs.{task}]", _file(folder, f"golden/{task}.f32")]
    lines += _data(bool(voice)) + _measured(recipe.about, figures, date)
    return "\n".join(lines).rstrip() + "\n"


def of_ensemble(members, figures, date):
    """The text of an ensemble's pack.toml. ``members``: (name, version, weight)."""
    summary = "What a frame model and two sequence models say of the same moment, averaged by weight."
    lines = _head(systems.ENSEMBLE, "ensemble", summary, False)
    for name, version, weight in members:
        lines += ["[[member]]", f"pack = {_text(name)}", f"version = {_text(version)}", f"weight = {weight}", ""]
    lines += _data(False) + _measured(systems.ENSEMBLE, figures, date)
    return "\n".join(lines).rstrip() + "\n"
