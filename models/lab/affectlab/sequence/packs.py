"""Writes the folders of sequence packs and of the ensemble: ONNX file, golden vectors, figures, pack.toml, card."""

import datetime
import json
import math
from pathlib import Path

import numpy as np
import torch

from .. import export, golden, measure, pack, picture, warp
from ..model import SIZE
from . import cards, learn, manifest, systems
from . import export as sequences
from .manifest import SAMPLES, TOLERANCE


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
    told, model = measure.open_pack(folder)
    window, samples = told["window"], told["golden"]["samples"]
    x = np.fromfile(folder / told["golden"]["input"]["file"], "<f4")
    answers = export.run(export.session(model), x.reshape(samples, window["frames"], window["columns"]))
    worst = {}
    for name, entry in told["golden"]["outputs"].items():
        expected = np.fromfile(folder / entry["file"], "<f4").reshape(samples, -1)
        worst[name] = float(np.abs(answers[name] - expected).max())
    return worst


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
    (out / "pack.toml").write_text(manifest.of_sequence(out, recipe, design, state["plan"], state["temperature"],
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
    own = dict(figures["rows"])[systems.ENSEMBLE]
    (out / "pack.toml").write_text(manifest.of_ensemble(members, own, date))
    (out / "CARD.md").write_text(cards.text(systems.ENSEMBLE, "spatial-temporal", figures))
