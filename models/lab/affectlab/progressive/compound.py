"""Compound expressions: two emotions at once, from six sigmoids and a curriculum.

FER+ has no compound labels; where at least three of the ten raters said one
emotion and at least three another, the picture is taken for a compound of the
two (neutral and contempt do not count). The curriculum is the published one:
four stages of 5, 5, 3 and 3 epochs add 0, 0.2, 0.4 and all of the compound
samples to those of one emotion, with mixup throughout. The published system
trains on the pictures; here the transformer stands still, its features of a
few framings of each picture are kept, and mixup mixes those.
"""

import itertools
import logging
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .. import augment, data, labels
from ..labels import VOTE_COLUMNS

log = logging.getLogger(__name__)

SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
# The seven of the challenge (C-EXPR-DB), in its order.
SEVEN = (("fear", "surprise"), ("happiness", "surprise"), ("sadness", "surprise"), ("disgust", "surprise"),
         ("anger", "surprise"), ("sadness", "fear"), ("sadness", "anger"))
NAMES = ("fearfully surprised", "happily surprised", "sadly surprised", "disgustedly surprised",
         "angrily surprised", "sadly fearful", "sadly angry")
VOTES = 3
# (epochs, share of the compound samples) of each stage.
STAGES = ((5, 0.0), (5, 0.2), (3, 0.4), (3, 1.0))
MIXUP, RATE, BATCH, VIEWS = 0.2, 1e-3, 128, 2


class Head(nn.Module):
    """(N, width) features -> six logits in the order of ``SIX``."""

    def __init__(self, width, dropout=0.3):
        super().__init__()
        self.inner, self.dropout, self.outer = nn.Linear(width, width), nn.Dropout(dropout), nn.Linear(width, len(SIX))

    def forward(self, y):
        return self.outer(self.dropout(torch.relu(self.inner(y))))


def votes_of(folder, faces):
    """(N, 6) votes of the ``faces`` for each of ``SIX``."""
    with np.load(Path(folder) / "ferplus.npz", allow_pickle=False) as archive:
        row = {str(name): place for place, name in enumerate(archive["name"])}
        votes = archive["votes"][[row[str(name)] for name in faces.name]]
    return votes[:, [VOTE_COLUMNS.index(name) for name in SIX]].astype(int)


def doubles(votes, least=VOTES):
    """(N, 2) places in ``SIX`` of the two emotions with most votes, -1 where not both have ``least``."""
    order = np.argsort(-np.asarray(votes), axis=1, kind="stable")[:, :2]
    both = np.take_along_axis(np.asarray(votes), order, axis=1) >= least
    return np.where(both.all(1, keepdims=True), order, -1)


def compound_of(pairs):
    """(N,) place in ``SEVEN`` of (N, 2) pairs of places in ``SIX``, -1 where the pair is none of them."""
    known = {frozenset(SIX.index(name) for name in pair): place for place, pair in enumerate(SEVEN)}
    return np.array([known.get(frozenset(pair), -1) for pair in np.asarray(pairs).tolist()])


def targets(votes, label):
    """(N, 6) targets of 0 and 1, and (N,) which are compound.

    A compound has two ones, another emotion the one of its label, neutral none. Contempt is none of the six: such
    a picture, unless compound, is not a number and left out.
    """
    pairs = torch.from_numpy(doubles(votes))
    is_compound = pairs[:, 0] >= 0
    target = torch.zeros(len(pairs), len(SIX))
    target[is_compound] = target[is_compound].scatter(1, pairs[is_compound], 1.0)
    names = [labels.EXPRESSIONS[place] for place in label.tolist()]
    for row, name in enumerate(names):
        if not is_compound[row] and name in SIX:
            target[row, SIX.index(name)] = 1.0
        elif not is_compound[row] and name != "neutral":
            target[row] = torch.nan
    return target, is_compound


def share_of(epoch, stages=STAGES):
    """The share of the compound samples that an epoch, from 0, has."""
    ends = itertools.accumulate(length for length, _ in stages)
    for end, (_, share) in zip(ends, stages):
        if epoch < end:
            return share
    raise ValueError(f"the curriculum ends before epoch {epoch + 1}")


