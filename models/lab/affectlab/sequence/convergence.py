"""Liu et al. (2024), temporal convergence module: which body, how many rows, and which tasks trained together.

Features of the frozen frame pack go through a leaky ReLU and then through a
Transformer without positions, a causal LSTM or a TCN; every row is judged in
training, and the newest one's answer is what the daemon gets. ``seq_len`` is
how many rows a sample has, ``win_len`` how far samples are apart. What is
tried is tried on composed sequences held out for tuning; the pack is then
trained with compound expressions, by the published curriculum.
"""

import dataclasses
import json
import logging
from pathlib import Path

import numpy as np

from . import figures, learn, packs, systems, work
from .windows import Windows

log = logging.getLogger(__name__)

RECIPE = systems.PROGRESSIVE
# Samples of 30 rows lie ten apart instead of the published thirty: composed sequences have sixty.
TRIED = (("none", 1, 1), ("transformer", 5, 5), ("lstm", 5, 5), ("tcn", 5, 5), ("transformer", 30, 10), ("lstm", 30, 10),
         ("tcn", 30, 10))
JOINT = (("expression",), ("valence_arousal",), ("action_units",), ("expression", "valence_arousal"),
         ("expression", "action_units"), ("valence_arousal", "action_units"),
         ("expression", "valence_arousal", "action_units"))
# Held-out sequences that the comparisons are made on.
TRIED_ON = 150
# Short trainings: what is tried is only compared with the rest that is tried.
TRIAL = {"epochs": 4, "steps": 60, "curriculum": False, "mixup": 0.0}


def tried(held, watch, model):
    """Figures of a model on held-out composed sequences, for the tasks it has."""
    said = figures.tell(figures.by_model(model), model.design, watch)
    probability = figures.softmax(said["expression"]) if "expression" in said else figures.by_frame(held)[0]
    units = figures.sigmoid(said["action_units"]) if "action_units" in said else None
    found = figures.judge(held, probability, said.get("valence_arousal"), units)
    if "expression" not in said:
        found = {key: value for key, value in found.items() if key not in ("accuracy", "macro_f1", "flips")}
    return found


def _trial(cut, face, body, rows, hop, tasks):
    design = dataclasses.replace(RECIPE.form(face.size), body=body, frames=rows, tasks=tasks)
    # As many rows a batch, however long the samples are.
    batch = max(16, RECIPE.plan.batch * RECIPE.design.frames // rows)
    plan = dataclasses.replace(RECIPE.plan, hop=hop, batch=batch, **TRIAL)
    return learn.fit(cut, design, plan)


def compare(cut, held, watch, face):
    """Rows of both tables: (body, seq_len, win_len, figures) and (tasks, figures)."""
    modules = [(f"none ({face.name}'s own heads)", 1, 1, figures.judge(held, *figures.by_frame(held)))]
    for body, rows, hop in TRIED:
        log.info("trying %s over %d rows", body, rows)
        modules.append((body, rows, hop, tried(held, watch, _trial(cut, face, body, rows, hop, systems.ALL_TASKS))))
    joint = []
    for tasks in JOINT:
        log.info("trying %s together", ", ".join(tasks))
        joint.append((tasks, tried(held, watch, _trial(cut, face, RECIPE.design.body, 5, 5, tasks))))
    return modules, joint


def train(options):
    """Compare bodies, lengths and tasks, then train the pack's network; yields what was written."""
    face = work.face_of(options, RECIPE)
    cut, held = Windows.of(work.load(options.run, face, "fit")), work.load(options.run, face, "holdout")
    watch = Windows.of(held)
    path = Path(options.run) / f"{RECIPE.name}-tried.json"
    few = held.first(TRIED_ON)
    modules, joint = compare(cut, few, Windows.of(few), face)
    path.write_text(json.dumps({"modules": modules, "joint": joint}, indent=1) + "\n")
    yield path
    model = learn.fit(cut, RECIPE.form(face.size), RECIPE.plan)
    yield work.keep(options.run, RECIPE.name, model, RECIPE.plan, held, watch)


def compound_figures(found, said):
    """How well the two emotions of compounds are told in rows that show one: share of both found, and of either.

    ``said``: (N, T, 6) logits. The two largest of six are what is said; guessing finds both once in fifteen.
    """
    rows = found.pair.any(2) & (found.row >= 0)
    largest = np.argsort(-said[rows], axis=1)[:, :2]
    right = np.take_along_axis(found.pair[rows], largest, axis=1).sum(1)
    count = int(rows.sum())
    return {"n": count, "both": float((right == 2).sum() / max(1, count)), "one": float((right >= 1).sum() / max(1, count))}


def _rows(options, face, reader):
    found = work.load(options.run, face, "valid")
    cut = Windows.of(found)
    rows = work.rows(found, work.beside(found, face, [reader]))
    said = figures.tell(reader.ask, reader.design, cut)
    return rows, compound_figures(found, said["compound"]), work.on_clips(options.clips, face, options.detector, [reader])


def _cells(row):
    return tuple(f"{row[key]:.3f}" if key in row else "–" for key in ("accuracy", "macro_f1", "ccc_valence", "ccc_arousal", "unit_f1", "flips"))


def _tables(path, compound):
    kept = json.loads(path.read_text())
    head = ("accuracy", "macro F1", "CCC valence", "CCC arousal", "AU F1", "flips a second")
    modules = [(body, rows, hop, *_cells(row)) for body, rows, hop, row in kept["modules"]]
    joint = [(" + ".join(tasks), *_cells(row)) for tasks, row in kept["joint"]]
    short = "Short trainings on composed sequences, measured on the held-out tuning part; the newest row is judged."
    note = ("Rows of the measured sequences that show a picture to which at least three of ten raters gave one emotion and at least "
            "three another. The two largest of six sigmoids are what is said; guessing finds both once in fifteen.")
    return [("The temporal module: which body, how many rows", short, ("body", "seq_len", "win_len", *head), modules),
            ("Which tasks are trained together", f"{short} Body of the pack, five rows.", ("tasks", *head), joint),
            ("Compound expressions", note, ("rows", "both emotions found", "at least one found"),
             [(compound["n"], f"{compound['both']:.3f}", f"{compound['one']:.3f}")])]


def pack(options):
    """Write the pack with its figures; returns rows and clips' figures."""
    face, path = work.face_of(options, RECIPE), work.checkpoint(options.run, RECIPE.name)
    rows, compound, seen = _rows(options, face, work.Reader.of_checkpoint(RECIPE.name, path))
    tables = _tables(Path(options.run) / f"{RECIPE.name}-tried.json", compound)
    kept = {"trained_on": work.count(options.run, face), "rows": rows, "clips": seen, "compound": compound, "tables": tables}
    packs.build(RECIPE, path, Path(options.models) / RECIPE.name, face, None, kept, packs.today())
    return rows, seen


def measured(options):
    """The same figures of the pack that is there, from its ONNX file."""
    face = work.face_read_by(options, RECIPE)
    rows, compound, seen = _rows(options, face, work.Reader.of_pack(Path(options.models) / RECIPE.name))
    log.info("compound expressions: %s", compound)
    return rows, seen
