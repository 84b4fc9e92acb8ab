"""The whole way on made buzzes: hearings, training, teacher, windows, measuring, pack."""

import dataclasses
import json
import tomllib

import numpy as np
import pytest
import torch
from made_speech import buzz, write

from affectlab import export, measure as packs
from affectlab.cli import main
from affectlab.voice import ablate, augment, bank, damage, features, golden, labels, measure, pack, picture, ravdess, recipe, rooms, teach, train, windows
from affectlab.voice.model import COLUMNS, FRAMES, Shape

PLAN = dataclasses.replace(train.Plan(), epochs=14, batch=16, hearings=2, warmup=1, average=0.9, rate=4e-3, mixup=0.0)
SHAPE = Shape(channels=(8, 8, 16, 16), width=32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("speech"), actors=(1, 2, 3, 4, 5, 6, 7, 8, 17, 18))


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    torch.set_num_threads(1)
    run = tmp_path_factory.mktemp("run")
    recipe.run_all(folder, run, [dataclasses.replace(PLAN, epochs=1), PLAN], SHAPE)
    return run


@pytest.fixture(scope="module")
def packed(folder, run, tmp_path_factory):
    out = tmp_path_factory.mktemp("packs") / "voice"
    return out, pack.build(run, folder, out, ("none", "20 dB louder"))


def test_it_learns_what_actors_it_never_heard_do(packed):
    assert packed[1]["mean_recall"] > 0.5 and packed[1]["actors"] == [17, 18]


def test_louder_recordings_get_the_same_answer(packed):
    assert packed[1]["damage"]["none"]["largest_change"] == 0
    assert packed[1]["damage"]["20 dB louder"]["largest_change"] < 0.02


def test_the_pack_says_what_it_is(packed):
    out, figures = packed
    manifest, path = packs.open_pack(out)
    assert manifest["kind"] == "voice" and manifest["window"]["frames"] == FRAMES and manifest["window"]["columns"] == COLUMNS
    assert manifest["features"] == {"rate_hz": 16000, "window": 400, "hop": 160, "fft": 512, "bands": 64, "low_hz": 60.0,
                                    "high_hz": 7600.0, "floor": 1e-8}
    assert manifest["outputs"]["expression"]["labels"][-1] == "calm" and not manifest["licence"]["commercial_use"]
    assert max(golden.difference(out, lambda x: export.run(export.session(path), x)).values()) < manifest["golden"]["tolerance"]
    card = (out / "CARD.md").read_text()
    assert "{{" not in card and f"{100 * figures['mean_recall']:.1f} %" in card
    assert any(row["what"] == "mean recall, 8 expressions" for row in manifest["measured"])


def test_a_spoilt_file_is_refused(packed, tmp_path):
    import shutil

    copy = shutil.copytree(packed[0], tmp_path / "voice")
    (copy / pack.FILE).write_bytes(b"")
    with pytest.raises(packs.PackError):
        packs.open_pack(copy)


