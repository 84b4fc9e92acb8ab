"""The reader of Aff-Wild2 on a made folder: what is labelled is read, what is not is masked."""

import json

import numpy as np
import pytest
import torch
from made_affwild2 import AU, EXPR, affect, units, write_affwild2, write_frames, write_labels, write_list

from affectlab import affwild2, data, labels, pack, train
from affectlab.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_affwild2(tmp_path_factory.mktemp("aff-wild2"))


def of(frames, video):
    return frames.only(torch.tensor([frames.folders[place] is not None and frames.folders[place].name == video
                                     for place in frames.video.tolist()]))


def test_each_task_labels_its_own_videos_and_the_rest_is_masked(folder):
    frames = affwild2.to_train_on(folder, 1)
    assert {path.name for path in frames.folders if path} == {"1-30-1280x720", "107_left", "107_right", "video5"}
    left, right = of(frames, "107_left"), of(frames, "107_right")
    assert (left.label == -1).all() and torch.isnan(left.va).all()
    assert left.units[0].tolist() == units(1)
    assert right.label[:3].tolist() == [2, 3, 4] and torch.isnan(right.units).all()
    assert right.va[1].tolist() == pytest.approx(affect(3))


def test_what_validates_one_task_is_not_trained_on_for_it(folder):
    trained, measured = affwild2.load(folder, "train"), affwild2.load(folder, "valid")
    assert torch.isnan(of(trained, "video5").va).all() and (of(trained, "video5").label >= 0).all()
    assert torch.isfinite(of(measured, "video5").va).all() and (of(measured, "video5").label == -1).all()


def test_frames_without_a_picture_are_not_trained_on_but_measured(folder):
    trained = of(affwild2.to_train_on(folder, 1), "107_left")
    assert trained.number[:4].tolist() == [1, 2, 5, 6]
    # Line k is about frame k, whatever is missing before it.
    assert trained.units[2].tolist() == units((1 + 4) % 8)
    measured = of(affwild2.load(folder, "valid"), "video92")
    assert measured.number[:4].tolist() == [1, 2, 3, 4] and measured.there[:4].tolist() == [True, True, False, False]


def test_pictures_are_grey_as_the_daemon_makes_them_and_of_the_inputs_size(folder):
    import cv2

    faces = of(affwild2.to_train_on(folder, 1), "1-30-1280x720").take([0, 7])
    assert faces.images.shape == (2, 64, 64) and faces.images.dtype == torch.uint8
    assert faces.name.tolist() == ["1-30-1280x720/00001", "1-30-1280x720/00008"]
    colour = cv2.imread(str(folder / "cropped_aligned/1-30-1280x720/00008.jpg")).astype(float)
    luma = colour @ [0.114, 0.587, 0.299]
    assert faces.images[1].float().mean() == pytest.approx(luma.mean(), abs=1.0)
    assert faces.target[1].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_every_nth_frame_of_each_video_is_kept(folder):
    frames = affwild2.to_train_on(folder, 10)
    assert set(frames.number.tolist()) == {1, 11, 21, 31, 41}
    assert len(of(frames, "1-30-1280x720")) == 5


def test_invalid_values_are_unknown_cell_by_cell(tmp_path):
    write_frames(tmp_path, "v", [0, 1, 2])
    write_labels(tmp_path, "EXPR_Classification_Challenge", "Train_Set", "v", ["-1", "7", "-1"], EXPR)
    write_labels(tmp_path, "VA_Estimation_Challenge", "Train_Set", "v", ["-5,-5", "-5.0,0.5", "1,-1"], "valence,arousal,")
    write_labels(tmp_path, "AU_Detection_Challenge", "Train_Set", "v", [",".join(["-1"] * 12), "1,-1" + ",0" * 10,
                                                                       "0," * 12], AU + ",")
    frames = affwild2.to_train_on(tmp_path, 1)
    assert frames.number.tolist() == [2, 3], "nothing is known of the first frame"
    assert frames.label.tolist() == [7, -1]
    np.testing.assert_array_equal(frames.va, [[np.nan, 0.5], [1, -1]])
    assert frames.units[0, 0] == 1 and torch.isnan(frames.units[0, 1]) and (frames.units[1] == 0).all()
    assert torch.isnan(frames.take([1]).target).all()


def test_the_lists_of_2020_are_read_by_their_headers(tmp_path):
    write_frames(tmp_path, "v", [0])
    write_labels(tmp_path, "AU_Set", "Training_Set", "v", ["1,0,0,0,0,0,1,1"], "AU1,AU2,AU4,AU6,AU12,AU15,AU20,AU25")
    write_labels(tmp_path, "EXPR_Set", "Training_Set", "v", ["6"], EXPR.removesuffix(",Other"))
    frames = affwild2.to_train_on(tmp_path, 1)
    known = dict(zip(labels.UNITS, frames.units[0].tolist()))
    assert known["AU1"] == known["AU25"] == 1 and known["AU15"] == 0 and np.isnan(known["AU7"])
    assert affwild2.EXPRESSIONS[frames.label[0]] == "surprise"


