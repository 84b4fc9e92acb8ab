"""How the pack does on photographs of people it was not trained on: detect, align, ask.

The photographs of ``photographs`` whose people are held out of training; they
go the way the daemon's frames go. Their labels are one opinion, not a vote.
"""

import numpy as np
import torch

from . import evaluate, export, measure, photographs, picture
from .labels import EXPRESSIONS


def first_of_each(label, most):
    """Positions of the first ``most`` of each label, in order."""
    return np.sort(np.concatenate([np.flatnonzero(label == kind)[:most] for kind in np.unique(label)]))


def run(folder, pack_folder, detector, most=300):
    """Figures on at most ``most`` photographs of each label, as a dictionary."""
    pack, model = measure.open_pack(pack_folder)
    found, missed = photographs.held_out(folder, detector, pack)
    rows = first_of_each(found.label, most)
    x = picture.to_input(torch.from_numpy(found.images[rows]))
    logits = export.run(export.session(model), x.numpy())["expression"]
    table = evaluate.confusion(found.label[rows], logits.argmax(1))
    recall = {name: float(row[i] / row.sum()) for i, (name, row) in enumerate(zip(EXPRESSIONS, table))
              if row.sum()}
    return {
        "n": len(rows),
        "missed": missed,
        "accuracy": float(table.diagonal().sum() / table.sum()),
        "mean_recall": sum(recall.values()) / len(recall),
        "recall": recall,
        "count": {name: int(row.sum()) for name, row in zip(EXPRESSIONS, table)},
        "confusion": table.tolist(),
    }
