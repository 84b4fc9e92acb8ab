"""The cards of sequence packs, written from their ``figures.json`` and the texts ``about-*.md`` alone."""

from pathlib import Path

from .. import card

HERE = Path(__file__).parent
LICENCE = ("The licence of the weights is CC BY-NC 4.0: they were trained on FER2013 pictures, which were collected from the web "
           "without the consent of those shown.")
SPEECH = "They were also trained on RAVDESS speech, which asks for CC BY-NC-SA 4.0: share alike."
COLUMNS = (("accuracy", "accuracy"), ("macro_f1", "macro F1"), ("ccc_valence", "CCC valence"),
           ("ccc_arousal", "CCC arousal"), ("unit_f1", "AU F1"), ("flips", "flips a second"))


def _cell(row, key):
    return f"{row[key]:.3f}" if key in row else "–"


def table_of_rows(rows):
    """Figures on composed sequences as Markdown."""
    return card.table(("", *(name for _, name in COLUMNS)),
                      [(f"`{name}`", *(_cell(row, key) for key, _ in COLUMNS)) for name, row in rows])


def table_of_clips(clips):
    """Flips a second on real clips as Markdown."""
    if not clips:
        return "Not measured for this version."
    readers = [name for name in next(iter(clips.values())) if name not in ("seconds", "found")]
    rows = [(name, f"{row['seconds']:.1f}", f"{100 * row['found']:.0f} %", *(f"{row[r]:.2f}" for r in readers))
            for name, row in clips.items()]
    total = sum(row["seconds"] for row in clips.values())
    mean = {r: sum(row[r] * row["seconds"] for row in clips.values()) / total for r in readers}
    rows.append(("all", f"{total:.1f}", "", *(f"{mean[r]:.2f}" for r in readers)))
    return card.table(("clip", "seconds", "face found", *readers), rows)


def better(rows, name, than):
    """A sentence: is ``name`` better than ``than`` on composed sequences, in accuracy and macro F1?"""
    ours, theirs = dict(rows)[name], dict(rows)[than]
    gain = ours["accuracy"] - theirs["accuracy"], ours["macro_f1"] - theirs["macro_f1"]
    told = (f"accuracy {100 * gain[0]:+.1f} points, macro F1 {gain[1]:+.3f}, flips {theirs['flips']:.2f} → {ours['flips']:.2f} "
            "a second")
    verdict = "does better than" if min(gain) > 0 else "does not do better than"
    return f"On held-out composed sequences `{name}` {verdict} `{than}`: {told}."


def text(name, about, figures):
    """CARD.md of the pack ``name``."""
    rows = figures["rows"]
    first, smooth = rows[0][0], rows[1][0]
    own = dict(rows)[name]
    design = figures.get("design")
    values = {
        "NAME": name, "SYSTEM": about, "DATE": figures["date"], "N": own["n"], "SEQUENCES": own["sequences"],
        "LABEL_FLIPS": f"{own['label_flips']:.2f}",
        "ROWS": table_of_rows(rows), "CLIPS": table_of_clips(figures.get("clips")),
        "VERDICT": better(rows, name, first) + " " + better(rows, name, smooth),
        "FACE": first,
        "ABOUT": (HERE / f"about-{about}.md").read_text().strip(), "TRAINED": figures["trained_on"],
        "LICENCE": LICENCE + (f" {SPEECH}" if design and design["voice"] else ""),
        "SIZE": f"{figures['parameters'] / 1e3:.0f} thousand parameters, {figures['bytes'] / 1e6:.2f} MB" if design else
                "no network of its own",
        "WINDOW": window(design) if design else "see the members",
        "TRAINING": training(figures) if design else "Weights, chosen in tenths so that the labels of composed sequences "
                    "of the held-out tuning part are most likely: "
                    + ", ".join(f"`{member}` {weight}" for member, _, weight in figures["members"]) + ".",
        "MORE": more(figures),
    }
    written = (HERE / "card.md").read_text()
    # The text about the system comes first: it names the frame pack too.
    for key in ("ABOUT", *values):
        written = written.replace("{{" + key + "}}", str(values[key]))
    return written


def window(design):
    """The input in a sentence."""
    rest = design["frames"] - 1 - (design["frames"] // 2 if design["predicts"] == "middle" else design["frames"] - 1)
    late = f"so an answer comes {rest * 0.1:.1f} s late" if rest else "nothing after it is needed"
    voice = f", then the voice's {design['voice']} numbers and 1 if there was one" if design["voice"] else ""
    return (f"{design['frames']} rows, one each 0.1 s, oldest first; a row is the face's {design['face']} numbers and 1 if "
            f"there was one{voice}. Outputs hold for the {design['predicts']} row, {late}")


def training(figures):
    """The training in a sentence."""
    plan = figures["plan"]
    return (f"{plan['epochs']} epochs of at most {plan['steps']} batches of {plan['batch']} windows, AdamW at {plan['rate']}, weights "
            f"averaged; each row is lost with a probability of {plan['drop']}. The temperature {figures['temperature']} was "
            "tuned on composed sequences of the held-out tuning part.")


def more(figures):
    """Tables that only some packs have: (title, head, rows) each."""
    return "".join(f"\n\n## {title}\n\n{note}\n\n{card.table(head, rows)}" for title, note, head, rows in figures.get("tables", ()))
