"""The scores of the ABAW challenges (from 2022 on) for a pack, on the validation part of Aff-Wild2.

Expressions: mean F1 of the eight classes, 0 for a class that is never right. Action units: mean F1 of the active
side of twelve, at a probability of 0.5. Valence and arousal: concordance (CCC) over all frames of all videos in one
row. Multi-task: the mean of the two CCCs plus both F1s. Only what is labelled counts, and all of it does: a frame
without a picture (no face was found) repeats the answer of the video's last one, and is neutral, without active
units, when there was none. Each frame is looked at alone; what smoothing over time gains is not in these figures.
"""

import numpy as np
import torch

from . import affwild2, export, measure, picture
from .labels import EXPRESSIONS as OURS
from .labels import UNITS

BATCH = 256


def f1(given, said):
    """F1 of two boolean arrays; 0 when nothing active is found."""
    right = np.sum(given & said)
    return float(2 * right / (np.sum(given) + np.sum(said))) if right else 0.0


def ccc(given, said):
    """Lin's concordance of two arrays with population statistics; 0 when both are constant and equal."""
    spread = np.var(given) + np.var(said) + (np.mean(given) - np.mean(said)) ** 2
    return float(2 * np.mean((given - given.mean()) * (said - said.mean())) / spread) if spread > 0 else 0.0


def scores(label, va, units, answers):
    """The figures, as a dictionary; ``None`` for a task without labels or answers.

    ``label`` (N,), ``va`` (N, 2), ``units`` (N, 12) as in ``affwild2.Frames``; ``answers``: ``label`` (N,) classes,
    ``va`` (N, 2) and, where the network has them, ``units`` (N, 12) booleans.
    """
    known = label >= 0
    result = {"n": {"expression": int(known.sum()), "affect": int(np.isfinite(va).all(1).sum()),
                    "units": int(np.isfinite(units).any(1).sum())},
              "expression": None, "units": None, "all_active": None, "valence": None, "arousal": None, "multi_task": None}
    if known.any():
        each = {name: f1(label[known] == kind, answers["label"][known] == kind)
                for kind, name in enumerate(affwild2.EXPRESSIONS)}
        result["expression"], result["f1"] = sum(each.values()) / len(each), each
    if np.isfinite(units).any():
        cells = [np.isfinite(column) for column in units.T]
        result["all_active"] = float(np.mean([f1(column[cell] > 0.5, np.ones(cell.sum(), bool))
                                              for column, cell in zip(units.T, cells)]))
        if "units" in answers:
            each = {unit: f1(column[cell] > 0.5, said[cell])
                    for unit, column, cell, said in zip(UNITS, units.T, cells, answers["units"].T)}
            result["units"], result["unit_f1"] = sum(each.values()) / len(each), each
    for place, name in enumerate(("valence", "arousal")):
        rated = np.isfinite(va[:, place])
        if rated.any():
            result[name] = ccc(va[rated, place].astype(np.float64), answers["va"][rated, place].astype(np.float64))
    parts = [result[name] for name in ("valence", "arousal", "expression", "units")]
    if None not in parts:
        result["multi_task"] = (parts[0] + parts[1]) / 2 + parts[2] + parts[3]
    return result


def last_known(video, there):
    """(N,) the row that answers for each: itself if it is ``there``, else the last one before in its video, else -1."""
    rows = np.where(there, np.arange(len(there)), -1)
    first = np.flatnonzero(np.r_[True, video[1:] != video[:-1]])
    for start, end in zip(first, [*first[1:], len(video)]):
        rows[start:end] = np.maximum.accumulate(rows[start:end])
    return rows


def _order(names):
    """For each of Aff-Wild2's classes, its column among a pack's labels ``names``; contempt stands for other."""
    names = ["other" if name == OURS[-1] else name for name in names]
    return [names.index(name) for name in affwild2.EXPRESSIONS]


def answer(model, pack, frames):
    """What the ONNX file ``model`` says of all ``frames``, as ``scores`` wants it."""
    session, order = export.session(model), _order(pack["outputs"]["expression"]["labels"])
    seen = torch.nonzero(frames.there).squeeze(1)
    parts = []
    for rows in seen.split(BATCH):
        given = export.run(session, picture.to_input(frames.take(rows).images).numpy())
        parts.append((given["expression"][:, order].argmax(1), given["valence_arousal"], given["action_units"] > 0))
    label, va, units = (np.concatenate(column) for column in zip(*parts))
    place = np.full(len(frames), -1)
    place[seen.numpy()] = np.arange(len(seen))
    rows = last_known(frames.video.numpy(), frames.there.numpy())
    rows = np.where(rows >= 0, place[rows], -1)
    answers = {"label": np.where(rows >= 0, label[rows], 0), "va": np.where(rows[:, None] >= 0, va[rows], 0)}
    if "action_units" in pack["outputs"]:
        answers["units"] = units[rows] & (rows >= 0)[:, None]
    return answers


def run(folder, pack_folder, every=1):
    """The scores of a pack on the validation part below ``folder``, each ``every``-th frame of a video."""
    pack, model = measure.open_pack(pack_folder)
    frames = affwild2.load(folder, "valid", every)
    result = scores(frames.label.numpy(), frames.va.numpy(), frames.units.numpy(), answer(model, pack, frames))
    return {"frames": len(frames), "without_picture": int((~frames.there).sum()), "every": every, **result}


def lines(result):
    """The figures as lines of text."""
    def number(value):
        return "–" if value is None else f"{value:.4f}"

    n = result["n"]
    yield f"{result['frames']} frames (one in {result['every']}), {result['without_picture']} of them without a picture"
    yield f"expressions, mean F1 of 8     {number(result['expression'])} (n {n['expression']})"
    for name, value in result.get("f1", {}).items():
        yield f"  {name:<10} {number(value)}"
    yield (f"action units, mean F1 of 12   {number(result['units'])} (n {n['units']}; "
           f"all said active: {number(result['all_active'])})")
    for name, value in result.get("unit_f1", {}).items():
        yield f"  {name:<10} {number(value)}"
    yield f"CCC of valence and arousal    {number(result['valence'])} {number(result['arousal'])} (n {n['affect']})"
    yield f"multi-task score              {number(result['multi_task'])}"
