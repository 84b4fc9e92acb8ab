"""Log-mel features of sound, by one definition that the daemon keeps to.

16 kHz mono in [-1, 1]. Frames of 512 samples each 160 (frame k covers samples
160 k to 160 k + 512); a periodic Hann window of 400 samples lies in the middle
of the 512; power spectrum; 64 triangular bands, equally wide on the HTK mel
scale from 60 to 7600 Hz, without normalisation; natural logarithm of what is at
least ``FLOOR``. These are torchaudio's numbers (``MelSpectrogram`` with
``center=False``), without torchaudio: a golden vector in the tests holds them.
"""

import functools

import torch

RATE = 16_000
WINDOW, HOP, FFT = 400, 160, 512
BANDS = 64
LOW_HZ, HIGH_HZ = 60.0, 7600.0
FLOOR = 1e-8
# What a frame without sound holds: the logarithm of the floor.
SILENCE = -18.420680743952367


def _mel(hertz):
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)


def _hertz(mel):
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


@functools.cache
def bands():
    """(257, 64) f32 weights of each spectral line in each band."""
    lines = torch.linspace(0, RATE // 2, FFT // 2 + 1, dtype=torch.float64)
    ends = _mel(torch.tensor([LOW_HZ, HIGH_HZ], dtype=torch.float64))
    corners = _hertz(torch.linspace(float(ends[0]), float(ends[1]), BANDS + 2, dtype=torch.float64))
    width = corners[1:] - corners[:-1]
    distance = corners[None] - lines[:, None]
    rising, falling = -distance[:, :-2] / width[:-1], distance[:, 2:] / width[1:]
    return torch.minimum(rising, falling).clamp(min=0).float()


@functools.cache
def _hann():
    return torch.hann_window(WINDOW, periodic=True)


def count(samples):
    """How many frames so many samples make."""
    return max(0, 1 + (samples - FFT) // HOP)


def mel_power(sound):
    """(..., samples) sound -> (..., frames, 64) power in each band, before floor and logarithm."""
    lines = torch.stft(sound, FFT, HOP, WINDOW, _hann(), center=False, return_complex=True)
    power = lines.real.square() + lines.imag.square()
    return power.transpose(-1, -2) @ bands()


def log_mel(sound):
    """(..., samples) sound in [-1, 1] -> (..., frames, 64) features."""
    return mel_power(sound).clamp(min=FLOOR).log()
