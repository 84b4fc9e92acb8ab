"""Writes the folders of sequence packs and of the ensemble: ONNX file, golden vectors, figures, pack.toml, card."""

import datetime
import json
import math
from pathlib import Path

import numpy as np
import torch

from .. import export, golden, labels, measure, pack, picture, warp
from ..model import SIZE
from . import cards, learn, script, systems
from . import export as sequences
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


def moving_portrait(face, count):
    """(count, E) embeddings of NASA's portrait, turned and moved a little from row to row."""
    grey, rows = warp.luma(golden.portrait()), []
    for i in range(count):
        phase = 2 * math.pi * i / count
        adjust = golden.tilted(1 + 0.08 * math.sin(phase), 6 * math.cos(phase))
        rows.append(warp.align(grey, golden.PORTRAIT_POINTS, pack.template_points(), SIZE, adjust))
    crops = np.rint(np.stack(rows)).clip(0, 255).astype(np.uint8)
    return face.answer(picture.to_input(torch.from_numpy(crops)).numpy())["embedding"]


def golden_windows(design, face):
    """(4, frames, columns) windows: all rows there; some lost; the first repeated; nothing but the newest."""
    rng = np.random.default_rng(0)
    x = np.zeros((SAMPLES, design.frames, design.columns), np.float32)
    x[:, :, :design.face] = moving_portrait(face, design.frames)
    x[:, :, design.face] = 1
    x[1, 1::3, :design.face + 1] = 0
    x[2, :design.frames // 2] = x[2, design.frames // 2]
    x[3, :-1, :design.face + 1] = 0
    if design.voice:
        # What a voice pack gives is not looked into: numbers of the usual size do.
        x[:, :, design.face + 1:-1] = np.abs(rng.normal(0, 1, (SAMPLES, design.frames, design.voice)))
        x[:, :, -1] = 1
        x[1, :design.frames // 2, design.face + 1:] = 0
        x[2, :, design.face + 1:] = 0
    return x


def write_golden(folder, model, x):
    """Golden inputs and PyTorch's outputs, little-endian f32, samples one after the other."""
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    for name, values in {"input": x, **sequences.answers(model, x)}.items():
        values.astype("<f4").tofile(folder / "golden" / f"{name}.f32")


def check(folder):
    """Largest difference between ONNX Runtime and the golden outputs of a sequence pack, by output."""
    folder = Path(folder)
    manifest, model = measure.open_pack(folder)
    window, samples = manifest["window"], manifest["golden"]["samples"]
    x = np.fromfile(folder / manifest["golden"]["input"]["file"], "<f4")
    answers = export.run(export.session(model), x.reshape(samples, window["frames"], window["columns"]))
    worst = {}
    for name, entry in manifest["golden"]["outputs"].items():
        expected = np.fromfile(folder / entry["file"], "<f4").reshape(samples, -1)
        worst[name] = float(np.abs(answers[name] - expected).max())
    return worst


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


def manifest(folder, recipe, design, plan, temperature, face, voice, figures, date):
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


def today():
    """The date, as cards write it."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def build(recipe, checkpoint, out, face, voice, figures, date):
    """Write the pack of a trained ``recipe`` to ``out``. ``figures``: what ``cards`` needs; its row named after the pack is the pack's."""
    model, state = learn.load(checkpoint)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    scratch = checkpoint.with_suffix(".f32.onnx")
    sequences.write_f32(model, scratch)
    export.write_int8(scratch, out / f"{recipe.name}.int8w.onnx")
    design = model.design
    write_golden(out, sequences.with_quantised_weights(model), golden_windows(design, face))
    sizes = {"parameters": sum(p.numel() for p in model.parameters()),
             "bytes": (out / f"{recipe.name}.int8w.onnx").stat().st_size}
    measure.save(out, {**figures, **sizes, "design": design.to_dict(), "plan": state["plan"],
                       "temperature": state["temperature"], "date": date})
    figures = json.loads((out / measure.FIGURES).read_text())
    own = dict(figures["rows"])[recipe.name]
    read = (voice.name, voice.version) if voice else None
    (out / "pack.toml").write_text(manifest(out, recipe, design, state["plan"], state["temperature"],
                                            (face.name, face.version), read, own, date))
    (out / "CARD.md").write_text(cards.text(recipe.name, recipe.about, figures))
    worst = check(out)
    if not max(worst.values()) < TOLERANCE:
        raise measure.PackError(f"{out}: the ONNX file is off the golden vectors by {worst}")
    return worst


def build_ensemble(out, members, figures, date):
    """Write the ensemble of ``members`` (name, version, weight); one without weight is left out."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    measure.save(out, {**figures, "members": members, "date": date})
    figures = json.loads((out / measure.FIGURES).read_text())
    lines = _head(systems.ENSEMBLE, "ensemble", "What a frame model and two sequence models say of the same moment, averaged by weight.", False)
    for name, version, weight in members:
        lines += ["[[member]]", f"pack = {_text(name)}", f"version = {_text(version)}", f"weight = {weight}", ""]
    lines += _data(False) + _measured(systems.ENSEMBLE, dict(figures["rows"])[systems.ENSEMBLE], date)
    (out / "pack.toml").write_text("\n".join(lines).rstrip() + "\n")
    (out / "CARD.md").write_text(cards.text(systems.ENSEMBLE, "spatial-temporal", figures))
