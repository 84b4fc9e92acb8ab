"""Writes the pack folder: ONNX file, golden vectors, figures, pack.toml, card."""

import datetime
import json
import logging
import math
import tomllib
from pathlib import Path

import numpy as np

from . import calibrate, card, export, golden, labels, measure, static, template, train
from .model import EMBEDDING, SIZE

log = logging.getLogger(__name__)

NAME = "mtanet"
VERSION = "0.1.0"
WEIGHT_ONLY, STATIC = f"{NAME}.int8w.onnx", f"{NAME}.int8s.onnx"
TOLERANCE = 1e-3
# Integer arithmetic rounds, and not on every processor alike: so much more than was seen is let pass.
SLACK = 2
SUMMARY = "Expression (8), {} of an aligned grey face, small enough for every frame on an ARM board."
WHY_NOT_COMMERCIAL = (
    "Trained on FER2013 pictures, which were collected from the web without the consent of those "
    "shown; their use is customary for research only."
)
ALIGNMENT = Path(__file__).with_name("alignment.toml")


def alignment():
    """The measured template: point name -> (x, y) as fractions of the input."""
    return tomllib.loads(ALIGNMENT.read_text())["points"]


def template_points():
    """The same as (4, 2) in the order of ``template.POINTS``."""
    points = alignment()
    return np.array([points[name] for name in template.POINTS])


def _text(value):
    """A TOML value; JSON's strings, numbers and lists are also TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _file(folder, name):
    return f"file = {_text(name)}\nsha256 = {_text(measure.sha256(folder / name))}\n"


def outputs_of(plan):
    """The outputs that were trained for: the others are in the file, and nobody reads them."""
    return [name for name in export.OUTPUTS if name != "action_units" or plan.get("unit_weight", 0) > 0]


def write_golden(folder, model, outputs, given=export.OUTPUTS):
    """Golden inputs and outputs (little-endian f32, samples one after the other); ``given``: what the model gives."""
    (folder / "golden").mkdir(exist_ok=True)
    x = golden.inputs(template_points())
    answers = golden.outputs(model, x, given)
    for name, values in {"input": x, **{name: answers[name] for name in outputs}}.items():
        values.astype("<f4").tofile(folder / "golden" / f"{name}.f32")
    return len(x)


def golden_difference(folder, model, outputs):
    """The largest difference of a file's outputs, in ONNX Runtime, from the golden ones in ``folder``."""
    x = np.fromfile(folder / "golden" / "input.f32", "<f4").reshape(-1, 1, SIZE, SIZE)
    answers = export.run(export.session(model), x)
    return max(float(np.abs(answers[name].ravel() - np.fromfile(folder / "golden" / f"{name}.f32", "<f4")).max())
               for name in outputs)


def frame_lines(name, version, summary, points, outputs):
    """The first lines of a frame pack's manifest; ``outputs``: name -> keys beside ``tensor``."""
    lines = [
        "# Written by models/lab; change the recipe, not this file.",
        "schema = 1", f"name = {_text(name)}", f"version = {_text(version)}", 'kind = "frame"',
        f"summary = {_text(summary)}", "",
        "[licence]", 'weights = "CC-BY-NC-4.0"', "commercial_use = false",
        f"note = {_text(WHY_NOT_COMMERCIAL)}", "",
        "[input]", f"width = {SIZE}", f"height = {SIZE}", 'channels = "grey"',
        "scale = 0.00784313725", "offset = -1.0", "",
        "[align]", *(f"{name} = {_text([round(v, 4) for v in xy])}" for name, xy in points.items()), "",
    ]
    for output, keys in outputs.items():
        lines += [f"[outputs.{output}]", f"tensor = {_text(output)}", *(f"{key} = {_text(value)}" for key, value in keys.items()), ""]
    return lines


def variant_lines(folder, engine, file, precision="int8-weight-only"):
    """One [[variant]]."""
    return ["[[variant]]", f"engine = {_text(engine)}", _file(folder, file) + f"precision = {_text(precision)}", ""]


def golden_lines(folder, samples, outputs):
    """[golden] and the files below it."""
    lines = ["[golden]", f"samples = {samples}", f"tolerance = {TOLERANCE}", "",
             "[golden.input]", _file(folder, "golden/input.f32")]
    for name in outputs:
        lines += [f"[golden.outputs.{name}]", _file(folder, f"golden/{name}.f32")]
    return lines


def data_lines():
    """[[data]] of whatever learns from FER+ and the photographs."""
    return ["[[data]]", 'name = "FER2013 pictures (Kaggle, 2013)"',
            'licence = "none stated; collected from the web, customary for research only"', "",
            "[[data]]", 'name = "FER+ votes (Microsoft)"', 'licence = "MIT"', "",
            "[[data]]", 'name = "press photographs and film stills (LFW-like), one emotion label each"',
            'licence = "repository Apache-2.0; the pictures are others\'"', ""]


