"""The figures of a card: accuracy, recalls, confusion, valence/arousal agreement."""

import numpy as np
import torch

from . import losses
from .labels import EXPRESSIONS
from .model import SIZE
from .picture import to_input


@torch.no_grad()
def answer(model, x, batch=512):
    """Run ``model`` on (N, 1, 64, 64) inputs: logits (N, 8) and valence/arousal (N, 2)."""
    was_training = model.training
    model.eval()
    logits, affect = [], []
    for start in range(0, len(x), batch):
        expression, va, _, _ = model(x[start:start + batch])
        logits.append(expression.float())
        affect.append(va.float())
    model.train(was_training)
    return torch.cat(logits), torch.cat(affect)


def predict(model, images, size=SIZE):
    """``answer`` for (N, H, W) u8 crops, resized as the daemon resizes them."""
    return answer(model, to_input(images, size))


def confusion(label, guess):
    """8x8 counts: rows are what people said, columns what the network said."""
    table = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS)), np.int64)
    np.add.at(table, (np.asarray(label), np.asarray(guess)), 1)
    return table


def figures(logits, va, faces):
    """Everything the card reports about one part of the data, as plain numbers."""
    guess = logits.argmax(1)
    table = confusion(faces.label, guess)
    count = table.sum(1)
    recall = np.divide(table.diagonal(), count, out=np.zeros(len(count)), where=count > 0)
    agreement = losses.ccc(va, faces.va)
    right = (guess == faces.label).float()
    return {
        "n": len(faces),
        "accuracy": float(right.mean()),
        "n_without_ties": int((~faces.tied).sum()),
        "accuracy_without_ties": float(right[~faces.tied].mean()),
        "n_clear": int(faces.clear.sum()),
        "accuracy_clear": float(right[faces.clear].mean()),
        "mean_recall": float(recall[count > 0].mean()),
        "recall": {name: float(value) for name, value in zip(EXPRESSIONS, recall)},
        "count": {name: int(value) for name, value in zip(EXPRESSIONS, count)},
        "confusion": table.tolist(),
        "cross_entropy": float(losses.soft_cross_entropy(logits, faces.target)),
        "nll": float(torch.nn.functional.cross_entropy(logits, faces.label)),
        "ccc_valence": float(agreement[0]),
        "ccc_arousal": float(agreement[1]),
    }


def one_line(result):
    """A summary fit for a progress line."""
    recalls = " ".join(f"{name[:3]} {value:.2f}" for name, value in result["recall"].items())
    return (f"acc {result['accuracy']:.4f} mean recall {result['mean_recall']:.3f} "
            f"ce {result['cross_entropy']:.4f} nll {result['nll']:.4f} "
            f"ccc {result['ccc_valence']:.3f}/{result['ccc_arousal']:.3f} | {recalls}")


def confusion_table(result):
    """The confusion matrix as lines of text; rows: people, columns: the network."""
    lines = [" " * 12 + "".join(f"{name[:7]:>9}" for name in EXPRESSIONS)]
    for name, row in zip(EXPRESSIONS, result["confusion"]):
        lines.append(f"{name:<12}" + "".join(f"{value:>9}" for value in row))
    return "\n".join(lines)
