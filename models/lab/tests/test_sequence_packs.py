"""The folders of sequence packs and of the ensemble: what the daemon reads, golden vectors, and cards that say all there is."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from made_sequences import make

from affectlab import action_units, cli, labels, measure
from affectlab.sequence import cards, compose, figures, heads, learn, packs, systems, work
from affectlab.sequence import export as sequences

MODELS = Path(__file__).parents[2]
PUBLISHED = [name for name in systems.RECIPES if (MODELS / name / "pack.toml").is_file()]


class Voice:
    """Stands for a voice pack: nothing of it is asked here but its name."""

    name, version, size = "voice", "0.1.0", 24


@pytest.fixture(scope="module")
def face():
    return compose.Frame(MODELS / "mtanet")


@pytest.fixture(scope="module")
def kept():
    made = make(6)
    rows = figures.judge(made, *figures.by_frame(made))
    return {"trained_on": 77, "rows": [(name, rows) for name in ("mtanet", "mtanet, mean over 9 rows", *systems.RECIPES, systems.ENSEMBLE)],
            "clips": {"a.mp4": {"seconds": 2.0, "found": 0.5, "mtanet": 1.25}},
            "tables": [("More", "A note.", ("what", "value"), [("this", 1)])]}


@pytest.fixture(scope="module")
def built(face, kept, tmp_path_factory):
    """A folder with a pack of every recipe, from networks that learned nothing."""
    models, run = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("run")
    for recipe in systems.RECIPES.values():
        torch.manual_seed(0)
        voice = Voice if recipe.voice else None
        net = heads.SequenceNet(recipe.form(face.size, Voice.size if voice else 0)).eval()
        net.entrance.face.scale_by(torch.rand(50, face.size))
        learn.save(work.checkpoint(run, recipe.name), net, recipe.plan, 1.2)
        packs.build(recipe, work.checkpoint(run, recipe.name), models / recipe.name, face, voice, kept, "2026-01-02")
    members = [("mtanet", "0.1.0", 0.2), ("spatial-temporal-gru", "0.1.0", 0.8)]
    packs.build_ensemble(models / systems.ENSEMBLE, members, kept, "2026-01-02")
    return models


def manifest_of(folder):
    return tomllib.loads((folder / "pack.toml").read_text())


def folders(built):
    yield from (built / name for name in systems.RECIPES)
    yield from (MODELS / name for name in PUBLISHED)


def test_every_hash_is_that_of_its_file_and_files_are_small(built):
    for folder in folders(built):
        manifest = manifest_of(folder)
        golden = manifest["golden"]
        for entry in [*manifest["variant"], golden["input"], *golden["outputs"].values()]:
            assert measure.sha256(folder / entry["file"]) == entry["sha256"], (folder, entry["file"])
            assert (folder / entry["file"]).stat().st_size < 1.5e6


def test_golden_vectors_are_met_and_tell_samples_apart(built):
    for folder in folders(built):
        worst = packs.check(folder)
        assert max(worst.values()) < manifest_of(folder)["golden"]["tolerance"], folder
        said = np.fromfile(folder / "golden/expression.f32", "<f4").reshape(packs.SAMPLES, -1)
        assert np.isfinite(said).all() and len(np.unique(said.round(4), axis=0)) == packs.SAMPLES


def test_golden_outputs_are_pytorchs_on_the_weights_of_the_file(built, face, tmp_path):
    net = heads.SequenceNet(systems.SPATIAL_TEMPORAL_GRU.form(face.size)).eval()
    x = packs.golden_windows(net.design, face)
    packs.write_golden(tmp_path, net, x)
    kept = np.fromfile(tmp_path / "golden/expression.f32", "<f4").reshape(packs.SAMPLES, -1)
    np.testing.assert_allclose(kept, sequences.answers(net, x)["expression"], atol=1e-6)


def test_golden_windows_have_lost_rows_and_a_missing_voice(face):
    design = systems.JIN.form(face.size, Voice.size)
    x = packs.golden_windows(design, face)
    seen, heard = x[:, :, design.face], x[:, :, -1]
    assert seen[0].all() and 0 < seen[1].sum() < design.frames and seen[3].sum() == 1
    assert heard[0].all() and 0 < heard[1].sum() < design.frames and not heard[2].any()
    assert (x[:, :, :design.face][seen == 0] == 0).all() and (x[:, :, design.face + 1:-1][heard == 0] == 0).all()


def test_manifests_follow_the_contract(built):
    for folder in folders(built):
        manifest, recipe = manifest_of(folder), systems.RECIPES[folder.name]
        window, reads = manifest["window"], manifest["reads"]
        assert manifest["schema"] == 1 and manifest["kind"] == "sequence" and manifest["name"] == folder.name
        assert manifest["licence"]["commercial_use"] is False
        assert "input" not in manifest and "align" not in manifest
        assert window["frames"] == recipe.design.frames and window["predicts"] == recipe.design.predicts
        assert window["columns"] == sum(part["embedding"] + 1 for part in reads.values())
        assert window["seconds"] / window["frames"] == pytest.approx(window["hop_seconds"] / window["hop_frames"])
        assert ("voice" in reads) == bool(recipe.voice)
        assert set(manifest["outputs"]) == set(manifest["golden"]["outputs"]) == set(recipe.design.tasks)
        assert manifest["outputs"]["expression"]["labels"] == list(labels.EXPRESSIONS)
        if "action_units" in manifest["outputs"]:
            assert manifest["outputs"]["action_units"]["labels"] == list(action_units.UNITS)
        assert [variant["engine"] for variant in manifest["variant"]] == ["tract", "ort"]
        assert all("composed" in entry["on"] for entry in manifest["measured"])


def test_six_sigmoids_are_named(built):
    told = manifest_of(built / "progressive")["outputs"]["compound"]
    assert told == {"tensor": "compound", "labels": ["anger", "disgust", "fear", "happiness", "sadness", "surprise"]}


def test_an_ensemble_has_members_and_no_network(built):
    manifest = manifest_of(built / systems.ENSEMBLE)
    assert manifest["kind"] == "ensemble" and not {"variant", "golden", "outputs", "window"} & set(manifest)
    assert manifest["member"] == [{"pack": "mtanet", "version": "0.1.0", "weight": 0.2},
                                  {"pack": "spatial-temporal-gru", "version": "0.1.0", "weight": 0.8}]


def test_published_members_are_there(built):
    folder = MODELS / systems.ENSEMBLE
    for member in manifest_of(folder)["member"]:
        assert manifest_of(MODELS / member["pack"])["version"] == member["version"]
        assert member["weight"] > 0


def test_cards_are_what_figures_json_says_and_say_what_is_published(built):
    published = {"spatial-temporal": "0.4133", "jin-2021": "0.712", "progressive": "1.5286"}
    for folder in [*folders(built), built / systems.ENSEMBLE, MODELS / systems.ENSEMBLE]:
        kept = json.loads((folder / "figures.json").read_text())
        about = systems.RECIPES[folder.name].about if folder.name in systems.RECIPES else "spatial-temporal"
        text = (folder / "CARD.md").read_text()
        assert text == cards.text(folder.name, about, kept)
        assert "{{" not in text and "composed" in text and published[about] in text and "Not for commercial use" in text


def test_clips_are_summed_up_by_their_length():
    text = cards.table_of_clips({"a": {"seconds": 1.0, "found": 1.0, "x": 3.0}, "b": {"seconds": 3.0, "found": 0.5, "x": 1.0}})
    assert text.splitlines()[-1] == "| all | 4.0 |  | 1.50 |"


def test_a_verdict_needs_both_accuracy_and_f1():
    better = {"accuracy": 0.8, "macro_f1": 0.6, "flips": 0.2}
    worse = {"accuracy": 0.7, "macro_f1": 0.7, "flips": 1.0}
    rows = [("a", better), ("b", worse), ("c", {**better, "macro_f1": 0.8})]
    assert "`a` does not do better than `b`" in cards.better(rows, "a", "b")
    assert "`c` does better than `b`: accuracy +10.0 points, macro F1 +0.100, flips 1.00 → 0.20 a second" in cards.better(rows, "c", "b")


def test_a_frame_pack_of_another_kind_is_refused(tmp_path, face):
    with pytest.raises(measure.PackError, match="frame pack"):
        compose.Frame(MODELS / "spatial-temporal-gru")


def test_commands_say_what_is_missing(tmp_path, capsys):
    assert cli.main(["-q", "sequence", "train", "spatial-temporal", "--run", str(tmp_path)]) == 1
    assert "sequence compose" in capsys.readouterr().err
    assert cli.main(["sequence", "train", "nothing"]) == 64
