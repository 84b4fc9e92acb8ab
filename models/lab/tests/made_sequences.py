"""Made-up stills and composed sequences: no real face and no trained network is needed."""

import numpy as np
import torch
from conftest import draw

from affectlab.labels import EXPRESSIONS
from affectlab.sequence import compose, stills

EMBEDDING = 12


def make_stills(each=4, seed=0):
    """``each`` pictures of every expression without a person, and two people with a neutral and a happy one."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in range(8) for _ in range(each)] + [0, 4, 0, 4]
    person = [""] * (8 * each) + ["ann", "ann", "bob", "bob"]
    label = torch.tensor(kinds)
    images = torch.from_numpy(np.stack([draw(kind, rng) for kind in kinds])).float() / 255
    images = torch.nn.functional.interpolate(images.unsqueeze(1), (64, 64), mode="bilinear").squeeze(1)
    target = torch.nn.functional.one_hot(label, len(EXPRESSIONS)).float() * 0.8 + 0.025
    pair = torch.zeros(len(kinds), 6, dtype=torch.bool)
    # One picture of fear is a compound of fear and surprise.
    pair[kinds.index(3), [2, 5]] = True
    va = torch.stack([label / 4 - 1, 1 - label / 4], 1).float()
    units = (label[:, None] > torch.arange(12)).float()
    return stills.Stills(images, target, va, units, label, pair, np.array(person), np.array([f"{i}" for i in range(len(kinds))]))


def ask(images):
    """A stand-in for a frame pack: light and dark in twelve bands, and logits made of three of them."""
    x = np.asarray(images, np.float32) / 255
    bands = x[:, :60].reshape(len(x), EMBEDDING, -1).mean(2)
    logits = np.concatenate([bands, 1 - bands], 1)[:, :8] * 4
    return {"embedding": bands, "expression": logits, "valence_arousal": bands[:, :2] * 2 - 1}


def make(count=24, seed=1, repeat=1, pack="made 0.1.0"):
    """``count`` composed sequences of the made stills, the embedding ``repeat`` times as wide."""
    def asked(images):
        said = ask(images)
        return {**said, "embedding": np.tile(said["embedding"], repeat)[:, :128], "action_units": said["embedding"]}

    return compose.compose(make_stills(), count, seed, asked, pack)
