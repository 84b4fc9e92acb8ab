"""The table of undone choices is written as it was measured."""

import shutil
from dataclasses import asdict

import pytest

from affectlab import ablate, calibrate, card, train


def test_every_choice_is_measured_on_both_parts_and_survives_the_disk(trained, faces_folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    calibrate.Calibration(tau=0.0, temperature=1.0, offset=[0.0] * 8).save(run)
    assert len(ablate.ablate(run, faces_folder)) == 6, "what was not chosen cannot be undone"
    calibrate.Calibration(tau=0.5, temperature=1.0, offset=[0.5] + [0.0] * 7).save(run)
    rows = ablate.ablate(run, faces_folder)
    assert len(rows) == 8 and {part for _, part, _, _ in rows} == {"holdout", "valid"}
    ablate.save(rows, tmp_path / "table.toml")
    kept = ablate.load(tmp_path / "table.toml")
    assert [row["what"] for row in kept] == [row[0] for row in rows]
    assert all(abs(row["accuracy"] - was[2]) < 1e-4 for row, was in zip(kept, rows))


def test_a_card_without_ablations_says_so(monkeypatch):
    monkeypatch.setattr(ablate, "load", lambda: [])
    monkeypatch.setattr(ablate, "options", lambda: [])
    assert card._ablations() == "None were measured."


@pytest.mark.parametrize("option", ablate.OPTIONS)
def test_each_option_can_be_trained_on_with_by_name(option):
    plan = ablate.plan_with(asdict(train.WITH_UNITS), option, 2)
    assert plan.epochs == 2 and plan.photographs == train.WITH_UNITS.photographs
    plain = ablate.plan_with(asdict(train.WITH_UNITS), "nothing", 2)
    changed = {name for name, value in asdict(plan).items() if value != asdict(plain)[name]}
    assert changed == set(ablate.OPTIONS[option])


def test_a_run_is_trained_on_and_the_rows_of_an_option_are_renewed(trained, faces_folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    rows = ablate.train_with(run, faces_folder, "bootstrap", 1)
    assert (run / "option-bootstrap/last.pt").is_file() and [row[1] for row in rows] == ["holdout", "valid"]
    table = tmp_path / "table.toml"
    ablate.save([("as published", "valid", 0.5, 0.25)], table)
    ablate.save_option(rows, 1, table)
    ablate.save_option([("bootstrap", "valid", 0.1, 0.2)], 1, table)
    ablate.save_option([("nothing", "valid", 0.3, 0.4)], 1, table)
    assert [(row["what"], row["accuracy"]) for row in ablate.options(table)] == [("bootstrap", 0.1), ("nothing", 0.3)]
    ablate.save([("as published", "valid", 0.6, 0.25)], table)
    assert ablate.load(table)[0]["accuracy"] == 0.6 and len(ablate.options(table)) == 2


def test_an_unknown_option_is_named_with_those_there_are():
    with pytest.raises(train.TrainError, match="'magic': choose from nothing"):
        ablate.plan_with(asdict(train.Plan()), "magic", 1)


def test_the_card_shows_options_only_when_they_were_measured(monkeypatch):
    monkeypatch.setattr(ablate, "options", lambda: [])
    assert "option" not in card._ablations()
    monkeypatch.setattr(ablate, "options", lambda: [{"what": "forget", "part": "valid", "epochs": 3, "accuracy": 0.5,
                                                     "mean_recall": 0.25}])
    assert "| forget | 3 | valid | 50.0 % | 25.0 % |" in card._ablations()
