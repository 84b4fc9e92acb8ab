"""Options against label noise: each does what it says, and nothing when it is off."""

import math

import pytest
import torch

from affectlab import noise, train
from affectlab.labels import EXPRESSIONS, UNITS
from affectlab.train import Plan

HAPPY, SAD = EXPRESSIONS.index("happiness"), EXPRESSIONS.index("sadness")


def sure(kinds, units, confidence=9.0):
    """Logits of a network that is sure of these expressions and units."""
    logits = torch.zeros(len(kinds), 8)
    logits[torch.arange(len(kinds)), kinds] = confidence
    return logits, (torch.tensor(units, dtype=torch.float) * 2 - 1) * confidence


def smile(count=1):
    return [[float(unit in ("AU6", "AU12", "AU25")) for unit in UNITS]] * count


def test_units_move_the_expression_towards_what_shows_them():
    even = torch.full((1, 8), 1 / 8)
    heard = noise.jointly(even, torch.tensor(smile()))
    assert heard.argmax() == HAPPY and heard.sum() == pytest.approx(1)
    sad = noise.jointly(even, torch.tensor([[float(unit in ("AU1", "AU4", "AU15")) for unit in UNITS]]))
    assert sad.argmax() == SAD


def test_a_bootstrapped_target_is_part_label_part_opinion_and_stays_masked():
    logits, unit_logits = sure([HAPPY, HAPPY], smile(2))
    target = torch.eye(8)[[SAD, SAD]]
    target[1] = math.nan
    units = torch.full((2, 12), math.nan)
    units[0, :2] = torch.tensor([1.0, 0.0])
    mixed, mixed_units = noise.bootstrapped(target, units, logits, unit_logits, 0.25)
    assert mixed[0, SAD] == pytest.approx(0.75, abs=0.01) and mixed[0, HAPPY] == pytest.approx(0.25, abs=0.01)
    assert torch.isnan(mixed[1]).all() and torch.isnan(mixed_units[0, 2:]).all() and torch.isnan(mixed_units[1]).all()
    assert mixed_units[0, 0] == pytest.approx(0.75 + 0.25 * 0.04 / 2, abs=0.01)


def test_labels_that_fit_least_are_forgotten_by_all_tasks_together():
    logits, unit_logits = sure([HAPPY] * 10, smile(10))
    target, units = torch.eye(8)[[HAPPY] * 10], torch.tensor(smile(10))
    target[3] = torch.eye(8)[SAD]
    units[7] = 1 - units[7]
    target[9], units[9] = math.nan, math.nan
    rows = noise.doubtful(target, units, logits, unit_logits, 0.23)
    assert torch.nonzero(rows).flatten().tolist() == [3, 7]
    masked, masked_units = noise.forgotten(rows, target, units)
    assert torch.isnan(masked[3]).all() and torch.isnan(masked_units[7]).all() and torch.equal(masked[:3], target[:3])
    assert not noise.doubtful(target, units, logits, unit_logits, 0.0).any()


def test_rows_without_labels_are_not_among_the_doubtful():
    logits, unit_logits = sure([HAPPY] * 4, smile(4))
    target, units = torch.full((4, 8), math.nan), torch.full((4, 12), math.nan)
    target[0] = torch.eye(8)[HAPPY]
    assert torch.nonzero(noise.doubtful(target, units, logits, unit_logits, 1.0)).flatten().tolist() == [0]


def test_fewer_are_forgotten_in_the_first_epochs():
    shares = [noise.at(Plan(forget=0.1), epoch).forget for epoch in (0, 1, noise.RISE, 30)]
    assert shares == pytest.approx([0, 0.1 / noise.RISE, 0.1, 0.1])
    assert noise.at(Plan(forget=0.1, warmup=0), 0).forget == 0.1


def test_heads_that_contradict_each_other_cost_more_and_are_drawn_together():
    together = noise.coupling(*sure([HAPPY], smile(), 3.0))
    logits, unit_logits = (x.requires_grad_() for x in sure([SAD], smile(), 3.0))
    apart = noise.coupling(logits, unit_logits)
    assert apart > together + 0.5
    apart.backward()
    # Downhill: less sadness, more happiness; a frown, and no smile.
    assert logits.grad[0, SAD] > 0 > logits.grad[0, HAPPY]
    assert unit_logits.grad[0, UNITS.index("AU12")] > 0 > unit_logits.grad[0, UNITS.index("AU15")]


@pytest.mark.parametrize("option", [{"bootstrap": 0.3}, {"forget": 0.5}, {"coupling": 0.5}])
def test_an_option_changes_the_training_and_nothing_when_off(faces_folder, tmp_path, option):
    from test_train import TINY, weights

    plan = {"epochs": 2, "batch": 16, "warmup": 0, "small_share": 0.0, "average": 0.9}
    train.train(faces_folder, tmp_path / "off", Plan(**plan, **{name: 0.0 for name in option}), TINY, limit=64)
    train.train(faces_folder, tmp_path / "plain", Plan(**plan), TINY, limit=64)
    train.train(faces_folder, tmp_path / "on", Plan(**plan, **option), TINY, limit=64)
    off, plain, on = (weights(tmp_path / run)["embed.weight"] for run in ("off", "plain", "on"))
    assert torch.equal(off, plain) and torch.isfinite(on).all() and not torch.equal(on, plain)
