"""One picture for readers: which expressions of a voice are taken for which, in the style of the face pack's."""

import json
from pathlib import Path

import numpy as np

from .. import measure, plots
from . import labels


def draw(folder, path):
    """Draw the confusion that a pack's ``figures.json`` holds as a small SVG file."""
    import matplotlib

    figures = json.loads((Path(folder) / measure.FIGURES).read_text())
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(plots.STYLE):
        plots.confusion(np.array(figures["confusion"]), path, labels.EXPRESSIONS, "what the actor was asked for",
                        "Share of each row, and number of recordings", "Confusion of expressions in voices, actors held out")
