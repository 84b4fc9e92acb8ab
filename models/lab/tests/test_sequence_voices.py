"""Composed audio-visual pairs: a voice is heard while the face shows its emotion, and a reading stands until the next."""

import numpy as np
import pytest
from made_sequences import make

from affectlab import data
from affectlab.labels import EXPRESSIONS
from affectlab.sequence import audio_visual, voices
from affectlab.sequence.heads import Design
from affectlab.sequence.windows import Windows

SIZE = 3


@pytest.fixture(scope="module")
def made():
    return make(60)


@pytest.fixture(scope="module")
def recorded():
    """Recordings whose numbers tell their emotion and which reading it is."""
    label = np.arange(14) % 7
    reading = np.zeros((14, 4, SIZE), np.float32)
    reading[:, :, 0], reading[:, :, 1], reading[:, :, 2] = label[:, None] + 1, np.arange(4), 7
    return voices.Voices(reading, label, "made 0.1.0")


def test_a_voice_tells_what_the_face_shows_and_is_silent_otherwise(made, recorded):
    heard = voices.columns(made, recorded, 0).numpy()
    there = heard[..., -1] > 0
    assert 0.05 < there.mean() < 0.6
    assert (heard[there][:, 0] - 1 == made.label[there]).all()
    assert (heard[~there] == 0).all()
    assert not there[made.label == EXPRESSIONS.index("contempt")].any()


def test_some_sequences_are_silent_and_most_with_a_face_to_it_are_not(made, recorded):
    speaks = (voices.columns(made, recorded, 0).numpy()[..., -1] > 0).any(1)
    assert 0.3 < speaks.mean() < 0.95


def test_a_reading_stands_until_the_next_one():
    columns = np.zeros((60, SIZE + 1), np.float32)
    readings = np.arange(4.0)[:, None].repeat(SIZE, 1) + 1
    voices._laid(columns, readings, 0.0, np.ones(60, bool))
    assert columns[:15, -1].sum() == 0
    assert columns[15:55, 0].tolist() == [1.0] * 10 + [2.0] * 10 + [3.0] * 10 + [4.0] * 10
    assert columns[55:, -1].sum() == 0


def test_the_same_seed_pairs_the_same(made, recorded):
    assert (voices.columns(made, recorded, 4) == voices.columns(made, recorded, 4)).all()
    assert (voices.columns(made, recorded, 4) != voices.columns(made, recorded, 5)).any()


def test_a_sense_that_is_taken_away_leaves_the_other(made, recorded):
    cut = Windows.of(made, voices.columns(made, recorded, 0))
    design = Design("none", 9, "newest", made.embedding.shape[1], SIZE)
    deaf, blind = (audio_visual.without(cut, design, sense).columns for sense in ("voice", "face"))
    assert (deaf[:, :, :design.face + 1] == cut.columns[:, :, :design.face + 1]).all() and (deaf[:, :, design.face + 1:] == 0).all()
    assert (blind[:, :, design.face + 1:] == cut.columns[:, :, design.face + 1:]).all() and (blind[:, :, :design.face + 1] == 0).all()


def test_a_voice_counts_as_heard_as_long_as_it_is_in_the_window(made, recorded):
    cut = Windows.of(made, voices.columns(made, recorded, 0))
    design = Design("none", 9, "newest", made.embedding.shape[1], SIZE)
    lately, heard = audio_visual.heard_lately(cut, design), cut.columns[:, :, -1].numpy() > 0
    row = int(np.flatnonzero(heard.any(1))[0])
    last = int(np.flatnonzero(heard[row])[-1])
    assert lately[row, last:last + 9].all() and (last + 9 >= 60 or not lately[row, last + 9])


def test_no_actor_is_in_two_parts():
    everyone = [actor for actors in voices.ACTORS.values() for actor in actors]
    assert len(everyone) == len(set(everyone)) == 20


def test_voices_are_kept_and_their_lack_is_explained(recorded, tmp_path):
    recorded.save(tmp_path / "x.npz")
    again = voices.Voices.load(tmp_path / "x.npz")
    assert (again.embedding == recorded.embedding).all() and again.pack == "made 0.1.0"
    with pytest.raises(data.DataError, match="sequence voices"):
        voices.Voices.load(tmp_path / "absent.npz")
