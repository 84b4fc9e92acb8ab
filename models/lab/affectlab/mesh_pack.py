"""The pack ``geometry``: fits its coefficients, measures them beside the network's, and writes its card.

``figures.json`` in the pack's folder holds what was measured, and the card is written from it alone. Its
``rows`` are the comparison, one row a pack: agreement with the pseudo-labels, bytes, milliseconds of each engine.
"""

import json
import logging
from pathlib import Path

import numpy as np
import torch

from . import data, export, labels, measure, mesh, photographs, picture, pls, variants, wild

log = logging.getLogger(__name__)

COEFFICIENTS = "coefficients.npz"
TEXT = Path(__file__).with_name("mesh_card.md")
# Of each label; neutral and happy faces would outnumber all others.
PHOTOGRAPHS_TO_FIT, PHOTOGRAPHS_TO_MEASURE = 1000, 300
# More of them would drown the photographs.
CROPS = 8000
# Other programs disturb a measurement of time, and never shorten it.
TIMES = 7


def _save(folder, **new):
    """Keep figures beside those that are there, and write the card anew when it can be."""
    file = Path(folder) / measure.FIGURES
    figures = json.loads(file.read_text()) if file.is_file() else {}
    measure.save(folder, figures | new)
    figures = json.loads(file.read_text())
    if "rows" in figures:
        (Path(folder) / "CARD.md").write_text(card(figures))
    return figures


def _agreement(said, target):
    return [round(value, 4) for value in pls.concordance(said, target)]


def fit(folder, pack_folder, detector, count=CROPS):
    """Fit on at most ``count`` crops and on photographs, write the coefficients, and return the figures."""
    looked = mesh.Mesh(pack_folder, detector)
    log.info("looking at crops and photographs")
    seen = looked.crops(data.some(data.load(folder, "fit"), count))
    crops = len(seen)
    seen += looked.photographs(folder, held=False, most=PHOTOGRAPHS_TO_FIT)
    estimator = pls.fit(seen, looked.crops(data.load(folder, "holdout")))
    estimator.save(Path(pack_folder) / COEFFICIENTS)
    valid = looked.crops(data.load(folder, "valid"))
    held = looked.photographs(folder, held=True, most=PHOTOGRAPHS_TO_MEASURE)
    return _save(pack_folder, fit={
        "crops": crops, "photographs": len(seen) - crops, "components": estimator.components,
        "unseen": float(np.mean(valid.face < 0)), "usual": np.round(estimator.usual.astype(float), 3).tolist(),
        "n": len(valid), "valid": _agreement(estimator(valid.points, valid.face), valid.va),
        "n_photographs": len(held), "photographs_held": _agreement(estimator(held.points, held.face), held.va),
    })["fit"]


def _network(folder, pack_folder, detector):
    """The network's agreement on the same pictures: FER+ from its own figures, photographs by asking it."""
    manifest, file = measure.open_pack(pack_folder)
    held, _ = photographs.held_out(folder, detector, manifest)
    rows = wild.first_of_each(held.label, PHOTOGRAPHS_TO_MEASURE)
    x = picture.to_input(torch.from_numpy(held.images[rows]))
    said = export.run(export.session(file), x.numpy())["valence_arousal"]
    table = np.array([labels.VALENCE_AROUSAL[name] for name in labels.EXPRESSIONS], np.float32)
    figures = json.loads((Path(pack_folder) / measure.FIGURES).read_text())
    return {"valid": [figures["ccc_valence"], figures["ccc_arousal"]],
            "photographs": _agreement(said, table[held.label[rows]])}


def _cost(affectd, pack_folder):
    """What ``affectd model verify`` says of a pack: bytes of each file, milliseconds of each engine's fastest run."""
    folder = Path(pack_folder).resolve()
    rows = [row for _ in range(TIMES) for row in variants.verified(affectd, folder.parent, folder.name)]
    manifest, file = measure.open_pack(folder)
    files = {variant["file"]: variant["precision"] for variant in manifest["variant"]}
    took = {}
    for row in rows:
        if row["run_ms"] is not None and row["precision"] == files[file.name]:
            took[row["engine"]] = min(round(row["run_ms"], 2), took.get(row["engine"], float("inf")))
    return {"bytes": file.stat().st_size, "ms": took}


def beside(folder, pack_folder, network_folder, detector, affectd):
    """Measure the network on the same pictures and what both cost; returns the rows of the comparison."""
    own = json.loads((Path(pack_folder) / measure.FIGURES).read_text())["fit"]
    network = measure.open_pack(network_folder)[0]
    name = "{name} {version}".format(**network)
    rows = [
        {"pack": "geometry", "valid": own["valid"], "photographs": own["photographs_held"], **_cost(affectd, pack_folder)},
        {"pack": name, **_network(folder, network_folder, detector), **_cost(affectd, network_folder)},
    ]
    return _save(pack_folder, rows=rows)["rows"]


def table(rows):
    """The comparison as Markdown."""
    engines = sorted({engine for row in rows for engine in row["ms"]}, reverse=True)
    head = ["pack", "valence, arousal: FER+ validation split", "photographs of others", "file",
            *(f"one face, {engine}" for engine in engines)]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        lines.append([f"`{row['pack']}`", "{:.2f}, {:.2f}".format(*row["valid"]), "{:.2f}, {:.2f}".format(*row["photographs"]),
                      f"{row['bytes'] / 1e6:.2f} MB", *(f"{row['ms'][e]:.1f} ms" if e in row["ms"] else "" for e in engines)])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def card(figures):
    """The text of CARD.md."""
    fitted = figures["fit"]
    values = {"TABLE": table(figures["rows"]), "USUAL_VALENCE": fitted["usual"][0], "USUAL_AROUSAL": fitted["usual"][1],
              "UNSEEN": f"{100 * fitted['unseen']:.1f} %", "CROPS": fitted["crops"], "PHOTOGRAPHS": fitted["photographs"],
              "COMPONENTS": fitted["components"], "N": fitted["n"], "N_PHOTOGRAPHS": fitted["n_photographs"],
              "MOST": PHOTOGRAPHS_TO_FIT}
    text = TEXT.read_text()
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", str(value))
    return text
