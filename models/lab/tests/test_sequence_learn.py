"""Training on windows: the curriculum, rows and modalities lost on purpose, masked labels, and that it learns."""

import numpy as np
import pytest
import torch
from made_sequences import EMBEDDING, make

from affectlab import data, train
from affectlab.sequence import disturb, ensemble, figures, learn, work
from affectlab.sequence.heads import Design, SequenceNet
from affectlab.sequence.windows import Windows

ALL = ("expression", "valence_arousal", "action_units")


@pytest.fixture(scope="module")
def made():
    return make(40)


def design(body="gru", voice=0, **changes):
    return Design(body, 9, "middle", EMBEDDING, voice, width=16, hidden=16, **{"tasks": ALL, **changes})


def test_the_curriculum_brings_in_compounds_by_stages():
    plan = learn.Plan(curriculum=True)
    shares = [learn.share_of_compounds(plan, epoch) for epoch in range(18)]
    assert shares == [0.0] * 5 + [0.2] * 5 + [0.4] * 3 + [1.0] * 5
    assert learn.share_of_compounds(learn.Plan(), 0) == 1.0


def test_compounds_of_a_later_stage_are_masked_and_single_emotions_are_not(made):
    cut = Windows.of(made)
    net_design = design(tasks=("expression", "compound"))
    compound = torch.nonzero(~cut.single)
    assert len(compound) > 0
    plan = learn.Plan(drop=0.0, noise=0.0, curriculum=True)
    torch.manual_seed(0)
    net = SequenceNet(net_design).eval()

    def loss(rows, share):
        return float(learn._batch(net, cut, rows[:, 0], rows[:, 1], share, plan, torch.Generator().manual_seed(0)).detach())

    expression_alone = learn.total_loss(
        {"expression": net(cut.cut(net_design, compound[:, 0], compound[:, 1])[0])[0]},
        {"expression": cut.targets["expression"][compound[:, 0], compound[:, 1]]}, plan)
    assert loss(compound, 0.0) == pytest.approx(float(expression_alone.detach()), abs=1e-5)
    assert loss(compound, 1.0) > loss(compound, 0.0) + 0.01
    single = torch.nonzero(cut.single)[:50]
    assert loss(single, 0.0) == pytest.approx(loss(single, 1.0), abs=1e-6)


def test_a_compound_has_two_targets_and_a_neutral_face_none(made):
    cut = Windows.of(made)
    two = cut.targets["compound"].sum(2)
    assert (two[~cut.single] == 2).all()
    neutral = torch.from_numpy(made.label == 0) & cut.single
    assert (two[neutral] == 0).all() and (two[torch.from_numpy(made.label == 4) & cut.single] == 1).all()


def test_the_predicted_row_is_never_lost_on_purpose():
    x = torch.ones(500, 9, EMBEDDING + 1)
    lost = disturb.lose_rows(x, design(), learn.Plan(drop=0.5), torch.Generator().manual_seed(0))
    assert (lost[:, 4] == 1).all()
    assert 0.4 < (lost[:, :4, EMBEDDING] == 0).float().mean() < 0.6
    assert (lost.sum(2) * (lost[:, :, EMBEDDING] == 0)).sum() == 0


def test_a_modality_is_lost_on_purpose_but_never_both():
    x = torch.ones(600, 9, EMBEDDING + 1 + 6 + 1)
    x[:100, :, EMBEDDING + 1:] = 0
    plan = learn.Plan(drop=0.0, lose=0.3)
    lost = disturb.lose_rows(x, design(voice=6), plan, torch.Generator().manual_seed(0))
    face, voice = lost[:, :, EMBEDDING].any(1), lost[:, :, -1].any(1)
    assert (face | voice).all() and face[:100].all()
    assert 0.2 < (~face[100:]).float().mean() < 0.4 and 0.1 < (~voice[100:]).float().mean() < 0.4


