"""Votes become targets by the rules the card states."""

import numpy as np
import pytest

from affectlab import labels


def votes(**counts):
    row = np.zeros((1, 10), int)
    for name, count in counts.items():
        row[0, labels.VOTE_COLUMNS.index(name)] = count
    return row


@pytest.mark.parametrize("name", labels.EXPRESSIONS)
def test_every_expression_keeps_its_place_in_our_order(name):
    assert labels.majority(votes(**{name: 6, "neutral": 4 if name != "neutral" else 6})) == \
        labels.EXPRESSIONS.index(name)


def test_unknown_and_no_face_majorities_are_dropped():
    assert labels.majority(votes(unknown=5, anger=4)) == -1
    assert labels.majority(votes(NF=10)) == -1


def test_a_tie_goes_to_the_first_column_and_an_emotion_beats_unknown():
    tied = votes(sadness=4, surprise=4)
    assert labels.majority(tied) == labels.EXPRESSIONS.index("surprise")
    assert labels.majority(votes(contempt=5, unknown=5)) == labels.EXPRESSIONS.index("contempt")
    assert labels.is_tied(tied) and not labels.is_tied(votes(fear=6, anger=4))


def test_a_picture_is_clear_when_more_than_half_agree_single_votes_removed():
    assert labels.is_clear(votes(fear=6, anger=4))
    assert not labels.is_clear(votes(fear=5, anger=5))
    assert labels.is_clear(votes(fear=5, anger=1, sadness=1, neutral=1, happiness=1, surprise=1))
    assert not labels.is_clear(votes(fear=4, anger=3, unknown=3))


def test_shares_forget_unknown_votes_and_sum_to_one():
    share = labels.shares(votes(fear=3, anger=1, unknown=6))[0]
    assert share.sum() == pytest.approx(1)
    assert share[labels.EXPRESSIONS.index("fear")] == pytest.approx(0.75)


def test_single_votes_are_slips_unless_there_is_nothing_else():
    share = labels.shares(votes(happiness=9, disgust=1), outliers=False)[0]
    assert share[labels.EXPRESSIONS.index("happiness")] == 1
    share = labels.shares(votes(happiness=1, disgust=1, unknown=8), outliers=False)[0]
    assert share[labels.EXPRESSIONS.index("disgust")] == pytest.approx(0.5)


def test_valence_and_arousal_follow_the_table():
    va = labels.valence_arousal(labels.shares(votes(happiness=5, neutral=5)))[0]
    assert va == pytest.approx([(0.496 + 0.046) / 2, (0.059 - 0.799) / 2], abs=1e-6)
