"""What a sequence model gains over the frame model alone, on composed sequences that were held out.

Every row in which a face was seen is judged. Beside the frame model as it is
stand its own probabilities averaged over the same window: what plain smoothing
would do without any training. Flips are changes of the label from one row to
the next, a second; the labels themselves change too, and that is printed with
them.
"""

import numpy as np
import torch

from .. import export, losses
from ..labels import EXPRESSIONS, UNITS
from . import windows as cutting
from .script import STEP


def macro_f1(label, guess, classes):
    """Mean F1 over the classes that occur in ``label`` (M,)."""
    scores = []
    for c in range(classes):
        said, true = guess == c, label == c
        if true.any():
            scores.append(2 * (said & true).sum() / (said.sum() + true.sum()))
    return float(np.mean(scores))


def flips(label, seen, step=STEP):
    """Changes a second of (N, T) labels from one row to the next, where both were seen."""
    both = seen[:, 1:] & seen[:, :-1]
    changes = (label[:, 1:] != label[:, :-1]) & both
    return float(changes.sum() / max(1, both.sum()) / step)


def unit_figures(probability, target):
    """Mean F1 and accuracy of (M, 12) probabilities at 0.5 against pseudo-labels at 0.5."""
    said, true = probability > 0.5, target > 0.5
    scores = [2 * (said[:, i] & true[:, i]).sum() / max(1, said[:, i].sum() + true[:, i].sum()) for i in range(len(UNITS))]
    return {"unit_f1": float(np.mean(scores)), "unit_accuracy": float((said == true).mean())}


def judge(composed, probability, affect=None, units=None, rows=None):
    """Figures of what was said of every row: ``probability`` (N, T, 8), ``affect`` (N, T, 2), ``units`` (N, T, 12).

    ``rows`` (N, T): judge these alone, of those in which a face was seen. What is not a number was not said.
    """
    seen, label, guess = composed.row >= 0, composed.label, probability.argmax(2)
    seen = seen if rows is None else seen & rows
    result = {
        "n": int(seen.sum()), "sequences": len(composed),
        "accuracy": float((guess == label)[seen].mean()),
        "macro_f1": macro_f1(label[seen], guess[seen], len(EXPRESSIONS)),
        "flips": flips(guess, seen), "label_flips": flips(label, seen),
    }
    if affect is not None and np.isfinite(affect[seen]).all():
        ccc = losses.ccc(torch.from_numpy(affect[seen]), torch.from_numpy(composed.va[seen]))
        result |= {"ccc_valence": float(ccc[0]), "ccc_arousal": float(ccc[1])}
    if units is not None and np.isfinite(units[seen]).all():
        result |= unit_figures(units[seen], composed.units[seen])
    return result


def by_model(model):
    """What to ask windows of: a trained ``SequenceNet``."""
    def ask(x):
        with torch.no_grad():
            return {task: value.numpy() for task, value in zip(model.design.tasks, model(x))}
    return ask


def by_file(path):
    """What to ask windows of: a pack's ONNX file, one window at a time as the daemon does."""
    session = export.session(path)
    return lambda x: export.run(session, x.numpy())


def tell(ask, design, windows, batch=1024):
    """What is said of every row: outputs by task, (N, T, K) f32, as they leave the network."""
    count, rows = windows.columns.shape[:2]
    which, at = windows.positions(1)
    parts = [ask(windows.cut(design, w, a)[0]) for w, a in zip(which.split(batch), at.split(batch))]
    return {task: np.concatenate([part[task] for part in parts]).reshape(count, rows, -1) for task in design.tasks}


def softmax(logits, temperature=1.0):
    """Probabilities of logits along the last axis."""
    return torch.softmax(torch.from_numpy(np.asarray(logits, np.float32)) / temperature, -1).numpy()


def sigmoid(logits):
    """Probabilities of logits, each by itself."""
    return torch.sigmoid(torch.from_numpy(np.asarray(logits, np.float32))).numpy()


def by_frame(composed):
    """What the frame model alone says of every row: probabilities, affect, units; zeros where the face was lost."""
    row, seen = np.where(composed.row < 0, 0, composed.row), (composed.row >= 0)[..., None]
    return (softmax(composed.logits)[row] * seen, composed.affect[row] * seen,
            sigmoid(composed.unit_logits)[row] * seen)


def smoothed(composed, design):
    """The frame model's answers averaged over the rows of ``design``'s window in which a face was seen."""
    count, rows = composed.row.shape
    window = cutting.rows_of(design, torch.arange(rows), rows).numpy()
    weight = (composed.row >= 0)[:, window][..., None]
    return tuple((values[:, window] * weight).sum(2) / weight.sum(2).clip(1) for values in by_frame(composed))


def of_said(composed, said, temperature):
    """Figures of what ``tell`` returned, and the probabilities (N, T, 8) in it."""
    probability = softmax(said["expression"], temperature)
    units = sigmoid(said["action_units"]) if "action_units" in said else None
    return judge(composed, probability, said.get("valence_arousal"), units), probability


def lines(rows):
    """Text, one line for each (name, figures)."""
    head = f"{'':<34}{'accuracy':>9}{'macro F1':>9}{'CCC V':>7}{'CCC A':>7}{'AU F1':>7}{'flips/s':>9}"
    text = [head]
    for name, row in rows:
        cells = [f"{row[key]:.3f}" if key in row else "-"
                 for key in ("accuracy", "macro_f1", "ccc_valence", "ccc_arousal", "unit_f1", "flips")]
        text.append(f"{name:<34}{cells[0]:>9}{cells[1]:>9}{cells[2]:>7}{cells[3]:>7}{cells[4]:>7}{cells[5]:>9}")
    return text