def samples(is_compound, share, generator):
    """Places of what an epoch sees, shuffled: all singles and a ``share`` of the compounds, each epoch others."""
    double = is_compound.nonzero().squeeze(1)
    double = double[torch.randperm(len(double), generator=generator)[:round(share * len(double))]]
    places = torch.cat([(~is_compound).nonzero().squeeze(1), double])
    return places[torch.randperm(len(places), generator=generator)]


@torch.no_grad()
def features(network, images, views=VIEWS, seed=1, batch=256):
    """(views, N, width) sums of a fused network for differently framed and lit copies of (N, H, W) u8 crops."""
    generator, rows = torch.Generator().manual_seed(seed), []
    for _ in range(views):
        parts = []
        for part in images.split(batch):
            with torch.autocast("cpu", torch.bfloat16):
                parts.append(network.summed(augment.augment(part, generator, share=0.25, jitter=0.7)).float())
        rows.append(torch.cat(parts))
        log.info("%d of %d views", len(rows), views)
    return torch.stack(rows)


def fit(head, kept, target, is_compound, stages=STAGES, seed=1):
    """Train ``head`` by the curriculum on (views, N, width) features; returns it, ready for evaluation."""
    usable = torch.isfinite(target).all(1)
    kept, target, is_compound = kept[:, usable], target[usable], is_compound[usable]
    for parameter in head.parameters():
        parameter.requires_grad_(True)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(head.parameters(), RATE, weight_decay=0.05)
    total = sum(length for length, _ in stages)
    head.train()
    for epoch in range(total):
        places = samples(is_compound, share_of(epoch, stages), generator)
        for rows in places.split(BATCH):
            view = torch.randint(len(kept), (len(rows),), generator=generator)
            x, y = mixed(kept[view, rows], target[rows], generator)
            loss = F.binary_cross_entropy_with_logits(head(x), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        log.info("compound epoch %d/%d on %d samples, loss of the last batch %.4f", epoch + 1, total, len(places), loss.item())
    return head.eval()


def mixed(x, y, generator, alpha=MIXUP):
    """Rows blended with others, and their targets by the same share (mixup)."""
    share = torch.from_numpy(np.random.default_rng(int(torch.randint(2 ** 31, (), generator=generator)))
                             .beta(alpha, alpha, (len(x), 1))).float()
    other = torch.randperm(len(x), generator=generator)
    return share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]


def ranked(logits, by):
    """(N,) the best of ``SEVEN``: by the sum of its two probabilities (published) or by their geometric mean (the daemon's).
    """
    probability = torch.sigmoid(torch.as_tensor(logits, dtype=torch.float64))
    first, second = ([SIX.index(pair[side]) for pair in SEVEN] for side in (0, 1))
    a, b = probability[:, first], probability[:, second]
    if by not in ("sum", "geometric mean"):
        raise ValueError(f"ranking by {by!r}: 'sum' or 'geometric mean'")
    return (a + b if by == "sum" else (a * b).sqrt()).argmax(1).numpy()


def macro_f1(truth, guess, classes):
    """Mean F1 over the ``classes`` given; a class that nobody guesses and that is not there would be 0."""
    scores = []
    for kind in classes:
        hit = ((truth == kind) & (guess == kind)).sum()
        both = (truth == kind).sum() + (guess == kind).sum()
        scores.append(2 * hit / both if both else 0.0)
    return float(np.mean(scores))


def figures(logits, folder, part="valid"):
    """How well the double votes of a part of FER+ are told: macro F1 by both rankings and that of a constant guess.

    ``logits``: (N, 6) for ``data.load(folder, part)``. Compounds of which the part has no picture do not count.
    """
    faces = data.load(folder, part)
    truth = compound_of(doubles(votes_of(folder, faces)))
    rows = truth >= 0
    if not rows.any():
        raise data.DataError(f"no picture of the part {part!r} has two of the emotions with {VOTES} votes each")
    truth, logits = truth[rows], np.asarray(logits)[rows]
    present = sorted(set(truth.tolist()))
    count = {NAMES[kind]: int((truth == kind).sum()) for kind in present}
    common = np.bincount(truth).argmax()
    result = {"n": int(rows.sum()), "count": count, "constant": macro_f1(truth, np.full(len(truth), common), present)}
    for by in ("sum", "geometric mean"):
        guess = ranked(logits, by)
        result[by] = {"macro_f1": macro_f1(truth, guess, present), "accuracy": float((truth == guess).mean())}
    return result
