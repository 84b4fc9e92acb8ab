"""Jin, Zheng, Gao and Xu (2021), second stage: faces and voices, side by side, through one Transformer layer.

The first stage is the frame pack ``jin-2021-face`` (recipe ``progressive``);
its embeddings and the voice pack's are frozen. Action units are learned with
smoothed targets and the published weights, expressions beside them.
"""

from pathlib import Path

import numpy as np

from .. import data
from . import compose, figures, learn, packs, systems, voices, work
from .windows import Windows

RECIPE = systems.JIN


def _listen(options, face, voice, part):
    """``Composed`` faces of a part and their ``Windows`` with voices; the same each time."""
    found, path = work.load(options.run, face, part), work.heard(options.run, RECIPE.voice, part)
    heard = voices.Voices.load(path)
    if heard.pack != voice.told:
        raise data.DataError(f"{path} holds embeddings of {heard.pack}, and the pack is {voice.told}: make it anew with "
                             "'python -m affectlab sequence voices'")
    return found, Windows.of(found, voices.columns(found, heard, compose.SEEDS[part]))


def train(options):
    """Train the stage; yields its checkpoint."""
    face, voice = work.face_of(options, RECIPE), voices.Voice(options.models / RECIPE.voice)
    _, cut = _listen(options, face, voice, "fit")
    held, watch = _listen(options, face, voice, "holdout")
    model = learn.fit(cut, RECIPE.form(face.size, voice.size), RECIPE.plan)
    yield work.keep(options.run, RECIPE.name, model, RECIPE.plan, held, watch)


def without(cut, design, sense):
    """The same windows with one modality missing everywhere: ``sense`` is "face" or "voice"."""
    columns = cut.columns.clone()
    part = slice(0, design.face + 1) if sense == "face" else slice(design.face + 1, None)
    columns[:, :, part] = 0
    return Windows(columns, cut.targets, cut.seen, cut.single)


def heard_lately(cut, design):
    """(N, T) bool: whether a voice is heard anywhere in the window that ends with the row."""
    heard = cut.columns[:, :, -1].numpy() > 0
    return np.stack([heard[:, max(0, t - design.frames + 1):t + 1].any(1) for t in range(heard.shape[1])], 1)


def _figures(options, face, voice, reader):
    found, cut = _listen(options, face, voice, "valid")
    told = work.beside(found, face, [reader], cut)
    deaf, blind = (reader.tell(without(cut, reader.design, sense)) for sense in ("voice", "face"))
    told |= {f"{reader.name}, nothing heard": deaf}
    lately = heard_lately(cut, reader.design)
    names = {face.name: told[face.name], f"{reader.name}, face and voice": told[reader.name],
             f"{reader.name}, face alone": deaf, f"{reader.name}, voice alone": blind}
    judged = [(name, figures.judge(found, *answer, rows=lately)) for name, answer in names.items()]
    return work.rows(found, told), judged, work.on_clips(options.clips, face, options.detector, [reader])


def pack(options):
    """Write the pack with its figures; returns rows and clips' figures."""
    face, voice = work.face_of(options, RECIPE), voices.Voice(options.models / RECIPE.voice)
    reader = work.Reader.of_checkpoint(RECIPE.name, work.checkpoint(options.run, RECIPE.name))
    rows, judged, seen = _figures(options, face, voice, reader)
    note = (f"Rows of the same sequences whose window of {reader.design.frames} rows has a voice in it, recorded from actors whom "
            "neither the voice pack nor this one heard before. \"Alone\": the other modality is masked everywhere.")
    table = ("With and without each modality", note, ("", "rows", "accuracy", "macro F1", "AU F1", "AU accuracy"),
             [(f"`{name}`", row["n"], *(f"{row[key]:.3f}" if key in row else "–" for key in ("accuracy", "macro_f1", "unit_f1", "unit_accuracy")))
              for name, row in judged])
    kept = {"trained_on": work.count(options.run, face), "rows": rows, "clips": seen, "judged": judged, "tables": [table]}
    packs.build(RECIPE, work.checkpoint(options.run, RECIPE.name), Path(options.models) / RECIPE.name, face, voice, kept, packs.today())
    return rows + [(f"{name}, where heard", row) for name, row in judged], seen


def measured(options):
    """The same figures of the pack that is there, from its ONNX file."""
    face, voice = work.face_read_by(options, RECIPE), voices.Voice(options.models / RECIPE.voice)
    rows, judged, seen = _figures(options, face, voice, work.Reader.of_pack(Path(options.models) / RECIPE.name))
    return rows + [(f"{name}, where heard", row) for name, row in judged], seen
