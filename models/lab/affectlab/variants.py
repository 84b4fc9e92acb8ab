"""The same network in every precision: what each weighs, loses, and costs in each engine.

The times are the daemon's own: a scratch copy of the pack names every file for
every engine, and ``affectd model verify`` runs them on one thread.
"""

import json
import logging
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from . import action_units, agreement, data, evaluate, export, measure
from .picture import to_input

log = logging.getLogger(__name__)

ENGINES = ("tract", "ort")

# A scratch pack is there to be timed: how far the precisions are apart is in the table.
ANY_DIFFERENCE = 1e3


def tasks(path, faces):
    """Figures of one ONNX file per task, on ``faces``."""
    answers = export.run(export.session(path), to_input(faces.images).numpy())
    result = evaluate.figures(torch.from_numpy(answers["expression"]), torch.from_numpy(answers["valence_arousal"]), faces)
    label = faces.label.numpy()
    units = [agreement.by_emotions(answers["action_units"][:, place], label, unit)
             for place, unit in enumerate(action_units.UNITS)]
    kept = ("accuracy", "mean_recall", "ccc_valence", "ccc_arousal")
    return {**{name: result[name] for name in kept},
            "units": float(np.mean([area for area in units if area is not None])), "n": len(faces)}


def _scratch_pack(folder, pack_folder, files):
    """A copy of the pack in which each of the ``files`` (precision -> ONNX file) is there for each engine."""
    copy = Path(folder) / Path(pack_folder).name
    shutil.copytree(pack_folder, copy)
    head, _, rest = (copy / "pack.toml").read_text().partition("[[variant]]")
    variants = []
    for precision, file in files.items():
        shutil.copy(file, copy / f"{precision}.onnx")
        for engine in ENGINES:
            variants.append("\n".join([
                "[[variant]]", f'engine = "{engine}"', f'file = "{precision}.onnx"',
                f'sha256 = "{measure.sha256(file)}"', f'precision = "{precision}"', f"tolerance = {ANY_DIFFERENCE}", ""]))
    (copy / "pack.toml").write_text(head + "\n".join(variants) + "\n[golden]" + rest.partition("[golden]")[2])


def verified(affectd, models, *names):
    """What ``affectd model verify --json`` says of the packs of those ``names``, or of all, in the folder ``models``."""
    command = [str(affectd), "model", "verify", "--json", "--models", str(models), *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise measure.PackError(f"{affectd} does not run ({error}): build it with 'make', or name it with --affectd") from error
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise measure.PackError(f"'{' '.join(command)}' failed: {done.stderr.strip()}") from error


def times(affectd, pack_folder, files):
    """(precision, engine) -> milliseconds of the fastest run, for the engines this ``affectd`` has here."""
    with tempfile.TemporaryDirectory() as folder:
        _scratch_pack(folder, pack_folder, files)
        rows = verified(affectd, folder)
    return {(row["precision"], row["engine"]): row["run_ms"] for row in rows if row["run_ms"] is not None}


def run(folder, affectd, pack_folder, files):
    """Rows of the table, one for each of ``files`` (precision -> ONNX file)."""
    faces = data.load(folder, "valid")
    took = times(affectd, pack_folder, files)
    if not took:
        raise measure.PackError(f"{affectd} ran none of the variants: see 'affectd model verify'")
    rows = []
    for precision, file in files.items():
        log.info("measuring %s", precision)
        spent = {engine: took[precision, engine] for engine in ENGINES if (precision, engine) in took}
        rows.append({"precision": precision, "bytes": Path(file).stat().st_size, "ms": spent, **tasks(file, faces)})
    return rows
