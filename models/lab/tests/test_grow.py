import pytest
import torch

from affectlab.grow import grow
from affectlab.model import FaceNet, Shape

SMALL = Shape(stem=8, channels=(16, 24), blocks=(1, 1), dropout=0.0, first_stride=2)
LARGE = Shape(stem=8, channels=(8, 16, 24), blocks=(1, 2, 1), dropout=0.0)


def test_a_grown_network_computes_the_same():
    torch.manual_seed(0)
    small = FaceNet(SMALL).eval()
    large = grow(small, LARGE).eval()
    x = torch.randn(3, 1, 64, 64)
    for before, after in zip(small(x), large(x)):
        assert torch.allclose(before, after, atol=1e-5)


def test_a_grown_network_learns_in_its_new_blocks():
    large = grow(FaceNet(SMALL), LARGE).train()
    large(torch.randn(4, 1, 64, 64))[0].sum().backward()
    assert large.stages[0].second[1].weight.grad.abs().sum() > 0


def test_a_shape_that_is_no_larger_form_is_refused():
    with pytest.raises(ValueError, match="not a larger form"):
        grow(FaceNet(SMALL), Shape(stem=8, channels=(16, 32), blocks=(1, 1), first_stride=2))
