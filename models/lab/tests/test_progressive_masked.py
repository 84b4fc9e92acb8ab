"""The masked autoencoder: three quarters are hidden, and what is hidden stays hidden."""

import numpy as np
import pytest
import torch

from affectlab import photographs, train
from affectlab.progressive import masked, reconstruction
from affectlab.progressive.vit import PATCH, TOKENS, Shape, patches, picture

TINY = Shape(width=32, depth=2, heads=2)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return masked.MaskedAutoencoder(TINY).eval()


def a_batch(n=3):
    return torch.randn(n, 1, 64, 64, generator=torch.Generator().manual_seed(1))


def mask(n=3):
    return masked.choose(n, torch.Generator().manual_seed(2))


def test_patches_are_put_together_again():
    x = a_batch()
    assert torch.equal(picture(patches(x)), x)
    # The second patch of the first row begins at column 8.
    assert torch.equal(patches(x)[0, 1].reshape(PATCH, PATCH), x[0, 0, :8, 8:16])


def test_three_quarters_of_the_patches_are_hidden_and_others_in_each_picture():
    keep, hidden = mask(8)
    assert keep.shape == (8, TOKENS // 4)
    assert hidden.sum(1).tolist() == [TOKENS * 3 // 4] * 8
    assert not hidden.gather(1, keep).any()
    assert len({tuple(row.sort().values.tolist()) for row in keep}) == 8


def test_hidden_pixels_do_not_reach_the_encoder(model):
    x, (keep, hidden) = a_batch(), mask()
    other = patches(x)
    other[hidden] = torch.randn(int(hidden.sum()), PATCH * PATCH)
    shown = patches(x)
    shown[~hidden] += 1
    with torch.no_grad():
        guess = model(x, keep)
        assert torch.equal(model(picture(other), keep), guess)
        assert not torch.allclose(model(picture(shown), keep), guess)


def test_only_hidden_patches_count():
    x, (_, hidden) = a_batch(), mask()
    perfect = masked.normalised(patches(x))
    assert masked.loss(perfect, x, hidden).item() == pytest.approx(0, abs=1e-6)
    worse = perfect.clone()
    worse[~hidden] += 5
    assert masked.loss(worse, x, hidden).item() == pytest.approx(0, abs=1e-6)
    worse[hidden] += 2
    assert masked.loss(worse, x, hidden).item() == pytest.approx(4, rel=1e-4)


def test_mean_and_contrast_of_a_patch_do_not_matter():
    parts = patches(a_batch())
    assert torch.allclose(masked.normalised(parts), masked.normalised(parts * 3 + 2), atol=1e-3)


def test_pretraining_learns_and_goes_on_where_it_stopped(tmp_path):
    rows = torch.arange(64).view(1, 64, 1) * 4
    images = (rows + torch.randint(0, 40, (64, 1, 64), generator=torch.Generator().manual_seed(0))).clamp(0, 255).to(torch.uint8)
    images = images.expand(64, 64, 64).contiguous()
    plan = masked.Plan(epochs=2, batch=16, warmup=0)
    first = masked.pretrain(images, tmp_path, plan, TINY)
    longer = masked.Plan(epochs=6, batch=16, warmup=0)
    assert masked.pretrain(images, tmp_path, longer, TINY) < first
    assert masked.load(tmp_path / "masked.pt")[1]["epoch"] == 6
    with pytest.raises(train.TrainError, match="other settings"):
        masked.pretrain(images, tmp_path, masked.Plan(epochs=6, batch=8), TINY)


def test_faces_are_training_pictures_and_photographs_of_people_not_held_out(faces_folder, tmp_path):
    names = np.array([f"person {number}" for number in range(40)])
    kept = sum(not photographs.is_held(name) for name in names)
    file = tmp_path / "photographs.npz"
    photographs.Photographs(np.zeros((40, 64, 64), np.uint8), np.zeros(40, int), names, names).save(file)
    crops = len(masked.faces(faces_folder))
    both = masked.faces(faces_folder, file)
    assert 0 < kept < 40
    assert both.shape == (crops + kept, 64, 64)


def test_what_was_shown_stands_in_the_reconstruction_unchanged(model):
    x, (keep, hidden) = a_batch(), mask()
    guessed, shown = reconstruction.rebuilt(model, x, keep, hidden)
    assert torch.equal(patches(guessed)[~hidden], patches(x)[~hidden])
    assert not torch.equal(patches(guessed)[hidden], patches(x)[hidden])
    assert (patches(shown)[hidden] == 0).all()


def test_a_missing_checkpoint_says_what_to_run(tmp_path):
    with pytest.raises(train.TrainError, match="pretrain"):
        masked.load(tmp_path / "masked.pt")
