"""Options against noise in the labels; all off in the published plan, each run by name with ``ablate --option``.

What an expression says of each action unit, and back, is the table of Du, Tao and Martinez (2014) in
``action_units.EXPECTED``. It lets the two heads judge each other's labels and each other:

- ``bootstrap``: part of each target is what the network itself thinks by now (Reed et al. 2014), of the expression
  and of the units together, so that a label that only one task contradicts keeps its weight.
- ``forget``: the pictures of a batch whose labels, of all tasks together, fit the network least do not count (the
  small-loss rule of co-teaching, Han et al. 2018, with one network instead of two). The share rises over the
  first epochs, in which a network learns what most labels have in common.
- ``coupling``: a term that draws the units towards what the expression says of them, and the expression towards
  what the units say of it (after the distribution matching of Kollias et al. 2021).
"""

from dataclasses import replace
from functools import cache

import torch
import torch.nn.functional as F

from . import action_units
from .labels import EXPRESSIONS

RISE = 5
# Units come together: a smile raises the cheeks and parts the lips. Twelve are not twelve witnesses.
EVIDENCE = 1 / 3


@cache
def table():
    """(8, 12) share of people who show each unit with each expression."""
    return action_units.expected(torch.eye(len(EXPRESSIONS)))


def jointly(shares, units):
    """(N, 8) shares of the expressions when the (N, 12) probabilities of the units are heard as well."""
    shown = table().log() @ units.T + (1 - table()).log() @ (1 - units).T
    return torch.softmax(shares.clamp(min=1e-6).log() + EVIDENCE * shown.T, 1)


def at(plan, epoch):
    """The plan with the share of forgotten pictures that this epoch has.

    It rises from nothing, because a network that knows little yet finds everything doubtful. A round without
    warm-up goes on from one that knows, and forgets from the start.
    """
    return replace(plan, forget=plan.forget * min(1.0, epoch / RISE)) if plan.warmup else plan


def bootstrapped(target, units, logits, unit_logits, share):
    """(N, 8) and (N, 12) targets that are by ``share`` what the network thinks; those masked stay so."""
    with torch.no_grad():
        thought, felt = torch.softmax(logits.float(), 1), torch.sigmoid(unit_logits.float())
        # Units nobody teaches say nothing.
        both = jointly(thought, felt) if torch.isfinite(units).any() else thought
        return (1 - share) * target + share * both, (1 - share) * units + share * (felt + both @ table()) / 2


def doubtful(target, units, logits, unit_logits, share):
    """(N,) which rows' labels, of both tasks together, fit the network least: ``share`` of those that have any."""
    with torch.no_grad():
        misfit = -(target * F.log_softmax(logits.float(), 1)).sum(1).nan_to_num(0.0)
        known = torch.isfinite(units)
        each = F.binary_cross_entropy_with_logits(unit_logits.float(), units.nan_to_num(0.0), reduction="none")
        misfit += (each * known).sum(1) / known.sum(1).clamp(min=1)
        labelled = known.any(1) | torch.isfinite(target).all(1)
        out = torch.zeros(len(target), dtype=torch.bool)
        out[torch.where(labelled, misfit, -1.0).topk(int(share * labelled.sum())).indices] = True
        return out


def forgotten(rows, *targets):
    """The targets with the given rows masked."""
    return tuple(target.masked_fill(rows[:, None], float("nan")) for target in targets)


def coupling(logits, unit_logits):
    """How far the two heads contradict each other by the table; each is drawn towards the other as it stands."""
    shares, units = torch.softmax(logits.float(), 1), torch.sigmoid(unit_logits.float())
    to_units = F.binary_cross_entropy_with_logits(unit_logits.float(), (shares @ table()).detach())
    heard = jointly(shares, units).detach()
    to_expression = -(heard * F.log_softmax(logits.float(), 1)).sum(1).mean()
    return to_units + to_expression
