"""What happens in a composed sequence: which picture is shown when, and what the camera does.

A sequence is a story on a time line of rows, one each tenth of a second: a
face held, an expression that comes, goes, or both, or turns into another. The
camera has a rate of its own, so rows repeat a frame where it is slow. Rows are
lost, one by one and in bursts, as a detector loses a face. Nothing here looks
at pixels.
"""

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F

from ..labels import EXPRESSIONS

ROWS = 60
STEP = 0.1
NEUTRAL = EXPRESSIONS.index("neutral")
STORIES = ("held", "onset", "offset", "apex", "turn")
_OFTEN = (0.35, 0.2, 0.15, 0.2, 0.1)
# Of a label with n pictures, each story begins n**-RARER as often by picture: rare emotions are told more often.
RARER = 0.5
LOOKS = 64


@dataclass
class Script:
    """One sequence. ``stills`` (K,) positions of its pictures; ``weight`` (60, K) how much each is in a row.

    ``shown`` (60,) the time in seconds of the frame a row shows, not a number where the face was lost.
    """

    story: str
    stills: np.ndarray
    weight: np.ndarray
    shown: np.ndarray


def smooth(time, begins, lasts):
    """0 before ``begins``, 1 after ``begins + lasts`` seconds, and an S between."""
    x = np.clip((np.asarray(time) - begins) / lasts, 0, 1)
    return x * x * (3 - 2 * x)


def weights(time, changes):
    """(T, K) shares of K = ``len(changes)`` + 1 pictures: each change (begins, lasts) leads to the next picture."""
    share = np.ones((len(time), 1))
    for begins, lasts in changes:
        comes = smooth(time, begins, lasts)[:, None]
        share = np.concatenate([share * (1 - comes), comes], axis=1)
    return share


def camera(rng, rows=ROWS, step=STEP):
    """(rows,) time of the frame that each row shows: the one nearest to the row, of a camera at 5 to 30 a second."""
    interval = np.exp(rng.uniform(np.log(1 / 30), np.log(1 / 5)))
    count = int(rows * step / interval) + 2
    taken = np.sort(np.arange(count) * interval + rng.normal(0, 0.1 * interval, count))
    wanted = np.arange(rows) * step
    return taken[np.abs(taken[None] - wanted[:, None]).argmin(1)]


def lost(rng, rows=ROWS):
    """(rows,) bool: where the face was not found; never in the first or last row."""
    gone = rng.random(rows) < (0.06 if rng.random() < 0.5 else 0.0)
    if rng.random() < 0.3:
        begins, lasts = rng.integers(1, rows - 1), rng.integers(2, 13)
        gone[begins:begins + lasts] = True
    gone[[0, -1]] = False
    return gone


def _changes(story, rng, seconds):
    one = rng.uniform(0.2, 0.8)
    if story == "held":
        return []
    if story == "apex":
        begins = rng.uniform(0.5, 0.4 * seconds)
        return [(begins, one), (rng.uniform(begins + one + 0.5, seconds - 0.3), rng.uniform(0.2, 0.8))]
    return [(rng.uniform(0.8, seconds - 1.2), one)]


class Cast:
    """Finds the pictures for a story: one with an expression, and a neutral one that might be the same face.

    Photographs know the person. FER+ does not: of ``LOOKS`` neutral pictures drawn, the one that is most like the
    other in coarse light and dark is taken, so that a blend is less of a change of person.
    """

    def __init__(self, stills, rng):
        self.stills, self.rng = stills, rng
        self.label = stills.label.numpy()
        self.neutral = np.flatnonzero(self.label == NEUTRAL)
        self.strangers = self.neutral[stills.person[self.neutral] == ""]
        self.coarse = F.avg_pool2d(stills.images.unsqueeze(1), 8).flatten(1).numpy()
        count = np.bincount(self.label, minlength=len(EXPRESSIONS)).clip(1)
        chance = count[self.label] ** -RARER
        self.chance = chance / chance.sum()

    def star(self):
        """A picture, rare expressions more often."""
        return self.rng.choice(len(self.label), p=self.chance)

    def calm(self, picture):
        """A neutral picture to go with this one, or none."""
        person = self.stills.person[picture]
        if person:
            own = self.neutral[self.stills.person[self.neutral] == person]
            return self.rng.choice(own) if len(own) else None
        if not len(self.strangers):
            return None
        drawn = self.rng.choice(self.strangers, LOOKS)
        return drawn[np.square(self.coarse[drawn] - self.coarse[picture]).sum(1).argmin()]

    def other(self, picture):
        """A picture with another expression that is not neutral, of the same person if that is known; or none."""
        person = self.stills.person[picture]
        fits = (self.stills.person == person) & (self.label != self.label[picture]) & (self.label != NEUTRAL)
        fits = np.flatnonzero(fits)
        return self.rng.choice(fits) if len(fits) else None


def write(cast, rng, rows=ROWS, step=STEP):
    """One ``Script``: a story for a picture drawn from the ``cast``; one that lacks its second picture is held."""
    star, story = cast.star(), rng.choice(STORIES, p=_OFTEN)
    if cast.label[star] == NEUTRAL:
        story = "held"
    second = None if story == "held" else cast.other(star) if story == "turn" else cast.calm(star)
    if second is None:
        story = "held"
    pictures = {"held": [star], "onset": [second, star], "offset": [star, second],
                "apex": [second, star, second], "turn": [star, second]}[story]
    shown = camera(rng, rows, step)
    share = weights(shown, _changes(story, rng, rows * step))
    shown = np.where(lost(rng, rows), np.nan, shown)
    return Script(str(story), np.array(pictures), share, shown)
