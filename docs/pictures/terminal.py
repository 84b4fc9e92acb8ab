"""Draws a terminal's text as SVG: `affectd replay demo/clip.mp4 | python3 docs/pictures/terminal.py > docs/pictures/demo.svg`.

Lines of events are drawn as the program shows them on a terminal: `new` bright, `end` dim.
"""

import sys
from html import escape

LINE, LEFT, TOP, WIDTH = 19, 22, 34, 860


def style(line: str) -> str:
    """The class of a line, by what stands in it."""
    if " new " in line or line.startswith(("Summary", "affectd", "$")):
        return "bright"
    return "dim" if " end " in line or "time    face" in line else "plain"


def main() -> None:
    lines = ["$ affectd replay demo/clip.mp4", *sys.stdin.read().rstrip("\n").split("\n")]
    height = TOP + LINE * len(lines) + 12
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
          'aria-label="Events of the demonstration in a terminal">')
    print("<style>text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; white-space: pre } "
          ".plain { fill: #c9d1d9 } .bright { fill: #ffffff; font-weight: bold } .dim { fill: #7d8590 }</style>")
    print(f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#161b22"/>')
    for number, line in enumerate(lines):
        print(f'<text class="{style(line)}" x="{LEFT}" y="{TOP + LINE * number}" xml:space="preserve">{escape(line)}</text>')
    print("</svg>")


if __name__ == "__main__":
    main()
