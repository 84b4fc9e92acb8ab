"""Rooms and noises made by arithmetic: no recording of either is needed.

A room is its impulse response: the direct sound, a few early echoes, and noise
that dies away at a drawn rate, darker the later it is. Noise has a drawn slope
of its spectrum; babble is other recordings on top of each other.
"""

import torch

from .features import RATE


def impulse_response(seconds, distance, generator):
    """(samples,) response of a room that loses 60 dB in so many ``seconds``; ``distance`` 0..1: share of echo."""
    length = max(int(RATE * seconds), 400)
    time = torch.arange(length) / RATE
    tail = torch.randn(length, generator=generator) * torch.exp(-6.91 * time / seconds)
    # Walls swallow high notes: a running mean whose share grows with time.
    dull = torch.nn.functional.avg_pool1d(tail[None, None], 5, 1, 2, count_include_pad=False)[0, 0]
    late = (time / seconds).clamp(max=1)
    tail = (1 - late) * tail + late * dull
    start = int(0.002 * RATE + 0.008 * RATE * float(torch.rand(1, generator=generator)))
    tail[:start] = 0
    for place in torch.randint(start, start + int(0.03 * RATE), (6,), generator=generator).clamp(max=length - 1):
        tail[place] += 0.5 * float(torch.randn(1, generator=generator))
    tail = tail / tail.norm().clamp(min=1e-6)
    response = distance * tail
    response[0] += 1.0
    return response


def convolved(sound, response):
    """(samples,) ``sound`` heard through ``response``, as loud and as long as before."""
    size = 1 << (len(sound) + len(response) - 1).bit_length()
    out = torch.fft.irfft(torch.fft.rfft(sound, size) * torch.fft.rfft(response, size), size)[:len(sound)]
    return out * (sound.norm() / out.norm().clamp(min=1e-9))


def coloured(samples, slope, generator):
    """(samples,) noise of unit power whose power falls by ``slope`` times 3 dB an octave (0 white, 1 pink, 2 brown)."""
    lines = torch.fft.rfft(torch.randn(samples, generator=generator))
    hertz = torch.fft.rfftfreq(samples, 1 / RATE).clamp(min=50.0)
    noise = torch.fft.irfft(lines * hertz.pow(-slope / 2), samples)
    return noise / noise.square().mean().sqrt().clamp(min=1e-9)


def babble(others, samples, generator):
    """(samples,) unit power: some ``others`` (list of sounds), each from anywhere, each as loud."""
    out = torch.zeros(samples)
    for other in others:
        other = other.repeat(1 + samples // len(other))
        start = int(torch.randint(0, len(other) - samples + 1, (1,), generator=generator))
        piece = other[start:start + samples]
        out += piece / piece.square().mean().sqrt().clamp(min=1e-6)
    return out / out.square().mean().sqrt().clamp(min=1e-9)


def with_noise(sound, noise, decibels, voiced):
    """``sound`` with ``noise`` (unit power) so many decibels below the power of its ``voiced`` samples."""
    power = sound[voiced].square().mean() if voiced.any() else sound.square().mean()
    return sound + noise * (power * 10 ** (-decibels / 10)).sqrt()
