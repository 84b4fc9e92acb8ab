"""What the recordings are called, and the targets made of it.

The expressions are the daemon's, in the order of the face pack; the eighth is
``calm``, which actors of RAVDESS were asked for beside neutral.
"""

import numpy as np

EXPRESSIONS = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "calm")
# RAVDESS' words, and the third number of its file names, in its order.
NAMES = {"neutral": "neutral", "calm": "calm", "happy": "happiness", "sad": "sadness", "angry": "anger",
         "fearful": "fear", "disgust": "disgust", "surprised": "surprise"}
CODES = tuple(NAMES)

# (valence, arousal) of an acted voice. Nobody rated these recordings: pseudo-labels.
# Valence is the face pack's (see ``affectlab.labels``), calm's is ours. Arousal is ours
# too, set by hand: faces and voices differ, and in acted voices research finds anger,
# fear, joy and surprise loud, high and fast, sadness and calm the opposite (Banse and
# Scherer 1996; Juslin and Laukka 2003 review 104 studies). The order is theirs, the numbers are not.
VALENCE_AROUSAL = {
    "neutral": (0.046, -0.45),
    "anger": (-0.510, 0.70),
    "disgust": (-0.566, 0.15),
    "fear": (-0.694, 0.55),
    "happiness": (0.496, 0.50),
    "sadness": (-0.546, -0.35),
    "surprise": (-0.024, 0.50),
    "calm": (0.200, -0.60),
}
# Actors spoke with normal (1) and strong (2) intensity: how far from neutral that is.
DISTANCE = {1: 0.8, 2: 1.15}


def valence_arousal(expression, intensity):
    """(2,) pseudo-label in [-1, 1] of an expression spoken with intensity 1 or 2."""
    neutral, there = (np.array(VALENCE_AROUSAL[name]) for name in ("neutral", expression))
    return np.clip(neutral + DISTANCE[intensity] * (there - neutral), -1, 1).astype(np.float32)