def test_noise_reaches_what_is_there_and_nothing_else():
    net = SequenceNet(design(voice=6))
    net.entrance.face.spread.fill_(2.0)
    x = torch.zeros(200, 9, net.design.columns)
    x[:, ::2, EMBEDDING] = 1
    x[:, 1::2, -1] = 1
    noisy = disturb.add_noise(x, net, 0.5, torch.Generator().manual_seed(0)) - x
    face, voice = noisy[:, :, :EMBEDDING], noisy[:, :, EMBEDDING + 1:-1]
    assert (noisy[:, :, [EMBEDDING, -1]] == 0).all() and (face[:, 1::2] == 0).all() and (voice[:, ::2] == 0).all()
    # One part the same in all rows, and half as much anew: the root of 1 + 1/4 of half of two, and of half of one.
    assert face[:, ::2].std() == pytest.approx(1.118, abs=0.05) and voice[:, 1::2].std() == pytest.approx(0.559, abs=0.03)
    assert (face[:, 0] * face[:, 2]).mean() == pytest.approx(1.0, abs=0.1)


def test_mixed_windows_are_there_where_both_are():
    x = torch.rand(8, 9, EMBEDDING + 1)
    x[:, :, EMBEDDING] = (torch.rand(8, 9) > 0.3).float()
    targets = {"expression": torch.eye(8)}
    torch.manual_seed(0)
    mixed, blended = disturb.mix(x, targets, design(), 0.4, torch.Generator().manual_seed(0))
    assert set(mixed[:, :, EMBEDDING].unique().tolist()) <= {0.0, 1.0}
    assert mixed[:, :, EMBEDDING].sum() < x[:, :, EMBEDDING].sum()
    np.testing.assert_allclose(blended["expression"].sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("body", ["gru", "transformer"])
def test_a_trained_model_does_better_than_the_frame_model_it_reads(made, body):
    form = design(body, heads=2, key=8, inner=32)
    net = learn.fit(Windows.of(made), form, learn.Plan(epochs=6, steps=25, batch=64, rate=5e-3, average=0.9))
    new = make(10, seed=5)
    said = figures.tell(figures.by_model(net), form, Windows.of(new))
    ours, _ = figures.of_said(new, said, 1.0)
    frame = figures.judge(new, *figures.by_frame(new))
    assert ours["accuracy"] > frame["accuracy"] + 0.2 and ours["accuracy"] > 0.6


def test_what_is_saved_is_loaded(made, tmp_path):
    form, plan = design(), learn.Plan(epochs=1, steps=2, batch=16)
    net = learn.fit(Windows.of(made), form, plan)
    learn.save(tmp_path / "x.pt", net, plan, 1.3)
    again, state = learn.load(tmp_path / "x.pt")
    assert state["temperature"] == 1.3 and again.design == form
    x = torch.randn(2, 9, form.columns)
    assert all(torch.equal(a, b) for a, b in zip(net(x), again(x)))
    with pytest.raises(train.TrainError, match="sequence train"):
        learn.load(tmp_path / "absent.pt")


def test_flips_are_counted_between_rows_that_were_seen():
    label = np.array([[0, 1, 1, 0, 0, 2]])
    assert figures.flips(label, np.ones((1, 6), bool), 0.1) == pytest.approx(3 / 5 / 0.1)
    seen = np.array([[True, True, True, False, True, True]])
    assert figures.flips(label, seen, 0.1) == pytest.approx(2 / 3 / 0.1)


def test_macro_f1_counts_the_classes_that_occur():
    label, guess = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert figures.macro_f1(label, guess, 8) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_smoothing_leaves_out_lost_rows(made):
    mean = figures.smoothed(made, design())[0]
    row = made.row[0]
    rows = [r for r in range(26, 35) if row[r] >= 0]
    expected = np.mean([figures.softmax(made.logits[row[r]]) for r in rows], axis=0)
    np.testing.assert_allclose(mean[0, 30], expected, atol=1e-6)


def test_the_ensembles_weights_follow_who_is_right(made):
    right = np.eye(8, dtype=np.float32)[made.label] * 0.9 + 0.0125
    wrong = np.roll(right, 1, axis=2)
    flat = np.full_like(right, 0.125)
    weights = ensemble.choose_weights(made, [(wrong,), (right,), (flat,)])
    assert weights[1] == 0.9 and sum(weights) == pytest.approx(1)
    mean = ensemble.blended([(right,), (flat,)], [3, 1])[0]
    np.testing.assert_allclose(mean, 0.75 * right + 0.25 * flat, atol=1e-6)


def test_sequences_of_a_pack_with_other_weights_are_refused(made, tmp_path):
    class Face:
        name, told = "made", "made 0.1.0 other"

    made.save(work.composed(tmp_path, "made", "fit"))
    with pytest.raises(data.DataError, match="made 0.1.0, and the pack is made 0.1.0 other"):
        work.load(tmp_path, Face, "fit")