def test_measure_prints_the_figures_of_the_file(packed, folder, capsys):
    assert main(["-q", "voice", "measure", "--data", str(folder), "--pack", str(packed[0]), "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mean_recall"] == pytest.approx(packed[1]["mean_recall"])


def test_tables_measured_apart_reach_the_card_and_keep_the_rest(packed):
    out, _ = packed
    pack.add_figures(out, "ablations", [{"what": "no such thing", "epochs": 1, "clean": 0.123, "worn": 0.2, "louder": 0.3, "n": 4}])
    assert "| no such thing | 12.3 % |" in (out / "CARD.md").read_text()
    assert tomllib.loads((out / "pack.toml").read_text())["kind"] == "voice"


def test_the_picture_is_drawn_of_the_figures(packed, tmp_path):
    picture.draw(packed[0], tmp_path / "voice.svg")
    assert "calm (2)" in (tmp_path / "voice.svg").read_text()


def test_an_interrupted_run_goes_on_and_refuses_other_settings(run, folder):
    epochs = torch.load(run / "last.pt", weights_only=True)["epoch"]
    longer = dataclasses.replace(PLAN, epochs=epochs + 1)
    before = (run / "log.jsonl").read_text().count("\n")
    recipe.learn(folder, run, [longer], SHAPE)
    assert (run / "log.jsonl").read_text().count("\n") == before + 1
    with pytest.raises(train.TrainError, match="other settings"):
        recipe.learn(folder, run, [dataclasses.replace(longer, rate=1.0)], SHAPE)


def test_without_a_run_it_says_so(tmp_path, folder, capsys):
    assert main(["-q", "voice", "pack", "--data", str(folder), "--run", str(tmp_path), "--pack", str(tmp_path / "p")]) == 1
    assert "voice train" in capsys.readouterr().err


def test_an_option_is_trained_without(run, folder):
    rows = ablate.run(folder, run, dataclasses.replace(PLAN, hearings=6), SHAPE, ("level kept",), epochs=1, limit=64)
    assert rows[0]["what"] == "level kept" and rows[0]["n"] > 0 and 0 <= rows[0]["worn"] <= 1


def test_windows_are_those_of_the_daemon():
    assert [list(windows.starts(n)) for n in (120, 300, 366, 500)] == [[0], [0], [0, 66], [0, 150, 200]]
    rows = windows.rows_of(buzz("sad", 2))
    cut = windows.cut(rows)
    assert cut.shape == (1, FRAMES, COLUMNS)
    assert torch.equal(cut[0, :len(rows)], rows) and (cut[0, len(rows):, :-1] == features.SILENCE).all()


def test_windows_without_voice_are_not_asked_about():
    rows = torch.zeros(700, COLUMNS)
    rows[:250, -1] = 1
    assert len(windows.cut(rows)) == 2


def test_a_file_is_the_mean_of_its_windows_by_how_much_voice_they_have():
    x = torch.zeros(3, 10, COLUMNS)
    x[0, :9, -1], x[1, :3, -1] = 1, 1
    set_ = windows.Set(x, torch.tensor([0, 0, 1]))
    assert torch.equal(set_.mean(torch.tensor([[1.0], [5.0], [7.0]])), torch.tensor([[2.0], [7.0]]))


def test_a_room_is_as_loud_and_noise_is_as_far_below_as_told():
    generator = torch.Generator().manual_seed(0)
    sound = torch.from_numpy(buzz("happy", 1))
    heard = rooms.convolved(sound, rooms.impulse_response(0.5, 1.0, generator))
    assert len(heard) == len(sound) and float(heard.norm() / sound.norm()) == pytest.approx(1, abs=1e-3)
    assert (heard - sound).norm() > 0.1 * sound.norm()
    voiced = sound.abs() > 1e-3
    noisy = rooms.with_noise(sound, rooms.coloured(len(sound), 1.0, generator), 10, voiced)
    ratio = 10 * torch.log10(sound[voiced].square().mean() / (noisy - sound).square().mean())
    assert float(ratio) == pytest.approx(10, abs=0.1)


def test_brown_noise_is_darker_than_white():
    generator = torch.Generator().manual_seed(0)
    high = [torch.fft.rfft(rooms.coloured(16000, slope, generator)).abs()[4000:].square().mean() for slope in (0, 2)]
    assert high[1] < 0.01 * high[0]


def test_speed_moves_the_pitch():
    tone = torch.sin(2 * torch.pi * 400 * torch.arange(16000) / features.RATE)
    fast = augment.resampled(tone, 1.25)
    assert len(fast) == 12800
    assert int(torch.fft.rfft(fast).abs().argmax()) == 400


def test_hearings_are_kept_and_made_anew_for_others(folder, tmp_path):
    recordings = ravdess.load(folder, limit=4)
    first = bank.load(tmp_path / "b.pt", recordings, 2, augment.Amount())
    again = bank.load(tmp_path / "b.pt", recordings, 2, augment.Amount())
    assert torch.equal(first[0][1], again[0][1])
    assert len(bank.load(tmp_path / "b.pt", recordings[:2], 2, augment.Amount())) == 2


@pytest.mark.parametrize("name", list(damage.DAMAGE))
def test_damage_changes_sound_but_not_its_place(name):
    sounds = [buzz("happy", 1), buzz("sad", 2)]
    heard = damage.DAMAGE[name](sounds)
    assert len(heard) == 2 and all(np.isfinite(sound).all() for sound in heard)
    for before, after in zip(sounds, heard):
        assert abs(len(after) - len(before)) <= 0.11 * len(before)
        power = np.square(after[:len(after) // 800 * 800]).reshape(-1, 800).mean(1)
        loud = np.nonzero(power > 0.25 * power.max())[0] / len(power)
        assert 0.05 < loud[0] < 0.3 and 0.6 < loud[-1] < 0.97
        assert name == "none" or len(after) != len(before) or np.abs(after - before).max() > 0


def test_a_teacher_never_judges_an_actor_it_learned_from():
    generator = torch.Generator().manual_seed(0)
    label, actor = torch.arange(64) % 8, torch.arange(64) // 8
    layers = torch.randn((64, 8, 1024), generator=generator)
    told = teach.opinions(layers, label, actor)
    assert torch.allclose(told.sum(1), torch.ones(64), atol=1e-4)
    # Nothing in the numbers tells the label: a teacher that had seen them would know it by heart.
    assert train.mean_recall(told.argmax(1), label) < 0.5
    for kind in range(8):
        layers[label == kind, :, 100 * kind:100 * kind + 100] += 3
    assert train.mean_recall(teach.opinions(layers, label, actor).argmax(1), label) == 1


def test_recall_and_ranking_by_hand():
    label = torch.tensor([0, 0, 0, 1, 5])
    probability = torch.eye(8)[torch.tensor([0, 0, 1, 1, 7])]
    probability[4, 5] = 0.5
    found = measure.short(probability, torch.tensor([[0, 0.0], [0, 0], [0, 0], [0, 0.5], [0, 0.6]]), label)
    assert found["mean_recall"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["mean_recall_six"] == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert found["anger_above_sadness"] == 0
    assert labels.EXPRESSIONS[5] == "sadness"
