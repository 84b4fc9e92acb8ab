"""Reads from a ``pack.toml`` what this package needs: pinned files, input, golden."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BadManifestError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Pinned:
    """A file of a pack, relative to the pack's folder, and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The part of a pack's contract that decides which bytes must exist.

    ``scale`` and ``offset`` turn a pixel of 0..255 into the model's input.
    ``golden_outputs`` maps an output's name in ``[outputs]`` to its golden file.
    """

    name: str
    width: int
    height: int
    scale: float
    offset: float
    model: Pinned
    golden_input: Pinned
    golden_outputs: dict[str, Pinned]
    output_tensors: dict[str, str]
    tolerance: float

    def files(self) -> list[Pinned]:
        """Every file the pack must hold besides ``pack.toml``."""
        return [self.model, self.golden_input, *self.golden_outputs.values()]


def read_manifest(folder: Path) -> Manifest:
    """Read ``folder/pack.toml``; raises ``BadManifestError`` naming what is missing."""
    path = folder / "pack.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _manifest(table)
    except FileNotFoundError as error:
        raise BadManifestError(str(path), "no such file") from error
    except tomllib.TOMLDecodeError as error:
        raise BadManifestError(str(path), f"not TOML: {error}") from error
    except (KeyError, IndexError) as error:
        raise BadManifestError(str(path), f"lacks the key {error}") from error
    except ValueError as error:
        raise BadManifestError(str(path), str(error)) from error


def _manifest(table: dict[str, Any]) -> Manifest:
    variants = {_pinned(variant) for variant in table["variant"]}
    if len(variants) != 1:
        raise ValueError("all variants of a fetched pack must name the same file")
    golden = table["golden"]
    return Manifest(
        name=table["name"],
        width=int(table["input"]["width"]),
        height=int(table["input"]["height"]),
        scale=float(table["input"]["scale"]),
        offset=float(table["input"]["offset"]),
        model=variants.pop(),
        golden_input=_pinned(golden["input"]),
        golden_outputs={key: _pinned(entry) for key, entry in golden["outputs"].items()},
        output_tensors={key: entry["tensor"] for key, entry in table["outputs"].items()},
        tolerance=float(golden["tolerance"]),
    )


def _pinned(entry: dict[str, Any]) -> Pinned:
    path = Path(entry["file"])
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{entry['file']} must lie inside the pack's folder")
    return Pinned(entry["file"], entry["sha256"])
