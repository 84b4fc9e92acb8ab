"""The three systems from composed sequences to packs that are measured, in miniature."""

import dataclasses
import json
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_sequences import make

from affectlab import data
from affectlab.sequence import audio_visual, compose, convergence, heads, packs, spatial_temporal, systems, voices, work

MTANET = Path(__file__).parents[2] / "mtanet"
SHORT = {"epochs": 1, "steps": 2, "batch": 8}


class Voice:
    """Stands for the voice pack, which is not asked anything here."""

    name, version, told, size = "voice", "0.1.0", "voice 0.1.0 made", 5

    def __init__(self, folder):
        pass


@pytest.fixture
def options(tmp_path, monkeypatch):
    """A run with composed sequences for mtanet, and a folder with that pack alone."""
    shutil.copytree(MTANET, tmp_path / "models/mtanet")
    run = tmp_path / "run"
    for part, count in (("fit", 16), ("holdout", 6), ("valid", 6)):
        made = make(count, seed=count, repeat=11, pack=compose.Frame(MTANET).told)
        made.save(work.composed(run, "mtanet", part))
        rng = np.random.default_rng(count)
        voices.Voices(rng.random((14, 4, 5), np.float32), np.arange(14) % 7, Voice.told).save(work.heard(run, "voice", part))
    short = {name: dataclasses.replace(recipe, plan=dataclasses.replace(recipe.plan, **SHORT))
             for name, recipe in systems.RECIPES.items()}
    monkeypatch.setattr(systems, "BRANCHES", (short["spatial-temporal-gru"], short["spatial-temporal-transformer"]))
    monkeypatch.setattr(audio_visual, "RECIPE", short["jin-2021"])
    monkeypatch.setattr(convergence, "RECIPE", short["progressive"])
    monkeypatch.setattr(convergence, "TRIAL", {"epochs": 1, "steps": 1, "curriculum": False, "mixup": 0.0})
    monkeypatch.setattr(voices, "Voice", Voice)
    return SimpleNamespace(run=run, models=tmp_path / "models", face="mtanet", clips=None, detector=None)


def through(module, options):
    """Train, pack, and measure the packs again; both sets of rows."""
    assert all(Path(path).is_file() for path in module.train(options))
    rows, seen = module.pack(options)
    # Measuring asks the packs themselves what they read.
    options.face = None
    again, _ = module.measured(options)
    assert seen == {}
    return dict(rows), dict(again)


def same(rows, again):
    assert rows.keys() == again.keys()
    for name in rows:
        # A label may change where two expressions are as likely, so figures of few rows may differ a little.
        assert rows[name]["accuracy"] == pytest.approx(again[name]["accuracy"], abs=0.01), name


def test_spatial_temporal_makes_three_packs_whose_files_measure_the_same(options):
    rows, again = through(spatial_temporal, options)
    same(rows, again)
    assert {"mtanet", "mtanet, mean over 9 rows", systems.ENSEMBLE, "spatial-temporal-gru", "spatial-temporal-transformer"} == set(rows)
    members = tomllib.loads((options.models / systems.ENSEMBLE / "pack.toml").read_text())["member"]
    assert sum(member["weight"] for member in members) == pytest.approx(1) and len(members) >= 2


def test_jin_tells_what_each_modality_brings(options):
    rows, again = through(audio_visual, options)
    same(rows, again)
    text = (options.models / "jin-2021/CARD.md").read_text()
    for name in ("face and voice", "face alone", "voice alone"):
        assert f"`jin-2021, {name}`" in text
    assert rows["jin-2021, face and voice, where heard"]["n"] < rows["jin-2021"]["n"]
    manifest = tomllib.loads((options.models / "jin-2021/pack.toml").read_text())
    assert manifest["reads"]["voice"] == {"pack": "voice", "version": "0.1.0", "embedding": 5}
    assert "SA" in manifest["licence"]["weights"] and "RAVDESS" in text


def test_voices_of_other_weights_are_refused(options, monkeypatch):
    monkeypatch.setattr(Voice, "told", "voice 0.1.0 other")
    with pytest.raises(data.DataError, match="voice 0.1.0 made, and the pack is voice 0.1.0 other"):
        next(audio_visual.train(options))


def test_progressive_compares_bodies_and_tasks_and_tells_compounds(options):
    rows, again = through(convergence, options)
    same(rows, again)
    kept = json.loads((options.run / "progressive-tried.json").read_text())
    assert [tuple(row[:3]) for row in kept["modules"][1:]] == list(convergence.TRIED)
    assert [tuple(tasks) for tasks, _ in kept["joint"]] == list(convergence.JOINT)
    alone = {tasks[0]: set(row) for tasks, row in kept["joint"] if len(tasks) == 1}
    assert "macro_f1" in alone["expression"] and "ccc_valence" not in alone["expression"]
    assert "ccc_valence" in alone["valence_arousal"] and "macro_f1" not in alone["valence_arousal"]
    assert "unit_f1" in alone["action_units"]
    text = (options.models / "progressive/CARD.md").read_text()
    assert "[`mtanet`](../mtanet/CARD.md)" in text and "both emotions found" in text
    assert packs.check(options.models / "progressive").keys() == set(heads.WIDTHS)


def test_compounds_are_found_by_the_two_largest_sigmoids():
    made = make(60)
    right = np.where(made.pair, 2.0, -2.0)
    found = convergence.compound_figures(made, right)
    assert found["n"] > 0 and found["both"] == 1 and found["one"] == 1
    one = right.copy()
    one[..., 0], one[..., 2] = 3.0, -3.0
    assert convergence.compound_figures(made, one)["both"] == 0 and convergence.compound_figures(made, one)["one"] == 1
