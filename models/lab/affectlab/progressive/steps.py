"""The steps of both recipes in their order, each into one checkpoint of the run's folder.

``jin``: jin.pt. Progressive learning: masked.pt, then joint.pt, one checkpoint
for each single task, fused.pt with the compound head. Every step finds what
the one before left.
"""

import dataclasses
import logging
from pathlib import Path

import torch

from .. import data, evaluate, model, train
from ..picture import to_input
from . import compound, fit, fusion, hints, masked, tasks
from . import jin as jins
from .vit import Shape

log = logging.getLogger(__name__)

PRETRAIN = masked.Plan()
JIN = dataclasses.replace(fit.PLAN, epochs=2, rate=3e-4, trust=0.0, average=0.995)
# Batches are small because epochs are few: what a short training lacks is steps.
JOINT = dataclasses.replace(fit.PLAN, epochs=10, batch=64, rate=7e-4, average=0.995, unit_weight=tasks.UNIT_WEIGHT)
# Of the first epochs of the joint network each picture shows half of its patches: half the work, and pretraining showed a quarter.
HALF_EPOCHS, HALF = 2, 0.5
SINGLE = dataclasses.replace(fit.PLAN, epochs=1, batch=32, rate=2e-4, average=0.995)
FUSED = dataclasses.replace(fit.PLAN, epochs=1, batch=32, rate=2e-4, average=0.995)


def answers(network, images, batch=256):
    """All outputs of a network on (N, H, W) u8 crops, as f32."""
    network.eval()
    with torch.no_grad():
        parts = [[part.float() for part in network(to_input(rows))] for rows in images.split(batch)]
    return [torch.cat(column) for column in zip(*parts)]


def _watch(folder, classes=8):
    """A check for ``fit.fit``: accuracy and, where there is a head, agreement, on the held-out part."""
    held = data.load(folder, "holdout")
    held = held.take(held.label < classes)

    def check(network):
        said = answers(network, held.images)
        found = {"accuracy": float((said[0].argmax(1) == held.label).float().mean())}
        if said[1].shape[1] == 2:
            result = evaluate.figures(said[0], said[1], held)
            found |= {name: result[name] for name in ("mean_recall", "ccc_valence", "ccc_arousal")}
        return found

    return check


def jin(folder, run, lessons, start, plan=JIN, swap="batch", limit=None):
    """Jin et al.'s static stage, grown from a checkpoint of ``mtanet``; returns the network."""
    torch.manual_seed(plan.seed)
    network = jins.JinNet.grown(train.load_checkpoint(start)[0]).to(memory_format=torch.channels_last)
    faces, others = fit.lessons_of(folder, lessons, plan, limit)
    faces, others = jins.decided(faces), [(jins.decided(part), share) for part, share in others]
    goal = jins.objective(network, fit.steps_of(faces, plan), swap)
    return fit.fit(network, Path(run) / "jin.pt", plan, faces, others, goal,
                   _watch(folder, len(jins.SEVEN)), {"swap": swap, "pictures": len(faces)})


def pretrain(folder, run, photographs=None, plan=PRETRAIN, shape=Shape(), limit=None):
    """The masked autoencoder."""
    images = masked.faces(folder, photographs)
    return masked.pretrain(images if limit is None else images[:limit], run, plan, shape)


def joint(folder, run, lessons, plan=JOINT, chosen=tasks.TASKS, limit=None, name="joint", teacher=None):
    """All of the pretrained transformer, fine-tuned for the ``chosen`` tasks at once.

    ``teacher``: a checkpoint of ``mtanet`` that gives hints.
    """
    torch.manual_seed(plan.seed)
    network = tasks.joint(masked.load(Path(run) / "masked.pt")[0].encoder)
    faces, others = fit.lessons_of(folder, lessons, plan, limit)
    half = HALF_EPOCHS * fit.steps_of(faces, plan)

    def seen(done):
        return HALF if done < half else 1.0

    if teacher:
        teacher = train.load_checkpoint(teacher)[0].to(memory_format=torch.channels_last)
        network = hints.Hinted(network, hints.seen_by(teacher, torch.zeros(1, 1, model.SIZE, model.SIZE))[0].shape[2])
        goal = hints.objective(network, teacher, chosen, seen)
    else:
        goal = tasks.objective(network, chosen, seen)
    return fit.fit(network, Path(run) / f"{name}.pt", plan, faces, others, goal, _watch(folder),
                   {"pictures": len(faces), "hints": teacher is not None})


