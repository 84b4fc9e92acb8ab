"""The losses against values worked out by hand."""

import math

import pytest
import torch

from affectlab import losses


def test_soft_cross_entropy_of_an_even_guess_is_the_log_of_the_classes():
    target = torch.tensor([[0.25, 0.75, 0, 0], [1.0, 0, 0, 0]])
    assert losses.soft_cross_entropy(torch.zeros(2, 4), target) == pytest.approx(math.log(4))


def test_soft_cross_entropy_is_lowest_at_the_shares_themselves():
    target = torch.tensor([[0.2, 0.5, 0.3]])
    best = losses.soft_cross_entropy(target.log(), target)
    for shift in torch.eye(3):
        assert losses.soft_cross_entropy(target.log() + 0.3 * shift, target) > best


def test_concordance_is_one_for_agreement_and_minus_one_for_its_opposite():
    x = torch.tensor([[-0.5, 0.1], [0.0, 0.3], [0.5, 0.8]])
    assert losses.ccc(x, x).tolist() == pytest.approx([1, 1], abs=1e-4)
    assert losses.ccc(-x[:, :1], x[:, :1]).item() == pytest.approx(-1, abs=1e-4)


def test_concordance_punishes_an_offset_that_correlation_forgives():
    x = torch.tensor([[-1.0], [0.0], [1.0]])
    # var 2/3 each, covariance 2/3, offset 1: 2*(2/3) / (4/3 + 1) = 4/7
    assert losses.ccc(x + 1, x).item() == pytest.approx(4 / 7, abs=1e-5)


def test_a_constant_batch_gives_finite_loss_and_gradient():
    x = torch.zeros(4, 2, requires_grad=True)
    loss = losses.affect_loss(x, torch.zeros(4, 2))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(x.grad).all()


def test_units_that_are_not_known_do_not_count():
    logits = torch.tensor([[0.0, 3.0]], requires_grad=True)
    some = losses.unit_loss(logits, torch.tensor([[1.0, float("nan")]]))
    assert some.item() == pytest.approx(math.log(2))
    none = losses.unit_loss(logits, torch.full((1, 2), float("nan")))
    none.backward()
    assert none.item() == 0 and torch.equal(logits.grad, torch.zeros(1, 2))
