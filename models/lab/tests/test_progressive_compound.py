"""Compound expressions: what counts as one, the curriculum, and the two rankings."""

import numpy as np
import pytest
import torch

from affectlab import data
from affectlab.labels import EXPRESSIONS, VOTE_COLUMNS
from affectlab.progressive import compound
from affectlab.progressive.compound import SEVEN, SIX


def votes(**counts):
    """(1, 6) votes in the order of SIX."""
    return np.array([[counts.get(name, 0) for name in SIX]])


def test_two_emotions_need_three_votes_each():
    pair = compound.doubles(votes(fear=4, surprise=3, anger=2))[0]
    assert {SIX[place] for place in pair} == {"fear", "surprise"}
    assert compound.doubles(votes(fear=5, surprise=2)).tolist() == [[-1, -1]]


def test_of_three_emotions_the_two_with_most_votes_count():
    pair = compound.doubles(votes(sadness=3, fear=3, anger=4))[0]
    assert SIX[pair[0]] == "anger"


def test_pairs_are_named_in_either_order_and_unknown_pairs_are_not():
    pairs = [[SIX.index(a), SIX.index(b)] for a, b in SEVEN]
    assert compound.compound_of(pairs).tolist() == list(range(7))
    assert compound.compound_of([pair[::-1] for pair in pairs]).tolist() == list(range(7))
    assert compound.compound_of([[SIX.index("happiness"), SIX.index("anger")], [-1, -1]]).tolist() == [-1, -1]


def test_targets_have_two_ones_one_or_none():
    rows = np.concatenate([votes(fear=4, surprise=4), votes(happiness=9), votes(), votes()])
    label = torch.tensor([EXPRESSIONS.index(name) for name in ("fear", "happiness", "neutral", "contempt")])
    target, double = compound.targets(rows, label)
    assert double.tolist() == [True, False, False, False]
    assert target[:3].sum(1).tolist() == [2, 1, 0]
    assert target[1, SIX.index("happiness")] == 1
    assert torch.isnan(target[3]).all()


def test_the_curriculum_is_the_published_one():
    shares = [compound.share_of(epoch) for epoch in range(16)]
    assert shares == [0] * 5 + [0.2] * 5 + [0.4] * 3 + [1] * 3
    with pytest.raises(ValueError, match="epoch 17"):
        compound.share_of(16)


@pytest.mark.parametrize("share, added", [(0.0, 0), (0.2, 4), (0.4, 8), (1.0, 20)])
def test_a_stage_adds_its_share_of_the_compounds_to_all_singles(share, added):
    double = torch.arange(50) < 20
    places = compound.samples(double, share, torch.Generator().manual_seed(0))
    assert int(double[places].sum()) == added
    assert sorted(places[~double[places]].tolist()) == list(range(20, 50))


def test_mixup_mixes_features_and_targets_by_the_same_share():
    x = torch.eye(8)
    mixed, target = compound.mixed(x, x.clone(), torch.Generator().manual_seed(4))
    assert torch.equal(mixed, target)
    assert torch.allclose(mixed.sum(1), torch.ones(8))
    assert ((mixed > 0.01) & (mixed < 0.99)).any()


def test_a_strong_emotion_alone_wins_by_the_sum_and_not_by_the_geometric_mean():
    probability = dict(happiness=0.98, surprise=0.02, sadness=0.4, anger=0.4)
    logits = torch.logit(torch.tensor([[probability.get(name, 0.01) for name in SIX]]))
    assert SEVEN[compound.ranked(logits, "sum")[0]] == ("happiness", "surprise")
    assert SEVEN[compound.ranked(logits, "geometric mean")[0]] == ("sadness", "anger")
    with pytest.raises(ValueError, match="product"):
        compound.ranked(logits, "product")


def test_macro_f1_by_hand():
    # Class 0: 1 hit, 2 there, 1 guessed: 2/3; class 1: 1 hit, 1 there, 2 guessed: 2/3; class 2: nothing there or guessed.
    truth, guess = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert compound.macro_f1(truth, guess, [0, 1]) == pytest.approx(2 / 3)
    assert compound.macro_f1(truth, guess, [0, 1, 2]) == pytest.approx(4 / 9)


def write_votes(folder):
    """Pictures with double votes: fearfully surprised and sadly angry."""
    rows = np.zeros((20, 10), np.uint8)
    for row, pair in enumerate([("fear", "surprise"), ("sadness", "anger")] * 10):
        rows[row, [VOTE_COLUMNS.index(name) for name in pair]] = (6, 4)
    np.savez(folder / "ferplus.npz", images=np.zeros((20, 48, 48), np.uint8), votes=rows,
             vote_columns=np.array(VOTE_COLUMNS), split=np.array(["train", "train", "valid", "valid"] * 5),
             name=np.array([f"made{row}.png" for row in range(20)]))
    return folder


def test_figures_are_those_of_the_pictures_with_double_votes(tmp_path):
    folder = write_votes(tmp_path)
    faces = data.load(folder, "valid")
    rows = compound.votes_of(folder, faces)
    logits = np.where(rows > 0, 3.0, -3.0)
    found = compound.figures(logits, folder)
    assert found["count"] == {"fearfully surprised": 5, "sadly angry": 5}
    assert found["sum"]["macro_f1"] == found["geometric mean"]["macro_f1"] == 1
    assert found["constant"] == pytest.approx(1 / 3)
    logits[:, :] = np.where(np.array(SIX) == "fear", 3.0, np.where(np.array(SIX) == "surprise", 2.0, -3.0))
    assert compound.figures(logits, folder)["sum"]["macro_f1"] == pytest.approx(1 / 3)


def test_a_part_without_double_votes_says_so(faces_folder):
    n = len(data.load(faces_folder, "valid"))
    with pytest.raises(data.DataError, match="3 votes"):
        compound.figures(np.zeros((n, 6)), faces_folder)


def test_the_head_learns_compounds_only_when_the_curriculum_brings_them():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 300, 8, generator=generator)
    double = torch.arange(300) < 100
    features[0, double, 0] += 4
    target = torch.zeros(300, 6)
    target[double, 0] = target[double, 1] = 1
    target[~double, 2] = 1

    def told(stages):
        torch.manual_seed(0)
        head = compound.fit(compound.Head(8), features, target, double, stages)
        with torch.no_grad():
            return head(features[0, double])[:, 0].mean().item()

    assert told(((60, 1.0),)) > 0 > told(((60, 0.0),))