def test_the_one_list_of_the_multi_task_challenge_is_read(tmp_path):
    write_frames(tmp_path, "341", [0] * 5, missing=(4,))
    nothing = ",-1" * 12
    write_list(tmp_path, affwild2.LISTS["train"], [f"341/00005.jpg,-5,-5,6{nothing}", "341/00002.jpg,-0.25,0.5,-1" + ",1" * 12,
                                                   f"341/00004.jpg,0.1,0.1,2{nothing}", f"341/00001.jpg,-5,-5,-1{nothing}"])
    frames = affwild2.to_train_on(tmp_path, 1)
    assert frames.number.tolist() == [2, 5] and frames.label.tolist() == [-1, 6]
    assert frames.va[0].tolist() == [-0.25, 0.5] and (frames.units[0] == 1).all() and torch.isnan(frames.units[1]).all()


@pytest.mark.parametrize("header, line, said", [
    (EXPR, "8", "line 3.*no EXPR"), (EXPR, "", "no EXPR"), (EXPR, "happy", "no EXPR"), ("valence,arousal", "2,0", "no VA"),
    ("valence,arousal", "0.1", "no VA"), ("valence,arousal", "nan,0", "no VA"), (AU, "1,0", "no AU"),
    (AU, ",".join(["2"] * 12), "no AU"), ("0.1,0.2", "0.1,0.2", "no header")])
def test_nonsense_is_named_with_its_place(tmp_path, header, line, said):
    task = {EXPR: "EXPR_Set", AU: "AU_Set"}.get(header, "VA_Set")
    fine = {EXPR: "1", AU: ",".join("0" * 12)}.get(header, "0,0")
    write_labels(tmp_path, task, "Train_Set", "v", [fine, line, fine], header)
    with pytest.raises(data.DataError, match=f"v.txt.*{said}"):
        affwild2.annotations(tmp_path, "train")


def test_a_folder_that_lacks_something_is_named_with_the_layout(tmp_path):
    with pytest.raises(data.DataError, match="absent is missing"):
        affwild2.load(tmp_path / "absent", "train")
    with pytest.raises(data.DataError, match="expected EXPR_Set"):
        affwild2.load(tmp_path, "train")
    write_labels(tmp_path, "EXPR_Set", "Train_Set", "v", ["1"], EXPR)
    with pytest.raises(data.DataError, match="cropped_aligned/VIDEO"):
        affwild2.load(tmp_path, "train")
    write_frames(tmp_path, "v", [1])
    (tmp_path / "cropped_aligned/v/00001.jpg").write_bytes(b"no picture")
    with pytest.raises(data.DataError, match="00001.jpg is not a picture"):
        affwild2.load(tmp_path, "train").take([0])


def test_whoever_has_it_trains_and_scores_with_one_flag(faces_folder, folder, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["-q", "train", "--data", str(faces_folder), "--run", str(run), "--workers", "1", "--epochs", "5",
                 "--batch", "16", "--small-share", "0", "--hard-share", "0", "--every", "1", "--average", "0.9",
                 "--aff-wild2", str(folder), "--frames", "1.5", "--positive-weights"]) == 0
    _, state = train.load_checkpoint(run / "last.pt")
    assert state["plan"]["frames"] == 1.5 and state["plan"]["unit_weight"] == train.WITH_UNITS.unit_weight
    pack.build(run, faces_folder, tmp_path / "pack", damage=False)
    manifest = (tmp_path / "pack/pack.toml").read_text()
    assert '"surprise", "other"]' in manifest and "Aff-Wild2" in manifest and '"AU26"' in manifest
    capsys.readouterr()
    assert main(["abaw", "--aff-wild2", str(folder), "--pack", str(tmp_path / "pack"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["frames"] == 96 and found["without_picture"] == 2 and found["n"] == {"expression": 48, "affect": 96, "units": 48}
    # The video was not trained on; chance is an eighth, and a half of what is always said active.
    assert found["expression"] > 0.4 and found["valence"] > 0.4 and found["units"] > found["all_active"] - 0.1
    assert found["multi_task"] == pytest.approx((found["valence"] + found["arousal"]) / 2 + found["expression"] + found["units"])
    assert main(["abaw", "--aff-wild2", str(folder), "--pack", str(tmp_path / "pack"), "--every", "4"]) == 0
    assert "multi-task score" in capsys.readouterr().out
