"""What training minimises: soft cross-entropy, and agreement on valence/arousal and action units.

Data sets label different things. A label that is not a number is masked: it changes neither the loss nor any
gradient, as if its row (or, for valence, arousal and units, its cell) were not in the batch.
"""

import torch
import torch.nn.functional as F


def soft_cross_entropy(logits, target):
    """Mean cross-entropy of (N, C) logits against (N, C) shares that sum to one, over the rows that have them."""
    known = torch.isfinite(target).all(dim=1)
    if not known.any():
        return logits.sum() * 0
    return -(target[known] * F.log_softmax(logits.float()[known], dim=1)).sum(dim=1).mean()


def ccc(prediction, target, eps=1e-6):
    """Lin's concordance correlation per column of two (N, K) tensors: (K,) in [-1, 1].

    ``eps`` keeps the value and its gradient finite when a batch is constant.
    """
    prediction, target = prediction.float(), target.float()
    mean_p, mean_t = prediction.mean(0), target.mean(0)
    covariance = ((prediction - mean_p) * (target - mean_t)).mean(0)
    spread = prediction.var(0, unbiased=False) + target.var(0, unbiased=False)
    return 2 * covariance / (spread + (mean_p - mean_t) ** 2 + eps)


def positive_weights(parts, most=10.0):
    """(12,) weights of active units that make up for their rarity: inactive over active, from (N, 12) tensors.

    ``parts``: the labels of each part of the data; those that are not a number do not count. Between ``1/most``
    and ``most``; one where a unit has no label.
    """
    known = sum(torch.isfinite(units).sum(0) for units in parts)
    active = sum(torch.nansum(units.double(), 0) for units in parts)
    weight = (known - active) / active.clamp(min=1e-6)
    return torch.where(known > 0, weight.clamp(1 / most, most), 1.0).float()


def unit_loss(logits, target, positive=None):
    """Mean binary cross-entropy of (N, 12) logits against probabilities, over the cells that have one.

    ``positive``: (12,) weights of the active side. With them a threshold of 0.5 suits rare units, and the
    probabilities are too high.
    """
    known = torch.isfinite(target)
    if not known.any():
        return logits.sum() * 0
    weight = None if positive is None else positive.expand_as(target)[known]
    return F.binary_cross_entropy_with_logits(logits.float()[known], target[known], pos_weight=weight)


def affect_loss(prediction, target):
    """One minus the mean concordance, plus the mean squared error, over the cells that have a target."""
    known = torch.isfinite(target)
    if not known.any():
        return prediction.sum() * 0
    prediction, target = prediction.float(), target.float()
    columns = [(prediction[rows, i:i + 1], target[rows, i:i + 1]) for i, rows in enumerate(known.T) if rows.any()]
    agreement = torch.cat([ccc(*column) for column in columns])
    return (1 - agreement).mean() + F.mse_loss(prediction[known], target[known])
