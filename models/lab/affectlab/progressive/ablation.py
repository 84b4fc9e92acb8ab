"""Which tasks help each other: the pretrained transformer fine-tuned for every set of them.

The same pictures, the same order, the same number of steps; only the losses
that count differ. Few pictures and epochs, so the figures tell the sets apart
and are not those of the pack. Each picture shows half of its patches throughout.
"""

import dataclasses
import itertools
import json
import logging
from pathlib import Path

import numpy as np

from .. import action_units, agreement, data, evaluate, losses
from . import steps, tasks

log = logging.getLogger(__name__)

FILE = Path(__file__).with_name("ablation.json")
PLAN = dataclasses.replace(steps.JOINT, epochs=3, batch=16, rate=4e-4, average=0.99)
PICTURES = 3000


def sets(names=tasks.TASKS):
    """Every set of one, two and all tasks, in this order."""
    return [chosen for size in range(1, len(names) + 1) for chosen in itertools.combinations(names, size)]


def measured(answers, faces, chosen):
    """Figures of the tasks that were trained, on ``faces``: macro recall, mean CCC, and area by the emotions."""
    result = {}
    if "expression" in chosen:
        found = evaluate.figures(answers[0], answers[1], faces)
        result |= {"accuracy": found["accuracy"], "macro_recall": found["mean_recall"]}
    if "valence_arousal" in chosen:
        result["ccc"] = float(losses.ccc(answers[1], faces.va).mean())
    if "action_units" in chosen:
        scores, label = answers[2].numpy(), faces.label.numpy()
        areas = [agreement.by_emotions(scores[:, place], label, unit) for place, unit in enumerate(action_units.UNITS)]
        result["units_auc"] = float(np.mean([area for area in areas if area is not None]))
    return result


def run(folder, where, lessons, limit=None):
    """A row for each set of tasks; the table is kept for the card unless ``limit`` makes it a trial."""
    held, rows = data.load(folder, "holdout"), []
    for chosen in sets():
        name = "-".join(("ablation", *chosen))
        network = steps.joint(folder, where, lessons, PLAN, chosen, limit or PICTURES, name)
        rows.append({"tasks": list(chosen), **measured(steps.answers(network, held.images), held, chosen)})
        log.info("%s", rows[-1])
    if limit is None:
        FILE.write_text(json.dumps({"pictures": PICTURES, "epochs": PLAN.epochs, "n": len(held), "rows": rows}, indent=1) + "\n")
    return rows


def load():
    """The kept table, or ``None``."""
    return json.loads(FILE.read_text()) if FILE.is_file() else None
