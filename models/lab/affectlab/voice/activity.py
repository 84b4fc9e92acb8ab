"""Which frames have voice, without a voice activity detector.

In training the mask comes from the clean recording: energy against the
sentence's own loud frames. The daemon's detector will not find the very same
frames, so training draws where the border lies, how long a word rings on, and
some mistakes; measuring uses the fixed middle of it, and, as a row of its own
where it is at hand, the daemon's detector.
"""

import torch
import torch.nn.functional as F

# Nats below the loud frames (95th percentile) at which voice ends; 7 nats of power are 30 dB.
BORDER = 7.0
# Frames that still count after the last loud one and before the first: detectors ring on.
AFTER, BEFORE = 12, 3


def energy(features):
    """(frames,) log energy between about 150 Hz and 4 kHz of (frames, 64) log-mel features."""
    return torch.logsumexp(features[:, 3:46], 1)


def grown(mask, before, after):
    """The (frames,) mask with so many frames more at the front and at the end of each voiced stretch."""
    padded = F.pad(mask[None, None].float(), (after, before))
    return F.max_pool1d(padded, before + after + 1, 1)[0, 0] > 0


def mask(features, border=BORDER, before=BEFORE, after=AFTER):
    """(frames,) bool: voice or not, of the (frames, 64) features of a clean recording."""
    loud = energy(features)
    return grown(loud > torch.quantile(loud, 0.95) - border, before, after)


def drawn_mask(features, generator):
    """``mask`` with a drawn border and drawn rings, as detectors differ."""
    border, before, after = torch.rand(3, generator=generator).tolist()
    return mask(features, 4.5 + 5.0 * border, int(1 + 8 * before), int(2 + 28 * after))


def mistaken(mask_, generator):
    """(N, frames) f32 masks with drawn mistakes: shifted by up to five frames, some always on, some with a gap."""
    count, frames = mask_.shape
    out = mask_.clone()
    shift = torch.randint(-5, 6, (count,), generator=generator)
    lot = torch.rand(count, generator=generator)
    for row in range(count):
        out[row] = torch.roll(out[row], int(shift[row]))
        if lot[row] < 0.15:
            out[row] = 1.0
        elif lot[row] < 0.3:
            start = int(torch.randint(0, frames - 20, (1,), generator=generator))
            out[row, start:start + 20] = 0.0
    # Nobody is asked about a window without voice.
    return torch.where(out.sum(1, keepdim=True) > 10, out, mask_)
