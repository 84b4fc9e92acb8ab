"""The network hears the same voice at every level, and nothing where nobody speaks."""

import torch

from affectlab.voice import features
from affectlab.voice.model import COLUMNS, FRAMES, Shape, VoiceNet


def window(seed=0, voiced=200):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(2, FRAMES, COLUMNS)
    x[:, :, :-1] = -4 + 3 * torch.randn((2, FRAMES, COLUMNS - 1), generator=generator)
    x[:, :voiced, -1] = 1
    return x


def net(**changes):
    torch.manual_seed(0)
    return VoiceNet(Shape(**changes)).eval()


def test_level_does_not_matter():
    x, model = window(), net()
    louder = x.clone()
    louder[:, :, :-1] += 4.6
    with torch.no_grad():
        for before, after in zip(model(x), model(louder)):
            assert (before - after).abs().max() < 1e-4
        kept = net(level=False)
        assert (kept(x)[2] - kept(louder)[2]).abs().max() > 1e-3


def test_what_is_heard_without_voice_does_not_matter():
    x, model = window(), net()
    noisy = x.clone()
    noisy[:, 200:, :-1] += torch.randn(2, 100, 64)
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(model(x), model(noisy)))
        kept = net(masked=False)
        assert not torch.equal(kept(x)[2], kept(noisy)[2])


def test_silence_and_extremes_stay_finite():
    empty = torch.zeros(1, FRAMES, COLUMNS)
    empty[:, :, :-1] = features.SILENCE
    loud = torch.full((1, FRAMES, COLUMNS), 20.0)
    loud[:, :, -1] = 1
    with torch.no_grad():
        for x in (empty, loud):
            expression, va, embedding = net()(x)
            assert all(torch.isfinite(y).all() for y in (expression, va, embedding))
            assert va.abs().max() <= 1 and embedding.min() >= 0


def test_further_targets_are_for_learning_alone():
    model = net(extra=5)
    assert model.learning(window())[2].shape == (2, 5)
    assert [tuple(y.shape) for y in model(window())] == [(2, 8), (2, 2), (2, 128)]
