"""Mao, Fan and Peng (2021): a single frame, a bidirectional GRU and a Transformer over nine rows, and their ensemble."""

import json
import logging
from pathlib import Path

from .. import measure
from . import ensemble, figures, packs, systems, work
from .windows import Windows

log = logging.getLogger(__name__)


def train(options):
    """Train both branches; yields their checkpoints."""
    face = work.face_of(options, systems.SPATIAL_TEMPORAL_GRU)
    for recipe in systems.BRANCHES:
        yield work.train(recipe, options.run, face)


def _figures(options, face, readers, weights):
    """Rows on composed sequences and flips on clips, with those of the ensemble of the frame model and the ``readers``."""
    def more(told):
        names = [face.name, *(reader.name for reader in readers)]
        return told | {systems.ENSEMBLE: ensemble.blended([told[name] for name in names], weights)}

    found = work.load(options.run, face, "valid")
    rows = work.rows(found, more(work.beside(found, face, readers)))
    return rows, work.on_clips(options.clips, face, options.detector, readers, more)


def pack(options):
    """Write the two branches and their ensemble, with figures; returns the rows and the clips' figures."""
    face, run, models = work.face_of(options, systems.SPATIAL_TEMPORAL_GRU), options.run, Path(options.models)
    readers = [work.Reader.of_checkpoint(recipe.name, work.checkpoint(run, recipe.name)) for recipe in systems.BRANCHES]
    names = [face.name, *(reader.name for reader in readers)]
    held = work.load(run, face, "holdout")
    cut = Windows.of(held)
    weights = ensemble.choose_weights(held, [figures.by_frame(held), *(reader.tell(cut) for reader in readers)])
    log.info("weights of %s: %s", ", ".join(names), weights)
    rows, seen = _figures(options, face, readers, weights)
    kept, date = {"trained_on": work.count(run, face), "rows": rows, "clips": seen}, packs.today()
    for recipe in systems.BRANCHES:
        packs.build(recipe, work.checkpoint(run, recipe.name), models / recipe.name, face, None, kept, date)
    versions = [face.version] + [systems.VERSION] * len(readers)
    members = [member for member in zip(names, versions, weights) if member[2] > 0]
    packs.build_ensemble(models / systems.ENSEMBLE, members, kept, date)
    return rows, seen


def measured(options):
    """The same figures of the packs that are there, from their ONNX files."""
    face, models = work.face_read_by(options, systems.SPATIAL_TEMPORAL_GRU), Path(options.models)
    readers = [work.Reader.of_pack(models / recipe.name) for recipe in systems.BRANCHES]
    kept = json.loads((models / systems.ENSEMBLE / measure.FIGURES).read_text())
    weight = {member[0]: member[2] for member in kept["members"]}
    names = [face.name, *(reader.name for reader in readers)]
    return _figures(options, face, readers, [weight.get(name, 0.0) for name in names])
