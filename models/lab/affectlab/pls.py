"""Valence and arousal from the places of a face's points, by one matrix: partial least squares.

Points are laid onto the mean face by the similarity that fits best (Procrustes), so that place, size and roll do
not matter. Partial least squares finds the directions of what is left that go with the targets (SIMPLS, de Jong
1993); the answers are stretched to the spread of the targets, because a regression shrinks them and concordance
minds.
"""

import logging
from dataclasses import dataclass

import numpy as np
import torch

from . import losses

log = logging.getLogger(__name__)

COMPONENTS = (5, 10, 20, 30, 45, 60, 90)
# Fewer components are taken if they cost no more than this of the mean concordance.
GIVE_UP = 0.005


def laid_on(shape, points):
    """(N, 2 P): the (N, P, 2) points laid onto the mean face ``shape`` (2, P), all x and then all y."""
    place = np.asarray(points, np.float64) @ [1, 1j]
    place = place - place.mean(axis=1, keepdims=True)
    mean = [1, 1j] @ shape.astype(np.float64)
    laid = place * ((place.conj() @ mean) / (np.abs(place) ** 2).sum(axis=1))[:, None]
    return np.concatenate([laid.real, laid.imag], axis=1)


def mean_face(points):
    """(2, P) f32 about its centre, its squares summing to one: the mean of (N, P, 2) points laid onto one another."""
    shape = np.asarray(points[0], np.float64).T
    for _ in range(3):
        shape = shape - shape.mean(axis=1, keepdims=True)
        shape /= np.linalg.norm(shape)
        shape = laid_on(shape, points).mean(axis=0).reshape(2, -1)
    return (shape / np.linalg.norm(shape)).astype(np.float32)


def matrices(x, y, count):
    """Yield the (P, M) matrix of 1, 2, … ``count`` components: centred ``y`` (N, M) from centred ``x`` (N, P)."""
    cross, square = x.T @ y, x.T @ x
    left, directions, loadings, basis = cross.copy(), [], [], []
    for _ in range(count):
        direction = np.linalg.svd(left, full_matrices=False)[0][:, 0]
        direction = direction / np.sqrt(direction @ square @ direction)
        loading = square @ direction
        for known in basis:
            loading = loading - known * (known @ loading)
        loading /= np.linalg.norm(loading)
        left = left - np.outer(loading, loading @ left)
        basis.append(loading)
        directions.append(direction)
        loadings.append(cross.T @ direction)
        yield np.stack(directions, axis=1) @ np.stack(loadings)


@dataclass
class Estimator:
    """``laid_on(shape, points) @ weights + intercept`` within [-1, 1], as far as a face is seen; else ``usual``.

    ``shape`` (2, P), ``weights`` (2 P, 2), ``intercept`` (2,), ``usual`` (2,): f32; ``components``: how many.
    """

    shape: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    usual: np.ndarray
    components: int

    def __call__(self, points, face):
        """(N, 2) valence and arousal of (N, P, 2) points and (N,) logits of there being a face at all."""
        read = (laid_on(self.shape, points) @ self.weights + self.intercept).clip(-1, 1)
        seen = 1 / (1 + np.exp(-np.asarray(face, np.float64)[:, None]))
        return self.usual + seen * (read - self.usual)

    def save(self, path):
        """Write the numbers as ``.npz``, the same bytes for the same numbers."""
        np.savez_compressed(path, shape=self.shape, weights=self.weights, intercept=self.intercept, usual=self.usual)


def concordance(said, target):
    """[valence, arousal] of (N, 2) answers and targets."""
    return losses.ccc(torch.as_tensor(said), torch.as_tensor(target)).tolist()


def fit(seen, held, components=COMPONENTS):
    """An ``Estimator`` fitted on ``mesh.Seen``; how many components is chosen on another."""
    shape = mean_face(seen.points)
    flat, va = laid_on(shape, seen.points), np.asarray(seen.va, np.float64)
    usual, spread, middle = va.mean(axis=0), va.std(axis=0), flat.mean(axis=0)
    tried = []
    for count, weights in enumerate(matrices(flat - middle, (va - usual) / spread, max(components)), 1):
        if count not in components:
            continue
        weights = weights * spread / ((flat - middle) @ weights).std(axis=0)
        found = Estimator(shape, *(part.astype(np.float32) for part in (weights, usual - middle @ weights, usual)), count)
        agreed = concordance(found(held.points, held.face), held.va)
        log.info("%d components: held-out CCC %.3f %.3f", count, *agreed)
        tried.append((sum(agreed) / 2, found))
    best = max(score for score, _ in tried)
    return next(found for score, found in tried if score >= best - GIVE_UP)
