"""The pack folders of both systems: ONNX file, golden vectors, pack.toml, figures, card.

Each is made in two steps, so that a pack exists before all of its figures do:
``build`` exports a trained network, ``finish`` (after ``measure``) writes the
manifest's figures and the card anew. Everything a pack has in common with
``mtanet`` is done by ``pack`` and ``export``.
"""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from .. import calibrate, data, export, labels, measure, pack
from ..picture import to_input
from . import cards, compound, jin


@dataclass(frozen=True)
class Kind:
    """What tells one pack from the other; ``outputs``: in the network's order, name -> keys beside ``tensor``."""

    name: str
    version: str
    summary: str
    outputs: dict

    def file(self):
        return f"{self.name}.int8w.onnx"


PROGRESSIVE = Kind(
    "progressive-face", "0.1.0",
    "Expression (8), valence, arousal, action units (12) and compound expressions of an aligned grey face by a small "
    "vision transformer with fused single-task features (progressive learning, ABAW 2024).",
    {"expression": {"labels": labels.EXPRESSIONS}, "valence_arousal": {}, "action_units": {"labels": labels.UNITS},
     "embedding": {"size": 128}, "compound": {"labels": compound.SIX}})
JIN = Kind(
    "jin-2021-face", "0.1.0",
    "Expression (7) and action units (12) of an aligned grey face, learned by turns (static visual stage of Jin et al., ABAW 2021).",
    {"expression": {"labels": jin.SEVEN}, "action_units": {"labels": labels.UNITS}, "embedding": {"size": 128}})
KINDS = {kind.name: kind for kind in (PROGRESSIVE, JIN)}


def kind_of(folder):
    """The ``Kind`` of a pack folder, by its name."""
    name = Path(folder).resolve().name
    if name not in KINDS:
        raise measure.PackError(f"{folder} is not one of {', '.join(KINDS)}")
    return KINDS[name]


def temperature(model, folder, labels_):
    """What the logits of an ONNX file are divided by, tuned on the held-out part of the training split."""
    held = data.load(folder, "holdout")
    held = held.take(held.label < len(labels_))
    logits = export.run(export.session(model), to_input(held.images).numpy())["expression"]
    return calibrate.choose_temperature(torch.from_numpy(logits), held.label)


def build(kind, network, folder, run, out, training):
    """Export ``network`` as a pack in ``out``; ``training``: facts about the run, for the card."""
    run, out = Path(run), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    plain, given = export.folded(network), tuple(kind.outputs)
    reference = run / f"{kind.name}.f32.onnx"
    export.write_f32(plain, reference, given)
    tensors = export.write_int8(reference, out / kind.file())
    samples = pack.write_golden(out, export.with_quantised_weights(plain), given, given)
    figures = {"training": {**training, "tensors": tensors, "samples": samples, "bytes": (out / kind.file()).stat().st_size,
                            "parameters": sum(p.numel() for p in network.parameters()),
                            "temperature": temperature(out / kind.file(), folder, kind.outputs["expression"]["labels"])}}
    finish(out, figures)
    worst = measure.check_golden(out)
    if not max(worst.values()) < pack.TOLERANCE:
        raise measure.PackError(f"the ONNX file is off the golden vectors by {worst}")
    return worst


def finish(out, figures):
    """Write figures.json, pack.toml and CARD.md of a pack whose other files are there."""
    out, kind = Path(out), kind_of(out)
    measure.save(out, figures)
    figures = read(out)
    training, given = figures["training"], tuple(kind.outputs)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    outputs = {name: dict(keys) for name, keys in kind.outputs.items()}
    outputs["expression"]["temperature"] = training["temperature"]
    lines = pack.frame_lines(kind.name, kind.version, kind.summary, pack.alignment(), outputs)
    for engine in ("tract", "ort"):
        lines += pack.variant_lines(out, engine, kind.file())
    lines += pack.golden_lines(out, training["samples"], given) + pack.data_lines()
    lines += pack.measured_lines(cards.measured(figures), cards.command(kind.name), today)
    (out / "pack.toml").write_text("\n".join(lines).rstrip() + "\n")
    (out / "CARD.md").write_text(cards.text(kind, figures, today))
    licence = Path(pack.__file__).parents[2] / "mtanet" / "LICENSE"
    (out / "LICENSE").write_bytes(licence.read_bytes())


def read(out):
    """figures.json of a pack."""
    return json.loads((Path(out) / measure.FIGURES).read_text())
