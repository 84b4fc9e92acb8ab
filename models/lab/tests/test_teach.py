"""Lessons smooth votes and labels, and fit the pictures they are about."""

import numpy as np
import pytest
import torch
from test_action_units import write_landmarks

from affectlab import data, labels, teach, train
from affectlab.model import FaceNet, Shape
from affectlab.action_units import Landmarks
from affectlab.photographs import Photographs

TINY = Shape(stem=16, channels=(16, 16, 16), blocks=(1, 1, 1), dropout=0.0)


def teacher(seed=0):
    torch.manual_seed(seed)
    return FaceNet(TINY).eval()


def sure_of(kind):
    """A teacher who thinks the same of every picture."""
    model = teacher()
    with torch.no_grad():
        model.expression.weight.zero_()
        model.expression.bias.zero_()
        model.expression.bias[kind] = 30
    return model


def photographs(count=6):
    images = np.random.default_rng(0).integers(0, 256, (count, 64, 64)).astype(np.uint8)
    return Photographs(images, np.arange(count) % 8, np.array([f"person {n}" for n in range(count)]),
                       np.array([f"images/{n}.jpg" for n in range(count)]))


def test_an_opinion_is_the_mean_of_all_teachers_and_does_not_depend_on_the_side():
    images = torch.randint(0, 256, (5, 48, 48), dtype=torch.uint8)
    said = teach.opinions([sure_of(2), sure_of(5)], images)
    assert torch.allclose(said[:, [2, 5]], torch.full((5, 2), 0.5), atol=1e-3)
    assert torch.allclose(teach.opinions([teacher()], images), teach.opinions([teacher()], images.flip(2)), atol=0.02)


def test_targets_move_towards_the_opinion_by_the_trust(faces_folder):
    faces = data.load(faces_folder, "fit")
    lessons = teach.prepare(faces_folder, "fit", [sure_of(2)])
    softened = teach.soften(faces, lessons, 0.4)
    assert torch.allclose(softened.target[:, 2], 0.6 * faces.target[:, 2] + 0.4, atol=1e-3)
    assert torch.allclose(softened.target.sum(1), torch.ones(len(faces)), atol=1e-3)
    assert torch.allclose(softened.va, torch.from_numpy(labels.valence_arousal(softened.target.numpy())))
    assert torch.equal(teach.soften(faces, lessons, 0.0).target, faces.target)


def test_a_photographs_label_counts_where_it_is_credible_only():
    judged = teach.judge(photographs(), [sure_of(2)])
    assert judged.target[2, 2] == pytest.approx(1, abs=1e-3)
    assert judged.target[0, 2] == pytest.approx(1, abs=1e-3), "the label neutral is not believed"
    torch.manual_seed(0)
    undecided = sure_of(0)
    with torch.no_grad():
        undecided.expression.bias.zero_()
    judged = teach.judge(photographs(), [undecided])
    assert torch.allclose(judged.target[torch.arange(6), judged.label], torch.full((6,), 0.5 + 0.5 / 8), atol=1e-3)


def test_lessons_survive_the_disk_and_are_trained_on(faces_folder, tmp_path):
    lessons = teach.prepare(faces_folder, "fit", [teacher()], photographs())
    lessons.save(tmp_path / "lessons.pt")
    kept = teach.Lessons.load(tmp_path / "lessons.pt")
    assert torch.equal(kept.opinions, lessons.opinions)
    assert torch.equal(kept.photographs.images, lessons.photographs.images)
    plan = train.Plan(epochs=1, batch=16, warmup=0, small_share=0.0, trust=0.5, photographs=0.25)
    train.train(faces_folder, tmp_path / "with", plan, TINY, tmp_path / "lessons.pt")
    train.train(faces_folder, tmp_path / "without", plan, TINY)
    taught, alone = (train.load_checkpoint(tmp_path / run / "last.pt")[0] for run in ("with", "without"))
    assert not torch.equal(taught.embed.weight, alone.embed.weight)


def test_lessons_with_landmarks_teach_the_units(faces_folder, tmp_path):
    names = [f"ferplus/{name}" for name in data.load(faces_folder, "fit").name]
    landmarks = Landmarks(write_landmarks(tmp_path / "landmarks.npz", [*names, "images/0.jpg"]))
    lessons = teach.prepare(faces_folder, "fit", [teacher()], photographs(), landmarks)
    assert torch.isfinite(lessons.units).all() and torch.isfinite(lessons.photographs.units).all()
    lessons.save(tmp_path / "lessons.pt")
    plan = train.Plan(epochs=1, batch=16, warmup=0, small_share=0.0, photographs=0.25, unit_weight=1.0)
    train.train(faces_folder, tmp_path / "run", plan, TINY, tmp_path / "lessons.pt")
    torch.manual_seed(plan.seed)
    untrained = FaceNet(TINY).action_units.bias
    assert not torch.allclose(train.load_checkpoint(tmp_path / "run/last.pt")[0].action_units.bias, untrained)


def test_lessons_about_other_pictures_and_absent_ones_are_refused(faces_folder, tmp_path):
    faces = data.load(faces_folder, "fit")
    with pytest.raises(data.DataError, match="make them anew"):
        teach.soften(faces, teach.Lessons(torch.zeros(3, 8), torch.zeros(3, 12)), 0.5)
    with pytest.raises(data.DataError, match="affectlab teach"):
        teach.Lessons.load(tmp_path / "none.pt")
    with pytest.raises(data.DataError, match="name a checkpoint"):
        teach.prepare(faces_folder, "fit", [])


def test_lessons_of_another_version_are_refused(faces_folder, tmp_path):
    lessons = teach.prepare(faces_folder, "fit", [teacher()], photographs())
    lessons.save(tmp_path / "lessons.pt")
    kept = torch.load(tmp_path / "lessons.pt", weights_only=True)
    del kept["photographs"]["clear"]
    torch.save(kept, tmp_path / "lessons.pt")
    with pytest.raises(data.DataError, match="another version"):
        teach.Lessons.load(tmp_path / "lessons.pt")
