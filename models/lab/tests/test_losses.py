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


def masked_batch():
    """Rows of which each knows another task, and outputs with gradients."""
    generator = torch.Generator().manual_seed(0)
    outputs = [torch.randn((6, size), generator=generator).requires_grad_() for size in (8, 2, 12)]
    target, va, units = torch.full((6, 8), math.nan), torch.full((6, 2), math.nan), torch.full((6, 12), math.nan)
    target[:2] = torch.eye(8)[[3, 5]]
    va[1:4] = torch.tensor([[0.1, 0.4], [-0.5, 0.2], [math.nan, 0.3]])
    units[4, :3] = torch.tensor([1.0, 0.0, 1.0])
    return outputs, (target, va, units)


LOSSES = (losses.soft_cross_entropy, losses.affect_loss, losses.unit_loss)


@pytest.mark.parametrize("task", range(3))
def test_what_is_masked_changes_neither_loss_nor_gradient(task):
    outputs, targets = masked_batch()
    output, target, loss = outputs[task], targets[task], LOSSES[task]
    value = loss(output, target)
    (gradient,) = torch.autograd.grad(value, output)
    cells = torch.isfinite(target)
    assert not gradient[~cells].any() and gradient[cells].all()
    # Whatever the network says where nothing is known.
    other = torch.where(cells, output, output * -7 + 3)
    assert torch.equal(loss(other, target), value)


def test_masked_rows_are_as_if_they_were_not_in_the_batch():
    outputs, (target, va, _) = masked_batch()
    assert losses.soft_cross_entropy(outputs[0], target) == losses.soft_cross_entropy(outputs[0][:2], target[:2])
    whole = losses.affect_loss(outputs[1][1:3], va[1:3])
    assert losses.affect_loss(outputs[1][:3], va[:3]).item() == pytest.approx(whole.item())
    # Arousal of one row more than valence: each column has its own rows.
    agreement = [losses.ccc(outputs[1][1:3, :1], va[1:3, :1]), losses.ccc(outputs[1][1:4, 1:], va[1:4, 1:])]
    error = (outputs[1][1:4] - va[1:4]).square().nanmean()
    assert losses.affect_loss(outputs[1], va).item() == pytest.approx((1 - torch.cat(agreement)).mean().item() + error.item())


@pytest.mark.parametrize("task", range(3))
def test_a_batch_without_any_label_gives_a_loss_of_zero_and_no_gradient(task):
    outputs, targets = masked_batch()
    value = LOSSES[task](outputs[task], torch.full_like(targets[task], math.nan))
    (gradient,) = torch.autograd.grad(value, outputs[task])
    assert value.item() == 0 and not gradient.any()


def test_positive_weights_make_up_for_rarity_and_count_known_cells_only():
    units = torch.tensor([[1.0, math.nan], [0.0, math.nan], [0.0, math.nan], [0.0, math.nan]])
    assert losses.positive_weights([units]).tolist() == [3, 1]
    assert losses.positive_weights([units, torch.zeros(1000, 2)]).tolist() == [10, 10]
    logits = torch.zeros(1, 2)
    plain, heavy = (losses.unit_loss(logits, torch.tensor([[1.0, 0.0]]), weight) for weight in (None, torch.tensor([3.0, 1.0])))
    assert heavy / plain == pytest.approx(2)