def single(folder, run, lessons, task, plan=SINGLE, limit=None):
    """The network of one task, from the joint one."""
    torch.manual_seed(plan.seed)
    network = tasks.single(_joint(run))
    faces, others = fit.lessons_of(folder, lessons, plan, limit)
    goal = tasks.objective(network, (task,))
    return fit.fit(network, Path(run) / f"{task}.pt", plan, faces, others, goal, _watch(folder), {"pictures": len(faces)})


def fused(folder, run, lessons, plan=FUSED, limit=None):
    """The fused network, without its compound head."""
    torch.manual_seed(plan.seed)
    singles = [_task_net(Path(run) / f"{task}.pt") for task in tasks.TASKS]
    network = fusion.of(_joint(run), singles)
    faces, others = fit.lessons_of(folder, lessons, plan, limit)
    return fit.fit(network, Path(run) / "fused.pt", plan, faces, others, tasks.objective(network), _watch(folder),
                   {"pictures": len(faces)})


def compounds(folder, run, views=compound.VIEWS, limit=None):
    """The compound head on the fused network, by the curriculum; into compound.pt."""
    network = load_fused(run)
    faces = data.some(data.load(folder, "fit"), limit)
    target, double = compound.targets(compound.votes_of(folder, faces), faces.label)
    log.info("%d compound samples beside %d of one emotion", int(double.sum()), int((~double).sum()))
    compound.fit(network.compound, compound.features(network, faces.images, views), target, double)
    train.save_checkpoint(Path(run) / "compound.pt", {"head": network.compound.state_dict(), "views": views})
    return network


def load_jin(run):
    """The averaged network of jin.pt, ready for evaluation."""
    state = fit.load(Path(run) / "jin.pt")
    network = jins.JinNet(train.Shape.from_dict(state["shape"]))
    network.load_state_dict(state["average"])
    return network.eval()


def load_fused(run):
    """The averaged network of fused.pt, with the head of compound.pt if there is one."""
    state = fit.load(Path(run) / "fused.pt")
    network = fusion.blank(Shape.from_dict(state["shape"]))
    network.load_state_dict(state["average"])
    if (Path(run) / "compound.pt").is_file():
        network.compound.load_state_dict(fit.load(Path(run) / "compound.pt")["head"])
    return network.eval()


def jin_facts(run):
    """What the card says of how jin.pt was made."""
    return {"jin": _facts(run, "jin"), "macs": model.macs(load_jin(run))}


def progressive_facts(run):
    """What the card says of how the fused network was made."""
    state, network = fit.load(Path(run) / "masked.pt"), load_fused(run)
    facts = {name: _facts(run, name) for name in ("joint", *tasks.TASKS, "fused")}
    return {"masked": {name: state[name] for name in ("plan", "epoch", "loss")}, **facts, "shape": state["shape"],
            "shared": network.shared, "macs": fusion.cost(network.shape, network.shared)["macs"],
            "unshared": fusion.cost(network.shape, 0), "trunk": fusion.cost(network.shape, network.shared, 0)}


def _facts(run, name):
    state = fit.load(Path(run) / f"{name}.pt")
    return {**{key: state[key] for key in ("plan", "epoch", "loss", "about")}, "held_out": state["found"]}


def _task_net(path):
    state = fit.load(path)
    return tasks.restore(state, Shape.from_dict(state["shape"]))


def _joint(run):
    return _task_net(Path(run) / "joint.pt")
