"""The model card and the [[measured]] entries, written from ``figures.json`` alone."""

from pathlib import Path

from . import ablate, agreement, train
from . import model as net
from .labels import EXPRESSIONS, UNITS, VALENCE_AROUSAL, expressions_of

MEASURE = "python -m affectlab measure --pack ../mtanet --data DIR"
BUILD = "make mtanet DATA=DIR"
TEXT = Path(__file__).with_name("card.md")


def size_of(model):
    """Parameters and multiply-accumulates, for the card."""
    return {"parameters": sum(p.numel() for p in model.parameters()), "macs": net.macs(model)}


def measured(figures):
    """(what, value, on) for each entry of pack.toml."""
    on = ("FER+ validation split, majority label over ten columns (ties to the first column), "
          f"unknown/NF majority dropped, n = {figures['n']}")
    yield "accuracy, 8 expressions", figures["accuracy"], on
    yield ("accuracy, 8 expressions, as the authors of FER+ count", figures["accuracy_clear"],
           f"FER+ validation split, pictures with more than half of the votes for one expression, n = {figures['n_clear']}")
    yield "mean recall, 8 expressions", figures["mean_recall"], on
    for name in EXPRESSIONS:
        yield (f"recall, {name}", figures["recall"][name],
               on.replace(f"n = {figures['n']}", f"n = {figures['count'][name]} of this label"))
    yield "expected calibration error of the top confidence", figures["calibration_error"], on
    pseudo = on + "; against pseudo-labels from the votes, not against human ratings"
    yield "concordance (CCC), valence pseudo-label", figures["ccc_valence"], pseudo
    yield "concordance (CCC), arousal pseudo-label", figures["ccc_arousal"], pseudo


def table(head, rows):
    """A Markdown table."""
    def line(cells):
        return "| " + " | ".join(str(cell) for cell in cells) + " |"
    return "\n".join([line(head), line(["---"] * len(head)), *(line(row) for row in rows)])


def percent(value):
    """A share in words."""
    return f"{100 * value:.1f} %"


def _ablations():
    rows = [(row["what"], row["part"], percent(row["accuracy"]), percent(row["mean_recall"]))
            for row in ablate.load()]
    undone = table(("one choice undone", "part", "accuracy", "mean recall"), rows) if rows else "None were measured."
    return undone + _options()


def _options():
    """The table of options against label noise, if any was measured."""
    rows = [(row["what"], row["epochs"], row["part"], percent(row["accuracy"]), percent(row["mean_recall"]))
            for row in ablate.options()]
    head = ("\n\nA finished run trained on for some epochs with one option more (`ablate --option NAME`; the README says "
            "what each does); `nothing` is the same without one. In accuracy none is further from `nothing` than one "
            "standard error (1.0 points on 1345 pictures of the held-out part, 0.6 on 3234), so all are off:\n\n")
    return head + table(("option", "epochs", "part", "accuracy", "mean recall"), rows) if rows else ""


def wild(figures):
    """The paragraph and table about photographs of people held out."""
    if "wild" not in figures:
        return "Not measured for this version."
    found = figures["wild"]
    head = (f"Accuracy {percent(found['accuracy'])}, mean recall {percent(found['mean_recall'])} on {found['n']} "
            f"photographs; in {found['missed']} more no face was found.")
    rows = [(n, found["count"][n], percent(r)) for n, r in found["recall"].items()]
    text = head + "\n\n" + table(("expression", "pictures", "recall"), rows)
    if "four" in found:
        four = found["four"]
        text += (f"\n\nTold among neutral, happiness, surprise and anger only, on all {four['n']} photographs with one of these "
                 f"labels: accuracy **{percent(four['accuracy'])}**, macro F1 **{four['macro_f1']:.2f}**.")
    return text


def _fifth(training):
    """The sentence about the round that learns action units, if there was one."""
    plan = training["plan"]
    if not plan.get("unit_weight"):
        return ""
    return (f"The fifth, {training['epoch']} epochs of {plan['epochs']} planned, starts from the fourth's weights and is "
            f"taught, by {plan['trust']}, by the fourth and by what it started from; it learns the action units as well, "
            f"with binary cross-entropy that counts {plan['unit_weight']} times. ")


