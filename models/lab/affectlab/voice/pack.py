"""Writes the folder of the pack ``voice``: ONNX file, golden vectors, figures, pack.toml, card."""

import copy
import dataclasses
import datetime
import json
import logging
from pathlib import Path

import onnx
import torch
from torch import nn

from .. import export, measure as packs
from . import card, damage, features, golden, labels, measure, recipe, train
from .model import COLUMNS, EMBEDDING, FRAMES
from .windows import HOP_FRAMES

log = logging.getLogger(__name__)

NAME, VERSION = "voice", "0.1.0"
FILE = f"{NAME}.int8w.onnx"
TOLERANCE = 1e-3
SECOND_FRAMES = features.RATE // features.HOP
SUMMARY = "Expression (8, calm among them), valence and arousal of a voice, from three seconds of sound each second."
LICENCE = "CC-BY-NC-SA-4.0"
WHY_NOT_COMMERCIAL = "Trained on RAVDESS (Livingstone and Russo 2018), CC BY-NC-SA 4.0: not for commercial use, share alike."


def write_f32(model, path):
    """Export a folded model: ``input`` (1, 300, 65) and the named outputs."""
    model = copy.deepcopy(model)
    model.extra = None
    torch.onnx.export(model, (torch.from_numpy(golden.inputs()[:1]),), str(path), opset_version=export.OPSET,
                      input_names=["input"], output_names=list(golden.OUTPUTS), do_constant_folding=True, dynamo=False)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def size_of(model):
    """Parameters that are exported and multiply-accumulates of a window, for the card."""
    model = copy.deepcopy(model).eval()
    model.extra = None
    total = 0

    def count(module, _inputs, output):
        nonlocal total
        total += module.weight[0].numel() * output.numel()

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, FRAMES, COLUMNS))
    return {"parameters": sum(p.numel() for p in model.parameters()), "macs": total}


def _text(value):
    return json.dumps(value, ensure_ascii=False)


def _file(folder, name):
    return [f"file = {_text(name)}", f"sha256 = {_text(packs.sha256(folder / name))}"]


def manifest(folder, samples, temperature, figures, date):
    """The text of pack.toml."""
    lines = [
        "# Written by models/lab; change the recipe, not this file.",
        "schema = 1", f"name = {_text(NAME)}", f"version = {_text(VERSION)}", 'kind = "voice"', f"summary = {_text(SUMMARY)}", "",
        "[licence]", f"weights = {_text(LICENCE)}", "commercial_use = false", f"note = {_text(WHY_NOT_COMMERCIAL)}", "",
        "[window]", f"frames = {FRAMES}", f"columns = {COLUMNS}", f"seconds = {FRAMES / SECOND_FRAMES}",
        f"hop_frames = {HOP_FRAMES}", f"hop_seconds = {HOP_FRAMES / SECOND_FRAMES}", "",
        "[features]", f"rate_hz = {features.RATE}", f"window = {features.WINDOW}", f"hop = {features.HOP}", f"fft = {features.FFT}",
        f"bands = {features.BANDS}", f"low_hz = {features.LOW_HZ}", f"high_hz = {features.HIGH_HZ}", f"floor = {features.FLOOR}", "",
        "[outputs.expression]", 'tensor = "expression"', f"labels = {_text(list(labels.EXPRESSIONS))}", f"temperature = {temperature}", "",
        "[outputs.valence_arousal]", 'tensor = "valence_arousal"', "",
        "[outputs.embedding]", 'tensor = "embedding"', f"size = {EMBEDDING}", "",
    ]
    for engine in ("tract", "ort"):
        lines += ["[[variant]]", f"engine = {_text(engine)}", *_file(folder, FILE), 'precision = "int8-weight-only"', ""]
    lines += ["[golden]", f"samples = {samples}", f"tolerance = {TOLERANCE}", "", "[golden.input]", *_file(folder, "golden/input.f32"), ""]
    for name in golden.OUTPUTS:
        lines += [f"[golden.outputs.{name}]", *_file(folder, f"golden/{name}.f32"), ""]
    for name, licence in card.DATA:
        lines += ["[[data]]", f"name = {_text(name)}", f"licence = {_text(licence)}", ""]
    for what, value, on in card.measured(figures):
        lines += ["[[measured]]", f"what = {_text(what)}", f"value = {round(value, 4)}", f"on = {_text(on)}",
                  f"command = {_text(card.MEASURE)}", f"date = {_text(date)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def write_texts(out, temperature, figures):
    """``figures.json``, and from what it holds pack.toml and the card."""
    packs.save(out, figures)
    figures = json.loads((out / packs.FIGURES).read_text())
    samples = len(golden.inputs())
    (out / "pack.toml").write_text(manifest(out, samples, temperature, figures, today()))
    (out / "CARD.md").write_text(card.text(figures, today()))


def build(run, folder, out, damages=tuple(damage.DAMAGE)):
    """Make the pack in ``out`` from a trained ``run`` whose temperature is chosen; returns its figures."""
    run, out = Path(run), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    model, state = train.load_checkpoint(run / "last.pt")
    temperature = recipe.load_temperature(run)
    model.extra = None
    plain = export.folded(model)
    write_f32(plain, run / f"{NAME}.f32.onnx")
    log.info("%d weight tensors are int8 now", export.write_int8(run / f"{NAME}.f32.onnx", out / FILE))
    golden.write(out, export.with_quantised_weights(plain))
    worst = golden.difference(out, lambda x: export.run(export.session(out / FILE), x))
    if not max(worst.values()) < TOLERANCE:
        raise packs.PackError(f"the ONNX file is off the golden vectors by {worst}")
    figures = measure.figures(measure.runner(out / FILE), measure.held_out(folder), temperature, damages)
    full = measure.figures(measure.runner(run / f"{NAME}.f32.onnx"), measure.held_out(folder), temperature, ())
    figures["f32"] = {"mean_recall": full["mean_recall"]}
    figures["training"] = {"plan": state["plan"], "rounds": [dataclasses.asdict(plan) for plan in train.ROUNDS], "shape": state["shape"], "epoch": state["epoch"], "temperature": temperature,
                           "bytes": (out / FILE).stat().st_size, "golden_difference": max(worst.values()), **size_of(model)}
    kept = out / packs.FIGURES
    if kept.is_file():
        # Ablations are measured apart: they tell of the plan, not of these weights.
        figures.update({key: value for key, value in json.loads(kept.read_text()).items() if key == "ablations"})
    write_texts(out, temperature, figures)
    return figures


def add_figures(out, key, found):
    """Put what was measured apart into ``figures.json``, pack.toml and the card."""
    out = Path(out)
    packed, _ = packs.open_pack(out)
    figures = json.loads((out / packs.FIGURES).read_text())
    write_texts(out, packed["outputs"]["expression"]["temperature"], {**figures, key: found})
