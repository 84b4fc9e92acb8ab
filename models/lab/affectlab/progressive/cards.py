"""CARD.md and the [[measured]] entries of both packs, written from ``figures.json`` alone.

The fixed text is in ``progressive-face.md`` and ``jin-2021-face.md`` beside
this file; what a figure is not there for says so.
"""

from pathlib import Path

from ..card import percent, table, wild
from . import ablation

HINTS = ("It also learns to say what `mtanet` has in each place of its 8×8 grid and in its embedding (hints, Romero et al. "
         "2015), which the published system does not: a transformer this small, pretrained this briefly, takes long to find "
         "out what a convolution knows by its build.")
MISSING = "Not measured for this version."


def command(name):
    """The command that measures a pack."""
    return f"python -m affectlab progressive measure --data DIR --pack ../{name} --detector FILE --landmarks FILE --affectd FILE"


def measured(figures):
    """(what, value, on) for each entry of pack.toml; none before the pack was measured."""
    if "accuracy" not in figures:
        return
    classes = len(figures["recall"])
    on = ("FER+ validation split, majority label over ten columns (ties to the first column), "
          f"pictures of these {classes} labels, n = {figures['n']}")
    yield f"accuracy, {classes} expressions", figures["accuracy"], on
    yield f"mean recall, {classes} expressions", figures["mean_recall"], on
    yield "expected calibration error of the top confidence", figures["calibration_error"], on
    for name in ("valence", "arousal"):
        if f"ccc_{name}" in figures:
            yield (f"concordance (CCC), {name} pseudo-label", figures[f"ccc_{name}"],
                   on + "; against pseudo-labels from the votes, not against human ratings")
    if "compound" in figures:
        found = figures["compound"]
        for by in ("sum", "geometric mean"):
            yield (f"macro F1, {len(found['count'])} compound expressions, ranked by the {by}", found[by]["macro_f1"],
                   f"FER+ validation split, pictures with at least 3 votes for each of two emotions, n = {found['n']}")
    for part, found in figures.get("units", {}).items():
        yield ("area under the ROC curve, mean of 12 action units", found["mean"]["better"],
               f"{'FER+ validation split' if part == 'valid' else 'photographs of people held out'}, each unit by its better "
               f"witness, not against human labels, n = {found['n']}")


def _recalls(figures):
    return table(("expression", "pictures", "recall"),
                 [(name, figures["count"][name], percent(value)) for name, value in figures["recall"].items()])


def _expressions(figures):
    if "accuracy" not in figures:
        return MISSING
    text = (f"n = {figures['n']}: accuracy **{percent(figures['accuracy'])}**, mean recall **{percent(figures['mean_recall'])}**; "
            f"on the {figures['n_clear']} pictures with more than half of the votes for one expression, as the authors of FER+ "
            f"count, {percent(figures['accuracy_clear'])}. Expected calibration error of the top confidence "
            f"{figures['calibration_error']:.3f}.")
    if "ccc_valence" in figures:
        text += (f" CCC with the pseudo-labels: valence {figures['ccc_valence']:.2f}, arousal {figures['ccc_arousal']:.2f}.")
    if "f32" in figures:
        apart = ", ".join(f"{name} {value:.3f}" for name, value in figures["f32"]["largest_difference"].items())
        text += (f" With f32 weights the label is the same on {percent(figures['f32']['same_label'])} of the pictures; largest "
                 f"differences: {apart}.")
    return text + "\n\n" + _recalls(figures)


def _units(figures):
    if "units" not in figures:
        return MISSING
    rows = [("FER+ validation split" if part == "valid" else "photographs of people held out", found["n"],
             *(f"{found['mean'][key]:.3f}" for key in ("landmarker", "emotions", "better")))
            for part, found in figures["units"].items()]
    return table(("pictures", "n", "by shapes", "by emotions", "each by its better witness"), rows)


