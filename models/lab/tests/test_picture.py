"""Resizing and augmentation: exact where the daemon must agree, bounded elsewhere."""

import pytest
import torch

from affectlab import augment, picture


def bilinear(row, size):
    """The documented rule, one output pixel at a time."""
    out = []
    for i in range(size):
        at = min(max((i + 0.5) * len(row) / size - 0.5, 0), len(row) - 1)
        low = int(at)
        high = min(low + 1, len(row) - 1)
        out.append(row[low] + (at - low) * (row[high] - row[low]))
    return out


def test_enlarging_follows_the_documented_rule():
    row = torch.randint(0, 256, (48,), generator=torch.Generator().manual_seed(0))
    wide = picture.resize(row.expand(1, 48, 48).to(torch.uint8))[0, 0, 20]
    assert wide.tolist() == pytest.approx(bilinear(row.tolist(), 64), abs=1e-3)


def test_a_crop_of_the_input_size_is_left_alone():
    crop = torch.arange(64 * 64).view(1, 64, 64) % 256
    assert torch.equal(picture.resize(crop.to(torch.uint8))[0, 0], crop[0].float())


def test_shrinking_is_antialiased():
    board = (torch.arange(128) % 2 * 255).expand(1, 128, 128).to(torch.uint8)
    assert picture.resize(board)[..., 8:-8].std() < 5


def test_black_and_white_map_to_the_ends_of_the_range():
    ends = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1).expand(2, 48, 48)
    x = picture.to_input(ends)
    assert x[0].unique().item() == pytest.approx(-1) and x[1].unique().item() == pytest.approx(1)


@pytest.mark.parametrize("size", [48, 64])
def test_augmented_pictures_stay_in_range_and_differ(size):
    images = torch.randint(0, 256, (32, 48, 48), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    one = augment.augment(images, torch.Generator().manual_seed(1), size)
    two = augment.augment(images, torch.Generator().manual_seed(2), size)
    assert one.shape == (32, 1, size, size)
    assert torch.isfinite(one).all() and one.min() >= -1 and one.max() <= 1
    assert not torch.equal(one, two)


def test_the_same_seed_gives_the_same_pictures():
    images = torch.full((8, 48, 48), 90, dtype=torch.uint8)
    one, two = (augment.augment(images, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, two)


def test_fine_block_coding_changes_little():
    x = torch.rand((4, 1, 64, 64), generator=torch.Generator().manual_seed(0)) * 0.1 + 0.4
    coded = augment.compression(x, torch.Generator().manual_seed(0), probability=1.0)
    assert 0 < (coded - x).abs().max() < 0.2


def test_augmentation_keeps_the_average_picture_upright():
    top = torch.zeros(64, 48, 48, dtype=torch.uint8)
    top[:, :24] = 255
    mean = augment.framing(top.unsqueeze(1).float() / 255, torch.Generator().manual_seed(0)).mean(0)[0]
    assert mean[:20].mean() > 0.8 and mean[-20:].mean() < 0.2
