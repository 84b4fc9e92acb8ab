"""The card of the pack and its [[measured]] entries, written from ``figures.json`` alone."""

from pathlib import Path

from ..card import table
from . import labels, recipe

MEASURE = "python -m affectlab voice measure --data DIR"
TEXT = Path(__file__).with_name("card.md")
DATA = (("RAVDESS speech, actors 1 to 16 (Livingstone and Russo 2018), 16 kHz", "CC BY-NC-SA 4.0"),
        ("Whisper base, encoder (OpenAI, 2022): teacher in training, none of its weights is in the pack", "MIT"))
NAMES = labels.EXPRESSIONS


def percent(value):
    return f"{100 * value:.1f} %"


def measured(figures):
    """(what, value, on) for each entry of pack.toml."""
    actors = ", ".join(map(str, figures["actors"]))
    on = f"RAVDESS speech, actors {actors}, none of whom it was trained on, mean over the windows of a recording, n = {figures['n']}"
    yield "mean recall, 8 expressions", figures["mean_recall"], on
    yield "mean recall, 6 expressions (asked for neutral, anger, disgust, fear, happiness, sadness alone)", figures["mean_recall_six"], on
    for name, recall in figures["recall"].items():
        yield f"recall, {name}", recall, on.replace(f"n = {figures['n']}", f"n = {figures['count'][name]} of this label")
    yield "share of pairs in which anger has the higher arousal than sadness", figures["anger_above_sadness"], on
    yield "expected calibration error of the top confidence", figures["calibration_error"], on
    pseudo = on + "; against pseudo-labels from the acted emotion, not against human ratings"
    yield "concordance (CCC), valence pseudo-label", figures["ccc_valence"], pseudo
    yield "concordance (CCC), arousal pseudo-label", figures["ccc_arousal"], pseudo


def _ablations(figures):
    if "ablations" not in figures:
        return "Not measured for this version."
    rows = [(row["what"], percent(row["clean"]), percent(row["worn"]), percent(row["louder"])) for row in figures["ablations"]]
    return table(("", "as recorded", "in drawn rooms, noise and speed", "20 dB louder"), rows)


def _shares(plan):
    return ", ".join(f"{name} {share:.0%}" for name, share in plan["amount"].items()) + f", clean {plan['clean']:.0%} of the hearings"


def text(figures, date):
    """CARD.md: the fixed text of ``card.md`` with every figure filled in."""
    training = figures["training"]
    plan, first = training["plan"], training["rounds"][0]
    table_of_affect = labels.VALENCE_AROUSAL
    values = {
        "DATE": date, "MEASURE": MEASURE, "N": figures["n"], "WINDOWS": figures["windows"],
        "ACTORS": ", ".join(map(str, figures["actors"])), "WATCHED": ", ".join(map(str, recipe.WATCHED)),
        "MEAN_RECALL": percent(figures["mean_recall"]), "SIX": percent(figures["mean_recall_six"]),
        "ACCURACY": percent(figures["accuracy"]), "RANKED": percent(figures["anger_above_sadness"]),
        "CALIBRATION": f"{figures['calibration_error']:.3f}", "F32": percent(figures["f32"]["mean_recall"]),
        "CCC_VALENCE": f"{figures['ccc_valence']:.2f}", "CCC_AROUSAL": f"{figures['ccc_arousal']:.2f}",
        "PARAMETERS": f"{training['parameters'] / 1e6:.2f} M", "MACS": f"{training['macs'] / 1e6:.0f} M",
        "BYTES": f"{training['bytes'] / 1e6:.2f} MB", "TEMPERATURE": training["temperature"],
        "EPOCHS": plan["epochs"], "BATCH": plan["batch"], "HEARINGS": plan["hearings"] - 1, "TRUST": plan["trust"],
        "SMOOTHING": plan["smoothing"], "DIRECTIONS": training["shape"]["extra"],
        "FIRST_EPOCHS": first["epochs"], "FIRST_SMOOTHING": first["smoothing"], "FIRST_SHARES": _shares(first),
        "SHARES": _shares(plan),
        "NORMAL": labels.DISTANCE[1], "STRONG": labels.DISTANCE[2],
        "VALENCE_AROUSAL": table(("", *table_of_affect), [("valence", *(v for v, _ in table_of_affect.values())),
                                                           ("arousal", *(a for _, a in table_of_affect.values()))]),
        "RECALLS": table(("expression", "recordings", "recall", "mean arousal said"),
                         [(n, figures["count"][n], percent(figures["recall"][n]), f"{figures['arousal'][n]:.2f}") for n in NAMES]),
        "CONFUSION": table(("actor \\ network", *NAMES), [(n, *row) for n, row in zip(NAMES, figures["confusion"])]),
        "GROUPS": table(("part", "recordings", "mean recall"),
                        [(n, g["n"], percent(g["mean_recall"])) for n, g in figures["groups"].items()]),
        "PER_ACTOR": ", ".join(f"{actor}: {percent(value)}" for actor, value in figures["per_actor"].items()),
        "DAMAGE": table(("what the recording went through", "mean recall, 8", "mean recall, 6", "anger above sadness", "largest change of a probability"),
                        [(n, percent(d["mean_recall"]), percent(d["mean_recall_six"]), percent(d["anger_above_sadness"]), f"{d['largest_change']:.3f}")
                         for n, d in figures["damage"].items()]),
        "ABLATIONS": _ablations(figures),
    }
    card = TEXT.read_text()
    for name, value in values.items():
        card = card.replace("{{" + name + "}}", str(value))
    return card
