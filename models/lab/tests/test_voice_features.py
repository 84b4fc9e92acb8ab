"""Features are torchaudio's; voice is found where it is, whatever its level."""

from pathlib import Path

import numpy as np
import torch
from made_speech import buzz

from affectlab.voice import activity, features


def test_features_equal_torchaudio():
    kept = np.load(Path(__file__).with_name("torchaudio_features.npz"))
    sound = torch.from_numpy(kept["sound"].astype(np.float32) / 32768)
    found = features.log_mel(sound).numpy()
    assert len(found) == features.count(len(sound)) == 117
    assert np.abs(found[kept["frames"]] - kept["features"]).max() < 1e-4


def test_silence_is_the_floor():
    assert torch.allclose(features.log_mel(torch.zeros(4000)), torch.tensor(features.SILENCE))


def test_a_tone_is_loudest_in_the_band_that_holds_it():
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(8000) / features.RATE)
    band = int(features.log_mel(tone).mean(0).argmax())
    weights = features.bands()[:, band]
    assert weights[round(1000 * features.FFT / features.RATE)] > 0


def test_voice_is_where_it_is_at_every_level():
    for level in (0.5, 0.05, 0.005):
        mask = activity.mask(features.log_mel(torch.from_numpy(buzz("happy", 1, level=level) if level > 0.01 else 0.1 * buzz("happy", 1))))
        assert not mask[:10].any() and not mask[-3:].any()
        assert mask[40:100].float().mean() > 0.8


def test_mistakes_leave_voice_to_speak_of():
    mask = torch.zeros(50, 300)
    mask[:, 100:120] = 1
    wrong = activity.mistaken(mask, torch.Generator().manual_seed(0))
    assert (wrong.sum(1) > 10).all() and (wrong != mask).any()
