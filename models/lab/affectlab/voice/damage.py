"""Other microphones, rooms and lines for measuring: fixed, and harder facts than those of training.

Codecs are real ones, through ffmpeg, in one pass over all recordings with a
pause between them. Each damage maps a list of sounds to a list of sounds.
"""

import subprocess

import numpy as np
import torch

from ..data import DataError
from . import activity, augment, features, rooms

PAUSE = features.RATE // 2


def through_ffmpeg(sounds, *steps):
    """The sounds after one ffmpeg for each of ``steps`` (lists of output options); the last must give 16 kHz f32.

    The first is fed raw 16 kHz f32, each other the file the one before wrote.
    """
    gap = np.zeros(PAUSE, np.float32)
    stream = np.concatenate([part for sound in sounds for part in (sound, gap)]).astype("<f4").tobytes()
    source = ["-f", "f32le", "-ar", str(features.RATE), "-ac", "1"]
    for step in steps:
        command = ["ffmpeg", "-v", "error", *source, "-i", "pipe:0", *step, "pipe:1"]
        try:
            done = subprocess.run(command, input=stream, capture_output=True, check=False)
        except OSError as error:
            raise DataError(f"ffmpeg does not run ({error}): install it") from error
        if done.returncode:
            raise DataError(f"'{' '.join(command)}' failed: {done.stderr.decode(errors='replace').strip()}")
        stream, source = done.stdout, []
    heard, place, out = np.frombuffer(stream, "<f4"), 0, []
    for sound in sounds:
        piece = heard[place:place + len(sound)]
        out.append(np.pad(piece, (0, len(sound) - len(piece))).copy())
        place += len(sound) + PAUSE
    return out


RAW = ["-ar", str(features.RATE), "-ac", "1", "-f", "f32le"]


def codec(*steps):
    """A damage: these ffmpeg steps, and back to raw sound."""
    return lambda sounds: through_ffmpeg(sounds, *steps, RAW)


def gain(decibels):
    return lambda sounds: [sound * np.float32(10 ** (decibels / 20)) for sound in sounds]


def _each(change):
    """A damage of one sound at a time; ``change`` takes a tensor, its place, all sounds and a generator of its own."""
    def damage(sounds):
        tensors = [torch.from_numpy(np.ascontiguousarray(sound)) for sound in sounds]
        return [change(sound, place, tensors, torch.Generator().manual_seed(10_000 + place)).numpy()
                for place, sound in enumerate(tensors)]
    return damage


def _voiced(sound):
    mask = activity.mask(features.log_mel(sound)).repeat_interleave(features.HOP)
    return torch.nn.functional.pad(mask, (0, max(0, len(sound) - len(mask))))[:len(sound)]


def noise(slope, decibels):
    """Noise of a colour, so far below the voice."""
    return _each(lambda sound, place, all_, generator: rooms.with_noise(
        sound, rooms.coloured(len(sound), slope, generator), decibels, _voiced(sound)))


def babble(decibels):
    """Four other recordings of the set at once, so far below the voice."""
    def change(sound, place, all_, generator):
        others = [all_[(place + step) % len(all_)] for step in (7, 31, 67, 101)]
        return rooms.with_noise(sound, rooms.babble(others, len(sound), generator), decibels, _voiced(sound))
    return _each(change)


def room(seconds, distance):
    return _each(lambda sound, place, all_, generator: rooms.convolved(
        sound, rooms.impulse_response(seconds, distance, generator)))


def speed(factor):
    return _each(lambda sound, place, all_, generator: augment.resampled(sound, factor))


def overdriven(share):
    """Clipped at so large a share of the loudest sample."""
    return lambda sounds: [np.clip(sound, -share * np.abs(sound).max(), share * np.abs(sound).max()) for sound in sounds]


BAND = "highpass=f=300:p=2,highpass=f=300:p=2,lowpass=f=3400:p=2,lowpass=f=3400:p=2"
DAMAGE = {
    "none": lambda sounds: list(sounds),
    "20 dB louder": gain(20),
    "20 dB quieter": gain(-20),
    "white noise, 20 dB below the voice": noise(0, 20),
    "white noise, 10 dB below": noise(0, 10),
    "pink noise, 20 dB below": noise(1, 20),
    "pink noise, 10 dB below": noise(1, 10),
    "babble, 20 dB below": babble(20),
    "babble, 10 dB below": babble(10),
    "small room (0.3 s)": room(0.3, 0.7),
    "large room (0.8 s)": room(0.8, 1.2),
    "telephone (300 to 3400 Hz, A-law)": codec(
        ["-af", BAND, "-ar", "8000", "-ac", "1", "-c:a", "pcm_alaw", "-f", "wav"]),
    "mobile telephone (GSM full rate)": codec(["-ar", "8000", "-ac", "1", "-c:a", "libgsm", "-f", "gsm"]),
    "MP3, 32 kbit/s": codec(["-c:a", "libmp3lame", "-b:a", "32k", "-f", "mp3"]),
    "Opus, 12 kbit/s": codec(["-c:a", "libopus", "-b:a", "12k", "-f", "ogg"]),
    "10 % faster and higher": speed(1.1),
    "10 % slower and lower": speed(1 / 1.1),
    "overdriven (clipped at a fifth)": overdriven(0.2),
}
