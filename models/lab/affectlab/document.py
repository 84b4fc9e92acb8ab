"""The figures in a document for readers: tables between marks, written by the command that measured them.

``<!-- figures: NAME -->`` opens a block and ``<!-- end of figures -->`` closes it; what lies between is replaced.
"""

import re
from pathlib import Path

from .card import table
from .data import DataError

END = "<!-- end of figures -->"


def _percent(value):
    return "–" if value is None else f"{100 * value:.0f} %"


def _number(value):
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def blocks(result):
    """Name -> Markdown, from what ``plots.run`` gave."""
    n = result["n"]
    yield "expression", (
        f"{n} crops: {100 * result['accuracy']:.1f} % are given the label that most raters gave, and the expected "
        f"calibration error is {result['calibration_error']:.3f}.\n\n" + table(
            ("confidence", "share of the crops", "of these right"),
            [(row["from"], _percent(row["share"]), _percent(row["right"])) for row in result["confidence"]]))
    yield "affect", (
        f"CCC with the pseudo-labels: valence {result['ccc_valence']:.2f}, arousal {result['ccc_arousal']:.2f}. The answers, by "
        "what most raters said:\n\n" + table(
            ("", "valence: middle", "from, to (four in five)", "arousal: middle", "from, to (four in five)"),
            [(name, *(cell for low, middle, high in rows for cell in (_number(middle), f"{_number(low)}, {_number(high)}")))
             for name, rows in result["affect"].items()]))
    if "units" in result:
        yield "units", table(
            ("unit", "agrees with emotions", "agrees with shapes", "mean probability", "at 0.6 or more, of all crops"),
            [(unit, _number(row["emotions"]), _number(row.get("shapes")), _number(row["mean"]), f"{100 * row['active']:.1f} %")
             for unit, row in result["units"].items()])


def fill(path, result):
    """Write the figures of ``plots.run`` into the blocks of a document. Raises ``DataError`` when one has no place."""
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    for name, block in blocks(result):
        begin = f"<!-- figures: {name} -->"
        place = re.escape(begin) + ".*?" + re.escape(END)
        text, found = re.subn(place, lambda _: f"{begin}\n{block}\n{END}", text, flags=re.DOTALL)
        if found != 1:
            raise DataError(f"{path} has {found} blocks {begin}: one was expected")
    path.write_text(text, encoding="utf-8")