def _frames(plan):
    """The item about Aff-Wild2, if its frames were trained on."""
    if not plan.get("frames"):
        return ""
    return (f"- Aff-Wild2's training part, cropped and aligned, one frame in {plan['every']} of each video: people's ratings "
            f"of expression, valence, arousal and action units, each where it is given. Its licence is for "
            "non-commercial research only. Its eighth expression is anything else; FER+ contempt counts as that, and the "
            f"figures of contempt below are those of the label {expressions_of(plan)[-1]}.\n")


def _area(value):
    return "–" if value is None else f"{value:.2f}"


def _units(figures):
    if "units" not in figures:
        return "Not trained or not measured for this version."
    valid, photographs = figures["units"]["valid"], figures["units"]["photographs"]
    parts = (valid, "landmarker"), (photographs, "landmarker"), (valid, "emotions"), (photographs, "emotions")
    rows = [(unit, *(_area(part["units"][unit][key]) for part, key in parts), f"{valid['units'][unit]['mean']:.2f}")
            for unit in valid["units"]]
    rows.append(("mean", *(_area(part["mean"][key]) for part, key in parts), ""))
    head = ("unit", "shapes, FER+", "shapes, photographs", "emotions, FER+", "emotions, photographs", "mean probability")
    better = [part["mean"].get("better") for part in (valid, photographs)]
    text = (f"FER+ validation split (n = {valid['n']}), photographs of people held out (n = {photographs['n']}).\n\n"
            + table(head, rows))
    if None not in better:
        text += (f"\n\nEach unit by its better witness (shapes for {_listed('landmarker')}; emotions for {_listed('emotions')}): "
                 f"mean **{better[0]:.2f}** and, on the photographs, **{better[1]:.2f}**.")
    errors = {unit: row["calibration_error"] for unit, row in valid["units"].items() if "calibration_error" in row}
    if errors:
        worst = max(errors, key=errors.get)
        text += (f" Calibration against the targets, which are pseudo-labels (FER+ validation split): expected calibration "
                 f"error **{sum(errors.values()) / len(errors):.3f}** on average over the units, at most "
                 f"{errors[worst]:.3f} ({worst}).")
    return text


def _listed(witness):
    return ", ".join(unit for unit in UNITS if agreement.better_witness(unit) == witness)


def _variants(figures):
    if "variants" not in figures:
        return "Not measured for this version."

    def took(row, engine):
        return f"{row['ms'][engine]:.2f} ms" if engine in row["ms"] else "–"

    rows = [(row["precision"], f"{row['bytes'] / 1e6:.2f} MB", percent(row["accuracy"]), percent(row["mean_recall"]),
             f"{row['ccc_valence']:.3f} / {row['ccc_arousal']:.3f}", f"{row['units']:.3f}",
             took(row, "tract"), took(row, "ort")) for row in figures["variants"]]
    return table(("precision", "file", "accuracy", "mean recall", "CCC valence / arousal", "action units, AUC",
                   "tract", "ONNX Runtime"), rows)


CUES_TEXT = """

What each cue brought (`python -m affectlab cues --data DIR --landmarks FILE`). Sets of cues, each judged by one that is not in it. By emotions: shapes, geometry (distances between the landmarker's points) and folds (structure of the skin, from the pixels) never see a vote; geometry and folds were weighed by the emotions of training pictures. By folds, for the units that make any: the rest never sees them. The network learned from shapes and votes of other pictures, so that it knows emotions says little of its units. A brow or a lip that moves into a region raises its energy as a fold does, so shapes and folds are not quite strangers. Geometry comes from the same landmarker as the shapes and is not judged by them. The means are over the units that have every column. Geometry and folds are not in the targets of this pack."""


