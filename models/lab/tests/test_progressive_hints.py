"""Hints from the convolutional network: each token hears of its own place, and nothing of them is left in the network."""

import pytest
import torch

from affectlab.model import FaceNet
from affectlab.model import Shape as FaceShape
from affectlab.progressive import hints, tasks
from affectlab.progressive.vit import Shape, ViT

TINY = Shape(width=32, depth=2, heads=2)


@pytest.fixture
def teacher():
    torch.manual_seed(0)
    return FaceNet(FaceShape(stem=8, channels=(8, 16, 24), blocks=(1, 1, 1))).eval()


@pytest.fixture
def hinted():
    torch.manual_seed(1)
    return hints.Hinted(tasks.TaskNet(ViT(TINY)), 24)


def a_batch():
    return torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))


TARGETS = (torch.full((2, 8), 1 / 8), torch.zeros(2, 2), torch.full((2, 12), 0.5))


def test_a_place_of_the_teacher_is_where_the_patch_is(teacher):
    x = torch.zeros(1, 1, 64, 64)
    spot = x.clone()
    spot[0, 0, 8 * 6:8 * 7, 8 * 2:8 * 3] = 1
    plain, other = (hints.seen_by(teacher, picture)[0] for picture in (x, spot))
    assert plain.shape == (1, 64, 24)
    moved = (plain - other).abs().sum(2)[0].reshape(8, 8)
    assert moved[5:8, 1:4].sum() > moved[:3].sum()


def test_a_network_without_such_a_grid_is_refused():
    small = FaceNet(FaceShape(stem=8, channels=(8,), blocks=(1,))).eval()
    with pytest.raises(ValueError, match="8x8"):
        hints.seen_by(small, a_batch())


def test_hints_add_their_error_to_the_tasks_and_reach_the_network(teacher, hinted):
    hinted.eval()
    alone = hints.objective(hinted, teacher, weight=0)(a_batch(), TARGETS, 0, None)
    both = hints.objective(hinted, teacher)(a_batch(), TARGETS, 0, None)
    assert alone.item() == pytest.approx(tasks.objective(hinted.network)(a_batch(), TARGETS, 0, None).item(), rel=1e-2)
    assert both > alone
    both.backward()
    assert hinted.network.encoder.blocks[0].out.weight.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_kept_patches_are_compared_with_their_own_places(teacher, hinted):
    # A translator that says the right thing of every place has no error, whichever patches are kept.
    x = a_batch()
    places, embedding = hints.seen_by(teacher, x)

    class Knows(torch.nn.Module):
        def guesses(self, x, keep=None):
            said = places if keep is None else torch.stack([row[rows] for row, rows in zip(places, keep)])
            return hinted.network(x), said, embedding

    for share in (1.0, 0.5):
        with_hints = hints.objective(Knows(), teacher, seen=lambda _: share)(x, TARGETS, 0, torch.Generator().manual_seed(3))
        without = hints.objective(Knows(), teacher, weight=0)(x, TARGETS, 0, None)
        assert with_hints.item() == pytest.approx(without.item(), abs=1e-3)


def test_nothing_of_the_hints_is_left_in_the_network(hinted):
    restored = tasks.restore({"average": hinted.state_dict()}, TINY)
    x = a_batch()
    hinted.eval()
    with torch.no_grad():
        for said, known in zip(restored(x), hinted(x), strict=True):
            assert torch.equal(said, known)
