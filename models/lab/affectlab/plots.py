"""Pictures for integrators: how the published file does on the FER+ validation split, drawn as small SVG files.

Four pictures: where expressions are confused, whether a confidence keeps its word, how valence and arousal follow
their pseudo-labels, and how action units follow their witnesses. Drawn on white, so that they can be read on any
page; one blue from light to dark, and blue and orange that colour-blind people tell apart. Fonts are text, many
faces are one path, and the same figures give the same bytes.
"""

import io
import re
from pathlib import Path

import numpy as np
import torch

from . import action_units, agreement, calibrate, data, evaluate, export, losses, measure
from .labels import EXPRESSIONS, UNITS
from .picture import to_input

BLUE, ORANGE, INK, GREY = "#0072b2", "#d55e00", "#1c1c1c", "#8a8a8a"
SHADES = ("#e3eef7", "#bcd7eb", "#86b8dc", "#4b93c5", "#1f6ba5", "#0b3f6f")
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "affectlab", "font.family": "sans-serif", "font.size": 10,
         "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"], "text.color": INK, "axes.labelcolor": INK,
         "axes.edgecolor": GREY, "xtick.color": INK, "ytick.color": INK, "axes.titlesize": 11, "axes.linewidth": 0.8,
         "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white", "savefig.facecolor": "white"}
BINS = 10
CELLS = 32
# At this probability the daemon tells of a unit, unless it is configured otherwise.
ACTIVE = 0.6


def _figure(*size, rows=1, columns=1, **options):
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(size, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.06)
    FigureCanvasSVG(figure)
    return figure, figure.subplots(rows, columns, **options)


def _tenth(number):
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _save(figure, path, title):
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Title": title, "Date": None, "Creator": None})
    # A tenth of a pixel is enough, and a line for each corner is not needed.
    short = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\s+", " ", re.sub(r"\d+\.\d+", _tenth, path[0])), text.getvalue())
    Path(path).write_text(re.sub(r"[ \t]+$", "", short, flags=re.MULTILINE), encoding="utf-8")


