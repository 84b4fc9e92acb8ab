"""The reader keeps actors apart and says what is wrong with an archive."""

import io
import zipfile

import numpy as np
import pytest
import soundfile
from made_speech import buzz, flac, write

from affectlab import cli
from affectlab.data import DataError
from affectlab.voice import labels, ravdess
from affectlab.voice.features import RATE

ROW = {"audio": "a.flac", "emotion": "calm", "intensity": 1, "statement": 1, "repetition": 1, "actor": 3, "sex": "M", "seconds": 1}


def test_no_voice_is_in_two_parts(tmp_path):
    write(tmp_path)
    fit, held = ravdess.load(tmp_path), ravdess.load(tmp_path, ravdess.HELD)
    assert {r.actor for r in fit} == set(range(1, 17)) and {r.actor for r in held} == {17, 18, 19, 20}
    assert len(fit) == 128 and len(held) == 32
    assert {labels.EXPRESSIONS[r.label] for r in held} == set(labels.EXPRESSIONS)


def test_the_counts_of_the_data_card_are_those_of_the_archive(tmp_path, capsys):
    write(tmp_path)
    assert cli.main(["counts", "--of", "ravdess", "--data", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| calm | 16 | 4 |" in printed and "| all | 128 | 32 |" in printed and "| actors | 16 | 4 |" in printed


def test_sound_comes_out_as_it_went_in(tmp_path):
    write(tmp_path, actors=[5])
    angry = next(r for r in ravdess.load(tmp_path) if labels.EXPRESSIONS[r.label] == "anger")
    assert np.abs(angry.sound - buzz("angry", 5)).max() < 1e-4


def test_a_limit_takes_from_everywhere(tmp_path):
    write(tmp_path)
    assert {r.actor for r in ravdess.load(tmp_path, limit=32)} >= {1, 8, 16}


@pytest.mark.parametrize("row, content, message", [
    ({**ROW, "emotion": "bored"}, flac(buzz("calm", 1)), "bored"),
    ({**ROW, "intensity": 7}, flac(buzz("calm", 1)), "must be 1 or 2"),
    ({**ROW, "intensity": "x"}, flac(buzz("calm", 1)), "invalid literal"),
    (ROW, b"not sound", "cannot be read"),
    (ROW, flac(np.zeros((800, 2), np.float32)), "2 channels"),
    (ROW, flac(np.zeros(800, np.float32), 48000), "48000 Hz"),
    ({key: value for key, value in ROW.items() if key != "sex"}, flac(buzz("calm", 1)), "lacks sex"),
])
def test_what_is_wrong_is_named(tmp_path, row, content, message):
    write(tmp_path, rows=[row], files={"a.flac": content})
    with pytest.raises(DataError, match=message):
        ravdess.load(tmp_path)


def test_a_missing_archive_or_actor_is_named(tmp_path):
    with pytest.raises(DataError, match="is missing"):
        ravdess.load(tmp_path)
    write(tmp_path, actors=[17])
    with pytest.raises(DataError, match="no recording of the actors"):
        ravdess.load(tmp_path)


def test_the_published_download_becomes_the_archive(tmp_path):
    wav = io.BytesIO()
    soundfile.write(wav, np.repeat(buzz("angry", 12), 3), 3 * RATE, format="WAV")
    with zipfile.ZipFile(tmp_path / "speech.zip", "w") as archive:
        archive.writestr("Actor_12/03-01-05-02-02-01-12.wav", wav.getvalue())
    assert ravdess.build(tmp_path / "speech.zip", tmp_path / "data") == 1
    recording, = ravdess.load(tmp_path / "data")
    assert (labels.EXPRESSIONS[recording.label], recording.intensity, recording.statement, recording.actor, recording.sex) == ("anger", 2, 2, 12, "F")
    assert abs(len(recording.sound) - 1.5 * RATE) < 20


@pytest.mark.parametrize("name", ["song.wav", "03-02-05-02-02-01-12.wav", "03-01-09-02-02-01-12.wav"])
def test_files_that_are_no_speech_are_refused(name):
    with pytest.raises(DataError):
        ravdess.named(name)


def test_strong_feelings_are_further_from_neutral():
    neutral = labels.valence_arousal("neutral", 1)
    normal, strong = (np.linalg.norm(labels.valence_arousal("anger", i) - neutral) for i in (1, 2))
    assert strong > normal > 0.5
    assert labels.valence_arousal("anger", 1)[1] > labels.valence_arousal("sadness", 2)[1]
