"""An ensemble of a frame model and sequence models that speak of the same moment."""

import itertools

import numpy as np


def blended(told, weights):
    """The weighted mean of what several readers told: tuples of (N, T, K), over those that told it; none if nobody did."""
    means = []
    for parts in zip(*told):
        spoke = [(weight, part) for weight, part in zip(weights, parts) if part is not None and weight > 0]
        total = sum(weight for weight, _ in spoke)
        means.append(sum(weight * part for weight, part in spoke) / total if spoke else None)
    return tuple(means)


def choose_weights(held, told, step=0.1):
    """Weights of the members, in steps, that make the labels of held-out composed sequences most likely."""
    seen, label = held.row >= 0, held.label[held.row >= 0]
    own = [part[0][seen][np.arange(len(label)), label] for part in told]
    count = round(1 / step)
    best, chosen = -np.inf, None
    for shares in itertools.product(range(count + 1), repeat=len(told)):
        # An ensemble of one is none.
        if sum(shares) != count or sum(share > 0 for share in shares) < 2:
            continue
        likely = np.log(np.clip(sum(s * p for s, p in zip(shares, own)) / count, 1e-9, 1)).mean()
        if likely > best:
            best, chosen = likely, [round(s * step, 3) for s in shares]
    return chosen