def _boxes(axes, left, bottom, width, height, colour):
    """Rectangles of one colour as one path: N cells are one element of the file. ``height``: one, or one for each."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Line

    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    sizes = np.broadcast_to(height, len(left))
    points = np.concatenate([[x, y] + corners * [width, tall] for x, y, tall in zip(left, bottom, sizes)])
    codes = [Line.MOVETO, Line.LINETO, Line.LINETO, Line.LINETO, Line.CLOSEPOLY] * len(left)
    axes.add_patch(PathPatch(Line(points, codes), facecolor=colour, edgecolor="none"))


def _runs(mask):
    """Column, first row and length of each unbroken run in the columns of a 2-D mask."""
    edge = np.diff(np.pad(mask.astype(int), ((0, 0), (1, 1))), axis=1)
    (column, first), (_, end) = np.nonzero(edge == 1), np.nonzero(edge == -1)
    return column, first, end - first


def confusion(table, path, names=EXPRESSIONS, rows_are="what most raters said",
              title="Share of each row, and number of pictures", of="Confusion of expressions, FER+ validation split"):
    """``table`` (8, 8) over ``names``: rows what ``rows_are``, columns what the network said. Shade: share of the row."""
    share = table / table.sum(1, keepdims=True).clip(1)
    figure, axes = _figure(7.2, 5.6)
    shade = np.minimum((share * len(SHADES)).astype(int), len(SHADES) - 1)
    for level, colour in enumerate(SHADES):
        rows, columns = np.nonzero((shade == level) & (table > 0))
        if len(rows):
            _boxes(axes, columns, rows, 1, 1, colour)
    for row, column in np.ndindex(table.shape):
        if table[row, column]:
            ink = "white" if shade[row, column] >= 3 else INK
            middle = {"ha": "center", "va": "center", "color": ink}
            axes.text(column + 0.5, row + 0.42, f"{100 * share[row, column]:.0f} %", size=10, **middle)
            axes.text(column + 0.5, row + 0.76, str(table[row, column]), size=7, **middle)
    place = np.arange(len(names)) + 0.5
    axes.set(xlim=(0, 8), ylim=(8, 0), xticks=place, yticks=place, xlabel="what the network said",
             ylabel=rows_are)
    axes.set_xticklabels(names, rotation=30, ha="right")
    axes.set_yticklabels([f"{name} ({count})" for name, count in zip(names, table.sum(1))])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    _save(figure, path, of)


def reliability(logits, label, temperature):
    """Per bin of the top confidence: how many, mean confidence, share that is right; and the calibration error."""
    return calibrate.by_confidence(logits, label, temperature, BINS), calibrate.expected_error(logits, label, temperature, BINS)


def calibration(bins, error, path):
    """What ``reliability`` gave: accuracy over confidence, and how many pictures have which."""
    figure, (upper, lower) = _figure(5.2, 5.6, rows=2, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    upper.text(0.05, 0.1, "keeps its word", color="#5c5c5c", size=8, rotation=34, rotation_mode="anchor")
    there = [(b, *row) for b, row in enumerate(bins) if row[0]]
    for b, count, _, accuracy in there:
        upper.bar((b + 0.5) / BINS, accuracy, 0.9 / BINS, color=SHADES[2])
    upper.plot([row[2] for row in there], [row[3] for row in there], color=BLUE, marker="o", markersize=5, linewidth=1.5)
    upper.set(ylabel="share that is right", xlim=(0, 1), ylim=(0, 1), title=f"Expected calibration error {error:.3f}")
    lower.bar([(b + 0.5) / BINS for b, *_ in there], [row[1] for row in there], 0.9 / BINS, color=SHADES[3])
    lower.set(xlabel="confidence of the label", ylabel="pictures", xlim=(0, 1))
    _save(figure, path, "Reliability of the expression's confidence, FER+ validation split")


def affect(target, said, path):
    """(N, 2) pseudo-labels and answers: how many faces lie where, and the concordance of each."""
    agreement_ = losses.ccc(said, target).tolist()
    figure, panels = _figure(8.4, 4.5, columns=2)
    edges = np.linspace(-1, 1, CELLS + 1)
    for place, (axes, name) in enumerate(zip(panels, ("valence", "arousal"))):
        count, _, _ = np.histogram2d(target[:, place].numpy(), said[:, place].numpy(), [edges, edges])
        level = np.minimum(np.ceil(np.log2(count.clip(1e-9))).astype(int), len(SHADES) - 1)
        for shade, colour in enumerate(SHADES):
            x, y, length = _runs((count > 0) & (level == shade))
            if len(x):
                _boxes(axes, edges[x], edges[y], 2 / CELLS, length * 2 / CELLS, colour)
        axes.plot([-1, 1], [-1, 1], color=ORANGE, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlim=(-1, 1), ylim=(-1, 1), xlabel=f"pseudo-label, {name}", title=f"{name}: CCC {agreement_[place]:.2f}",
                 xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-1, -0.5, 0, 0.5, 1], aspect="equal")
    panels[0].set_ylabel("answer")
    figure.supxlabel("faces in a cell, light to dark: 1, 2, up to 4, 8, 16, more", size=8)
    _save(figure, path, "Valence and arousal against their pseudo-labels, FER+ validation split")


def roc(scores, positive, steps=40):
    """(steps + 1,) false and true positive rates, from (N,) scores and booleans."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    positive = np.asarray(positive, bool)[order]
    # Equal scores are one step.
    last = np.r_[np.asarray(scores)[order][1:] != np.asarray(scores)[order][:-1], True]
    true, false = (np.r_[0, np.cumsum(side)[last] / max(1, side.sum())] for side in (positive, ~positive))
    grid = np.linspace(0, 1, steps + 1)
    return grid, np.interp(grid, false, true)


