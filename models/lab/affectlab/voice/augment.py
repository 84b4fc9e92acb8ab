"""What happens to a recording before it is learned from.

``heard`` works on sound and is slow, so its outcomes wait in a ``bank``: speed
and pitch, a room, noise or babble, an overdriven microphone. ``worn`` works on
batches of features as they are drawn: another tempo, an equaliser and band
limits, the holes that codecs leave, stripes of time and of pitch masked.
Level does not matter: the network's own graph removes it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from . import activity, features, rooms


@dataclass(frozen=True)
class Amount:
    """How often each kind of damage is drawn, 0..1: what an ablation switches off."""

    speed: float = 0.8
    room: float = 0.5
    noise: float = 0.6
    clip: float = 0.1
    tempo: float = 0.5
    channel: float = 0.6
    codec: float = 0.3
    stripes: float = 0.7


# Those of ``heard``; the others are ``worn``'s.
OF_HEARINGS = ("speed", "room", "noise", "clip")


def resampled(sound, speed):
    """``sound`` played at ``speed``: shorter and higher above one."""
    wanted = int(round(len(sound) / speed))
    lines = torch.fft.rfft(sound)
    size = wanted // 2 + 1
    lines = F.pad(lines, (0, size - len(lines))) if size > len(lines) else lines[:size]
    return torch.fft.irfft(lines, wanted) * (wanted / len(sound))


def _voiced_samples(mask, samples):
    voiced = mask.repeat_interleave(features.HOP)
    return F.pad(voiced, (0, max(0, samples - len(voiced))))[:samples]


def _noise(samples, others, generator):
    if others and float(torch.rand(1, generator=generator)) < 0.35:
        count = int(torch.randint(2, 6, (1,), generator=generator))
        chosen = torch.randint(0, len(others), (count,), generator=generator).tolist()
        return rooms.babble([others[place] for place in chosen], samples, generator)
    return rooms.coloured(samples, 2.2 * float(torch.rand(1, generator=generator)), generator)


def heard(sound, others, amount, generator):
    """(samples,) recording -> (frames, 64) features and (frames,) bool voice of a drawn other hearing of it.

    ``others``: sounds that babble is made of.
    """
    lot = torch.rand(8, generator=generator).tolist()
    if lot[0] < amount.speed:
        sound = resampled(sound, 0.86 * (1.16 / 0.86) ** lot[1])
    mask = activity.drawn_mask(features.log_mel(sound), generator)
    if lot[2] < amount.room:
        seconds = 0.15 + 0.85 * lot[3] ** 2
        sound = rooms.convolved(sound, rooms.impulse_response(seconds, 0.2 + 1.3 * lot[4], generator))
    if lot[5] < amount.noise:
        voiced = _voiced_samples(mask, len(sound))
        sound = rooms.with_noise(sound, _noise(len(sound), others, generator), 4 + 28 * lot[6], voiced)
    if lot[7] < amount.clip:
        limit = sound.abs().max() * (0.15 + 0.5 * lot[7] / amount.clip)
        sound = sound.clamp(-limit, limit)
    return features.log_mel(sound), mask


def _stretched(x, generator):
    """Another tempo at the same pitch: rows read at another rate, from a drawn place."""
    frames = x.shape[1]
    rate = 0.87 + 0.28 * float(torch.rand(1, generator=generator))
    place = (torch.arange(frames) - frames / 2) * rate + frames / 2
    place = place.clamp(0, frames - 1)
    low = place.floor().long().clamp(max=frames - 2)
    share = (place - low)[None, :, None]
    return x[:, low] * (1 - share) + x[:, low + 1] * share


def _channel(count, generator):
    """(N, 1, 64) nats: a smooth equaliser, a tilt, and for some the band of a telephone or a small loudspeaker."""
    knots = 1.2 * torch.randn((count, 1, 7), generator=generator)
    curve = F.interpolate(knots, features.BANDS, mode="linear", align_corners=True)
    tilt = 2.0 * (torch.rand((count, 1, 1), generator=generator) - 0.5) * torch.linspace(-1, 1, features.BANDS)
    curve = curve + tilt
    place = torch.arange(features.BANDS)
    limited = torch.rand(count, generator=generator) < 0.4
    low = torch.randint(0, 9, (count, 1, 1), generator=generator)
    high = torch.randint(38, 66, (count, 1, 1), generator=generator)
    away = (low - place).clamp(min=0) + (place - high).clamp(min=0)
    return torch.where(limited[:, None, None], curve - 2.5 * away, curve)


def _holes(x, generator):
    """Cells far below the loudest of their frame are gone, as codecs do with what the ear would not hear."""
    depth = 5.0 + 5.0 * torch.rand((len(x), 1, 1), generator=generator)
    return torch.where(x < x.amax(2, keepdim=True) - depth, torch.full_like(x, features.SILENCE), x)


def _stripes(x, mask, generator):
    """Up to two stripes of bands and two of time are flattened to the sample's own mean."""
    out, mask = x.clone(), mask.clone()
    mean = x.mean((1, 2))
    for row in range(len(x)):
        for _ in range(2):
            wide, tall = (torch.rand(2, generator=generator) * torch.tensor([10.0, 30.0])).long().tolist()
            band = int(torch.randint(0, features.BANDS - wide, (1,), generator=generator))
            time = int(torch.randint(0, x.shape[1] - tall, (1,), generator=generator))
            out[row, :, band:band + wide] = mean[row]
            if mask[row].sum() - mask[row, time:time + tall].sum() > 40:
                mask[row, time:time + tall] = 0
    return out, mask


def worn(x, mask, amount, generator):
    """(N, frames, 64) features and (N, frames) f32 masks, each sample changed in drawn ways."""
    def some(share):
        return torch.rand(len(x), generator=generator) < share

    def where(chosen, changed, before):
        return torch.where(chosen.reshape(-1, *[1] * (before.ndim - 1)), changed, before)

    both = torch.cat([x, mask[:, :, None]], 2)
    # One rate a batch and side: half the samples are slower or faster, each batch anew.
    both = where(some(amount.tempo), _stretched(both, generator), both)
    x, mask = both[:, :, :-1], (both[:, :, -1] > 0.5).float()
    x = where(some(amount.channel), x + _channel(len(x), generator), x)
    x = where(some(amount.codec), _holes(x, generator), x)
    mask = activity.mistaken(mask, generator)
    striped, gone = _stripes(x, mask, generator)
    chosen = some(amount.stripes)
    return where(chosen, striped, x).clamp(min=features.SILENCE), where(chosen, gone, mask)
