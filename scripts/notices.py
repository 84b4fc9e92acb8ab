"""Prints the licences of all crates that are linked into affectd, as most of them ask for.

Usage: notices.py TARGET, with TARGET as x86_64-unknown-linux-gnu. Reads `cargo metadata` and the crates' sources, which
`cargo build` has fetched. Build scripts and tests are not shipped, and left out.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

# Files that crates keep their licences in.
LICENCE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def metadata(target: str) -> dict:
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def linked(data: dict) -> list[dict]:
    """The packages that the program is linked of, without itself, by name."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]
    found, waiting = {root}, [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_linked and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    return sorted((packages[name] for name in found - {root}), key=lambda p: (p["name"], p["version"]))


def texts(package: dict) -> list[str]:
    folder = Path(package["manifest_path"]).parent
    files = sorted(file for file in folder.iterdir() if file.is_file() and LICENCE.match(file.name))
    return [file.read_text(errors="replace").strip() for file in files if file.suffix not in (".rs", ".toml")]


def main() -> None:
    packages = linked(metadata(sys.argv[1]))
    if not packages:
        sys.exit("notices: cargo metadata names no dependency")
    print("affectd is linked of these crates. Their licences and notices follow.\n")
    by_text: dict[str, tuple[str, list[str]]] = {}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        authors = ", ".join(package["authors"]) or "authors not named"
        print(f"{name}: {package['license'] or 'licence in its file'} ({authors})")
        for text in texts(package):
            digest = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            by_text.setdefault(digest, (text, []))[1].append(name)
    for text, names in by_text.values():
        print(f"\n{'=' * 100}\n{', '.join(names)}\n{'=' * 100}\n{text}")


if __name__ == "__main__":
    main()
