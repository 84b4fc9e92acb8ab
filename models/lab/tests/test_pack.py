"""The pack folder: hashes, golden vectors, card and manifest belong together."""

import json
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from affectlab import action_units, calibrate, card, export, golden, labels, measure, pack, train

PUBLISHED = Path(__file__).parents[2] / "mtanet"


@pytest.fixture(scope="module")
def built(trained, faces_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    pack.build(trained, faces_folder, folder, damage=False)
    return folder


@pytest.fixture(params=["made here", "published"])
def folder(request, built):
    return built if request.param == "made here" else PUBLISHED


def entries(manifest):
    yield from manifest["variant"]
    yield manifest["golden"]["input"]
    yield from manifest["golden"]["outputs"].values()


def test_every_hash_is_that_of_its_file(folder):
    manifest = tomllib.loads((folder / "pack.toml").read_text())
    for entry in entries(manifest):
        assert measure.sha256(folder / entry["file"]) == entry["sha256"], entry["file"]


def test_golden_vectors_are_met(folder):
    manifest = tomllib.loads((folder / "pack.toml").read_text())
    worst = measure.check_golden(folder)
    assert set(worst) == set(manifest["outputs"])
    assert max(worst.values()) < manifest["golden"]["tolerance"]


def test_action_units_are_listed_only_when_they_were_trained(built, trained, faces_folder, tmp_path):
    assert "action_units" not in tomllib.loads((built / "pack.toml").read_text())["outputs"]
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    state = torch.load(run / "last.pt", weights_only=True)
    state["plan"]["unit_weight"] = 0.5
    torch.save(state, run / "last.pt")
    pack.build(run, faces_folder, tmp_path / "pack", damage=False)
    manifest = tomllib.loads((tmp_path / "pack/pack.toml").read_text())
    assert manifest["outputs"]["action_units"]["labels"] == list(action_units.UNITS)
    assert set(measure.check_golden(tmp_path / "pack")) == set(export.OUTPUTS)


def test_golden_inputs_can_be_made_again(folder):
    points = pack.alignment()
    x = golden.inputs([points[name] for name in ("right_eye", "left_eye", "nose", "mouth")])
    kept = np.fromfile(folder / "golden/input.f32", "<f4").reshape(x.shape)
    np.testing.assert_allclose(kept, x, atol=2 / 255 + 1e-6)
    assert np.abs(kept).max() <= 1 and all(sample.std() > 0.05 for sample in kept)


def test_golden_outputs_are_torchs(built, trained):
    model, _ = train.load_checkpoint(trained / "last.pt")
    plain = export.folded(model, calibrate.Calibration.load(trained).offset)
    x = np.fromfile(built / "golden/input.f32", "<f4").reshape(4, 1, 64, 64)
    answers = golden.outputs(export.with_quantised_weights(plain), x)
    for name in pack.outputs_of({}):
        values = answers[name]
        kept = np.fromfile(built / f"golden/{name}.f32", "<f4").reshape(values.shape)
        np.testing.assert_allclose(kept, values, atol=1e-5)


def test_the_manifest_follows_the_contract(folder):
    manifest = tomllib.loads((folder / "pack.toml").read_text())
    assert manifest["schema"] == 1 and manifest["kind"] == "frame"
    assert manifest["licence"]["commercial_use"] is False and manifest["licence"]["note"]
    assert manifest["outputs"]["expression"]["labels"] == list(labels.EXPRESSIONS)
    assert manifest["align"]["right_eye"][0] < manifest["align"]["nose"][0] < manifest["align"]["left_eye"][0]
    assert [v["engine"] for v in manifest["variant"]] == ["tract", "ort", "ort"]
    assert [v["precision"] for v in manifest["variant"]] == ["int8-weight-only", "int8-static", "int8-weight-only"]
    assert [v for v in manifest["variant"] if "tolerance" in v] == manifest["variant"][1:2]


def test_card_and_manifest_say_what_figures_json_says(folder):
    figures = json.loads((folder / "figures.json").read_text())
    manifest = tomllib.loads((folder / "pack.toml").read_text())
    found = {entry["what"]: entry["value"] for entry in manifest["measured"]}
    assert found == {what: round(value, 4) for what, value, _ in card.measured(figures)}
    text = (folder / "CARD.md").read_text()
    assert text == card.text(figures, manifest["measured"][0]["date"])
    assert "{{" not in text


def test_measuring_the_finished_pack_gives_its_figures(built, faces_folder):
    manifest, model = measure.open_pack(built)
    again = measure.measure(model, faces_folder, "valid", manifest["outputs"]["expression"]["temperature"])
    kept = json.loads((built / "figures.json").read_text())
    assert again["accuracy"] == pytest.approx(kept["accuracy"], abs=1e-4)
    assert again["confusion"] == kept["confusion"]


def test_added_figures_reach_the_card_and_leave_the_rest(built, tmp_path):
    shutil.copytree(built, tmp_path / "pack")
    found = {"n": 7, "missed": 2, "accuracy": 0.5, "mean_recall": 0.25, "count": {"anger": 7},
             "recall": {"anger": 0.25}, "confusion": []}
    pack.add_figures(tmp_path / "pack", "wild", found)
    assert "in 2 more no face was found" in (tmp_path / "pack/CARD.md").read_text()
    before = json.loads((built / "figures.json").read_text())
    assert json.loads((tmp_path / "pack/figures.json").read_text()) == {**before, "wild": found}


def test_a_changed_file_is_refused(built, tmp_path):
    shutil.copytree(built, tmp_path / "pack")
    model = tmp_path / "pack" / "mtanet.int8w.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    with pytest.raises(measure.PackError, match="not the file pack.toml describes"):
        measure.open_pack(tmp_path / "pack")
