"""What the commands do: train recipes on composed sequences, measure packs beside the frame model, write packs."""

import itertools
import json
import logging
from pathlib import Path

import numpy as np
import torch

from .. import calibrate, data, measure
from . import clips, figures, learn, packs, systems
from .compose import Composed
from .heads import Design
from .windows import Windows

log = logging.getLogger(__name__)


def composed(run, face_name, part):
    """The file of a part's sequences in a run's folder."""
    return Path(run) / f"composed-{face_name}-{part}.npz"


def load(run, face, part):
    """A part's ``Composed`` for the frame pack ``face``, a ``compose.Frame``; refused if it is of another version."""
    path = composed(run, face.name, part)
    found = Composed.load(path)
    if found.pack != f"{face.name} {face.version}":
        raise data.DataError(f"{path} holds embeddings of {found.pack}, and the pack is {face.name} {face.version}: make it "
                             "anew with 'python -m affectlab sequence compose'")
    return found


def checkpoint(run, name):
    """Where a recipe's trained model is kept."""
    return Path(run) / f"{name}.pt"


def temperature(held, cut, model):
    """What divides the logits so that confidence is honest on held-out composed sequences."""
    said = figures.tell(figures.by_model(model), model.design, cut)
    seen = cut.seen.numpy()
    return calibrate.choose_temperature(torch.from_numpy(said["expression"][seen]), torch.from_numpy(held.label[seen]))


def train(recipe, run, face):
    """Train a recipe that reads faces alone and keep it; returns its checkpoint."""
    design = recipe.form(face.size)
    model = learn.fit(Windows.of(load(run, face, "fit")), design, recipe.plan)
    held = load(run, face, "holdout")
    path = checkpoint(run, recipe.name)
    learn.save(path, model, recipe.plan, temperature(held, Windows.of(held), model))
    return path


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
        """Probabilities, affect and units of every row, (N, T, K) each."""
        said = figures.tell(self.ask, self.design, cut)
        return (figures.softmax(said["expression"], self.temperature), said["valence_arousal"],
                figures.sigmoid(said["action_units"]))


def blended(told, weights):
    """The weighted mean of what several readers told: each a tuple of (N, T, K)."""
    total = sum(weights)
    return tuple(sum(w * part for w, part in zip(weights, parts)) / total for parts in zip(*told))


def choose_weights(held, told, step=0.1):
    """Weights of the members, in steps, that make the labels of held-out composed sequences most likely."""
    seen, label = held.row >= 0, held.label[held.row >= 0]
    own = [part[0][seen][np.arange(len(label)), label] for part in told]
    count = round(1 / step)
    best, chosen = -np.inf, None
    for shares in itertools.product(range(count + 1), repeat=len(told)):
        # An ensemble of one is none.
        if sum(shares) != count or sum(share > 0 for share in shares) < 2:
            continue
        likely = np.log(np.clip(sum(s * p for s, p in zip(shares, own)) / count, 1e-9, 1)).mean()
        if likely > best:
            best, chosen = likely, [round(s * step, 3) for s in shares]
    return chosen


def beside(found, face, readers, members=None, weights=None):
    """Rows (name, figures) on composed sequences: the frame model, it smoothed, each reader, and their ensemble."""
    cut = Windows.of(found)
    told = {face.name: figures.by_frame(found)}
    smooth = figures.smoothed(found, readers[0].design)
    told[f"{face.name}, mean over the window"] = smooth
    for reader in readers:
        log.info("measuring %s", reader.name)
        told[reader.name] = reader.tell(cut)
    if members:
        told[systems.ENSEMBLE] = blended([told[name] for name in members], weights)
    return [(name, figures.judge(found, *answer)) for name, answer in told.items()]


def on_clips(folder, face, detector, readers, members=None, weights=None):
    """Flips a second on real clips, for the same readers as ``beside``."""
    def smooth(clip, _cut):
        return figures.smoothed(clip, readers[0].design)[0]

    def by(reader):
        return lambda _clip, cut: reader.tell(cut)[0]

    asked = {face.name: lambda clip, _cut: figures.by_frame(clip)[0], f"{face.name}, mean over the window": smooth,
             **{reader.name: by(reader) for reader in readers}}
    if members:
        named = {reader.name: by(reader) for reader in readers} | {face.name: asked[face.name]}
        asked[systems.ENSEMBLE] = lambda clip, cut: blended([(named[m](clip, cut),) for m in members], weights)[0]
    return clips.measure(folder, face, detector, asked)


def pack_spatial_temporal(run, models, face, detector, clip_folder):
    """Write the two branches and their ensemble, with figures; returns the rows and the clips' figures."""
    readers = [Reader.of_checkpoint(recipe.name, checkpoint(run, recipe.name)) for recipe in systems.BRANCHES]
    names = [face.name, *(reader.name for reader in readers)]
    held = load(run, face, "holdout")
    cut = Windows.of(held)
    weights = choose_weights(held, [figures.by_frame(held), *(reader.tell(cut) for reader in readers)])
    log.info("weights of %s: %s", ", ".join(names), weights)
    rows = beside(load(run, face, "valid"), face, readers, names, weights)
    seen = on_clips(clip_folder, face, detector, readers, names, weights) if clip_folder else {}
    kept, date = {"rows": rows, "clips": seen}, packs.today()
    for recipe in systems.BRANCHES:
        packs.build(recipe, checkpoint(run, recipe.name), Path(models) / recipe.name, face, None, kept, date)
    versions = [face.version] + [systems.VERSION] * len(readers)
    members = [member for member in zip(names, versions, weights) if member[2] > 0]
    packs.build_ensemble(Path(models) / systems.ENSEMBLE, members, kept, date)
    return rows, seen


def measure_spatial_temporal(run, models, face, detector, clip_folder):
    """The same figures of the packs that are there, from their ONNX files."""
    readers = [Reader.of_pack(Path(models) / recipe.name) for recipe in systems.BRANCHES]
    kept = json.loads((Path(models) / systems.ENSEMBLE / measure.FIGURES).read_text())
    names, weights = [m[0] for m in kept["members"]], [m[2] for m in kept["members"]]
    rows = beside(load(run, face, "valid"), face, readers, names, weights)
    seen = on_clips(clip_folder, face, detector, readers, names, weights) if clip_folder else {}
    return rows, seen
