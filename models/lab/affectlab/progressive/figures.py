"""All figures of a finished pack by one command: the ONNX file itself, by the lab's own measures.

FER+ validation split (expressions, agreement with the pseudo-labels of valence
and arousal, compound expressions), and with a detector and the landmarker's
file also action units and photographs of people held out. Each figure says
the same as that of ``mtanet`` by the same name.
"""

import logging
import tempfile
from pathlib import Path

import numpy as np
import torch

from .. import agreement, calibrate, data, evaluate, export, measure, variants, wild
from ..labels import EXPRESSIONS
from ..picture import to_input
from . import compound, fusion, packs, vit

log = logging.getLogger(__name__)

# Where a network has no logit for an expression: no picture of it is asked about, and it is never the guess.
NEVER = 20.0


def expressions(answers, faces, temperature):
    """Figures of the expressions and, if there are such answers, of valence and arousal.

    A network of seven expressions is measured on pictures of these seven.
    """
    logits = torch.from_numpy(answers["expression"])
    rows = faces.label < logits.shape[1]
    faces, logits = faces.take(rows), logits[rows]
    absent = EXPRESSIONS[logits.shape[1]:]
    wide = torch.cat([logits, (logits.min(1, keepdim=True).values - NEVER).expand(-1, len(absent))], 1)
    affect = torch.from_numpy(answers["valence_arousal"])[rows] if "valence_arousal" in answers else faces.va * 0
    result = evaluate.figures(wide, affect, faces)
    result["calibration_error"] = calibrate.expected_error(logits, faces.label, temperature)
    for name in absent:
        del result["recall"][name], result["count"][name]
    if "valence_arousal" not in answers:
        del result["ccc_valence"], result["ccc_arousal"]
    if absent:
        # Its targets have shares for expressions that this network does not know.
        del result["cross_entropy"]
    return result


def run(folder, pack_folder, part="valid", landmarks=None, detector=None, reference=None):
    """Figures of the pack in ``pack_folder``, as a dictionary; those that need files which are not given are absent."""
    pack, model = measure.open_pack(pack_folder)
    session, faces = export.session(model), data.load(folder, part)
    answers = export.run(session, to_input(faces.images).numpy())
    if not all(np.isfinite(values).all() for values in answers.values()):
        raise measure.PackError(f"{model} gives answers that are not finite")
    result = {"part": part, **expressions(answers, faces, pack["outputs"]["expression"]["temperature"])}
    if "compound" in answers:
        result["compound"] = compound.figures(answers["compound"], folder, part)
    if reference and Path(reference).is_file():
        full = export.run(export.session(reference), to_input(faces.images).numpy())
        same = full["expression"].argmax(1) == answers["expression"].argmax(1)
        result["f32"] = {"same_label": float(same.mean()), "largest_difference": {
            name: float(np.abs(full[name] - values).max()) for name, values in answers.items()}}
    if detector and part == "valid":
        log.info("photographs of people held out")
        result["wild"] = wild.run(folder, pack_folder, detector)
        if landmarks:
            log.info("action units")
            result["units"] = agreement.run(folder, pack_folder, landmarks, detector)
    return result


def times(affectd, pack_folder):
    """Rows for the card: what the pack costs in tract and, beside it, the published way of sharing nothing and no fusion.

    What is beside it has random weights: they take as long.
    """
    kind = packs.kind_of(pack_folder)
    facts, own = packs.read(pack_folder)["training"], Path(pack_folder) / kind.file()
    with tempfile.TemporaryDirectory() as folder:
        files = {"this pack": (own, facts["macs"])}
        if kind is packs.PROGRESSIVE:
            shape = vit.Shape.from_dict(facts["shape"])
            for what, singles, shared in (("nothing shared, as published", 3, 0), ("no fusion: the trunk alone", 0, facts["shared"])):
                plain = Path(folder) / f"{singles}.onnx"
                export.write_f32(fusion.blank(shape, singles, shared).eval(), plain, fusion.OUTPUTS)
                export.write_int8(plain, plain.with_suffix(".int8w.onnx"))
                files[what] = plain.with_suffix(".int8w.onnx"), fusion.cost(shape, shared, singles)["macs"]
        took = variants.times(affectd, pack_folder, {str(place): file for place, (file, _) in enumerate(files.values())})
        return [{"what": what, "macs": macs, "bytes": file.stat().st_size, "ms": took[str(place), "tract"]}
                for place, (what, (file, macs)) in enumerate(files.items())]


def keep(pack_folder, found):
    """Put the figures ``found`` on the validation split into the pack's figures.json, pack.toml and card."""
    packs.finish(pack_folder, {**packs.read(pack_folder), **found})


def lines(found):
    """The figures as text."""
    yield (f"{found['part']}: accuracy {found['accuracy']:.4f} macro recall {found['mean_recall']:.4f} n {found['n']}, "
           f"calibration error {found['calibration_error']:.4f}")
    yield " ".join(f"{name} {value:.3f}" for name, value in found["recall"].items())
    if "ccc_valence" in found:
        yield f"CCC with pseudo-labels: valence {found['ccc_valence']:.3f} arousal {found['ccc_arousal']:.3f}"
    if "compound" in found:
        yield compounds(found["compound"])
    if "wild" in found:
        four = found["wild"]["four"]
        yield (f"photographs: accuracy {found['wild']['accuracy']:.4f} n {found['wild']['n']}; of four expressions "
               f"accuracy {four['accuracy']:.4f} macro F1 {four['macro_f1']:.4f} n {four['n']}")
    for part, units in found.get("units", {}).items():
        yield (f"action units, {part} (n {units['n']}): area by shapes {units['mean']['landmarker']:.3f}, by emotions "
               f"{units['mean']['emotions']:.3f}, by the better witness {units['mean']['better']:.3f}")


def compounds(found):
    """One line about compound expressions."""
    by = ", ".join(f"{name} {found[name]['macro_f1']:.3f}" for name in ("sum", "geometric mean"))
    return (f"compound expressions (n {found['n']}, {len(found['count'])} classes), macro F1: {by}, "
            f"always the commonest {found['constant']:.3f}")
