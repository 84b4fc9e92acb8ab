"""Training learns, resumes, shares its work and refuses what would spoil a run."""

import json
import logging

import pytest
import torch

from affectlab import crew, data, evaluate, train
from affectlab.model import FaceNet, Shape, macs

TINY = Shape(stem=16, channels=(16, 16, 16), blocks=(1, 1, 1), dropout=0.0)
PLAN = train.Plan(epochs=2, batch=16, warmup=0, small_share=0.5, average=0.9)


def weights(run):
    return train.load_checkpoint(run / "last.pt")[0].state_dict()


def test_the_network_fits_the_budget_and_the_contract():
    model = FaceNet().eval()
    # What an engine does in 3 ms a face: 28 to 40 GMAC a second on one core.
    assert macs(model) <= 100e6
    with torch.no_grad():
        expression, va, units, embedding = model(torch.rand(2, 1, 64, 64) * 2 - 1)
    assert expression.shape == (2, 8) and va.shape == (2, 2)
    assert units.shape == (2, 12) and embedding.shape == (2, 128)
    assert va.abs().max() <= 1 and embedding.min() >= 0


def test_a_short_training_learns_the_patterns(faces_folder, trained):
    model, _ = train.load_checkpoint(trained / "last.pt")
    faces = data.load(faces_folder, "valid")
    result = evaluate.figures(*evaluate.predict(model, faces.images), faces)
    # Eight labels: chance is one in eight.
    assert result["accuracy"] > 0.4


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(faces_folder, tmp_path, monkeypatch):
    train.train(faces_folder, tmp_path / "whole", PLAN, TINY)

    save = train.save_checkpoint

    def save_and_stop(path, state):
        save(path, state)
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "save_checkpoint", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        train.train(faces_folder, tmp_path / "parts", PLAN, TINY)
    monkeypatch.undo()
    train.train(faces_folder, tmp_path / "parts", PLAN, TINY)

    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    epochs = [json.loads(line)["epoch"] for line in (tmp_path / "parts/log.jsonl").read_text().splitlines()]
    assert epochs == [1, 2]


def test_a_second_round_begins_with_the_firsts_weights(faces_folder, tmp_path):
    train.train(faces_folder, tmp_path / "first", PLAN, TINY)
    still = train.Plan(epochs=1, batch=16, rate=0.0, warmup=0, small_share=0.0)
    train.train(faces_folder, tmp_path / "second", still, TINY, start=tmp_path / "first/last.pt")
    first, second = weights(tmp_path / "first"), weights(tmp_path / "second")
    learned = [name for name in first if name.endswith(("weight", "bias"))]
    assert all(torch.allclose(first[name], second[name]) for name in learned)


def test_another_plan_does_not_continue_a_run(faces_folder, tmp_path):
    train.train(faces_folder, tmp_path, train.Plan(epochs=1, batch=16), TINY, limit=16)
    with pytest.raises(train.TrainError, match="other settings"):
        train.train(faces_folder, tmp_path, train.Plan(epochs=1, batch=16, rate=0.5), TINY, limit=16)


def test_a_diverging_run_stops_with_a_remedy(faces_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "_loss", lambda *_: torch.tensor(float("nan"), requires_grad=True))
    with pytest.raises(train.TrainError, match="lower --rate"):
        train.train(faces_folder, tmp_path, PLAN, TINY)


def test_a_missing_checkpoint_names_the_command(tmp_path):
    with pytest.raises(train.TrainError, match="affectlab train"):
        train.load_checkpoint(tmp_path / "last.pt")


def test_a_crew_of_two_trains_as_well(faces_folder, tmp_path):
    logging.getLogger().setLevel(logging.WARNING)
    plan = train.Plan(epochs=1, batch=16, warmup=0, small_share=0.0)
    crew.run(train.train, (faces_folder, tmp_path, plan, TINY, None, "holdout", 32), 2)
    assert all(torch.isfinite(value).all() for value in weights(tmp_path).values())


def test_the_rate_warms_up_and_ends_near_zero():
    plan = train.Plan(epochs=10, warmup=1, rate=1.0)
    rates = [train.learning_rate(plan, step, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.01 and rates[10:] == sorted(rates[10:], reverse=True)


def test_rare_labels_are_drawn_more_often_but_not_evenly():
    label = torch.tensor([0] * 81 + [1])
    weight = train.sampling_weights(label, 0.25)
    assert weight[-1] / weight[0] == pytest.approx(3)


def test_those_without_a_label_are_drawn_as_often_as_the_mean():
    weight = train.sampling_weights(torch.tensor([0, 0, 0, 0, 1, -1]), 1.0)
    assert weight[:5].tolist() == [0.25] * 4 + [1.0] and weight[5] == pytest.approx(0.4)
    assert train.sampling_weights(torch.tensor([-1, -1]), 0.5).tolist() == [1, 1]
