"""What the recipes of all systems share: where things are kept, how a model is trained, and what it is measured beside."""

import dataclasses
import json
import logging
from pathlib import Path

import numpy as np
import torch

from .. import calibrate, data, measure
from . import clips, figures, learn
from .compose import Composed, Frame
from .heads import Design
from .windows import Windows

log = logging.getLogger(__name__)


def composed(run, face_name, part):
    """The file of a part's sequences in a run's folder."""
    return Path(run) / f"composed-{face_name}-{part}.npz"


def face_of(options, recipe):
    """The frame pack that a recipe reads, or the one named instead."""
    return Frame(Path(options.models) / (options.face or recipe.face))


def face_read_by(options, recipe):
    """The frame pack that a finished pack reads."""
    manifest, _ = measure.open_pack(Path(options.models) / recipe.name)
    return Frame(Path(options.models) / manifest["reads"]["face"]["pack"])


def heard(run, voice_name, part):
    """The file of a part's voices in a run's folder."""
    return Path(run) / f"heard-{voice_name}-{part}.npz"


def load(run, face, part):
    """A part's ``Composed`` for the frame pack ``face``, a ``compose.Frame``; refused if it is of other weights."""
    path = composed(run, face.name, part)
    found = Composed.load(path)
    if found.pack != face.told:
        raise data.DataError(f"{path} holds embeddings of {found.pack}, and the pack is {face.told}: make it "
                             "anew with 'python -m affectlab sequence compose'")
    return found


def count(run, face):
    """How many composed sequences there are to train on."""
    with np.load(composed(run, face.name, "fit")) as archive:
        return len(archive["row"])


def checkpoint(run, name):
    """Where a recipe's trained model is kept."""
    return Path(run) / f"{name}.pt"


def temperature(held, cut, model):
    """What divides the logits so that confidence is honest on held-out composed sequences."""
    said = figures.tell(figures.by_model(model), model.design, cut)
    seen = cut.seen.numpy()
    return calibrate.choose_temperature(torch.from_numpy(said["expression"][seen]), torch.from_numpy(held.label[seen]))


def keep(run, name, model, plan, held, cut):
    """Save a trained model, its temperature tuned on held-out composed sequences; returns its checkpoint."""
    path = checkpoint(run, name)
    learn.save(path, model, plan, temperature(held, cut, model))
    return path


def train(recipe, run, face):
    """Train a recipe that reads faces alone and keep it; returns its checkpoint."""
    held = load(run, face, "holdout")
    model = learn.fit(Windows.of(load(run, face, "fit")), recipe.form(face.size), recipe.plan)
    return keep(run, recipe.name, model, recipe.plan, held, Windows.of(held))


class Reader:
    """A sequence model as it is measured: a trained model, or a pack's ONNX file."""

    def __init__(self, name, ask, design, temperature_):
        self.name, self.ask, self.design, self.temperature = name, ask, design, temperature_

    @classmethod
    def of_checkpoint(cls, name, path):
        """With the weights of the int8 file, so that its figures are the pack's."""
        from .export import with_quantised_weights

        model, state = learn.load(path)
        return cls(name, figures.by_model(with_quantised_weights(model)), model.design, state["temperature"])

    @classmethod
    def of_pack(cls, folder):
        """The pack's own ONNX file, in ONNX Runtime."""
        manifest, path = measure.open_pack(folder)
        kept = json.loads((Path(folder) / measure.FIGURES).read_text())
        return cls(manifest["name"], figures.by_file(path), Design.from_dict(kept["design"]),
                   manifest["outputs"]["expression"]["temperature"])

    def tell(self, cut):
        """Probabilities, affect and units of every row, (N, T, K) each; none for what it does not say."""
        said = figures.tell(self.ask, self.design, cut)
        units = figures.sigmoid(said["action_units"]) if "action_units" in said else None
        return figures.softmax(said["expression"], self.temperature), said.get("valence_arousal"), units


def beside(found, face, readers, cut=None):
    """What each reader tells of composed sequences, by name: the frame model, it smoothed, and the ``readers``."""
    cut = Windows.of(found) if cut is None else cut
    plain = smoothing(readers[0].design)
    told = {face.name: figures.by_frame(found), smooth_name(face, plain): figures.smoothed(found, plain)}
    for reader in readers:
        log.info("measuring %s", reader.name)
        told[reader.name] = reader.tell(cut)
    return told


def smoothing(design):
    """The window that plain smoothing averages over: the model's own, but at most nine rows of it."""
    return dataclasses.replace(design, frames=min(design.frames, 9))


def smooth_name(face, design):
    """What the frame model averaged over a window is called in tables."""
    return f"{face.name}, mean over {design.frames} rows"


def rows(found, told):
    """(name, figures) of each answer in ``told`` about composed sequences."""
    return [(name, figures.judge(found, *answer)) for name, answer in told.items()]


def on_clips(folder, face, detector, readers, more=lambda told: told):
    """Flips a second on real clips, for the same readers as ``beside``; ``more`` adds answers made of the others.

    A reader that also hears hears nothing: the clips' sound is not looked at.
    """
    if not folder:
        return {}
    deaf = max(reader.design.voice for reader in readers)

    def tell(clip):
        quiet = torch.zeros(*clip.row.shape, deaf + 1) if deaf else None
        return more(beside(clip, face, readers, Windows.of(clip, quiet)))

    return clips.measure(folder, face, detector, tell)