def measured_lines(rows, command, date):
    """A [[measured]] for each (what, value, on)."""
    lines = []
    for what, value, on in rows:
        lines += ["[[measured]]", f"what = {_text(what)}", f"value = {round(value, 4)}",
                  f"on = {_text(on)}", f"command = {_text(command)}", f"date = {_text(date)}", ""]
    return lines


def manifest(folder, points, samples, temperature, tolerance, outputs=export.OUTPUTS, figures=None, date=None):
    """The text of pack.toml; ``tolerance``: the static file's; ``figures`` adds the [[measured]] entries and what the plan changes."""
    plan = figures["training"]["plan"] if figures else {}
    summary = SUMMARY.format("valence, arousal and action units (12)" if "action_units" in outputs
                             else "valence and arousal")
    lines = frame_lines(NAME, VERSION, summary, points, {
        "expression": {"labels": labels.expressions_of(plan), "temperature": temperature}, "valence_arousal": {},
        **({"action_units": {"labels": labels.UNITS}} if "action_units" in outputs else {}),
        "embedding": {"size": EMBEDDING}})
    lines += variant_lines(folder, "tract", WEIGHT_ONLY)
    lines += ["[[variant]]", 'engine = "ort"', _file(folder, STATIC) + 'precision = "int8-static"',
              f"tolerance = {tolerance}", ""]
    lines += variant_lines(folder, "ort", WEIGHT_ONLY)
    lines += golden_lines(folder, samples, outputs) + data_lines()
    if plan.get("frames"):
        lines += ["[[data]]", 'name = "Aff-Wild2, training part, cropped and aligned"',
                  'licence = "its own, for non-commercial research only"', ""]
    lines += measured_lines(card.measured(figures) if figures else (), card.MEASURE, date)
    return "\n".join(lines).rstrip() + "\n"


def build(run, data_folder, out, damage=True):
    """Make the pack in ``out`` from a trained ``run``; returns its figures."""
    run, out = Path(run), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    model, state = train.load_checkpoint(run / "last.pt")
    tuned, points = calibrate.Calibration.load(run), alignment()
    plain = export.folded(model, tuned.offset)
    log.info("exporting the average of %d epochs", state["epoch"])
    export.write_f32(plain, run / f"{NAME}.f32.onnx")
    count = export.write_int8(run / f"{NAME}.f32.onnx", out / WEIGHT_ONLY)
    log.info("%d weight tensors are int8 now", count)
    outputs = outputs_of(state["plan"])
    samples = write_golden(out, export.with_quantised_weights(plain), outputs)
    static.write(run / f"{NAME}.f32.onnx", out / STATIC, static.calibration_set(data_folder))
    tolerance = math.ceil(100 * SLACK * golden_difference(out, out / STATIC, outputs)) / 100

    figures = measure.measure(out / WEIGHT_ONLY, data_folder, "valid", tuned.temperature,
                              damage, run / f"{NAME}.f32.onnx")
    figures["training"] = {"plan": state["plan"], "shape": state["shape"], "epoch": state["epoch"],
                           "tau": tuned.tau, "temperature": tuned.temperature,
                           "bytes": (out / WEIGHT_ONLY).stat().st_size,
                           **card.size_of(model)}
    measure.save(out, figures)
    figures = json.loads((out / measure.FIGURES).read_text())
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    (out / "pack.toml").write_text(manifest(out, points, samples, tuned.temperature, tolerance, outputs, figures, today))
    (out / "CARD.md").write_text(card.text(figures, today))
    worst = measure.check_golden(out)
    if not max(worst.values()) < TOLERANCE:
        raise measure.PackError(f"the ONNX file is off the golden vectors by {worst}")
    log.info("golden vectors agree within %.1e", np.max(list(worst.values())))
    return figures


def precisions(run, folder):
    """Precision -> ONNX file: the f32 file that the command ``pack`` left in the ``run``, and those of the pack."""
    return {"f32": Path(run) / f"{NAME}.f32.onnx", "int8-weight-only": Path(folder) / WEIGHT_ONLY,
            "int8-static": Path(folder) / STATIC}


def add_figures(folder, name, result):
    """Keep ``result`` as figure ``name`` of a finished pack and write its card anew."""
    folder = Path(folder)
    figures = json.loads((folder / measure.FIGURES).read_text())
    measure.save(folder, {**figures, name: result})
    manifest_, _ = measure.open_pack(folder)
    figures = json.loads((folder / measure.FIGURES).read_text())
    (folder / "CARD.md").write_text(card.text(figures, manifest_["measured"][0]["date"]))