def _compound(figures):
    if "compound" not in figures:
        return MISSING
    found = figures["compound"]
    rows = [(f"ranked by the {by}", f"{found[by]['macro_f1']:.3f}", percent(found[by]["accuracy"]))
            for by in ("sum", "geometric mean")]
    rows.append(("always the commonest", f"{found['constant']:.3f}", ""))
    count = ", ".join(f"{name} {value}" for name, value in found["count"].items())
    return f"n = {found['n']} ({count}).\n\n" + table(("", "macro F1", "accuracy"), rows)


def _ablation():
    kept = ablation.load()
    if kept is None:
        return MISSING
    names = ("macro_recall", "ccc", "units_auc")
    rows = [(" + ".join(row["tasks"]).replace("_", " "), *(f"{row[name]:.3f}" if name in row else "–" for name in names))
            for row in kept["rows"]]
    return (f"{kept['pictures']} pictures, {kept['epochs']} epochs each from the same pretrained weights, half of the patches "
            f"shown, measured on the held-out part (n = {kept['n']}).\n\n"
            + table(("tasks", "macro recall", "mean CCC with pseudo-labels", "action units, area by emotions"), rows))


def _run(found):
    """What a training step was, in words."""
    plan = found["plan"]
    said = ", ".join(f"{name.replace('_', ' ')} {percent(value) if name == 'accuracy' else format(value, '.3f')}"
                     for name, value in found["held_out"].items())
    pictures = f" of {found['about']['pictures']} pictures" if "pictures" in found["about"] else ""
    epochs = "1 epoch" if found["epoch"] == 1 else f"{found['epoch']} epochs"
    return f"{epochs}{pictures}, batch {plan['batch']}, rate {plan['rate']:g}; on the held-out part: {said}"


def _mega(value):
    return f"{value / 1e6:.2f} M"


def _times(figures):
    if "times" not in figures:
        return MISSING
    return table(("network", "multiply-accumulates", "file", "tract"),
                 [(row["what"], f"{row['macs'] / 1e6:.0f} M", f"{row['bytes'] / 1e6:.2f} MB", f"{row['ms']:.1f} ms")
                  for row in figures["times"]])


def text(kind, figures, date):
    """CARD.md of a pack."""
    training = figures["training"]
    values = {
        "DATE": date, "VERSION": kind.version, "MEASURE": command(kind.name), "TEMPERATURE": training["temperature"],
        "PARAMETERS": _mega(training["parameters"]), "BYTES": f"{training['bytes'] / 1e6:.2f} MB",
        "EXPRESSIONS": _expressions(figures), "UNITS": _units(figures), "WILD": wild(figures), "TIMES": _times(figures),
    }
    if "jin" in training:
        values["RUN"] = _run(training["jin"])
        values["SWAP"] = {"epoch": "whole epochs", "batch": "single batches"}[training["jin"]["about"]["swap"]]
    else:
        masked = training["masked"]
        values |= {
            "COMPOUND": _compound(figures), "ABLATION": _ablation(), "MACS": f"{training['macs'] / 1e6:.0f} M",
            "SHARED": training["shared"], "DEPTH": training["shape"]["depth"], "WIDTH": training["shape"]["width"],
            "HEADS": training["shape"]["heads"], "UNSHARED_MACS": f"{training['unshared']['macs'] / 1e6:.0f} M",
            "UNSHARED_PARAMETERS": _mega(training["unshared"]["parameters"]),
            "TRUNK_MACS": f"{training['trunk']['macs'] / 1e6:.0f} M",
            "MASKED": f"{masked['epoch']} epochs, batch {masked['plan']['batch']}, last loss {masked['loss']:.3f}",
            "HINTS": HINTS if training["joint"]["about"].get("hints") else "",
            "STEPS": table(("step", "training"), [(name.replace("_", " "), _run(training[name])) for name in
                                                  ("joint", "expression", "valence_arousal", "action_units", "fused")]),
        }
    card = Path(__file__).with_name(f"{kind.name}.md").read_text()
    for name, value in values.items():
        card = card.replace("{{" + name + "}}", str(value))
    return card
