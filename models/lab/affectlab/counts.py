"""How much of what each reader finds: the tables of the data cards in ``models/lab/data``."""

import numpy as np
import torch

from . import affwild2, data, image_folder, photographs
from .card import table
from .labels import EXPRESSIONS, UNITS


def _by_label(columns):
    """A Markdown table of name -> (N,) places in EXPRESSIONS; -1 is nobody's label."""
    rows = [(name, *(int((label == place).sum()) for label in columns.values())) for place, name in enumerate(EXPRESSIONS)]
    rows.append(("all", *(int((label >= 0).sum()) for label in columns.values())))
    return table(("expression", *columns), rows)


def ferplus(folder):
    """Pictures by part and majority, and double votes."""
    from .progressive import compound

    parts = {part: data.load(folder, part) for part in ("fit", "holdout", "valid")}
    pairs = {part: compound.compound_of(compound.doubles(compound.votes_of(folder, faces))) for part, faces in parts.items()}
    rows = [(name, *(int((found == place).sum()) for found in pairs.values())) for place, name in enumerate(compound.NAMES)]
    return (_by_label({part: faces.label.numpy() for part, faces in parts.items()}) + "\n\n"
            + table(("at least three votes for both", *pairs), rows))


def in_the_wild(folder):
    """Photographs and people by whether they are held out."""
    found = [(label, person) for label, person, _, _ in photographs.read(folder)]
    label, person = (np.array(column) for column in zip(*found))
    held = np.array([photographs.is_held(name) for name in person.tolist()])
    people = ("people", *(len(set(person[rows].tolist())) for rows in (~held, held)))
    return _by_label({"trained on": label[~held], "held out": label[held]}) + "\n\n" + table(("", "trained on", "held out"), [people])


def aff_wild2(folder):
    """Frames of each part by task."""
    parts = {part: affwild2.load(folder, part) for part in ("train", "valid")}
    rows = [(f"expression, {name}", *(int((frames.label == place).sum()) for frames in parts.values()))
            for place, name in enumerate(affwild2.EXPRESSIONS)]
    rows.append(("valence and arousal", *(int(torch.isfinite(frames.va).all(1).sum()) for frames in parts.values())))
    rows += [(f"{unit} active", *(int((frames.units[:, place] == 1).sum()) for frames in parts.values()))
             for place, unit in enumerate(UNITS)]
    rows.append(("labelled frames without a picture", *(int((~frames.there).sum()) for frames in parts.values())))
    return table(("", *parts), rows)


def images(folder):
    """Pictures of an image folder by split."""
    rows = image_folder.read(folder)
    label = {part: np.array([row.label for row in rows if row.split == part], int) for part in image_folder.PARTS}
    return _by_label(label)


def speech(folder):
    """Recordings and minutes by whether the actor is held out."""
    from .voice import labels as spoken
    from .voice import ravdess

    parts = {"trained on": ravdess.load(folder, ravdess.TRAIN), "held out": ravdess.load(folder, ravdess.HELD)}
    rows = [(name, *(sum(recording.label == place for recording in found) for found in parts.values()))
            for place, name in enumerate(spoken.EXPRESSIONS)]
    rows.append(("all", *(len(found) for found in parts.values())))
    rows.append(("actors", *(len({recording.actor for recording in found}) for found in parts.values())))
    rows.append(("minutes", *(f"{sum(len(recording.sound) for recording in found) / ravdess.RATE / 60:.0f}"
                              for found in parts.values())))
    return table(("expression", *parts), rows)


TABLES = {"ferplus": ferplus, "faces-in-the-wild": in_the_wild, "aff-wild2": aff_wild2, "image-folder": images, "ravdess": speech}
