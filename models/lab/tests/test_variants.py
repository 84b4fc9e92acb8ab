"""Every precision is named for every engine in a scratch pack, and the daemon's own times are read."""

import stat
import tomllib

import pytest

from affectlab import measure, pack, variants

# Stands in for the daemon: says what the manifest of the scratch pack names, and that tract took 2 ms for each.
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys, tomllib
assert sys.argv[1:4] == ["model", "verify", "--json"], sys.argv
(manifest,) = pathlib.Path(sys.argv[sys.argv.index("--models") + 1]).glob("*/pack.toml")
rows = tomllib.loads(manifest.read_text())["variant"]
assert all((manifest.parent / row["file"]).is_file() for row in rows)
print(json.dumps([{"precision": row["precision"], "engine": row["engine"],
                   "run_ms": 2.0 if row["engine"] == "tract" else None} for row in rows]))
"""


@pytest.fixture(scope="module")
def built(trained, faces_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "mtanet"
    pack.build(trained, faces_folder, folder, damage=False)
    return folder


@pytest.fixture()
def affectd(tmp_path):
    path = tmp_path / "affectd"
    path.write_text(PROGRAM)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_every_precision_is_measured_and_reaches_the_card(built, trained, faces_folder, affectd):
    before = (built / "pack.toml").read_text()
    rows = variants.run(faces_folder, affectd, built, pack.precisions(trained, built))
    assert [row["precision"] for row in rows] == ["f32", "int8-weight-only", "int8-static"]
    assert all(row["ms"] == {"tract": 2.0} and 0 <= row["accuracy"] <= 1 and row["bytes"] > 0 for row in rows)
    assert rows[1]["bytes"] < rows[0]["bytes"] / 3
    pack.add_figures(built, "variants", rows)
    told = (built / "CARD.md").read_text()
    assert "| int8-static |" in told and "2.00 ms | – |" in told
    assert (built / "pack.toml").read_text() == before


def test_the_published_files_are_those_of_the_manifest(built, trained):
    named = {entry["precision"]: entry["file"] for entry in tomllib.loads((built / "pack.toml").read_text())["variant"]}
    files = pack.precisions(trained, built)
    assert {precision: files[precision].name for precision in named} == named
    assert files["f32"].is_file()


def test_a_program_that_is_missing_or_says_nothing_is_named(built, trained, tmp_path):
    files = pack.precisions(trained, built)
    with pytest.raises(measure.PackError, match="does not run"):
        variants.times(tmp_path / "none", built, files)
    with pytest.raises(measure.PackError, match="failed"):
        variants.times("true", built, files)
