"""What the votes mean: label orders, targets, and the rules that decide them.

FER+ gives each picture ten votes over ten columns (``VOTE_COLUMNS``). The pack
speaks in eight expressions (``EXPRESSIONS``), in the order the daemon's other
packs use. Everything that turns one into the other lives here, so that the
training targets and the figures in the card follow the same rules.
"""

import numpy as np

VOTE_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger",
    "disgust", "fear", "contempt", "unknown", "NF",
)
EXPRESSIONS = (
    "neutral", "anger", "disgust", "fear",
    "happiness", "sadness", "surprise", "contempt",
)
UNITS = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26")
EIGHTH_OF_VIDEOS = "other"
_TAKE = [VOTE_COLUMNS.index(name) for name in EXPRESSIONS]

# Mean human (valence, arousal) per emotion, a linear map fitted on AffectNetC25
# (25 raters a picture). Targets made with it are pseudo-labels: nobody rated
# the valence or the arousal of a FER+ picture.
VALENCE_AROUSAL = {
    "neutral": (0.046, -0.799),
    "anger": (-0.510, 0.319),
    "disgust": (-0.566, 0.264),
    "fear": (-0.694, 0.226),
    "happiness": (0.496, 0.059),
    "sadness": (-0.546, 0.112),
    "surprise": (-0.024, 0.364),
    "contempt": (-0.135, -0.507),
}


def expressions_of(plan):
    """The eight labels of a network trained by ``plan``, a dictionary.

    Aff-Wild2's eighth is anything else, and contempt is one of those: a network that has seen its frames says so.
    """
    return EXPRESSIONS[:-1] + (EIGHTH_OF_VIDEOS,) if plan.get("frames") else EXPRESSIONS


def majority(votes):
    """Class index (0..7, ``EXPRESSIONS`` order) by plurality, or -1 to drop.

    ``votes``: (N, 10) counts in ``VOTE_COLUMNS`` order. The column with most
    votes wins. A tie goes to the column that comes first in ``VOTE_COLUMNS``
    (so an emotion beats "unknown"); a picture that "unknown" or "NF" wins is
    dropped.
    """
    winner = np.asarray(votes).argmax(axis=1)
    to_class = np.full(len(VOTE_COLUMNS), -1)
    for index, column in enumerate(_TAKE):
        to_class[column] = index
    return to_class[winner]


def is_tied(votes):
    """True where two or more of the ten columns share the highest count."""
    votes = np.asarray(votes)
    return (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) > 1


def is_clear(votes):
    """True where one column has more than half of the votes, single votes removed.

    The published figures for FER+ (Barsoum et al. 2016) count these pictures alone, as the
    authors' code does: whatever is less clear they take for "unknown".
    """
    votes = np.asarray(votes)
    kept = np.where(votes > 1, votes, 0)
    return kept.max(axis=1) > 0.5 * kept.sum(axis=1)


def emotion_votes(votes):
    """(N, 8) counts in ``EXPRESSIONS`` order; "unknown" and "NF" are removed."""
    return np.asarray(votes)[:, _TAKE].astype(np.float32)


def shares(votes, outliers=True):
    """(N, 8) vote shares that sum to one, zeros where nobody named an emotion.

    With ``outliers=False`` single votes are taken for slips and removed, as the
    authors of FER+ did, unless the picture has nothing but single votes.
    """
    counts = emotion_votes(votes)
    if not outliers:
        cleaned = np.where(counts > 1, counts, 0)
        kept = cleaned.sum(axis=1, keepdims=True) > 0
        counts = np.where(kept, cleaned, counts)
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)


def valence_arousal(vote_shares):
    """(N, 2) pseudo-labels in [-1, 1]: vote shares times ``VALENCE_AROUSAL``."""
    table = np.array([VALENCE_AROUSAL[name] for name in EXPRESSIONS], np.float32)
    return vote_shares @ table
