"""What training minimises: soft cross-entropy, and agreement on valence/arousal."""

import torch
import torch.nn.functional as F


def soft_cross_entropy(logits, target):
    """Mean cross-entropy of (N, C) logits against (N, C) shares that sum to one."""
    return -(target * F.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()


def ccc(prediction, target, eps=1e-6):
    """Lin's concordance correlation per column of two (N, K) tensors: (K,) in [-1, 1].

    ``eps`` keeps the value and its gradient finite when a batch is constant.
    """
    prediction, target = prediction.float(), target.float()
    mean_p, mean_t = prediction.mean(0), target.mean(0)
    covariance = ((prediction - mean_p) * (target - mean_t)).mean(0)
    spread = prediction.var(0, unbiased=False) + target.var(0, unbiased=False)
    return 2 * covariance / (spread + (mean_p - mean_t) ** 2 + eps)


def unit_loss(logits, target):
    """Mean binary cross-entropy of (N, 12) logits against probabilities; those that are not a number do not count."""
    known = torch.isfinite(target)
    if not known.any():
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits.float()[known], target[known])


def affect_loss(prediction, target):
    """One minus the mean concordance, plus the mean squared error."""
    error = F.mse_loss(prediction.float(), target.float())
    return (1 - ccc(prediction, target)).mean() + error