def _cues(figures):
    """The tables of what each cue brought, if that was measured."""
    if "cues" not in figures:
        return ""
    text = CUES_TEXT
    for part, name in (("valid", "FER+ validation split"), ("photographs", "Photographs of people held out")):
        found = figures["cues"][part]
        columns = [(by, sets) for by in ("emotions", "folds") for sets in found[by]["mean"]
                   if sets not in ("geometry", "folds", "emotion")]
        rows = [(unit, *(_area(found[by].get(unit, {}).get(sets)) for by, sets in columns)) for unit in found["emotions"]]
        head = ("unit", *(f"{sets}, by {by}" for by, sets in columns))
        text += f"\n\n{name} (n = {found['n']}):\n\n" + table(head, rows)
    return text


def text(figures, date):
    """CARD.md: the fixed text of ``card.md`` with every figure filled in."""
    plan, full = figures["training"]["plan"], figures["f32"]
    values = {
        "DATE": date,
        "MEASURE": MEASURE,
        "BUILD": BUILD,
        "N": figures["n"],
        "ACCURACY": percent(figures["accuracy"]),
        "ACCURACY_WITHOUT_TIES": percent(figures["accuracy_without_ties"]),
        "N_WITHOUT_TIES": figures["n_without_ties"],
        "ACCURACY_CLEAR": percent(figures["accuracy_clear"]),
        "N_CLEAR": figures["n_clear"],
        "MEAN_RECALL": percent(figures["mean_recall"]),
        "CALIBRATION": f"{figures['calibration_error']:.3f}",
        "CCC_VALENCE": f"{figures['ccc_valence']:.2f}",
        "CCC_AROUSAL": f"{figures['ccc_arousal']:.2f}",
        "PARAMETERS": f"{figures['training']['parameters'] / 1e6:.2f} M",
        "MACS": f"{figures['training']['macs'] / 1e6:.0f} M",
        "BYTES": f"{figures['training']['bytes'] / 1e6:.2f} MB",
        "ROUNDS": "Five" if plan.get("unit_weight") else "Four",
        "EIGHTH": expressions_of(plan)[-1],
        "FRAMES": _frames(plan),
        "FIFTH": _fifth(figures["training"]),
        "FIRST_EPOCHS": train.ROUNDS[0][0].epochs,
        "SECOND_EPOCHS": train.ROUNDS[1][0].epochs,
        "THIRD_EPOCHS": train.ROUNDS[2][0].epochs,
        "FOURTH_EPOCHS": train.TAUGHT.epochs,
        "TRUST": train.TAUGHT.trust,
        "TAU": figures["training"]["tau"],
        "TEMPERATURE": figures["training"]["temperature"],
        "F32_ACCURACY": percent(full["accuracy"]),
        "SAME_LABEL": percent(full["same_label"]),
        "DIFFERENCES": ", ".join(f"{name} {value:.3f}" for name, value in full["largest_difference"].items()),
        "RECALLS": table(("expression", "pictures", "recall"),
                          [(n, figures["count"][n], percent(figures["recall"][n])) for n in EXPRESSIONS]),
        "CONFUSION": table(("people \\ network", *EXPRESSIONS),
                            [(n, *row) for n, row in zip(EXPRESSIONS, figures["confusion"])]),
        "GROUPS": table(("part of the validation split", "pictures", "accuracy"),
                         [(n, g["n"], percent(g["accuracy"])) for n, g in figures["groups"].items()]),
        "DAMAGE": table(("damage to the input", "accuracy"),
                         [(n, percent(v)) for n, v in figures.get("damage", {}).items()]),
        "VALENCE_AROUSAL": table(("", *VALENCE_AROUSAL),
                                  [("valence", *(v for v, _ in VALENCE_AROUSAL.values())),
                                   ("arousal", *(a for _, a in VALENCE_AROUSAL.values()))]),
        "WILD": wild(figures),
        "UNITS": _units(figures),
        "VARIANTS": _variants(figures),
        "CUES": _cues(figures),
        "ABLATIONS": _ablations(),
    }
    card = TEXT.read_text()
    for name, value in values.items():
        card = card.replace("{{" + name + "}}", str(value))
    return card
