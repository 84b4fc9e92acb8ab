"""How the pack does on photographs of people it was not trained on: detect, align, ask.

The photographs of ``photographs`` whose people are held out of training; they
go the way the daemon's frames go. Their labels are one opinion, not a vote.
"""

import numpy as np
import torch

from . import evaluate, export, measure, photographs, picture
from .labels import EXPRESSIONS

# The labels that are neither noisy nor next to absent in such sets.
FOUR = ("neutral", "happiness", "surprise", "anger")


def first_of_each(label, most):
    """Positions of the first ``most`` of each label, in order."""
    return np.sort(np.concatenate([np.flatnonzero(label == kind)[:most] for kind in np.unique(label)]))


def of_four(label, logits):
    """How well the most likely of ``FOUR`` is told, on all pictures labelled with one of them: accuracy, macro F1, n."""
    columns = [EXPRESSIONS.index(name) for name in FOUR]
    rows = np.isin(label, columns)
    guess = np.array(columns)[logits[rows][:, columns].argmax(1)]
    table = evaluate.confusion(label[rows], guess)[np.ix_(columns, columns)]
    hit, both = table.diagonal(), table.sum(0) + table.sum(1)
    return {"n": int(rows.sum()), "accuracy": float(hit.sum() / table.sum()),
            "macro_f1": float(np.mean(2 * hit / np.maximum(both, 1)))}


def run(folder, pack_folder, detector, most=300):
    """Figures on at most ``most`` photographs of each label, as a dictionary."""
    pack, model = measure.open_pack(pack_folder)
    found, missed = photographs.held_out(folder, detector, pack)
    rows = first_of_each(found.label, most)
    x = picture.to_input(torch.from_numpy(found.images))
    logits = export.run(export.session(model), x.numpy())["expression"]
    table = evaluate.confusion(found.label[rows], logits[rows].argmax(1))
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
        "four": of_four(found.label, logits),
    }