def units(probability, label, witness, path):
    """Twelve small curves, from (N, 12) probabilities, (N,) labels and, of the faces found, what the landmarker saw.

    ``witness``: (M, 12) log odds and (N,) whether found, or ``None``. Gives the areas: unit -> by emotions, by shapes.
    """
    figure, panels = _figure(8.4, 6.6, rows=3, columns=4, sharex=True, sharey=True)
    areas = {}
    for place, (unit, axes) in enumerate(zip(UNITS, panels.flat)):
        sides = [("emotions", ORANGE, (0, (5, 2)), probability[:, place], *agreement.told(label, unit))]
        if witness is not None:
            seen, found = witness
            sides.append(("shapes", BLUE, "solid", probability[found, place], *agreement.extremes(seen[:, place])))
        axes.plot([0, 1], [0, 1], color="#c8c8c8", linewidth=0.8)
        areas[unit] = {}
        for height, (name, colour, line, scores, counts, positive) in enumerate(sides):
            area = areas[unit][name] = action_units.auc(scores[counts], positive)
            if area is not None:
                axes.plot(*roc(scores[counts], positive), color=colour, linestyle=line, linewidth=1.5)
                axes.text(0.97, 0.06 + 0.15 * height, f"{name} {area:.2f}", ha="right", color=colour, size=8)
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        axes.label_outer(remove_inner_ticks=True)
        axes.set_title(unit, size=10, loc="left", pad=3)
    figure.supxlabel("share of the others that is taken for it", size=9)
    figure.supylabel("share that is found", size=9)
    _save(figure, path, "Action units against their witnesses, FER+ validation split")
    return areas


def _bands(logits, label, temperature, unknown_below=0.4):
    """How often the label is right, by how sure it is; below ``unknown_below`` the daemon names none."""
    confidence, guess = torch.softmax(logits / temperature, 1).max(1)
    edges = [0.0, unknown_below, 0.6, 0.8, 0.9, 1.01]
    for low, high in zip(edges, edges[1:]):
        inside = (confidence >= low) & (confidence < high)
        name = f"below {high} (`unknown`)" if low == 0 else f"{low} and more" if high > 1 else f"{low} to {high}"
        yield {"from": name, "share": float(inside.float().mean()),
               "right": float((guess == label)[inside].float().mean()) if inside.any() else None}


def _by_expression(label, va):
    """Expression -> (2, 3) tenth, middle and ninetieth of a hundred answers of valence and of arousal."""
    return {name: np.quantile(va[label == kind], [0.1, 0.5, 0.9], axis=0).T.tolist()
            for kind, name in enumerate(EXPRESSIONS) if (label == kind).any()}


def run(folder, pack_folder, out, landmarks_file=None):
    """Draw all pictures of a pack into ``out``; gives the figures in them and about them, as a dictionary."""
    pack, model = measure.open_pack(pack_folder)
    valid, out = data.load(folder, "valid"), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    answers = export.run(export.session(model), to_input(valid.images).numpy())
    logits, va = torch.from_numpy(answers["expression"]), torch.from_numpy(answers["valence_arousal"])
    temperature = pack["outputs"]["expression"]["temperature"]
    import matplotlib

    with matplotlib.rc_context(STYLE):
        table = evaluate.confusion(valid.label, logits.argmax(1))
        confusion(table, out / "confusion.svg")
        bins, error = reliability(logits, valid.label, temperature)
        calibration(bins, error, out / "calibration.svg")
        affect(valid.va, va, out / "valence-arousal.svg")
        agreed = losses.ccc(va, valid.va).tolist()
        result = {"n": len(valid), "accuracy": float(table.trace() / table.sum()), "calibration_error": error,
                  "ccc_valence": agreed[0], "ccc_arousal": agreed[1],
                  "confidence": list(_bands(logits, valid.label, temperature)),
                  "affect": _by_expression(valid.label.numpy(), va.numpy())}
        if "action_units" in pack["outputs"]:
            witness = None
            if landmarks_file:
                landmarks = action_units.Landmarks(landmarks_file)
                seen, found = landmarks.of(valid.name)
                witness = action_units.Witness.about(landmarks, data.load(folder, "fit")).logits(seen).numpy(), found.numpy()
            probability = 1 / (1 + np.exp(-answers["action_units"].astype(np.float64)))
            areas = units(probability, valid.label.numpy(), witness, out / "action-units.svg")
            result["units"] = {unit: {**areas[unit], "mean": float(column.mean()), "active": float((column >= ACTIVE).mean())}
                               for unit, column in zip(UNITS, probability.T)}
    return result
