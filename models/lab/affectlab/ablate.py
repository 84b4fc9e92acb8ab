"""What single choices are worth: the same checkpoint with one of them undone."""

import tomllib
from pathlib import Path

from . import calibrate, data, evaluate, train
from .model import FaceNet, Shape

TABLE = Path(__file__).with_name("ablations.toml")
COMMAND = "python -m affectlab ablate --data DIR"


def variants(run):
    """Yield (what, model, logit offset, input size) for each choice that can be undone."""
    average, state = train.load_checkpoint(Path(run) / "last.pt")
    tuned = calibrate.Calibration.load(run)
    none = calibrate.Calibration().offset
    last = FaceNet(Shape.from_dict(state["shape"]))
    last.load_state_dict(state["model"])
    yield "as published", average, tuned.offset, 64
    yield "without the logit adjustment", average, none, 64
    yield "last weights instead of their average", last.eval(), tuned.offset, 64
    yield "crops given at 48 pixels, not enlarged to 64", average, tuned.offset, 48


def ablate(run, folder, parts=("holdout", "valid")):
    """Rows of (what, part, accuracy, mean recall), f32 weights."""
    import torch

    rows = []
    for part in parts:
        faces = data.load(folder, part)
        for what, model, offset, size in variants(run):
            logits, va = evaluate.predict(model, faces.images, size)
            result = evaluate.figures(logits + torch.tensor(offset), va, faces)
            rows.append((what, part, result["accuracy"], result["mean_recall"]))
    return rows


def save(rows, path=TABLE):
    """Write the rows for the card."""
    text = [f"# Written by: {COMMAND}"]
    for what, part, accuracy, recall in rows:
        text.append(f'\n[[run]]\nwhat = "{what}"\npart = "{part}"\n'
                    f"accuracy = {accuracy:.4f}\nmean_recall = {recall:.4f}")
    Path(path).write_text("\n".join(text) + "\n")


def load(path=TABLE):
    """The rows written last, as dictionaries; none if there are none."""
    return tomllib.loads(Path(path).read_text())["run"] if Path(path).is_file() else []
