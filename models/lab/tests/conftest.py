"""A tiny made-up data set in the format of the real one: no real face is needed."""

import numpy as np
import pytest
import torch

from affectlab.labels import VOTE_COLUMNS

torch.set_num_threads(1)


def draw(kind, rng):
    """A 48x48 picture that tells its label, mirrored or not: which of three bands are light."""
    bands = np.repeat([(kind >> bit) & 1 for bit in range(3)], 16)[:, None]
    picture = 60 + 130 * bands + rng.normal(0, 12, (48, 48))
    return picture.clip(0, 255).astype(np.uint8)


def write_faces(folder, train=240, valid=60, seed=0):
    """Write ``ferplus.npz`` with eight votes for the label and two for its neighbour."""
    rng = np.random.default_rng(seed)
    count = train + valid
    kinds = np.arange(count) % 8
    votes = np.zeros((count, 10), np.uint8)
    votes[np.arange(count), kinds] = 8
    votes[np.arange(count), (kinds + 1) % 8] = 2
    np.savez(folder / "ferplus.npz", images=np.stack([draw(kind, rng) for kind in kinds]), votes=votes,
             vote_columns=np.array(VOTE_COLUMNS), split=np.array(["train"] * train + ["valid"] * valid),
             name=np.array([f"made{number:05}.png" for number in range(count)]))
    return folder


@pytest.fixture(scope="session")
def faces_folder(tmp_path_factory):
    """A folder with a tiny ``ferplus.npz``."""
    return write_faces(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="session")
def trained(faces_folder, tmp_path_factory):
    """A run's folder after a short, calibrated training on the tiny set."""
    from affectlab import calibrate, data, evaluate, train

    run = tmp_path_factory.mktemp("run")
    train.train(faces_folder, run, train.Plan(epochs=4, batch=16, small_share=0.0, average=0.9))
    model, _ = train.load_checkpoint(run / "last.pt")
    held, known = data.load(faces_folder, "holdout"), data.load(faces_folder, "fit")
    logits, _ = evaluate.predict(model, held.images)
    calibrate.calibrate(logits, held.label, known.label).save(run)
    return run
