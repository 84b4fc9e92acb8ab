"""What single choices are worth: the same checkpoint with one of them undone, or trained on with one option more."""

import dataclasses
import logging
import tomllib
from pathlib import Path

from . import calibrate, data, evaluate, train
from .model import FaceNet, Shape

log = logging.getLogger(__name__)

TABLE = Path(__file__).with_name("ablations.toml")
COMMAND = "python -m affectlab ablate --data DIR"

# What each option changes in the plan of the run it starts from. The first is what the others are compared with: the
# same further epochs with nothing changed.
OPTIONS = {
    "nothing": {},
    "votes-as-they-are": {"outliers": True},
    "votes-alone": {"trust": 0.0},
    "bootstrap": {"bootstrap": 0.2},
    "forget": {"forget": 0.05},
    "coupling": {"coupling": 0.1},
    "positive-weights": {"positive_weights": True},
    "all-against-noise": {"bootstrap": 0.2, "forget": 0.05, "coupling": 0.1},
}
# A further round is short and gentle: it begins where the run ended.
FURTHER = {"rate": 3e-4, "warmup": 0, "average": 0.995, "small_share": 0.0, "hard_share": 0.0}


def variants(run):
    """Yield (what, model, logit offset, input size) for each choice that can be undone."""
    average, state = train.load_checkpoint(Path(run) / "last.pt")
    tuned = calibrate.Calibration.load(run)
    none = calibrate.Calibration().offset
    last = FaceNet(Shape.from_dict(state["shape"]))
    last.load_state_dict(state["model"])
    yield "as published", average, tuned.offset, 64
    if any(tuned.offset):
        yield "without the logit adjustment", average, none, 64
    yield "last weights instead of their average", last.eval(), tuned.offset, 64
    yield "crops given at 48 pixels, not enlarged to 64", average, tuned.offset, 48


def _measured(what, part, model, offset, size, faces):
    import torch

    logits, va = evaluate.predict(model, faces.images, size)
    result = evaluate.figures(logits + torch.tensor(offset), va, faces)
    return what, part, result["accuracy"], result["mean_recall"]


def ablate(run, folder, parts=("holdout", "valid")):
    """Rows of (what, part, accuracy, mean recall), f32 weights."""
    loaded = {part: data.load(folder, part) for part in parts}
    return [_measured(what, part, model, offset, size, faces)
            for part, faces in loaded.items() for what, model, offset, size in variants(run)]


def plan_with(plan, option, epochs):
    """The plan of a further round of ``epochs`` after ``plan`` (a dictionary), with the named option."""
    if option not in OPTIONS:
        raise train.TrainError(f"unknown option {option!r}: choose from {', '.join(OPTIONS)}")
    return dataclasses.replace(train.Plan(**plan), epochs=epochs, **FURTHER, **OPTIONS[option])


def train_with(run, folder, option, epochs, lessons=None, aff_wild2=None, limit=None, crew=None):
    """Train ``run`` on with one option, and give its rows, as ``ablate`` does.

    The further round is kept in the run's folder and goes on where it was interrupted. ``crew``: how to call the
    training, ``crew.run`` of so many processes; in this one if it is ``None``.
    """
    run = Path(run)
    _, state = train.load_checkpoint(run / "last.pt")
    plan = plan_with(state["plan"], option, epochs)
    if not lessons and (plan.trust > 0 or plan.photographs > 0 or plan.unit_weight > 0):
        log.warning("without --lessons the further round has no photographs and no action units to learn")
    out = run / f"option-{option}"
    arguments = (folder, out, plan, Shape.from_dict(state["shape"]), lessons, "holdout", limit, run / "last.pt", aff_wild2)
    (crew or (lambda job, given: job(*given)))(train.train, arguments)
    model, _ = train.load_checkpoint(out / "last.pt")
    offset = calibrate.Calibration.load(run).offset
    return [_measured(option, part, model, offset, 64, data.load(folder, part)) for part in ("holdout", "valid")]


def _text(kind, rows):
    for row in rows:
        yield f"\n[[{kind}]]\n" + "\n".join(
            f"{key} = {value:.4f}" if isinstance(value, float) else f'{key} = "{value}"' if isinstance(value, str)
            else f"{key} = {value}" for key, value in row.items())


def _kept(path):
    return tomllib.loads(Path(path).read_text()) if Path(path).is_file() else {}


def _write(path, kinds):
    text = [f"# Written by: {COMMAND}", *(line for kind, rows in kinds.items() for line in _text(kind, rows))]
    Path(path).write_text("\n".join(text) + "\n")


def save(rows, path=TABLE):
    """Write the rows of undone choices for the card; those of options stay."""
    rows = [{"what": what, "part": part, "accuracy": accuracy, "mean_recall": recall}
            for what, part, accuracy, recall in rows]
    _write(path, {"run": rows, "option": _kept(path).get("option", [])})


def save_option(rows, epochs, path=TABLE):
    """Write the rows of one option, in the place of those it had with as many epochs."""
    kept, (name, *_) = _kept(path), rows[0]
    others = [row for row in kept.get("option", []) if (row["what"], row["epochs"]) != (name, epochs)]
    rows = [{"what": what, "part": part, "epochs": epochs, "accuracy": accuracy, "mean_recall": recall}
            for what, part, accuracy, recall in rows]
    _write(path, {"run": kept.get("run", []), "option": others + rows})


def load(path=TABLE):
    """The rows of undone choices written last, as dictionaries; none if there are none."""
    return _kept(path).get("run", [])


def options(path=TABLE):
    """The rows of options measured, as dictionaries; none if there are none."""
    return _kept(path).get("option", [])
